"""What a district file may say.

Fields that are known and used by nothing yet are kept as they came. A field that looks like a slip of a known one is a
mistake; any other is kept, too, and `check` names it.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from handlers.district.notes import Finding, Mistake
from handlers.district.reader import Document, Path
from handlers.district.slips import slip_of
from storage.process import ClockTime, Process
from storage.vocabulary import ProcessStatus, RoutineKind

# ------------------------------------------------------------------------------------------------- kinds of value


def _short_id(value: str) -> str:
    if not (0 < len(value) <= 60 and value[0].isalnum() and value.isascii() and not set(value) - _IN_IDS):
        raise ValueError(f'"{value}" cannot be an id: use up to 60 letters, digits, dashes, dots and underscores')
    return value


_IN_IDS: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")


def _some_words(value: str) -> str:
    if not value.strip() or len(value) > 500:
        raise ValueError("must be some words, at most 500 characters")
    return value


def _day(value: object) -> object:
    """A date as its author wrote it; far from our time it is a slip."""
    try:
        day = date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        day = None
    if day is None or not 2000 <= day.year < 2100 or value != day.isoformat():
        raise ValueError("must be a date: year, month and day, such as 2026-08-31")
    return day


def _school_year(value: str) -> str:
    found = re.fullmatch(r"(20\d\d)-(?:20)?(\d\d)", value)
    if not found or (int(found[1]) + 1) % 100 != int(found[2]):
        raise ValueError(f'"{value}" is no school year: write both years, such as 2026-27')
    return value


def _shaped(pattern: str, says: str) -> Callable[[str], str]:
    """Refuses what has another shape; where only its capitals or the spaces around it are wrong, it says so."""

    def check(value: str) -> str:
        if re.fullmatch(pattern, value):
            return value
        meant = next((each for each in (value.strip(), value.strip().upper()) if re.fullmatch(pattern, each)), None)
        raise ValueError(f'"{value}" {says}' + (f'; did you mean "{meant}"?' if meant else ""))

    return check


def _one_of(*known: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        if value not in known:
            meant = slip_of(value, known)
            hint = f'did you mean "{meant}"?' if meant else f"write {', '.join(known[:-1])} or {known[-1]}"
            raise ValueError(f'Clearway does not know "{value}": {hint}')
        return value

    return check


_GUID: Final = r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}"
_slack_user: Final = _shaped(
    "[UW][A-Z0-9]+",
    "is no Slack member ID: in the person's profile choose Copy member ID; it begins with U or W, in capitals",
)
_slack_workspace: Final = _shaped(
    "[TE][A-Z0-9]+",
    "is no Slack workspace ID: take it from the address of Slack in a browser, app.slack.com/client/T…; "
    "it begins with T or E, in capitals",
)
_slack_channel: Final = _shaped(
    r"#?[^\s#A-Z.,]{1,80}",
    'is no Slack channel: write its name in small letters, without spaces, and in quotes, such as "#oak-staff"',
)
_state: Final = _shaped("[A-Z]{2}", "is no state: write its two letters, such as MI")
_phase: Final = _one_of("exploration", "installation", "initial_implementation", "full_implementation")
_teams_user: Final = _shaped(
    rf"29:\S+|{_GUID}", "is no Teams account: it begins with 29:, or it is the object ID of Microsoft Entra"
)
_teams_tenant: Final = _shaped(
    _GUID, "is no tenant ID: copy it from Microsoft Entra, such as 12345678-90ab-cdef-1234-567890abcdef"
)

_email: Final = _shaped(
    r"[^\s@,;<>\"]+@[^\s@,;<>\"]+\.[^\s@,;<>\".]+", "is no e-mail address: write one, such as dana.lee@district.example"
)
_role: Final = _shaped(
    r"[^\W\d_](?:[\w ,.'’&/()+-]{0,78}[\w.)])?",
    'is no role: write it in a few words, such as "school_coach" or "bus dispatcher"',
)


def _one_spelling(directory_id: str) -> str:
    """An id of Microsoft's directory means the same in capitals, and is looked up as it stands."""
    return directory_id.lower() if re.fullmatch(_GUID, directory_id) else directory_id


def _several(value: object) -> object:
    """One entry stands for a list of one."""
    return (value,) if isinstance(value, dict) else tuple(value) if isinstance(value, list) else value


def _in_words(value: object) -> object:
    """A rule may be a list of dates."""
    return ", ".join(str(each) for each in value) if isinstance(value, list) else value


Id = Annotated[str, AfterValidator(_short_id)]
Words = Annotated[str, AfterValidator(_some_words)]
Role = Annotated[str, AfterValidator(_role)]
Day = Annotated[date, BeforeValidator(_day)]
Dollars = Annotated[int, Field(ge=0, le=1_000_000_000)]


# -------------------------------------------------------------------------------------------------- the sections


class Entry(BaseModel):
    """A part of the file. `keeps` are the fields that nothing uses yet."""

    model_config = ConfigDict(frozen=True, extra="allow")
    keeps: ClassVar[frozenset[str]] = frozenset()


class Span(Entry):
    first: Day = Field(alias="from")
    last: Day = Field(alias="to")
    name: str | None = None
    keeps = frozenset({"nudges"})


class Closed(Span):
    said: bool = False
    """Somebody has said it in chat, and no file: an import keeps it."""


class Review(Entry):
    on: Day = Field(alias="date")
    keeps = frozenset({"name"})


class Slack(Entry):
    workspace_id: Annotated[str, AfterValidator(_slack_workspace)]
    primary: bool = False
    keeps = frozenset({"plan"})


class Teams(Entry):
    tenant_id: Annotated[str, AfterValidator(_teams_tenant), AfterValidator(_one_spelling)]
    primary: bool = False
    keeps = frozenset({"licence", "license"})


class Platforms(Entry):
    slack: Slack | None = None
    teams: Teams | None = None


class Isd(Entry):
    id: Id | None = None
    name: Words | None = None


class DistrictEntry(Entry):
    id: Id
    name: Words
    timezone: Words
    locale: Words = "en"
    word: Words = "challenge"
    platforms: Platforms = Platforms()
    foia_coordinator: str | None = None
    records_officer: str | None = None
    state: Annotated[str, AfterValidator(_state)] | None = None
    isd: Isd | None = None
    phase: Annotated[str, AfterValidator(_phase)] | None = None
    keeps = frozenset({"partnership_agreement", "first_initiative"})


class CalendarEntry(Entry):
    first_student_day: Day | None = None
    last_student_day: Day | None = None
    closed: tuple[Closed, ...] = ()
    half_days: tuple[Day, ...] = ()
    summer: Span | None = None
    benchmark_windows: tuple[Span, ...] = ()
    dca_windows: tuple[Span, ...] = ()
    data_reviews: tuple[Review, ...] = ()
    dst_changes: tuple[Day, ...] = ()
    school_year: Annotated[str, AfterValidator(_school_year)] | None = None


class SchoolEntry(Entry):
    id: Id
    name: Words
    csi: bool = False
    slt: str | None = None
    slack_channel: Annotated[str, AfterValidator(_slack_channel)] | None = None
    teams_channel: Words | None = None
    students: Annotated[int, Field(ge=0)] | None = None
    keeps = frozenset({"grades"})


class Leave(Span):
    delegate: str | None = None
    delegate_limit_usd: Dollars | None = None
    above_limit: str | None = None


class PersonEntry(Entry):
    id: Id
    name: Words
    role: Role = "staff"
    school: str | None = None
    schools: tuple[str, ...] = ()
    authority: tuple[str, ...] = ()
    spend_limit_usd: Dollars | None = None
    executive_leader: bool = False
    dit_liaison: bool = False
    external: bool = False
    left_on: Day | None = None
    successor: str | None = None
    leave: Annotated[tuple[Leave, ...], BeforeValidator(_several)] = ()
    slack: Annotated[str, AfterValidator(_slack_user)] | None = None
    teams: Annotated[str, AfterValidator(_teams_user), AfterValidator(_one_spelling)] | None = None
    email: Annotated[str, AfterValidator(_email)] | None = None
    timezone: Words | None = None
    locale: Words | None = None
    message_from: ClockTime | None = None
    message_to: ClockTime | None = None
    joined: bool = False
    """Became staff by writing; an exported file says so."""
    keeps = frozenset({"grade", "subject", "also", "org", "funded_by", "time_days_per_month"})

    @property
    def school_ids(self) -> list[str]:
        return list(dict.fromkeys(([self.school] if self.school else []) + list(self.schools)))


class TeamEntry(Entry):
    id: Id
    name: Words
    level: Words = "district"
    school: str | None = None
    lead: str | None = None
    facilitator: str | None = None
    recorder: str | None = None
    timekeeper: str | None = None
    backups: dict[str, str] = Field(default_factory=dict)
    members: tuple[str, ...] = ()
    observers: tuple[str, ...] = ()
    measures: tuple[Any, ...] = ()
    uses_process: bool = False
    standing_item: bool = False
    agreements: tuple[Words, ...] = ()
    plan_goal: str | None = None
    keeps = frozenset({"purpose"})


class RoutineEntry(Entry):
    id: Id
    rule: Annotated[Words, BeforeValidator(_in_words)]
    start: ClockTime
    minutes: Annotated[int, Field(ge=1, le=24 * 60)] = 60
    team: str | None = None
    teams: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    roles: tuple[Role, ...] = ()
    """Everybody who has one of these, whoever that is by then."""
    log_review: bool = False
    running: bool | None = None
    """Whether Clearway runs it. Where the file does not say, it stays as it is."""
    name: Words | None = None
    kind: RoutineKind | None = None
    place: Words | None = None
    lead_school_days: Annotated[int, Field(ge=1, le=60)] | None = None
    agenda: tuple[Words, ...] = ()
    questions: tuple[Words, ...] = ()
    quorum: Annotated[int, Field(ge=0, le=1000)] = 0
    poll: bool | None = None

    @property
    def team_ids(self) -> list[str]:
        return list(dict.fromkeys(([self.team] if self.team else []) + list(self.teams)))

    @property
    def meant(self) -> RoutineKind:
        """What it is for: as it says, else by its id ("coach-check-in")."""
        named = self.id.replace("-", "_")
        return self.kind or next((each for each in RoutineKind if each == named), RoutineKind.MEETING)


class VersionEntry(Entry):
    version: Words
    status: ProcessStatus
    dated: Day | None = Field(default=None, alias="date")
    approved_by: str | None = None
    submitted_by: str | None = None
    rules: dict[str, Any] | None = None
    """The rules of a version other than the one in force; an exported file has them."""
    keeps = frozenset({"effective", "change"})


class Whole(Entry):
    """The file's own fields, beside its sections."""

    fictional: bool = False
    kind: Literal["clearway-district/1", "clearway-district-fixture/1"] = Field("clearway-district/1", alias="schema")
    keeps = frozenset(
        {"strategic_plan", "communication_links", "learning_series", "agreements", "dca", "dca_target_percent"}
        | {"supports", "supports_expected_flags", "expected_dates_dit_monthly"}
        | {"installation_checklist", "installation_checklist_expected_percent"}
    )


SECTIONS: Final = (
    "district",
    "calendar",
    "schools",
    "people",
    "authority_matrix",
    "teams",
    "routines",
    "process_document",
)
"""What the district is made of; the other fields of the file are kept."""


@dataclass(frozen=True, slots=True)
class DistrictFile:
    """A file that was read. After a mistake it holds what could be understood, so that all the rest is checked, too.

    Entries are numbered by their place in the file.
    """

    document: Document
    whole: Whole
    district: DistrictEntry
    calendar: CalendarEntry
    schools: Mapping[int, SchoolEntry]
    people: Mapping[int, PersonEntry]
    teams: Mapping[int, TeamEntry]
    routines: Mapping[int, RoutineEntry]
    versions: Mapping[int, VersionEntry]
    process: Process
    rules: dict[str, Any]
    """The process as written, filled up from the starter process."""
    from_starter: tuple[str, ...]
    """The parts of the process that came from there."""
    broken: frozenset[str]
    """The parts of the process that could not be understood: the starter's stand in, so that the rest is checked."""
    unknown: tuple[Path, ...]
    """Fields that Clearway does not know."""

    def given(self, section: str, field: str = "id") -> frozenset[str]:
        """Every value that the entries of a section give for a field, those with mistakes included."""
        entries = self.document.data.get(section)
        if not isinstance(entries, list):
            return frozenset()
        return frozenset(str(each[field]) for each in entries if isinstance(each, dict) and field in each)

    def matrix_rows(self) -> Iterator[tuple[int, dict[str, str]]]:
        """The words in each row of the authority matrix, also where another row, or another word of it, is wrong."""
        written = self.document.data.get("authority_matrix")
        for n, row in enumerate(written if isinstance(written, list) else ()):
            if isinstance(row, dict):
                yield n, {name: word for name, word in row.items() if isinstance(word, str)}

    def understood(self, path: Path, entries: Mapping[int, Entry]) -> bool:
        """No entry of this list was left out for a mistake."""
        written = self.document.at(path)
        return written is None or (isinstance(written, list) and len(written) == len(entries))

    def leave(self, person: int, n: int) -> Path:
        """Where the n-th absence of a person stands: a single one stands by itself, several in a list."""
        path: Path = ("people", person, "leave")
        return path if isinstance(self.document.at(path), dict) else (*path, n)

    def mistake(self, path: Path, says: str) -> Mistake:
        return Mistake(self.document.line(path), f"{self.document.called(path)}: {says}")

    def finding(self, path: Path, says: str) -> Finding:
        return Finding(self.document.line(path), f"{self.document.called(path)}: {says}")

    @property
    def in_force(self) -> VersionEntry | None:
        return next((each for each in self.versions.values() if each.status is ProcessStatus.IN_FORCE), None)
