"""The life of a version of the process and who may do what with it; and that every word of its text is told."""

from datetime import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.slack import render as slack
from bot.teams import render as teams
from handlers.cards import versions as cards
from handlers.cards import written
from handlers.cards.model import Card, Items
from handlers.cards.text import Voice
from handlers.rules import versions as rules
from handlers.rules.versions import NEEDS, NEXT, Move, Right
from storage.directory import Directory, ProcessVersion
from storage.process import Process
from storage.vocabulary import PersonId, ProcessId, ProcessStatus
from tests.builders import PEOPLE, PROCESS, TODAY, VERSION, away, district

S = ProcessStatus
DRAFT = ProcessId("process-2")


def with_draft(status: S = S.SUBMITTED, by: str | None = "coordinator", process: Process = PROCESS) -> Directory:
    draft = ProcessVersion(DRAFT, "1.1", status, process, TODAY, PersonId(by) if by else None)
    return district(versions={VERSION: ProcessVersion(VERSION, "1.0", S.IN_FORCE, PROCESS), DRAFT: draft})


@pytest.mark.parametrize(
    ("status", "moves"),
    [
        (S.DRAFT, {Move.PRACTISE, Move.SUBMIT}),
        (S.PRACTISED, {Move.SUBMIT}),
        (S.SUBMITTED, {Move.TAKE_BACK, Move.RETURN, Move.APPROVE}),
        (S.APPROVED, {Move.ENACT}),
        (S.IN_FORCE, {Move.REPLACE}),
        (S.REPLACED, set()),
    ],
)
def test_what_can_be_done_with_a_version(status: S, moves: set[Move]) -> None:
    assert {each for each in Move if rules.possible(status, each)} == moves


def test_nothing_comes_into_force_but_by_approval() -> None:
    """From the end backwards there is one way, and an executive leader stands on it."""
    into = {after: [(before, move) for (before, move), to in NEXT.items() if to is after] for after in S}
    assert into[S.IN_FORCE] == [(S.APPROVED, Move.ENACT)]
    assert into[S.APPROVED] == [(S.SUBMITTED, Move.APPROVE)]
    assert {NEEDS[Move.APPROVE], NEEDS[Move.ENACT], NEEDS[Move.RETURN]} == {Right.LEADER}
    assert set(NEEDS) == set(Move)


@pytest.mark.parametrize(
    ("who", "moves"),
    [
        ("super", {Move.APPROVE, Move.RETURN, Move.ENACT}),
        ("liaison", {Move.APPROVE, Move.RETURN, Move.ENACT}),
        ("finance", {Move.APPROVE, Move.RETURN, Move.ENACT}),
        ("coordinator", {Move.PRACTISE, Move.SUBMIT, Move.TAKE_BACK}),
        ("member", set()),
        ("materials", set()),
        ("principal", set()),
        ("teacher", set()),
        ("gone", set()),
        ("outside", set()),
    ],
)
def test_who_may_do_what_with_a_version(who: str, moves: set[Move]) -> None:
    directory = with_draft()
    actor, version = directory.people[PersonId(who)], directory.versions[DRAFT]
    assert {each for each in Move if rules.may(actor, each, version, directory, TODAY)} == moves


def test_nobody_approves_what_they_submitted_as_long_as_somebody_else_can() -> None:
    directory = with_draft(by="super")
    version = directory.versions[DRAFT]
    assert rules.leaders(version, directory, TODAY) == {"liaison", "finance"}
    alone = district([each for each in PEOPLE if each.id not in {"liaison", "finance"}], versions=directory.versions)
    assert rules.leaders(version, alone, TODAY) == {"super"}


def test_who_is_away_may_still_approve_and_a_stand_in_may_not() -> None:
    directory = district(versions=with_draft().versions, absences=[away("super", delegate="deputy")])
    assert "super" in rules.leaders(directory.versions[DRAFT], directory, TODAY)
    assert "deputy" not in rules.leaders(directory.versions[DRAFT], directory, TODAY)


@pytest.mark.parametrize(
    ("who", "reads"),
    [("super", True), ("coordinator", True), ("member", True), ("teacher", False), ("outside", False)],
)
def test_who_reads_what_is_to_come(who: str, reads: bool) -> None:
    directory = with_draft()
    actor = directory.people[PersonId(who)]
    assert rules.may_read(actor, directory.versions[DRAFT], directory, TODAY) is reads
    assert rules.may_read(actor, directory.versions[VERSION], directory, TODAY)


# ------------------------------------------------------------------------------------------------------ the very text


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every single value of a process, as data."""
    match value:
        case dict():
            return [found for name, each in value.items() for found in leaves(each, (*path, name))]
        case list():
            return [found for n, each in enumerate(value) for found in leaves(each, (*path, n))] + [path]
        case _:
            return [path]


FULL: dict[str, Any] = Process.model_validate(
    PROCESS.model_dump(mode="json", by_alias=True)
    | {
        "urgency": {"high": "Safety", "medium": "Blocks a practice", "low": "Slows a practice"},
        "desks": {"work_order": "materials"},
        "inform": [{"when": "csi school", "who": ["outside"]}],
    }
).model_dump(mode="json", by_alias=True)
FIXED = {("confirmation", "ask_reporters"), ("confirmation", "decided_by")}
"""They have one value only."""
OTHER: dict[Any, Any] = {
    "decider": "deputy",
    "outside": "outside",
    "scope": "external",
    "by": "next_log_review",
    "from": "08:10",
    "to": "16:10",
    "half_day_until": "11:10",
    "digest_at": "08:20",
}


def changed_at(path: tuple[Any, ...]) -> Process:
    """The same process, but for one value, or with an entry more or less."""
    data: Any = Process.model_validate(FULL).model_dump(mode="json", by_alias=True)
    here = data
    for step in path[:-1]:
        here = here[step]
    last, was = path[-1], here[path[-1]]
    if isinstance(was, list):
        here[last] = was[:-1]
    elif path[0] == "ladder":
        here[last] = "coordinator" if was != "coordinator" else "owner"
    elif isinstance(was, int):
        here[last] = was + 1
    elif last == "by":
        here[last] = "next_dit" if was != "next_dit" else "next_log_review"
    elif was is None:
        here[last] = {"when": "labor agreement", "outside": "outside"}.get(last, 4)
    else:
        here[last] = OTHER.get(last, f"{was} too")
    return Process.model_validate(data)


@pytest.mark.parametrize("path", [each for each in leaves(FULL) if each not in FIXED], ids=str)
def test_whatever_is_changed_is_told(path: tuple[Any, ...]) -> None:
    """A sentence says so, and its words are others: who approves the text has read the change."""
    voice, before, after = Voice(district()), Process.model_validate(FULL), changed_at(path)
    assert before.digest() != after.digest()
    told = [says for part in written.changes(voice, after, before) for says in part.says]
    assert told
    whole = [[line.text for line in part.lines] for part in written.parts(voice, after)]
    assert whole != [[line.text for line in part.lines] for part in written.parts(voice, before)]


def test_the_same_rules_have_the_same_text_and_digest_however_they_are_written() -> None:
    data = Process.model_validate(FULL).model_dump(mode="json", by_alias=True)
    again = Process.model_validate({name: data[name] for name in reversed(data)})
    assert again.digest() == Process.model_validate(FULL).digest()
    assert not any(part.says for part in written.changes(Voice(district()), again, Process.model_validate(FULL)))


def test_another_order_of_the_rows_is_told() -> None:
    rows = PROCESS.authority_matrix
    turned = PROCESS.model_copy(update={"authority_matrix": rows[::-1]})
    told = [says for part in written.changes(Voice(district()), turned, PROCESS) for says in part.says]
    assert len(told) == 1
    assert told[0].startswith("In another order now: Funding, in the district")


def test_what_is_new_changed_and_left_out_is_marked_in_words() -> None:
    data = PROCESS.model_dump(mode="json", by_alias=True)
    data["authority_matrix"] = [
        {"type": "staffing", "scope": "school", "decider": "deputy"},
        {"type": "time", "scope": "school", "decider": "principal"},
        data["authority_matrix"][2],
    ]
    found = {part.name: part.says for part in written.changes(Voice(district()), Process.model_validate(data), PROCESS)}
    assert found["Who decides"] == (
        "Now: Staffing, in the school: Petra Lindgren. Before: Staffing, in the school: the school's principal",
        "New: Time, in the school: the school's principal",
        "Left out: Materials, in the district: Nora Quill",
    )
    assert not any(says for name, says in found.items() if name != "Who decides")


WORDS = st.text("abcdefghij klmno", min_size=1, max_size=2000)


@settings(deadline=None, max_examples=25)
@given(st.lists(WORDS, max_size=60, unique=True), WORDS)
def test_however_long_it_is_every_page_fits_on_every_platform_and_nothing_is_left_out(
    types: list[str], crisis: str
) -> None:
    process = PROCESS.model_copy(update={"types": tuple(types), "student_crisis_text": crisis * 6})
    directory = with_draft(process=process)
    seen = cards.Seen(directory.versions[DRAFT], (Move.APPROVE, Move.RETURN), None, TODAY)
    for draw in (cards.one, cards.text):
        drawn: list[Card] = [draw(Voice(directory), seen, page=1)]
        while any(press.label == "Next page" for press in [b for e in drawn[-1].body for b in getattr(e, "items", ())]):
            drawn.append(draw(Voice(directory), seen, page=len(drawn) + 1))
        labels = [[b.label for e in card.body for b in getattr(e, "items", ())] for card in drawn]
        assert [("Approve it" in each) for each in labels] == [*[False] * (len(drawn) - 1), True]
        for card in drawn:
            assert "does not fit" not in str(slack.blocks(card))
            assert len(slack.blocks(card)) < slack.MAX_BLOCKS
            assert len(str(teams.message(card))) < 28_000
        said = "".join(line for card in drawn for e in card.body if isinstance(e, Items) for line in e.lines)
        assert len("".join(said.split())) >= len("".join("".join(types).split()))


def test_the_hours_are_told_as_people_read_them() -> None:
    hours = PROCESS.message_hours.model_copy(update={"opens": time(7, 0)})
    told = written.changes(Voice(district()), PROCESS.model_copy(update={"message_hours": hours}), PROCESS)
    assert [part.says for part in told if part.says] == [
        ("Now: Messages go out from 07:00 to 16:30. Before: Messages go out from 07:30 to 16:30",)
    ]
