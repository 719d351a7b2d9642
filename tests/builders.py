"""A small made-up district and challenges, built in memory: what the tests of rules and queries start from.

`district()` is a `Directory`; `case()` a `Case`; `save_district` and `save_case` write them to a real database.
"""

import itertools
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import models
from storage.case import Case
from storage.directory import Absence, Directory, Person, ProcessVersion, School, Team
from storage.models import Challenge, Event, Helper, Reporter, Step, Words, table
from storage.process import MatrixRow, Process, UrgencyTarget, VenueRules
from storage.vocabulary import (
    ChallengeId,
    DistrictId,
    Door,
    Field,
    Kind,
    PersonId,
    ProcessId,
    ProcessStatus,
    SchoolId,
    Scope,
    StepId,
    TeamId,
    Urgency,
    WordsId,
    new_id,
)

DISTRICT = DistrictId("maple-hollow")
TODAY = date(2026, 10, 12)
NOW = datetime(2026, 10, 12, 14, 0, tzinfo=UTC)
MAPLE, OAK = SchoolId("maple"), SchoolId("oak")
VERSION = ProcessId("process-1")

PEOPLE: tuple[Person, ...] = (
    Person(PersonId("super"), "Dr. Ada Prentiss", role="superintendent", executive_leader=True, spend_limit_usd=25_000),
    Person(
        PersonId("liaison"),
        "Leo Vance",
        role="assistant_superintendent",
        executive_leader=True,
        dit_liaison=True,
        spend_limit_usd=15_000,
    ),
    Person(PersonId("finance"), "Signe Okonjo-Bell", role="director_finance", executive_leader=True),
    Person(PersonId("materials"), "Nora Quill", role="director_teaching", spend_limit_usd=10_000),
    Person(PersonId("coordinator"), "Robin Calloway", role="district_coordinator"),
    Person(PersonId("deputy"), "Petra Lindgren", role="specialist"),
    Person(PersonId("member"), "Vera Lund", role="teacher", school_ids=(OAK,)),
    Person(PersonId("principal"), "Ivy Thornton", role="principal", school_ids=(MAPLE,)),
    Person(PersonId("coach"), "Max Delaney", role="school_coach", school_ids=(MAPLE,)),
    Person(PersonId("teacher"), "Tess Harlow", role="teacher", school_ids=(MAPLE,)),
    Person(PersonId("colleague"), "Omar Reyes-Pike", role="teacher", school_ids=(MAPLE,)),
    Person(PersonId("namesake"), "Tess Harlow-Finch", role="teacher", school_ids=(OAK,)),
    Person(PersonId("elsewhere"), "Wes Tallis", role="teacher", school_ids=(OAK,)),
    Person(PersonId("oak-principal"), "June Akers", role="principal", school_ids=(OAK,)),
    Person(PersonId("gone"), "Gus Hale", role="counselor", school_ids=(MAPLE,), left_on=date(2026, 9, 30)),
    Person(PersonId("outside"), "Kit Farrow", role="isd_consultant", external=True),
)

PROCESS = Process(
    types=("staffing", "time", "funding", "materials", "training", "data_systems"),
    tags=("buses or buildings", "labor agreement"),
    venues=("slt", "dit", "cabinet"),
    venue_rules=VenueRules(scope={Scope.SCHOOL: "slt"}, type={"funding": "cabinet"}, default="dit"),
    authority_matrix=(
        MatrixRow(type="staffing", scope=Scope.SCHOOL, decider="principal"),
        MatrixRow(type="materials", scope=Scope.DISTRICT, decider="materials"),
        MatrixRow(type="funding", scope=Scope.DISTRICT, decider="finance"),
    ),
    urgency_targets={
        Urgency.HIGH: UrgencyTarget(school_days=2, climb_after_unanswered_prompts=1),
        Urgency.MEDIUM: UrgencyTarget(by="next_dit", at_least_school_days=5),
        Urgency.LOW: UrgencyTarget(by="next_log_review"),
    },
    student_crisis_text="Do not wait for a reply here. Call the office now.",
)


def district(
    people: Iterable[Person] = PEOPLE, *, absences: Sequence[Absence] = (), process: Process = PROCESS, **changes: Any
) -> Directory:
    """The district as a picture in memory."""
    schools = (
        School(MAPLE, "Maple Street Elementary", team_id=TeamId("slt-maple")),
        School(OAK, "Oak Ridge Middle School", csi=True, team_id=TeamId("slt-oak")),
    )
    teams = (
        Team(
            TeamId("dit"),
            "District Implementation Team",
            member_ids=_ids("liaison", "coordinator", "member", "outside"),
        ),
        Team(
            TeamId("slt-maple"),
            "Maple Leadership Team",
            "school",
            MAPLE,
            member_ids=_ids("principal", "coach", "teacher"),
        ),
    )
    values: dict[str, Any] = {
        "district_id": DISTRICT,
        "name": "Maple Hollow Schools",
        "timezone": "America/Detroit",
        "revision": 1,
        "fictional": True,
        "people": {each.id: each for each in people},
        "schools": {each.id: each for each in schools},
        "teams": {each.id: each for each in teams},
        "absences": tuple(absences),
        "versions": {VERSION: ProcessVersion(VERSION, "1.0", ProcessStatus.IN_FORCE, process)},
    }
    return Directory(**(values | changes))


def away(person_id: str, *, delegate: str | None = None, from_on: date = TODAY, to_on: date = TODAY) -> Absence:
    return Absence(PersonId(person_id), from_on, to_on, PersonId(delegate) if delegate else None)


_numbers = itertools.count(1)


def case(
    what: str = "The copier budget ran out.",
    *,
    reporters: Sequence[str] = ("teacher",),
    confidential: Sequence[str] = (),
    helpers: Sequence[str] = (),
    steps: Sequence[tuple[str, str, date]] = (),
    said: Sequence[tuple[Field, str]] = (),
    district_id: DistrictId = DISTRICT,
    **changes: Any,
) -> Case:
    """A challenge of Maple Street, owned by the coordinator and open to see, unless `changes` says otherwise.

    `steps`: what, by whom, due when. `said`: other words, after those of `what`.
    """
    challenge_id = ChallengeId(new_id())
    values: dict[str, Any] = {
        "number": next(_numbers),
        "school_id": MAPLE,
        "owner_id": PersonId("coordinator"),
        "process_id": VERSION,
        "door": Door.COMMAND,
        "reported_at": NOW,
        "owned_since": NOW,
        "updated_at": NOW,
    }
    mine: dict[str, Any] = {"district_id": district_id, "challenge_id": challenge_id}
    built = Case(Challenge(district_id=district_id, id=challenge_id, **(values | changes)))
    for position, person_id in enumerate([*reporters, *(each for each in confidential if each not in reporters)]):
        built.reporters.append(
            Reporter(
                **mine,
                person_id=PersonId(person_id),
                position=position,
                confidential=person_id in confidential,
                joined_at=NOW,
            )
        )
    built.helpers = [Helper(**mine, person_id=PersonId(each), since=NOW) for each in helpers]
    author = built.reporters[0].person_id if built.reporters else None
    for part, text in [(Field.WHAT, what), *said]:
        built.words.append(Words(**mine, id=WordsId(new_id()), field=part, author_id=author, said_at=NOW, text=text))
    for position, (text, owner, due_on) in enumerate(steps):
        words = Words(**mine, id=WordsId(new_id()), field=Field.STEP, said_at=NOW, text=text)
        built.words.append(words)
        built.steps.append(
            Step(
                **mine,
                id=StepId(new_id()),
                position=position,
                words_id=words.id,
                owner_id=PersonId(owner),
                due_on=due_on,
            )
        )
    return built


def happened(
    built: Case,
    kind: Kind,
    *,
    seq: int,
    by: str | None = None,
    at: datetime = NOW,
    said: Sequence[Words] = (),
    **data: Any,
) -> Event:
    """A line of the history of a challenge. `said`: words of the case that came with it."""
    return Event(
        district_id=built.challenge.district_id,
        seq=seq,
        kind=kind,
        challenge_id=built.id,
        actor_id=PersonId(by) if by else None,
        at=at,
        door=Door.BUTTON,
        data=data,
        words={each.id: "" for each in said},
    )


async def save_district(connection: AsyncConnection, directory: Directory) -> None:
    """Writes as much of a district as the log refers to."""
    own = {"district_id": directory.district_id}
    await _insert(
        connection,
        models.District(
            id=directory.district_id,
            name=directory.name,
            timezone=directory.timezone,
            fictional=True,
            ledger_key="",
            created_at=NOW,
        ),
        models.Ledger(**own),
        *(models.School(**own, id=each.id, name=each.name) for each in directory.schools.values()),
        *(
            models.Person(
                **own,
                id=each.id,
                name=each.name,
                role=each.role,
                school_ids=list(each.school_ids),
                external=each.external,
                left_on=each.left_on,
            )
            for each in directory.people.values()
        ),
        *(
            models.Process(**own, id=each.id, version=each.version, status=each.status)
            for each in directory.versions.values()
        ),
    )


async def save_case(connection: AsyncConnection, *built: Case) -> None:
    for each in built:
        await _insert(connection, each.challenge, *each.words, *each.reporters, *each.helpers, *each.steps)


async def save_events(connection: AsyncConnection, *events: Event) -> None:
    await _insert(connection, *events)


async def _insert(connection: AsyncConnection, *rows: Any) -> None:
    for row in rows:
        of = table(type(row))
        await connection.execute(insert(of), {name: getattr(row, name) for name in of.c.keys()})  # noqa: SIM118


def _ids(*ids: str) -> tuple[PersonId, ...]:
    return tuple(PersonId(each) for each in ids)
