"""The way out to Slack: sent once, edited in place, found again; and what each refusal means."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from bot.slack.transport import REINSTATED_AFTER_S
from bot.transport import Address, CannotTellError, OutcomeUnknownError, Place, TryLaterError, UndeliverableError
from handlers.cards.model import Button, Buttons, Card, Press, Text
from handlers.request import Identity
from storage.vocabulary import Platform
from tests.bot.slack_stand import Stand, slack_stand
from tests.fakes.slack import SlackPerson

CARD = Card("A challenge for you", (Text("The copier"), Buttons((Button("Take it", Press("take", "c1")),))))


@pytest.fixture
async def stand() -> AsyncIterator[Stand]:
    async with slack_stand() as made:
        yield made


@pytest.fixture
def dana(stand: Stand) -> SlackPerson:
    return stand.person()


def address(person: SlackPerson, **more: Any) -> Address:
    return replace(Address(Platform.SLACK, person.workspace.team_id, person.user_id), **more)


async def test_a_card_reaches_the_direct_conversation_and_is_edited_there(stand: Stand, dana: SlackPerson) -> None:
    place = await stand.room.transport.send(address(dana), CARD, delivery_id="m1")
    assert (dana.last_card.title, dana.last_card.buttons) == ("A challenge for you", ("Take it",))
    assert place == Place(Platform.SLACK, "TLARKSPUR", f"D{dana.user_id}", dana.last_card.post.ts)

    await stand.room.transport.edit(place, Card("Taken by Sam"))
    assert [each.title for each in dana.cards] == ["Taken by Sam"]
    assert dana.last_card.buttons == ()


async def test_a_known_conversation_is_not_opened_again(stand: Stand, dana: SlackPerson) -> None:
    place = await stand.room.transport.send(address(dana), CARD, delivery_id="m1")
    known = address(dana, conversation_id=place.conversation_id)
    await stand.room.transport.send(known, CARD, delivery_id="m2")
    assert len(stand.slack.called("conversations.open")) == 1


async def test_a_card_is_found_by_its_delivery_id(stand: Stand, dana: SlackPerson) -> None:
    places = [await stand.room.transport.send(address(dana), CARD, delivery_id=f"m{n}") for n in range(3)]
    assert await stand.room.transport.find(address(dana), delivery_id="m1") == places[1]
    assert await stand.room.transport.find(address(dana), delivery_id="m9") is None


async def test_without_the_scope_it_cannot_tell(stand: Stand, dana: SlackPerson) -> None:
    await stand.room.transport.send(address(dana), CARD, delivery_id="m1")
    stand.slack.fail("conversations.history", error="missing_scope")
    with pytest.raises(CannotTellError):
        await stand.room.transport.find(address(dana), delivery_id="m1")


@pytest.mark.parametrize(
    "error",
    [
        "account_inactive",
        "cannot_dm_bot",
        "channel_not_found",
        "is_archived",
        "not_in_channel",
        "restricted_action",
        "user_disabled",
        "user_not_found",
    ],
)
async def test_some_refusals_are_for_good(stand: Stand, dana: SlackPerson, error: str) -> None:
    stand.slack.fail("chat.postMessage", error=error)
    with pytest.raises(UndeliverableError, match=error):
        await stand.room.transport.send(address(dana), CARD, delivery_id="m1")


@pytest.mark.parametrize(
    ("failure", "reason", "after_s"),
    [
        ({"retry_after": 7}, "ratelimited", 7.0),
        ({"error": "ratelimited"}, "ratelimited", None),
        ({"status": 503}, "http_503", None),
        ({"error": "service_unavailable"}, "service_unavailable", None),
        ({"error": "internal_error"}, "internal_error", None),
        ({"error": "fatal_error"}, "fatal_error", None),
        ({"status": 500}, "http_500", None),
        ({"status": 404}, "http_404", None),
        ({"error": "invalid_blocks"}, "invalid_blocks", None),
        ({"error": "invalid_auth"}, "invalid_auth", REINSTATED_AFTER_S),
        ({"error": "token_revoked"}, "token_revoked", REINSTATED_AFTER_S),
    ],
    ids=str,
)
async def test_other_refusals_are_for_later(
    stand: Stand, dana: SlackPerson, failure: dict[str, Any], reason: str, after_s: float | None
) -> None:
    stand.slack.fail("chat.postMessage", **failure)
    with pytest.raises(TryLaterError, match=reason) as refused:
        await stand.room.transport.send(address(dana), CARD, delivery_id="m1")
    assert refused.value.after_s == after_s
    assert dana.cards == []


@pytest.mark.parametrize(
    "failure", [{"status": 500}, {"status": 502}, {"error": "internal_error"}, {"error": "fatal_error"}], ids=str
)
async def test_a_breakdown_after_it_was_done_is_found_out(
    stand: Stand, dana: SlackPerson, failure: dict[str, Any]
) -> None:
    stand.slack.fail("chat.postMessage", done=True, **failure)
    place = await stand.room.transport.send(address(dana), CARD, delivery_id="m1")
    assert place.post_id == dana.last_card.post.ts
    assert len(dana.cards) == 1


async def test_a_breakdown_of_everything_leaves_it_open(stand: Stand, dana: SlackPerson) -> None:
    stand.slack.fail("chat.postMessage", status=500, done=True)
    stand.slack.fail("conversations.history", status=500)
    with pytest.raises(OutcomeUnknownError, match="http_500"):
        await stand.room.transport.send(address(dana), CARD, delivery_id="m1")


@pytest.mark.parametrize("done", [False, True], ids=["before it arrived", "after it arrived"])
async def test_a_cut_line_leaves_it_open_and_nothing_is_sent_twice(stand: Stand, dana: SlackPerson, done: bool) -> None:
    stand.slack.fail("chat.postMessage", cut=True, done=done)
    with pytest.raises(OutcomeUnknownError):
        await stand.room.transport.send(address(dana), CARD, delivery_id="m1")
    assert len(dana.cards) == done
    found = await stand.room.transport.find(address(dana), delivery_id="m1")
    assert (found is not None) == done


async def test_no_answer_in_time_leaves_it_open() -> None:
    async with slack_stand(timeout_s=0.1) as stand:
        dana = stand.person()
        stand.slack.fail("chat.postMessage", hang=True)
        with pytest.raises(OutcomeUnknownError):
            await stand.room.transport.send(address(dana), CARD, delivery_id="m1")


async def test_what_never_left_can_be_tried_again(stand: Stand, dana: SlackPerson) -> None:
    for desk in stand.room._desks:
        desk.client.base_url = "http://127.0.0.1:1/api/"
    with pytest.raises(TryLaterError, match="unreachable"):
        await stand.room.transport.send(address(dana), CARD, delivery_id="m1")


@pytest.mark.parametrize(
    "failure", [{"cut": True}, {"status": 500}, {"error": "internal_error"}, {"retry_after": 3}], ids=str
)
async def test_an_edit_can_always_be_tried_again(stand: Stand, dana: SlackPerson, failure: dict[str, Any]) -> None:
    place = await stand.room.transport.send(address(dana), CARD, delivery_id="m1")
    stand.slack.fail("chat.update", **failure)
    with pytest.raises(TryLaterError):
        await stand.room.transport.edit(place, CARD)


async def test_a_card_that_is_gone_cannot_be_edited(stand: Stand, dana: SlackPerson) -> None:
    place = await stand.room.transport.send(address(dana), CARD, delivery_id="m1")
    dana.last_card.post.deleted = True
    with pytest.raises(UndeliverableError, match="message_not_found"):
        await stand.room.transport.edit(place, CARD)


async def test_people_who_are_gone_cannot_be_written_to(stand: Stand, dana: SlackPerson) -> None:
    dana.workspace.users[dana.user_id]["deleted"] = True
    with pytest.raises(UndeliverableError, match="user_disabled"):
        await stand.room.transport.send(address(dana), CARD, delivery_id="m1")
    with pytest.raises(UndeliverableError, match="user_not_found"):
        await stand.room.transport.send(address(dana, user_id="UNOBODY"), CARD, delivery_id="m1")
    with pytest.raises(UndeliverableError, match="not_installed"):
        await stand.room.transport.send(address(dana, workspace_id="TELSEWHERE"), CARD, delivery_id="m1")


# ------------------------------------------------------------------------------------------------------------ profiles


@pytest.mark.parametrize(
    ("account", "told"),
    [
        ({}, {}),
        ({"is_restricted": True}, {"guest": True}),
        ({"is_ultra_restricted": True}, {"guest": True}),
        ({"is_stranger": True}, {"foreign": True}),
        ({"team_id": "TELSEWHERE"}, {"foreign": True}),
        ({"team_id": "TOTHER", "enterprise_user": {"teams": ["TLARKSPUR"]}}, {}),
        ({"is_bot": True}, {"bot": True}),
    ],
    ids=str,
)
async def test_slack_tells_who_somebody_is(stand: Stand, account: dict[str, Any], told: dict[str, bool]) -> None:
    dana = stand.person(**account)
    profile = await stand.room.profiles.look_up(identity(dana))
    assert profile is not None
    assert (profile.name, profile.timezone, profile.locale) == ("Dana Lee", "America/Chicago", "en-US")
    assert {name: getattr(profile, name) for name in ("guest", "foreign", "bot")} == {
        "guest": False,
        "foreign": False,
        "bot": False,
        **told,
    }


@pytest.mark.parametrize(
    ("account", "address"),
    [
        ({}, "dana@larkspur.example"),
        ({"is_email_confirmed": True}, "dana@larkspur.example"),
        ({"is_email_confirmed": False}, ""),
    ],
    ids=str,
)
async def test_only_an_address_that_is_known_to_be_theirs_counts(
    stand: Stand, account: dict[str, Any], address: str
) -> None:
    dana = stand.person(profile={"real_name": "Dana Lee", "email": "dana@larkspur.example"}, **account)
    profile = await stand.room.profiles.look_up(identity(dana))
    assert profile is not None
    assert profile.email == address
    found = await stand.room.profiles.find(dana.workspace.team_id, "dana@larkspur.example")
    assert found == (dana.user_id if address else None)


async def test_nobody_is_nobody(stand: Stand, dana: SlackPerson) -> None:
    assert await stand.room.profiles.look_up(replace(identity(dana), user_id="UNOBODY")) is None
    assert await stand.room.profiles.look_up(replace(identity(dana), workspace_id="TELSEWHERE")) is None
    dana.workspace.users[dana.user_id]["deleted"] = True
    assert await stand.room.profiles.look_up(identity(dana)) is None


@pytest.mark.parametrize("failure", [{"status": 500}, {"cut": True}, {"retry_after": 5}], ids=str)
async def test_when_slack_cannot_say_nobody_is_turned_away_for_it(
    stand: Stand, dana: SlackPerson, failure: dict[str, Any]
) -> None:
    stand.slack.fail("users.info", times=2, **failure)  # the HTTP client asks a second time after a cut line
    with pytest.raises(TryLaterError):
        await stand.room.profiles.look_up(identity(dana))


async def test_nobody_waits_long_for_it(stand: Stand, dana: SlackPerson) -> None:
    stand.room.profiles._patience_s = 0.05
    stand.slack.fail("users.info", hang=True)
    with pytest.raises(TryLaterError, match="slow"):
        await stand.room.profiles.look_up(identity(dana))


def identity(person: SlackPerson) -> Identity:
    return Identity(Platform.SLACK, person.workspace.team_id, person.user_id)
