"""The whole log as CSV and JSON: complete, without confidential names, and harmless in a spreadsheet."""

import csv
import io
import json
from collections.abc import AsyncIterator, Sequence
from datetime import date, time, timedelta
from typing import Any

import pytest
from sqlalchemy import event as sql_event

from handlers.cards.text import Who, phrase, to_json
from handlers.log import COLUMNS, FORMULA, cell, export_log, rows_for_export
from storage.case import Case
from storage.database import Database
from storage.directory import Routine
from storage.models import Event, Words
from storage.sealing import Seal
from storage.store import Came, Store
from storage.vocabulary import (
    Authority,
    Door,
    Field,
    Kind,
    Outcome,
    PersonId,
    Scope,
    Status,
    TeamId,
    Visibility,
    WordsId,
    new_id,
)
from tests.builders import (
    DISTRICT,
    NOW,
    TODAY,
    case,
    district,
    happened,
    save_case,
    save_district,
    save_events,
)

DIRECTORY = district(
    routines=(Routine("dit-monthly", "second Tuesday", time(8, 30), 120, team_ids=(TeamId("dit"),), log_review=True),)
)


@pytest.fixture
async def store(database: Database) -> AsyncIterator[Store]:
    async with database.district(DISTRICT) as connection:
        await save_district(connection, DIRECTORY)
        yield Store(connection, DIRECTORY, b"key", None, Came(Door.OPERATOR), Seal([Seal.new_key()]))


def words(built: Case, part: Field, text: str, by: str = "teacher", about: str | None = None) -> Words:
    said = Words(
        district_id=DISTRICT,
        id=WordsId(new_id()),
        challenge_id=built.id,
        field=part,
        about=about,
        author_id=PersonId(by),
        said_at=NOW,
        text=text,
    )
    built.words.append(said)
    return said


async def entries(
    store: Store, *built: Case, events: Sequence[Event] = (), restricted_too: bool = False
) -> list[dict[str, Any]]:
    await save_case(store.connection, *built)
    await save_events(store.connection, *events)
    return [row async for row in rows_for_export(store, now=NOW, restricted_too=restricted_too)]


async def test_an_entry_tells_the_whole_story(store: Store) -> None:
    built = case(
        "Kits never came",
        number=42,
        reporters=["teacher"],
        helpers=["deputy"],
        steps=[("Order two kits", "deputy", date(2026, 10, 20))],
        said=[(Field.TRIED, "Shared one kit"), (Field.SCOPE, "Two sections"), (Field.RESOLUTION, "Kits are here")],
        type="materials",
        scope=Scope.DISTRICT,
        amount_usd=900,
        tags=["labor agreement"],
        owner_id=PersonId("materials"),
        authority=Authority.MATRIX,
        why=to_json(phrase("Materials go to {who}.", who=Who(PersonId("materials")))),
        status=Status.CLOSED,
        outcome=Outcome.CONFIRMED,
        dit_aware_at=NOW,
        taken_at=NOW,
        understood_at=NOW,
        understood_by_id=PersonId("materials"),
        resolved_at=NOW + timedelta(days=8),
    )
    built.steps[0].done_at = NOW + timedelta(days=7)
    built.reporters[0].link = "https://chat.example/1"
    note = words(built, Field.NOTE, "The order is out", by="materials")
    said = words(built, Field.TALK, "All rooms have one", by="coach", about="teacher")
    talk = {"on": "2026-11-02", "how": "call", "by": "coach"}
    later = NOW + timedelta(days=20)
    events = [
        happened(built, Kind.ASSIGNED, seq=1, to="materials", informed=["outside"]),
        happened(built, Kind.PLANNED, seq=2, by="materials"),
        happened(built, Kind.NOTED, seq=3, by="materials", said=[note]),
        happened(
            built, Kind.TALKED, seq=4, by="coach", at=later, said=[said], reporter="teacher", answer="yes", talk=talk
        ),
        happened(built, Kind.CLOSED, seq=5, by="coach", at=later),
    ]

    (row,) = await entries(store, built, events=events)

    assert row == {
        "number": 42,
        "reported_on": "2026-10-12",
        "dit_aware_on": "2026-10-12",
        "raised_by": ["Tess Harlow"],
        "school": "Maple Street Elementary",
        "route_in": "command",
        "challenge": "Kits never came",
        "links": ["https://chat.example/1"],
        "type": "materials",
        "origin": "internal",
        "scope": "district",
        "tags": ["labor agreement"],
        "amount_usd": 900,
        "initiative": None,
        "schools_hit": None,
        "tried": "Shared one kit",
        "affected": None,
        "evidence": None,
        "urgency": "medium",
        "decide_by": None,
        "venue": "dit",
        "venue_next_on": None,
        "assigned_to": ["Nora Quill", "Petra Lindgren"],
        "authority_basis": "matrix: Materials go to Nora Quill.",
        "accepted_on": "2026-10-12",
        "scope_brief": "Two sections",
        "options": None,
        "understood_by": "Nora Quill",
        "understood_on": "2026-10-12",
        "decision": "planned",
        "decided_by": "Nora Quill",
        "decided_on": "2026-10-12",
        "steps": [
            {"step": "Order two kits", "owner": "Petra Lindgren", "due_on": "2026-10-20", "done_on": "2026-10-19"}
        ],
        "progress": [{"on": "2026-10-12", "by": "Nora Quill", "note": "The order is out"}],
        "status": "closed",
        "last_acted_on": "2026-10-12",
        "last_reviewed_on": None,
        "next_look_on": None,
        "resolved_on": "2026-10-20",
        "resolution": "Kits are here",
        "follow_up": [
            {
                "on": "2026-11-02",
                "with": "Tess Harlow",
                "by": "Max Delaney",
                "how": "call",
                "said": "All rooms have one",
                "answer": "yes",
            }
        ],
        "effect": None,
        "outcome": "confirmed",
        "joined": None,
        "closed": [{"on": "2026-11-01", "by": "Max Delaney"}],
        "reopened": [],
        "informed": [{"who": "Kit Farrow", "on": "2026-10-12"}],
        "plan_goal": None,
        "process_version": "1.0",
        "retention_class": None,
        "visibility": "open",
    }


async def test_an_open_challenge_says_when_its_venue_meets_next(store: Store) -> None:
    (row,) = await entries(store, case(status=Status.ASSIGNED))

    assert row["venue_next_on"] == "2026-10-13"


async def test_the_words_that_stand_are_the_latest_and_redacted_ones_say_so(store: Store) -> None:
    rewritten, redacted = case("First words"), case("Gone")
    words(rewritten, Field.WHAT, "Later words").said_at = NOW + timedelta(hours=1)
    redacted.words[0].text = None

    rows = await entries(store, rewritten, redacted)

    assert [row["challenge"] for row in rows] == ["Later words", "[redacted]"]


async def test_the_step_that_a_reporter_finds_missing_is_no_decision(store: Store) -> None:
    built = case(owner_id=PersonId("materials"))

    (row,) = await entries(store, built, events=[happened(built, Kind.PLANNED, seq=1, by="teacher")])

    assert row["decision"] is None


# ------------------------------------------------------------------------------------------------ what must not be told


async def confidential(store: Store) -> Case:
    """A challenge in which the confidential reporter did everything that a reporter can do."""
    built = case(
        "Nobody backs us",
        reporters=[],
        confidential=["colleague"],
        owner_id=PersonId("materials"),
        authority=Authority.EXECUTIVE,
        why=to_json(
            phrase("{why}, so up.", why=phrase("{who} cannot decide this one", who=Who(PersonId("colleague"))))
        ),
    )
    built.reporters[0].link = "https://chat.example/secret"
    note = words(built, Field.NOTE, "More facts", by="colleague")
    comment = words(built, Field.COMMENT, "Not yet", by="colleague", about="colleague")
    talk = {"on": "2026-11-02", "how": "call", "by": "coordinator"}
    await save_case(store.connection, built)
    await save_events(
        store.connection,
        happened(built, Kind.REPORTED, seq=1, by="colleague"),
        happened(built, Kind.NOTED, seq=2, by="colleague", said=[note]),
        happened(built, Kind.REFUSED, seq=3, by="colleague", said=[comment], reporter="colleague", answer="no"),
        happened(built, Kind.REOPENED, seq=4, by="colleague"),
        happened(built, Kind.TALKED, seq=5, by="coordinator", reporter="colleague", talk=talk),
        happened(built, Kind.CONFIRMED, seq=6, by="colleague", reporter="colleague", answer="yes"),
        happened(built, Kind.CLOSED, seq=7, by="colleague"),
    )
    return built


@pytest.mark.parametrize("fmt", ["csv", "json"])
async def test_a_confidential_reporter_is_nowhere_in_it(store: Store, fmt: str) -> None:
    await confidential(store)

    written = await export_log(store, fmt, now=NOW, restricted_too=True)

    assert "Omar" not in written
    assert "colleague" not in written
    assert "secret" not in written
    assert "Nobody backs us" in written
    assert "Not yet" in written
    assert "confidential" in written


@pytest.mark.parametrize("fmt", ["csv", "json"])
async def test_restricted_ones_are_left_out_and_counted_unless_asked_for(store: Store, fmt: str) -> None:
    await save_case(store.connection, case("Seen"), case("Hidden", visibility=Visibility.RESTRICTED))

    without = await export_log(store, fmt, now=NOW)
    whole = await export_log(store, fmt, now=NOW, restricted_too=True)

    assert "Hidden" not in without
    assert ("Left out: 1 restricted" if fmt == "csv" else '"restricted": 1') in without
    assert "Hidden" in whole
    assert ("Left out" if fmt == "csv" else '"restricted": 1') not in whole


# ------------------------------------------------------------------------------------------------------------- formats


async def test_the_csv_is_a_table_with_a_cell_for_every_column(store: Store) -> None:
    built = case('He said "no", twice\nand again', steps=[("Ask, again", "deputy", TODAY)], visibility=Visibility.OPEN)
    await save_case(store.connection, built, case("Hidden", visibility=Visibility.RESTRICTED))

    written = await export_log(store, "csv", now=NOW)
    rows = list(csv.reader(io.StringIO(written, newline=""), strict=True))
    head, entry = rows[0], dict(zip(rows[0], rows[1], strict=True))

    assert head == [column.name for column in COLUMNS]
    assert {len(row) for row in rows} == {len(COLUMNS)}
    assert written.endswith("\r\n")
    assert entry["challenge"] == 'He said "no", twice\nand again'
    assert entry["steps"] == "step: Ask, again, owner: Petra Lindgren, due on: 2026-10-12"


async def test_the_json_explains_its_columns(store: Store) -> None:
    await save_case(store.connection, case("Más señales"))

    whole = json.loads(await export_log(store, "json", now=NOW))

    assert whole["district"] == "Maple Hollow Schools"
    assert list(whole["columns"]) == list(whole["entries"][0]) == [column.name for column in COLUMNS]
    assert whole["entries"][0]["challenge"] == "Más señales"


async def test_an_empty_log_is_a_table_too(store: Store) -> None:
    assert (await export_log(store, "csv", now=NOW)).count("\r\n") == 1
    assert json.loads(await export_log(store, "json", now=NOW))["entries"] == []


@pytest.mark.parametrize("start", FORMULA)
def test_no_cell_is_a_formula(start: str) -> None:
    assert cell(f"{start}HYPERLINK(1)") == f"'{start}HYPERLINK(1)"
    assert cell([f"{start}1", "x"]).startswith("'")


def test_numbers_and_plain_words_stay_as_they_are() -> None:
    assert cell(-3) == "-3"
    assert cell("a = b") == "a = b"
    assert cell(None) == ""


async def test_the_queries_do_not_grow_with_the_entries(store: Store) -> None:
    await save_case(store.connection, *(case(steps=[("x", "deputy", TODAY)]) for _ in range(40)))
    statements: list[str] = []
    sql_event.listen(
        store.connection.sync_connection, "before_cursor_execute", lambda *given: statements.append(given[2])
    )

    await export_log(store, "csv", now=NOW)

    assert len(statements) <= 8
