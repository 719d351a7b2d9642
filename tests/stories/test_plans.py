"""Private plans: seen by those named, and by nobody else, wherever they look and whatever they press (R-71, R-72)."""

from datetime import date
from typing import Any

import yaml

from handlers import actions as handler
from handlers import log
from handlers.cards.text import Voice
from handlers.district import importer
from handlers.errors import NotFoundError
from handlers.registry import ACTIONS, _do
from handlers.request import Request
from storage import actions, plans
from storage.database import Database
from storage.models import ActionItem, Plan
from storage.store import Came
from storage.vocabulary import ActionStatus, Door, PersonId, Platform
from tests.conformance.steps import COLLEAGUE, COORDINATOR, PRINCIPAL, SUPERINTENDENT, people, seen
from tests.stories.platforms import EVERYWHERE, ON_SLACK, ON_TEAMS
from tests.stories.test_actions import shut
from tests.stories.test_routines import started
from tests.world import FILE, SEAL, Actor, World, detroit, with_accounts, world

GOAL = "Two walkthroughs a month, without being asked."
STEP = "Walk through the third grade together."
NEXT = "When should it be looked at next?"
NAMED = "Who sees it, beside its keeper?"


async def made(story: World, keeper: Actor, *named: str, whom: str = PRINCIPAL) -> Plan:
    """The coach has made a support plan for the principal."""
    directory = await story.directory()
    names = [directory.people[PersonId(each)].name for each in named]
    await keeper.command("/clearway plans")
    await keeper.click("Make a plan")
    await keeper.submit(
        {
            "What is it?": "How somebody is supported",
            "For whom?": directory.people[PersonId(whom)].name,
            "What is to come of it?": GOAL,
            **dict(zip((NAMED, "And who else?", "And who besides?"), names, strict=False)),
            NEXT: "2026-10-14",
        }
    )
    return (await record(story))[0][0]


async def record(story: World) -> tuple[list[Plan], list[ActionItem]]:
    async with story.made.districts.open(story.district_id, Came(Door.OPERATOR)) as store:
        rows = await plans.running(store.connection, story.district_id)
        items = [
            each
            for plan in rows
            for each in await actions.open_items(store.connection, story.district_id, plan_id=plan.id)
        ]
        return rows, items


async def add_step(story: World, keeper: Actor, owner: str) -> None:
    await shut(keeper)
    await keeper.command("/clearway plans")
    await keeper.click(f"Show: Support plan{await _for(story)}")
    await keeper.click("Add an action item")
    name = (await story.directory()).people[PersonId(owner)].name
    await keeper.submit({"What is to be done?": STEP, "Who does it?": name, "By when?": "2026-10-12"})


async def _for(story: World) -> str:
    return f" for {(await story.directory()).people[PersonId(PRINCIPAL)].name}"


@EVERYWHERE
async def test_anybody_of_a_large_district_can_be_named_and_those_named_stay(database: Database, platform: str) -> None:
    """A menu has a hundred options, and a district more people."""
    async with world(database, platform) as story:
        file = yaml.safe_load(with_accounts(FILE.read_text("utf-8"), platform, {}))
        school = file["schools"][0]["id"]
        for n in range(150):
            colleague = {"id": f"p-x{n:03}", "name": f"Avery Colleague-{n:03}", "role": "teacher", "schools": [school]}
            file["people"].append(colleague)
        text = yaml.safe_dump(file, allow_unicode=True, sort_keys=False)
        await importer.import_district(database, SEAL, text, now=story.clock.now())
        (keeper,) = await people(story, COLLEAGUE)
        plan = await made(story, keeper, "p-x149", "p-x003")
        assert plan.named_ids == [COLLEAGUE, "p-x003", "p-x149"]
        await shut(keeper)
        await keeper.command("/clearway plans")
        await keeper.click(f"Show: Support plan{await _for(story)}")
        await keeper.click("Who sees it")
        assert "Avery Colleague-149" in str(keeper.form)
        await keeper.submit({"Who else is to see it?": "Avery Colleague-088"})
        [plan], _ = await record(story)
        assert plan.named_ids == [COLLEAGUE, "p-x003", "p-x088", "p-x149"]


@EVERYWHERE
async def test_those_named_see_it_are_asked_to_look_at_it_and_do_what_is_in_it(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        keeper, other = await people(story, COLLEAGUE, "p-014")
        await made(story, keeper, "p-014")
        await add_step(story, keeper, "p-014")
        await story.wait_until(detroit("2026-10-07 09:00"))
        assert "You are named on a private plan." in seen(other)
        await other.command("/clearway actions")
        assert STEP.rstrip(".") in str(other.answer)
        await story.wait_until(detroit("2026-10-14 09:00"))
        assert "is to be looked at" in seen(other)
        await other.command("/clearway plans")
        await other.click(f"Show: Support plan{await _for(story)}")
        assert GOAL in seen(other)
        await other.click("Looked at")
        await other.submit({"How does it go? (optional)": "One of two.", NEXT: "2026-11-11"})
        [plan], [item] = await record(story)
        assert (plan.review_on, plan.asks, item.owner_id) == (date(2026, 11, 11), 0, "p-014")
        await shut(keeper)
        await keeper.command("/clearway plans")
        await keeper.click(f"Show: Support plan{await _for(story)}")
        assert "One of two." in seen(keeper)
        await keeper.click("End the plan")
        assert await record(story) == ([], [])
        await story.promises_hold()


@ON_SLACK
async def test_nobody_else_finds_it_anywhere(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        keeper, *others = await people(story, COLLEAGUE, COORDINATOR, SUPERINTENDENT, PRINCIPAL, "p-023")
        plan = await made(story, keeper, "p-014")
        await add_step(story, keeper, "p-014")
        _, [item] = await record(story)
        await started(story)
        await story.wait_until(detroit("2026-10-16 12:00"))  # its day, its item's day, and a meeting, have come
        for each in others:
            for command in ("plans", "actions", "actions all", "actions overdue", "meeting", "help"):
                await each.command(f"/clearway {command}")
            await each.command('/challenges all "walk"')
            await each.open_home()
            whole = f"{seen(each)} {each.home}"
            assert not any(
                words in whole for words in (GOAL, STEP, "Support plan for", "private plan,", plan.id, item.id)
            )
        await nobody_presses(story, plan, item)
        async with story.made.districts.open(story.district_id, Came(Door.OPERATOR)) as store:
            exported = await log.export_log(store, "json", now=story.clock.now(), restricted_too=True)
            assert await handler.for_export(store, restricted_too=True) == []
        assert STEP not in exported
        assert GOAL not in exported
        await story.promises_hold()


async def nobody_presses(story: World, plan: Plan, item: ActionItem) -> None:
    """Whoever is not named, and knows the ids: there is none, whatever they ask for; and nothing changes."""
    fields: dict[str, Any] = {
        "words": "x", "notes": "x", "reason": "x", "owner": COORDINATOR, "due": "2026-10-20", "review": "2026-10-20",
        "named": [COORDINATOR],
    }  # fmt: skip
    before = await record(story)
    names = [each for each in ACTIONS if each.startswith(("plan.", "action.")) and not each.startswith("plan.make")]
    async with story.made.districts.open(story.district_id, Came(Door.OPERATOR), write=True) as store:
        for person_id in (COORDINATOR, SUPERINTENDENT, PRINCIPAL):
            actor = store.directory.people[PersonId(person_id)]
            for name in names:
                for asked in (plan.id, item.id):
                    request = Request(
                        actor,
                        Voice(store.directory, actor),
                        name,
                        Door.BUTTON,
                        Platform.SLACK,
                        item=asked,
                        fields=fields,
                    )
                    try:
                        reply = await _do(store, request, story.clock.now())
                    except NotFoundError:
                        continue
                    raise AssertionError(f"{person_id} did {name}: {reply}")
    assert await record(story) == before


@ON_SLACK
async def test_who_is_not_named_any_more_sees_nothing_and_a_leaver_leaves_it_to_those_named(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        keeper, other, heir = await people(story, COLLEAGUE, "p-014", "p-018")
        await made(story, keeper, "p-014")
        await add_step(story, keeper, "p-014")
        await story.wait_until(detroit("2026-10-07 09:00"))
        assert "private plan" in seen(other)
        directory = await story.directory()
        await keeper.command("/clearway plans")
        await keeper.click(f"Show: Support plan{await _for(story)}")
        await keeper.click("Who sees it")
        await keeper.submit({NAMED: [], "Who else is to see it?": directory.people[PersonId("p-018")].name})
        [plan], [item] = await record(story)
        assert plan.named_ids == [COLLEAGUE, "p-018"]
        assert item.owner_id == COLLEAGUE  # what was with somebody who is not named any more
        assert not any(GOAL in each.text or STEP in each.text for each in other.cards)
        await other.command("/clearway plans")
        assert "You are named on none." in str(other.answer)

        coach = "name: Tobias Nwosu, role: school_coach,"
        file = FILE.read_text(encoding="utf-8").replace(coach, f"{coach} left_on: 2026-10-06,", 1)
        await importer.import_district(database, SEAL, file, now=story.clock.now())
        await story.wait_until(detroit("2026-10-15 09:00"))
        [plan], [item] = await record(story)
        assert (plan.keeper_id, item.owner_id, item.status) == ("p-018", "p-018", ActionStatus.OPEN)
        assert "You keep this private plan from now on" in seen(heir)
        await story.promises_hold()


@ON_TEAMS
async def test_a_learning_plan_of_ones_own_and_no_plan_for_others(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        teacher = await story.person("p-023")
        await teacher.command("/clearway plans")
        await teacher.click("Make a plan")
        assert "For whom?" not in str(teacher.form)
        await teacher.submit({"What is to come of it?": "Run the screening by myself.", NEXT: "2026-11-11"})
        [plan], _ = await record(story)
        assert (plan.person_id, plan.named_ids) == ("p-023", ["p-023"])
        await story.promises_hold()
