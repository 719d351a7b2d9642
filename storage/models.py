"""What we remember, as tables. Every row carries its district, and every reference stays within it.

Two families (see docs/architecture.md). The *words* tables belong to one district's store. The *queue* tables hold
ids, times and ciphertext, no words; the loops and the gateway's first step work on them across districts.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, Final, cast

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlmodel import Field as Column
from sqlmodel import SQLModel

from storage.columns import Json, UtcDateTime, Word
from storage.vocabulary import (
    ActionStatus,
    Answer,
    Authority,
    ChallengeId,
    DistrictId,
    Door,
    Effect,
    EventId,
    Kind,
    Lane,
    MessageKind,
    MessageState,
    OccurrenceStatus,
    Origin,
    Outcome,
    PersonId,
    PlanKind,
    Platform,
    ProcessId,
    ProcessStatus,
    RecordField,
    RoutineKind,
    Rung,
    SchoolId,
    Scope,
    Status,
    StepId,
    TeamId,
    TimerKind,
    Urgency,
    Visibility,
    WordsId,
    new_id,
)
from storage.vocabulary import Field as Part

NAMING: Final = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
SQLModel.metadata.naming_convention = NAMING

EMPTY: Final = text("''")

Key = str
"""Column type of ids: text, up to 60 characters."""


def own(column: str, target: str, target_column: str = "id", *, ondelete: str | None = None) -> ForeignKeyConstraint:
    """A reference that cannot leave the district: the district is part of the key on both sides."""
    return ForeignKeyConstraint(
        ["district_id", column], [f"{target}.district_id", f"{target}.{target_column}"], ondelete=ondelete
    )


def table(model: type[SQLModel]) -> Table:
    """The Core table of a model, for statements."""
    return cast("Table", model.__table__)  # type: ignore[attr-defined]  # SQLModel sets it, its stubs do not say so


class Row(SQLModel):
    """A row as a value. No session ever tracks one (statements are Core), so it is made and set as other objects are:
    by SQLAlchemy's instrumentation, the rows of a report would take longer to make than to write."""

    def __init__(self, **values: Any) -> None:
        same, made = _defaults(type(self))
        self.__dict__.update(same)
        self.__dict__.update({name: make() for name, make in made.items() if name not in values})
        self.__dict__.update(values)

    def __setattr__(self, name: str, value: Any) -> None:
        self.__dict__[name] = value


@cache
def _defaults(model: type[SQLModel]) -> tuple[Mapping[str, Any], Mapping[str, Callable[[], Any]]]:
    """What a column is when nobody says: the same value for every row, or one made for each."""
    optional = {name: field for name, field in model.model_fields.items() if not field.is_required()}
    made = {
        name: cast("Callable[[], Any]", field.default_factory)
        for name, field in optional.items()
        if field.default_factory
    }
    return {name: field.default for name, field in optional.items() if name not in made}, made


class InDistrict(Row):
    district_id: DistrictId = Column(primary_key=True, foreign_key="district.id", sa_type=Text)


# ---------------------------------------------------------------------------------------------- the district itself


class District(Row, table=True):
    """One school district. `revision` rises with every change to its people, calendar or process."""

    id: DistrictId = Column(primary_key=True, sa_type=Text)
    name: str
    timezone: str
    locale: str = "en"
    word: str = "challenge"
    fictional: bool = False
    """Made up, for practice and tests. The practice workspace opens no other."""
    revision: int = 1
    ledger_key: str = Column(sa_type=Text)
    """The key of the event chain, itself encrypted under CLEARWAY_SECRET_KEYS."""
    calendar: dict[str, Any] = Column(sa_type=Json, default_factory=dict)
    kept: dict[str, Any] = Column(sa_type=Json, default_factory=dict)
    """Sections of the district file that nothing uses yet: kept, and exported as they came."""
    created_at: datetime = Column(sa_type=UtcDateTime)


class Ledger(Row, table=True):
    """The district's counters: the last number shown to people, and the head of its chain of events."""

    district_id: DistrictId = Column(primary_key=True, foreign_key="district.id", sa_type=Text)
    number: int = 0
    seq: int = 0
    head: str = ""


class School(InDistrict, table=True):
    id: SchoolId = Column(primary_key=True, sa_type=Text)
    position: int = 0
    name: str
    csi: bool = False
    team_id: TeamId | None = Column(default=None, sa_type=Text)
    kept: dict[str, Any] = Column(sa_type=Json, default_factory=dict)


class Person(InDistrict, table=True):
    __table_args__ = (own("successor_id", "person"),)

    id: PersonId = Column(primary_key=True, sa_type=Text)
    position: int = 0
    name: str
    role: str = "staff"
    school_ids: list[str] = Column(sa_type=Json, default_factory=list)
    authority: list[str] = Column(sa_type=Json, default_factory=list)
    spend_limit_usd: int | None = None
    executive_leader: bool = False
    dit_liaison: bool = False
    external: bool = False
    left_on: date | None = None
    successor_id: PersonId | None = Column(default=None, sa_type=Text)
    timezone: str | None = None
    locale: str | None = None
    message_from: str | None = None
    message_to: str | None = None
    joined: bool = False
    """Not in the district file: became staff by writing from an admitted workspace."""
    kept: dict[str, Any] = Column(sa_type=Json, default_factory=dict)


class Preference(InDistrict, table=True):
    """How somebody wants to hear from us, as they have said in chat. Their platform is that of the preferred account."""

    __table_args__ = (own("person_id", "person"),)

    person_id: PersonId = Column(primary_key=True, sa_type=Text)
    digest_at: str | None = Column(default=None, sa_type=String(5))
    """ "07:30" in their zone; None: at the hour of the process."""
    mail_copy: bool = False
    """The daily digest also comes by e-mail."""


class Absence(InDistrict, table=True):
    __table_args__ = (own("person_id", "person"), own("delegate_id", "person"), own("above_limit_id", "person"))

    id: str = Column(primary_key=True, default_factory=new_id, sa_type=Text)
    position: int = 0
    person_id: PersonId = Column(sa_type=Text)
    from_on: date
    to_on: date
    delegate_id: PersonId | None = Column(default=None, sa_type=Text)
    delegate_limit_usd: int | None = None
    above_limit_id: PersonId | None = Column(default=None, sa_type=Text)
    from_file: bool = False


class Team(InDistrict, table=True):
    id: TeamId = Column(primary_key=True, sa_type=Text)
    position: int = 0
    name: str
    level: str = "district"
    school_id: SchoolId | None = Column(default=None, sa_type=Text)
    lead_id: PersonId | None = Column(default=None, sa_type=Text)
    member_ids: list[str] = Column(sa_type=Json, default_factory=list)
    uses_process: bool = False
    standing_item: bool = Column(default=False, sa_column_kwargs={"server_default": false()})
    """The challenges stand on each of its agendas."""
    roles: dict[str, list[str]] = Column(sa_type=Json, default_factory=dict, sa_column_kwargs={"server_default": "{}"})
    """Who facilitates, records and keeps the time; and after each of them their backup."""
    agreements: list[str] = Column(sa_type=Json, default_factory=list, sa_column_kwargs={"server_default": "[]"})
    """What its members have promised each other, for the top of the agenda."""
    kept: dict[str, Any] = Column(sa_type=Json, default_factory=dict)


class Routine(InDistrict, table=True):
    id: str = Column(primary_key=True, sa_type=Text)
    position: int = 0
    rule: str
    start: str
    minutes: int
    team_ids: list[str] = Column(sa_type=Json, default_factory=list)
    person_ids: list[str] = Column(sa_type=Json, default_factory=list)
    person_roles: list[str] = Column(sa_type=Json, default_factory=list, sa_column_kwargs={"server_default": "[]"})
    """Everybody who has one of these roles comes, too."""
    log_review: bool = False
    running: bool = Column(default=False, sa_column_kwargs={"server_default": false()})
    """Somebody who may speak for it has started it: Clearway plans, prepares and asks after its occurrences."""
    name: str = Column(default="", sa_type=Text, sa_column_kwargs={"server_default": EMPTY})
    kind: RoutineKind = Column(
        default=RoutineKind.MEETING, sa_type=Word(RoutineKind), sa_column_kwargs={"server_default": "meeting"}
    )
    place: str = Column(default="", sa_type=Text, sa_column_kwargs={"server_default": EMPTY})
    """Where it is, or the link by which people join."""
    lead_days: int | None = None
    """School days before it on which who leads it gets the agenda; None: by its rule."""
    agenda: list[str] = Column(sa_type=Json, default_factory=list, sa_column_kwargs={"server_default": "[]"})
    """What stands on it every time."""
    questions: list[str] = Column(sa_type=Json, default_factory=list, sa_column_kwargs={"server_default": "[]"})
    """What is asked after it every time."""
    quorum: int = Column(default=0, sa_column_kwargs={"server_default": "0"})
    """So many must have been there for it to count as held."""
    poll: bool = Column(default=False, sa_column_kwargs={"server_default": false()})
    """Those who were there are asked how it was."""
    year_proposed: int = Column(default=0, sa_column_kwargs={"server_default": "0"})
    """In whose spring the dates of the next school year were shown."""
    kept: dict[str, Any] = Column(sa_type=Json, default_factory=dict)


class Occurrence(InDistrict, table=True):
    """One time that a routine comes up, of one team or of the routine's people."""

    __table_args__ = (
        UniqueConstraint(
            "district_id", "routine_id", "team_id", "planned_on", "in_place_of", name="uq_occurrence_once"
        ),
        Index("ix_occurrence_routine", "district_id", "routine_id", "status"),
        Index("ix_occurrence_starts", "district_id", "routine_id", "starts_at"),
    )

    id: str = Column(primary_key=True, default_factory=new_id, sa_type=Text)
    routine_id: str = Column(sa_type=Text)
    team_id: TeamId = Column(default=TeamId(""), sa_type=Text)
    """Empty: of the people that the routine names."""
    planned_on: date
    """The day that the rule names."""
    day: date
    """On which it is to be, in the district's zone."""
    starts_at: datetime = Column(sa_type=UtcDateTime)
    minutes: int
    status: OccurrenceStatus = Column(sa_type=Word(OccurrenceStatus))
    version: int = 1
    invited_at: datetime | None = Column(default=None, sa_type=UtcDateTime)
    invited_ids: list[str] | None = Column(default=None, sa_type=Json)
    """Who has heard that they are to be there; None where nobody has."""
    asks: int = 0
    """How often somebody was asked whether it took place."""
    asked_at: datetime | None = Column(default=None, sa_type=UtcDateTime)
    ended_at: datetime | None = Column(default=None, sa_type=UtcDateTime)
    """When it was on record what became of it."""
    planned_at: datetime = Column(sa_type=UtcDateTime)
    sequence: int = 0
    """The versions that those had whose place it has: what a calendar has seen of it before."""
    attended_ids: list[str] = Column(sa_type=Json, default_factory=list)
    in_place_of: str = Column(default="", sa_type=Text)
    """The one that was moved or cancelled, and that this one is instead of."""
    root_id: str = Column(default="", sa_type=Text)
    """The first of them: what a calendar knows it by, wherever it is moved."""
    lead_id: str = Column(default="", sa_type=Text, sa_column_kwargs={"server_default": EMPTY})
    """Who has had its agenda before everybody else."""
    dropped: bool = Column(default=False, sa_column_kwargs={"server_default": false()})
    """Its routine was changed, and names that day no more."""
    walked_ids: list[str] = Column(sa_type=Json, default_factory=list, sa_column_kwargs={"server_default": "[]"})
    """The challenges that were gone through."""
    left_ids: list[str] = Column(sa_type=Json, default_factory=list, sa_column_kwargs={"server_default": "[]"})
    """Those that were not, although they were open."""
    roles: dict[str, str] = Column(sa_type=Json, default_factory=dict, sa_column_kwargs={"server_default": "{}"})
    """Who facilitates, records and keeps the time: as somebody has chosen, or as the team was told."""
    chosen: bool = Column(default=False, sa_column_kwargs={"server_default": false()})
    """Somebody has said on which day it is to be."""
    rule: str = Column(default="", sa_type=Text, sa_column_kwargs={"server_default": EMPTY})
    """By which it was planned, or looked at last: where its routine has another, it follows that."""
    roles_checked: bool = Column(default=False, sa_column_kwargs={"server_default": false()})
    """On its morning it was looked whether they are all there."""
    polled_ids: list[str] = Column(sa_type=Json, default_factory=list, sa_column_kwargs={"server_default": "[]"})
    """Who has said how it was; what they said is not with them."""

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + timedelta(minutes=self.minutes)


class Record(InDistrict, table=True):
    """What somebody said of an occurrence. Like all words it is never changed, and only its text can be taken out."""

    __table_args__ = (
        own("occurrence_id", "occurrence"),
        own("author_id", "person"),
        Index("ix_record_occurrence", "district_id", "occurrence_id"),
    )

    id: str = Column(primary_key=True, default_factory=new_id, sa_type=Text)
    occurrence_id: str = Column(sa_type=Text)
    field: RecordField = Column(sa_type=Word(RecordField))
    author_id: PersonId = Column(sa_type=Text)
    said_at: datetime = Column(sa_type=UtcDateTime)
    challenge_id: ChallengeId | None = Column(default=None, sa_type=Text)
    """Which challenge it is of: read by those who may see that."""
    question: str = Column(default="", sa_type=Text, sa_column_kwargs={"server_default": EMPTY})
    """What it answers, as it was asked; of a line of an agenda, the id of that in whose place it is."""
    text: str | None = Column(default=None, sa_type=Text)
    redacted_at: datetime | None = Column(default=None, sa_type=UtcDateTime)


class Feedback(InDistrict, table=True):
    """What somebody thinks of an occurrence. Who it was stands nowhere, and its id says nothing of when."""

    __table_args__ = (
        own("occurrence_id", "occurrence"),
        Index("ix_feedback_occurrence", "district_id", "occurrence_id"),
    )

    id: str = Column(primary_key=True, sa_type=Text)
    occurrence_id: str = Column(sa_type=Text)
    useful: int
    """From 1, not at all, to 4, very."""
    respectful: int
    text: str | None = Column(default=None, sa_type=Text)


class Plan(InDistrict, table=True):
    """A private plan: only those named on it know that it is there. Its words are in `saying`."""

    __table_args__ = (own("person_id", "person"), own("keeper_id", "person"))

    id: str = Column(primary_key=True, default_factory=new_id, sa_type=Text)
    kind: PlanKind = Column(sa_type=Word(PlanKind))
    person_id: PersonId = Column(sa_type=Text)
    """Whom it is for; they see it only where they are named."""
    keeper_id: PersonId = Column(sa_type=Text)
    """Who made it, and says who is named."""
    named_ids: list[str] = Column(sa_type=Json, default_factory=list)
    """Who sees it, its keeper included."""
    review_on: date
    version: int = 1
    made_at: datetime = Column(sa_type=UtcDateTime)
    asks: int = 0
    """How often those named were asked, since that day came, to look at it."""
    asked_at: datetime | None = Column(default=None, sa_type=UtcDateTime)
    ended_at: datetime | None = Column(default=None, sa_type=UtcDateTime)


class ActionItem(InDistrict, table=True):
    """What a meeting has agreed that somebody does, and by when. Its words are in `saying`."""

    __table_args__ = (
        own("occurrence_id", "occurrence"),
        own("plan_id", "plan"),
        own("owner_id", "person"),
        own("challenge_id", "challenge"),
        Index("ix_action_item_owner", "district_id", "owner_id", "status"),
        Index("ix_action_item_team", "district_id", "routine_id", "team_id", "status"),
    )

    id: str = Column(primary_key=True, default_factory=new_id, sa_type=Text)
    occurrence_id: str | None = Column(default=None, sa_type=Text)
    """The meeting that it came from; none where it is of a private plan."""
    plan_id: str | None = Column(default=None, sa_type=Text)
    """The private plan that it belongs to: seen only by those named there, and on no agenda."""
    routine_id: str = Column(default="", sa_type=Text)
    team_id: TeamId = Column(default=TeamId(""), sa_type=Text)
    """On whose next agendas it stands; empty: of the people that the routine names."""
    challenge_id: ChallengeId | None = Column(default=None, sa_type=Text)
    """What it concerns, if anything: who may not see that where it is restricted does not see this."""
    owner_id: PersonId = Column(sa_type=Text)
    due_on: date
    status: ActionStatus = Column(default=ActionStatus.OPEN, sa_type=Word(ActionStatus))
    version: int = 1
    added_at: datetime = Column(sa_type=UtcDateTime)
    since: datetime = Column(sa_type=UtcDateTime)
    """When its owner got it, or last answered: they are prompted from then on."""
    reminded_at: datetime | None = Column(default=None, sa_type=UtcDateTime)
    """Of the date that it has now, before it came."""
    asks: int = 0
    """How often they were asked since how it stands."""
    asked_at: datetime | None = Column(default=None, sa_type=UtcDateTime)
    ended_at: datetime | None = Column(default=None, sa_type=UtcDateTime)
    ended_by_id: PersonId | None = Column(default=None, sa_type=Text)


class Saying(InDistrict, table=True):
    """What somebody said of an action item or a private plan. Like all words it is never changed, and only its text can be taken out."""

    __table_args__ = (
        own("item_id", "actionitem"),
        own("plan_id", "plan"),
        own("author_id", "person"),
        Index("ix_saying_item", "district_id", "item_id"),
        Index("ix_saying_plan", "district_id", "plan_id"),
    )

    id: str = Column(primary_key=True, default_factory=new_id, sa_type=Text)
    item_id: str | None = Column(default=None, sa_type=Text)
    plan_id: str | None = Column(default=None, sa_type=Text)
    field: RecordField = Column(sa_type=Word(RecordField))
    author_id: PersonId = Column(sa_type=Text)
    said_at: datetime = Column(sa_type=UtcDateTime)
    text: str | None = Column(default=None, sa_type=Text)
    redacted_at: datetime | None = Column(default=None, sa_type=UtcDateTime)


class Process(InDistrict, table=True):
    """One version of the written process. Its rules never change: another version is another row."""

    __table_args__ = (UniqueConstraint("district_id", "version"),)

    id: ProcessId = Column(primary_key=True, default_factory=new_id, sa_type=Text)
    position: int = 0
    version: str
    status: ProcessStatus = Column(sa_type=Word(ProcessStatus))
    dated: date | None = None
    rules: dict[str, Any] | None = Column(default=None, sa_type=Json)
    """None where the district's file names a version of which it does not give the rules."""
    kept: dict[str, Any] = Column(sa_type=Json, default_factory=dict)
    """Its entry in the district's file, with who submitted and who approved it. `status` is the one that the file gave:
    where the row has another, it was changed in chat since."""


class Remark(InDistrict, table=True):
    """What somebody said of a version of the process when they returned it. Like all words it is never changed, and only
    its text can be taken out."""

    __table_args__ = (
        own("process_id", "process"),
        own("author_id", "person"),
        Index("ix_remark_process", "district_id", "process_id"),
    )

    id: str = Column(primary_key=True, default_factory=new_id, sa_type=Text)
    process_id: ProcessId = Column(sa_type=Text)
    author_id: PersonId = Column(sa_type=Text)
    said_at: datetime = Column(sa_type=UtcDateTime)
    text: str | None = Column(default=None, sa_type=Text)
    redacted_at: datetime | None = Column(default=None, sa_type=UtcDateTime)


# ------------------------------------------------------------------------------------------------------- the log


class Challenge(InDistrict, table=True):
    """An implementation challenge. Its words are in `words`; what happened to it, in `event`."""

    __table_args__ = (
        UniqueConstraint("district_id", "number"),
        own("owner_id", "person"),
        own("school_id", "school"),
        own("process_id", "process"),
        own("merged_into_id", "challenge"),
        Index("ix_challenge_list", "district_id", "status", "number"),
        Index("ix_challenge_owner", "district_id", "owner_id", "status"),
    )

    id: ChallengeId = Column(primary_key=True, default_factory=new_id, sa_type=Text)
    number: int
    version: int = 1
    """Rises with each change; a card remembers the one it showed."""
    status: Status = Column(default=Status.REPORTED, sa_type=Word(Status))
    outcome: Outcome | None = Column(default=None, sa_type=Word(Outcome))
    type: str | None = None
    origin: Origin = Column(default=Origin.INTERNAL, sa_type=Word(Origin))
    scope: Scope | None = Column(default=None, sa_type=Word(Scope))
    urgency: Urgency = Column(default=Urgency.MEDIUM, sa_type=Word(Urgency))
    tags: list[str] = Column(sa_type=Json, default_factory=list)
    school_id: SchoolId | None = Column(default=None, sa_type=Text)
    amount_usd: int | None = None
    venue: str = "dit"
    visibility: Visibility = Column(default=Visibility.OPEN, sa_type=Word(Visibility))
    conduct_of_id: PersonId | None = Column(default=None, sa_type=Text)
    """Whose conduct it is about, where somebody marked it so: that person is skipped and cannot see it."""
    owner_id: PersonId = Column(sa_type=Text)
    authority: Authority = Column(default=Authority.TRIAGE, sa_type=Word(Authority))
    why: dict[str, Any] = Column(sa_type=Json, default_factory=dict)
    """The reason for the owner, as a phrase: a message id and its parameters (ids, dates), no words of people."""
    rung: Rung = Column(default=Rung.OWNER, sa_type=Word(Rung))
    unanswered: int = 0
    """Prompts since the owner last did anything."""
    outside_id: PersonId | None = Column(default=None, sa_type=Text)
    refused_ids: list[str] = Column(sa_type=Json, default_factory=list)
    """Who said "not mine": it never goes back to them."""
    informed_ids: list[str] = Column(sa_type=Json, default_factory=list)
    """Whom the process had informed of it."""
    put_off: dict[str, str] = Column(
        sa_type=Json, default_factory=dict, sa_column_kwargs={"server_default": text("'{}'")}
    )
    """Who has put off their reminders of it, and the day until when. Follow-up itself goes on."""
    retracted_ids: list[str] = Column(sa_type=Json, default_factory=list)
    """Words of acts that were undone: they stay in the history, and stand no longer."""
    process_id: ProcessId = Column(sa_type=Text)
    door: Door = Column(sa_type=Word(Door))
    reported_at: datetime = Column(sa_type=UtcDateTime)
    dit_aware_at: datetime | None = Column(default=None, sa_type=UtcDateTime)
    owned_since: datetime = Column(sa_type=UtcDateTime)
    taken_at: datetime | None = Column(default=None, sa_type=UtcDateTime)
    understood_at: datetime | None = Column(default=None, sa_type=UtcDateTime)
    understood_by_id: PersonId | None = Column(default=None, sa_type=Text)
    decide_by: date | None = None
    """When a decision is due, from the urgency targets of the process."""
    updated_at: datetime = Column(sa_type=UtcDateTime)
    """The last act of a person on it."""
    owner_acted_at: datetime | None = Column(default=None, sa_type=UtcDateTime)
    """The last act of whoever leads it, by which their clock goes; None: they have done nothing with it yet."""
    prompted_at: datetime | None = Column(default=None, sa_type=UtcDateTime)
    asked_at: datetime | None = Column(default=None, sa_type=UtcDateTime)
    """The owner's clock stands still since then: a question waits for the reporter."""
    asked_times: int = 0
    told_at: datetime | None = Column(default=None, sa_type=UtcDateTime)
    """When those who raised it were last told how it stands, without anything having moved."""
    told_times: int | None = None
    """So often since its owner last did anything."""
    review_on: date | None = None
    """Paused, declined or waiting outside: until this day."""
    effect: Effect | None = Column(default=None, sa_type=Word(Effect))
    """What has come of the steps so far, as its owner, a helper or a reporter said last."""
    resolved_at: datetime | None = Column(default=None, sa_type=UtcDateTime)
    refusals: int = 0
    """How often a reporter has said "no"."""
    decision_asked_at: datetime | None = Column(default=None, sa_type=UtcDateTime)
    closed_at: datetime | None = Column(default=None, sa_type=UtcDateTime)
    merged_into_id: ChallengeId | None = Column(default=None, sa_type=Text)
    next_at: datetime | None = Column(default=None, sa_type=UtcDateTime)
    """When it is looked at again: the same instant as its follow-up timer."""


class Words(InDistrict, table=True):
    """The one table with what people wrote. A recorded act may redact a row; the chain holds only its digest."""

    __table_args__ = (own("challenge_id", "challenge"), Index("ix_words_challenge", "district_id", "challenge_id"))

    id: WordsId = Column(primary_key=True, default_factory=new_id, sa_type=Text)
    challenge_id: ChallengeId = Column(sa_type=Text)
    field: Part = Column(sa_type=Word(Part))
    about: str | None = Column(default=None, sa_type=Text)
    """The step, question or reporter that the words belong to, where they belong to one."""
    author_id: PersonId | None = Column(default=None, sa_type=Text)
    said_at: datetime = Column(sa_type=UtcDateTime)
    text: str | None = Column(default=None, sa_type=Text)
    redacted_at: datetime | None = Column(default=None, sa_type=UtcDateTime)


class Reporter(InDistrict, table=True):
    """Who raised a challenge, and what they say of its resolution."""

    __table_args__ = (
        own("challenge_id", "challenge"),
        own("person_id", "person"),
        Index("ix_reporter_person", "district_id", "person_id"),
    )

    challenge_id: ChallengeId = Column(primary_key=True, sa_type=Text)
    person_id: PersonId = Column(primary_key=True, sa_type=Text)
    position: int = 0
    confidential: bool = False
    """Their name and link are shown to the coordinator only."""
    link: str | None = Column(default=None, sa_type=Text)
    joined_at: datetime = Column(sa_type=UtcDateTime)
    answer: Answer | None = Column(default=None, sa_type=Word(Answer))
    answered_at: datetime | None = Column(default=None, sa_type=UtcDateTime)
    asked_at: datetime | None = Column(default=None, sa_type=UtcDateTime)
    reminded_at: datetime | None = Column(default=None, sa_type=UtcDateTime)
    colleague_id: PersonId | None = Column(default=None, sa_type=Text)
    """The coach, or the coordinator, who was asked to ask them."""
    colleague_asked_at: datetime | None = Column(default=None, sa_type=UtcDateTime)


class Helper(InDistrict, table=True):
    """Somebody brought in: by the ladder, as a helper, or admitted to a restricted challenge."""

    __table_args__ = (own("challenge_id", "challenge"), own("person_id", "person"))

    challenge_id: ChallengeId = Column(primary_key=True, sa_type=Text)
    person_id: PersonId = Column(primary_key=True, sa_type=Text)
    since: datetime = Column(sa_type=UtcDateTime)


class Step(InDistrict, table=True):
    """What somebody will do, and by when. `words_id` says what."""

    __table_args__ = (
        own("challenge_id", "challenge"),
        own("owner_id", "person"),
        Index("ix_step_challenge", "district_id", "challenge_id"),
    )

    id: StepId = Column(primary_key=True, default_factory=new_id, sa_type=Text)
    challenge_id: ChallengeId = Column(sa_type=Text)
    position: int = 0
    words_id: WordsId = Column(sa_type=Text)
    owner_id: PersonId = Column(sa_type=Text)
    due_on: date
    done_at: datetime | None = Column(default=None, sa_type=UtcDateTime)
    prompted_on: date | None = None
    """The last school day on which its owner was prompted about it."""
    prompts: int = 0


class Event(Row, table=True):
    """One line of the history, never changed. `digest` chains it to the line before (see storage/ledger.py)."""

    __table_args__ = (
        UniqueConstraint("district_id", "id"),
        own("challenge_id", "challenge"),
        Index("ix_event_challenge", "district_id", "challenge_id", "seq"),
    )

    district_id: DistrictId = Column(primary_key=True, foreign_key="district.id", sa_type=Text)
    seq: int = Column(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    id: EventId = Column(default_factory=new_id, sa_type=Text)
    kind: Kind = Column(sa_type=Word(Kind))
    challenge_id: ChallengeId | None = Column(default=None, sa_type=Text)
    actor_id: PersonId | None = Column(default=None, sa_type=Text)
    """None: Clearway itself, when a date came."""
    at: datetime = Column(sa_type=UtcDateTime)
    door: Door = Column(sa_type=Word(Door))
    platform: Platform | None = Column(default=None, sa_type=Word(Platform))
    process_id: ProcessId | None = Column(default=None, sa_type=Text)
    data: dict[str, Any] = Column(sa_type=Json, default_factory=dict)
    """Ids, codes and dates: {"changes": {"challenge": {"status": [before, after]}}, ...}."""
    words: dict[str, str] = Column(sa_type=Json, default_factory=dict)
    """The id of each of its words, and their keyed digest."""
    digest: str = ""


class ConsolePost(InDistrict, table=True):
    """What stands in the rooms of the browser console: for that platform this is the server's side."""

    __table_args__ = (Index("ix_console_post_room", "district_id", "room", "position"),)

    id: str = Column(primary_key=True, default_factory=new_id, sa_type=Text)
    position: int = 0
    room: str = Column(sa_type=Text)
    """"#channel", or "@person" for the direct chat between a person and Clearway."""
    thread_id: str | None = Column(default=None, sa_type=Text)
    author_id: PersonId | None = Column(default=None, sa_type=Text)
    """None: Clearway."""
    only_for_id: PersonId | None = Column(default=None, sa_type=Text)
    at: datetime = Column(sa_type=UtcDateTime)
    edited_at: datetime | None = Column(default=None, sa_type=UtcDateTime)
    text: str = Column(default="", sa_type=Text)
    card: dict[str, Any] | None = Column(default=None, sa_type=Json)
    delivery_id: str | None = Column(default=None, sa_type=Text)


# ------------------------------------------------------------------------------------ the queue: ids and times only


class Registration(Row, table=True):
    """Our app at one platform: a Slack app in a workspace, or a Teams app with its tenant. Secrets are encrypted."""

    __table_args__ = (UniqueConstraint("platform", "app_id", "workspace_id"),)

    id: str = Column(primary_key=True, default_factory=new_id, sa_type=Text)
    platform: Platform = Column(sa_type=Word(Platform))
    app_id: str = ""
    """Empty until the first verified request tells it (an environment gives a token, not an app id)."""
    workspace_id: str = ""
    """Slack's team id, or the Teams tenant."""
    bot_user_id: str = ""
    service_url: str = Column(default="", sa_column_kwargs={"server_default": text("''")})
    """Teams: where its connector for this tenant is, as the first verified activity said."""
    secrets: str = Column(sa_type=Text)
    """Encrypted JSON: bot token and signing secret, or app password."""
    seeded: bool = False
    """From the environment; follows it at each start."""
    created_at: datetime = Column(sa_type=UtcDateTime)


class Workspace(InDistrict, table=True):
    """A workspace or tenant that a district admits: staff who write from it are the district's."""

    platform: Platform = Column(primary_key=True, sa_type=Word(Platform))
    workspace_id: str = Column(primary_key=True, sa_type=Text)


class Account(InDistrict, table=True):
    """A person on one platform. The same account may belong to people of several districts."""

    __table_args__ = (
        own("person_id", "person"),
        Index("ix_account_identity", "platform", "workspace_id", "user_id"),
        Index("ix_account_person", "district_id", "person_id"),
        Index("ix_account_directory", "platform", "workspace_id", "directory_id"),
    )

    platform: Platform = Column(primary_key=True, sa_type=Word(Platform))
    workspace_id: str = Column(primary_key=True, sa_type=Text)
    user_id: str = Column(primary_key=True, sa_type=Text)
    person_id: PersonId = Column(sa_type=Text)
    preferred: bool = False
    conversation_id: str | None = Column(default=None, sa_type=Text)
    """The direct conversation with them, once opened."""
    unreachable_since: datetime | None = Column(default=None, sa_type=UtcDateTime)
    directory_id: str | None = Column(default=None, sa_type=Text)
    """Who they are in the directory of their organization, where the platform says so."""
    mail: str | None = Column(default=None, sa_type=Text)
    """A keyed digest of the e-mail address that the platform has verified: equal for equal addresses, and no word."""
    linked: bool = Column(default=False, sa_column_kwargs={"server_default": false()})
    """Not of the district's file: the person has confirmed that this account is theirs, too."""


class Room(InDistrict, table=True):
    """A channel or group chat in which a team wants to hear from us."""

    __table_args__ = (own("linked_by", "person"), UniqueConstraint("district_id", "team_id", "platform"))

    id: str = Column(primary_key=True, default_factory=new_id, sa_type=Text)
    team_id: TeamId = Column(sa_type=Text)
    """Of the district's file, which may drop a team and keep its room."""
    platform: Platform = Column(sa_type=Word(Platform))
    workspace_id: str = Column(sa_type=Text)
    conversation_id: str = Column(sa_type=Text)
    linked_by: PersonId = Column(sa_type=Text)
    """Who asked for it, there: they get what cannot be posted."""
    linked_at: datetime = Column(sa_type=UtcDateTime)
    lost_at: datetime | None = Column(default=None, sa_type=UtcDateTime)
    """It takes nothing from us any more, since this instant."""


class Feed(InDistrict, table=True):
    """A calendar that is read by a secret address; only the digest of the secret is kept."""

    __table_args__ = (own("person_id", "person"), Index("ix_feed_digest", "digest", unique=True))

    id: str = Column(primary_key=True, default_factory=new_id, sa_type=Text)
    person_id: PersonId = Column(sa_type=Text)
    team_id: TeamId = Column(default=TeamId(""), sa_type=Text)
    """Empty: of all that this person belongs to."""
    digest: str = Column(sa_type=Text)
    made_at: datetime = Column(sa_type=UtcDateTime)
    ended_at: datetime | None = Column(default=None, sa_type=UtcDateTime)


class ChosenDistrict(InDistrict, table=True):
    """Someone in several districts is asked once per conversation; this is the answer."""

    platform: Platform = Column(primary_key=True, sa_type=Word(Platform))
    workspace_id: str = Column(primary_key=True, sa_type=Text)
    user_id: str = Column(primary_key=True, sa_type=Text)
    conversation_id: str = Column(primary_key=True, sa_type=Text)
    chosen_at: datetime = Column(sa_type=UtcDateTime)


class InboxKey(InDistrict, table=True):
    """An inbound intent already handled (design 1.7). Keys only, never payloads; kept for days."""

    key: str = Column(primary_key=True, sa_type=Text)
    at: datetime = Column(sa_type=UtcDateTime, index=True)
    challenge_id: ChallengeId | None = Column(default=None, sa_type=Text)
    """What came of it, so that a repeat gets the same answer."""


class Timer(InDistrict, table=True):
    """Look at this again at this time. One per kind and subject; its handler reads the present state."""

    __table_args__ = (
        UniqueConstraint("district_id", "kind", "about"),
        Index("ix_timer_due", "district_id", "due_at"),
        Index("ix_timer_due_anywhere", "due_at"),
    )

    id: str = Column(primary_key=True, default_factory=new_id, sa_type=Text)
    kind: TimerKind = Column(sa_type=Word(TimerKind))
    about: str = Column(sa_type=Text)
    due_at: datetime = Column(sa_type=UtcDateTime)
    leased_until: datetime | None = Column(default=None, sa_type=UtcDateTime)
    attempts: int = 0


class Message(InDistrict, table=True):
    """The outbox: tell this person about that event. It holds ids; its card is composed when it is sent."""

    __table_args__ = (
        UniqueConstraint("district_id", "once"),
        own("person_id", "person"),
        Index("ix_message_due", "district_id", "lane", "send_at", "id", sqlite_where=text("state = 'pending'"),
              postgresql_where=text("state = 'pending'")),
        Index("ix_message_due_anywhere", "send_at", sqlite_where=text("state = 'pending'"),
              postgresql_where=text("state = 'pending'")),
        Index("ix_message_person", "district_id", "person_id", "state"),
        Index("ix_message_challenge", "district_id", "challenge_id"),
    )  # fmt: skip

    id: str = Column(primary_key=True, default_factory=new_id, sa_type=Text)
    once: str = Column(sa_type=Text)
    """Whom, what and which event: the same thing is never told twice."""
    kind: MessageKind = Column(sa_type=Word(MessageKind))
    lane: Lane = Column(sa_type=Word(Lane))
    person_id: PersonId = Column(sa_type=Text)
    room_id: str | None = Column(default=None, sa_type=Text)
    """For everybody in this room, and for the person only where it cannot be posted there."""
    challenge_id: ChallengeId | None = Column(default=None, sa_type=Text)
    event_id: EventId | None = Column(default=None, sa_type=Text)
    item_id: str | None = Column(default=None, sa_type=Text)
    """The step, reporter, draft or message that it is about, beside the challenge."""
    state: MessageState = Column(default=MessageState.PENDING, sa_type=Word(MessageState))
    created_at: datetime = Column(sa_type=UtcDateTime)
    send_at: datetime = Column(sa_type=UtcDateTime)
    leased_until: datetime | None = Column(default=None, sa_type=UtcDateTime)
    attempts: int = 0
    unknown_since: datetime | None = Column(default=None, sa_type=UtcDateTime)
    """A send of which we never heard the outcome: look before sending again."""
    repeated: bool = False
    """Sent again without knowing whether the first arrived."""
    ended_at: datetime | None = Column(default=None, sa_type=UtcDateTime)
    reason: str | None = None
    """A code: why it was dropped or could not be delivered."""


class PostedCard(InDistrict, table=True):
    """Where a card stands, so that it can be edited in place when the state moves."""

    __table_args__ = (
        CheckConstraint("shown >= 0", name="shown"),
        Index("ix_posted_card_challenge", "district_id", "challenge_id"),
        Index("ix_posted_card_stale", "district_id", "stale_at", sqlite_where=text("stale_at IS NOT NULL"),
              postgresql_where=text("stale_at IS NOT NULL")),
        Index("ix_posted_card_stale_anywhere", "stale_at", sqlite_where=text("stale_at IS NOT NULL"),
              postgresql_where=text("stale_at IS NOT NULL")),
        Index("ix_posted_card_place", "platform", "conversation_id", "post_id"),
    )  # fmt: skip

    id: str = Column(primary_key=True, default_factory=new_id, sa_type=Text)
    message_id: str = Column(sa_type=Text)
    person_id: PersonId = Column(sa_type=Text)
    challenge_id: ChallengeId | None = Column(default=None, sa_type=Text)
    platform: Platform = Column(sa_type=Word(Platform))
    workspace_id: str = Column(sa_type=Text)
    conversation_id: str = Column(sa_type=Text)
    post_id: str = Column(sa_type=Text)
    shown: int = 0
    """The version of the challenge that it shows."""
    posted_at: datetime = Column(sa_type=UtcDateTime)
    stale_at: datetime | None = Column(default=None, sa_type=UtcDateTime)
    """It must be edited, from this instant on."""
    leased_until: datetime | None = Column(default=None, sa_type=UtcDateTime)
    attempts: int = 0


class Delivery(InDistrict, table=True):
    """One attempt to send, and its outcome."""

    __table_args__ = (Index("ix_delivery_message", "district_id", "message_id"),)

    id: str = Column(primary_key=True, default_factory=new_id, sa_type=Text)
    message_id: str = Column(sa_type=Text)
    platform: Platform | None = Column(default=None, sa_type=Word(Platform))
    at: datetime = Column(sa_type=UtcDateTime)
    outcome: str
    """A code: "sent", "later", "unknown", "found", or the platform's reason."""


class Draft(InDistrict, table=True):
    """Words that wait for their author's consent: encrypted, for 24 hours, outside log, search, export and backup."""

    __table_args__ = (own("person_id", "person"), Index("ix_draft_person", "district_id", "person_id"))

    id: str = Column(primary_key=True, default_factory=new_id, sa_type=Text)
    person_id: PersonId = Column(sa_type=Text)
    sealed: str = Column(sa_type=Text)
    lapses_at: datetime = Column(sa_type=UtcDateTime)


class Beat(Row, table=True):
    """When each loop last went round, in any process. It belongs to the server, not to a district."""

    loop: str = Column(primary_key=True, sa_type=Text)
    at: datetime = Column(sa_type=UtcDateTime)
    breaches: int = 0
    """Promises found broken by the last audit, and not mended."""


class PracticeClock(Row, table=True):
    """How far the practice workspace has moved its clock, in seconds. It belongs to the server."""

    id: int = Column(default=1, primary_key=True)
    ahead_s: int = Column(default=0, sa_type=BigInteger)


QUEUE: Final[tuple[type[SQLModel], ...]] = (
    Registration,
    Workspace,
    Account,
    Room,
    Feed,
    ChosenDistrict,
    InboxKey,
    Timer,
    Message,
    PostedCard,
    Delivery,
    Draft,
    Beat,
    PracticeClock,
)
"""What the queue's own role may touch, across districts."""

SERVER_WIDE: Final[tuple[type[SQLModel], ...]] = (Registration, Beat, PracticeClock)
"""The tables of the server itself, which have no district."""
