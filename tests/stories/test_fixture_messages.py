"""A fall of messages: what staff of the fictional district write, and where the process takes it.

The rules must hold for any district and message; these are examples whose answers are known.
"""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from handlers.cards.text import Voice, from_json
from storage.database import Database
from storage.vocabulary import Door, Kind
from tests.stories.platforms import EVERYWHERE
from tests.world import Actor, World, world

ITEMS: Final[list[dict[str, Any]]] = yaml.safe_load(
    (Path(__file__).parents[1] / "data" / "challenges.yaml").read_text()
)["items"]
SCOPES: Final = {"school": "In our school", "district": "In the district", "external": "Outside the district"}
CHANNELS: Final = {"LBMS Staff/General": "LBMS Staff/General", "LBHS Staff/General": "LBHS Staff/General"}


def label(code: str) -> str:
    words = code.replace("_", " ")
    return words[:1].upper() + words[1:]


def answers(expected: dict[str, Any]) -> dict[str, Any]:
    """The file's type, scope, tags and amount, as a person gives them in the form."""
    filled: dict[str, Any] = {
        "Type": label(expected["type"]),
        "Where may the power to remove it sit?": SCOPES[expected["scope"]],
        "Urgency": label(expected["urgency"]),
    }
    if expected.get("tags"):
        filled["Is it about one of these?"] = [label(tag) for tag in expected["tags"]]
    if expected.get("amount_usd"):
        filled["Money asked for, in dollars"] = str(expected["amount_usd"])
    if expected.get("confidential_reporter"):
        filled["Your name"] = ["Show my name to the coordinator only"]
    return filled


async def raise_it(author: Actor, item: dict[str, Any], channel: str) -> None:
    """With the words as they were written; held words are sent on as the safe text.

    What stands in a channel is picked there, from the menu of the message; what is said to nobody else comes by the
    command. That they come out the same by a direct message is a story of its own.
    """
    expected = item["expected"]
    if item["channel"] == "dm":
        await author.command("/challenge")
        await author.submit({"What is in the way?": item["text"]} | answers(expected))
    else:
        await author.report_message(await author.say(item["text"], channel))
        await author.submit(answers(expected))
    if expected["pii"]["present"]:
        assert author.form is not None
        assert author.form.title == "Check your words"
        for span in expected["pii"]["spans"]:
            assert span not in str(author.form.values)
        await author.submit({"What is in the way?": expected["safe_text"]})


async def nothing_came_of_it(story: World, author: Actor, item: dict[str, Any]) -> None:
    before, cards = await story.count(), len(author.cards)
    if item["channel"] == "dm":
        await author.dm(item["text"])
        assert "Istvan" not in str(author.answer)
    else:
        await author.driver.say(item["text"], channel_of(item, story.platform))
        await story.settle()
    await author.look()
    assert await story.count() == before
    assert len(author.cards) == cards


def channel_of(item: dict[str, Any], platform: str) -> str:
    return str(item["channel"]) if platform == "console" else str(item["channel"]).lstrip("#")


async def check_route(story: World, item: dict[str, Any], number: int) -> None:
    """Authority, target date, venue, whom to inform and whom to ask come out as the file says, and why is in words."""
    expected = item["expected"]
    case = await story.case(number)
    challenge = case.challenge
    assert challenge.owner_id in {expected["authority"], *expected.get("authority_ok", [])}, item["id"]
    assert challenge.owner_id == expected["authority"], item["id"]
    assert challenge.venue in {expected["venue"], *expected.get("venue_ok", [])}
    assert set(expected.get("inform", [])) <= {*challenge.informed_ids, challenge.owner_id}
    assert challenge.outside_id == expected.get("outside")
    if "due_by" in expected:
        assert str(challenge.decide_by) == expected["due_by"]
    if "amount_usd" in expected:
        assert challenge.amount_usd == expected["amount_usd"]
    assert item["author"] in [each.person_id for each in case.reporters]
    assert case.reporters[0].confidential is bool(expected.get("confidential_reporter"))
    why = Voice(await story.directory())(from_json(challenge.why))
    assert "process 1.0, rule" in why
    if item["id"] == "msg-10":
        assert "Shauna Delacroix-Pitt is away until Fri, Dec 4, 2026" in why


@EVERYWHERE
async def test_a_fall_of_messages(database: Database, platform: str) -> None:
    async with world(database, platform, at="2026-09-17 08:00") as story:
        numbers: dict[str, int] = {}
        for item in sorted(ITEMS, key=lambda item: datetime.fromisoformat(item["posted_at"])):
            if platform == "slack" and item["platform"] != "slack":
                continue  # they write from Teams
            await story.wait_until(datetime.fromisoformat(item["posted_at"]))
            author = await story.person(item["author"])
            expected = item["expected"]
            match expected["kind"]:
                case "challenge":
                    await raise_it(author, item, channel_of(item, platform))
                    numbers[item["id"]] = await story.count()
                    await check_route(story, item, numbers[item["id"]])
                case "duplicate":
                    number = numbers[expected["duplicate_of"]]
                    await author.command(f"/challenges {number}")
                    await author.click("Me too")
                    await author.submit({"What do you see? (optional)": item["text"]})
                    if expected["pii"]["present"]:
                        assert author.form.errors
                        await author.submit({"What do you see? (optional)": expected["safe_text"]})
                    joined = await story.case(number)
                    assert [each.person_id for each in joined.reporters][-1] == item["author"]
                    assert len(numbers) == await story.count()
                case "update":
                    receipt = next(
                        each
                        for each in author.cards
                        if each.title == f"Challenge {numbers[expected['of']]} is recorded"
                    )
                    before = (await story.case(numbers[expected["of"]])).challenge.status
                    await author.reply(item["text"], receipt)
                    after = await story.case(numbers[expected["of"]])
                    assert after.challenge.status is before
                    assert any(each.text == item["text"] for each in after.words)
                case "not_challenge":
                    await nothing_came_of_it(story, author, item)
        await story.promises_hold()
        for item in ITEMS:
            if "follow_up" not in item["expected"] or item["id"] not in numbers:
                continue
            asks = set(item["expected"]["follow_up"]["ask"])
            joined = [each for each in ITEMS if each["expected"].get("duplicate_of") == item["id"]]
            asks |= {
                who for each in joined for who in each["expected"].get("follow_up", {}).get("ask", [each["author"]])
            }
            assert {each.person_id for each in (await story.case(numbers[item["id"]])).reporters} == asks, item["id"]
        for item in ITEMS:
            for span in item["expected"]["pii"].get("spans", []):
                for number in numbers.values():
                    assert not any(span in (each.text or "") for each in (await story.case(number)).words)


@pytest.mark.parametrize(
    "item",
    [each for each in ITEMS if each["expected"]["kind"] == "challenge" and each["platform"] == "slack"],
    ids=lambda item: item["id"],
)
async def test_by_direct_message_and_triage_it_comes_out_the_same(database: Database, item: dict[str, Any]) -> None:
    async with world(database, "slack", at=item["posted_at"][:16].replace("T", " ")) as story:
        author, coordinator = await story.person(item["author"]), await story.person("p-010")
        await author.dm(item["text"])
        if item["expected"]["pii"]["present"]:
            assert await story.count() == 0
            await author.click("Write it my way")
            await author.submit({"What is in the way?": item["expected"]["safe_text"]})
        case = await story.case()
        assert case.challenge.door is Door.DIRECT_MESSAGE
        if case.challenge.status == "reported":
            schools = (await story.directory()).schools
            filled = answers(item["expected"])
            filled.pop("Your name", None)
            school = case.challenge.school_id or next(
                (each.school_ids[0] for each in [(await story.directory()).people[item["author"]]] if each.school_ids),
                None,
            )
            if school:
                filled["School"] = schools[school].name
            await coordinator.command("/challenges 1")
            await coordinator.click("Sort it")
            await coordinator.submit(filled)
        await check_route(story, item, 1)
        owner = await story.person(item["expected"]["authority"])
        await owner.command("/challenges 1")
        await owner.click("I understand it")
        await owner.submit({"How big is it? Who is hit, and where?": "As they say."})
        await owner.command("/challenges 1")
        await owner.click("Resolved")
        await owner.submit({"What was done?": "It was settled."})
        await story.wait_until(story.clock.at + timedelta(days=40))
        wanted = item["expected"].get("follow_up", {}).get("ask", [item["author"]])
        asked = [each.data["asked"] for each in await story.history() if each.kind is Kind.CONFIRMATION_ASKED]
        assert asked == [[each for each in wanted if each == item["author"]]]
        await story.promises_hold()
