"""A district's written process as data: the rules of one immutable version.

The seven parts of the written process (R-42) are types, users and teams, venues, authority, understanding,
documentation and follow-up. Users and teams are the people of the directory; the rest is here.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import time
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PositiveInt, model_validator

from storage.vocabulary import Rung, Scope, Urgency

SchoolDays = Annotated[int, Field(ge=0, le=200)]


def _clock_time(value: object) -> object:
    """A time of day to the minute, without a zone: it is the district's, or the person's. "7:30" is 07:30."""
    if isinstance(value, time):
        return value
    found = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)(:00)?", value) if isinstance(value, str) else None
    if not found:
        raise ValueError("Write a time of day as hours and minutes, such as 07:30 or 16:30")
    return time(int(found[1]), int(found[2]))


ClockTime = Annotated[time, BeforeValidator(_clock_time)]


class Part(BaseModel):
    """A part of the document: immutable, and strict about what it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class MatrixRow(Part):
    """Who decides, for one type and scope; a row with `when` (a tag) is more specific and wins."""

    type: str
    scope: Scope
    when: str | None = None
    decider: str
    """A person's id, or "principal": that of the challenge's school."""
    outside: str | None = None
    """The person outside the district with whom the inside owner works."""


class VenueRules(Part):
    """Where a challenge is discussed: by scope first, then by type, else the default."""

    scope: Mapping[Scope, str] = Field(default_factory=dict)
    type: Mapping[str, str] = Field(default_factory=dict)
    default: str = "dit"


class InformRule(Part):
    """Who else hears of it. `when` is "csi school", "scope <scope>" or "type <type>"; `who` are ids or "principal"."""

    when: str
    who: tuple[str, ...]


class Targets(Part):
    """Within how many school days each thing is due."""

    acknowledge: SchoolDays = 1
    assign: SchoolDays = 5
    first_update: SchoolDays = 10
    follow_up_after_resolution: SchoolDays = 10


NIGHT_FROM, NIGHT_UNTIL = time(0, 30), time(3, 30)
"""Clocks are changed in these hours: a time in them may not exist, or exist twice. Nothing is scheduled there."""


class Hours(Part):
    """When people may be messaged, on school days, in the district's zone (or the person's own)."""

    opens: ClockTime = Field(default=time(7, 30), alias="from")
    closes: ClockTime = Field(default=time(16, 30), alias="to")
    half_day_until: ClockTime = time(12, 0)
    digest_at: ClockTime = time(7, 45)

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    @model_validator(mode="after")
    def _open_before_they_close(self) -> Self:
        if not NIGHT_UNTIL <= self.opens < min(self.closes, self.half_day_until):
            raise ValueError(
                "Message hours must open (from) before they close (to, half_day_until), and not before 03:30"
            )
        return self


class Cadence(Part):
    """How often the owner is prompted."""

    before_due: SchoolDays = 1
    after_due: PositiveInt = 1
    nudge_open: PositiveInt = 5


class UrgencyTarget(Part):
    """When a decision is due. Where both are given, the earlier date wins."""

    school_days: SchoolDays | None = None
    by: Literal["next_dit", "next_log_review"] | None = None
    at_least_school_days: SchoolDays = 0
    climb_after_unanswered_prompts: PositiveInt | None = None


class Confirmation(Part):
    """The asks after "resolved" (R-37): the reporters, one reminder, a colleague, then somebody decides."""

    ask_reporters: Literal[True] = True
    remind_after_school_days: PositiveInt = 3
    then: str = "school_coach"
    then_after_school_days: PositiveInt = 3
    decided_by: Literal["coordinator"] = "coordinator"
    decide_within_school_days: PositiveInt = 5


class Process(Part):
    """The rules of one version. People in it are ids; whether they are there today is the directory's to say."""

    name: str = "Process to Address Implementation Challenges"
    types: tuple[str, ...]
    tags: tuple[str, ...] = ()
    venues: tuple[str, ...]
    venue_rules: VenueRules
    authority_matrix: tuple[MatrixRow, ...]
    inform: tuple[InformRule, ...] = ()
    desks: Mapping[str, str] = Field(default_factory=dict)
    response_targets_school_days: Targets = Targets()
    message_hours: Hours = Hours()
    daily_message_budget: PositiveInt = 3
    ladder: tuple[Rung, ...] = (Rung.OWNER, Rung.COORDINATOR, Rung.EXECUTIVE_LEADER, Rung.SUPERINTENDENT)
    cadence_school_days: Cadence = Cadence()
    climb_after_unanswered_prompts: PositiveInt = 2
    urgency_targets: Mapping[Urgency, UrgencyTarget]
    confirmation: Confirmation = Confirmation()
    urgency: Mapping[Urgency, str] = Field(default_factory=dict)
    """What each level means, in the district's words."""
    student_crisis_text: str

    def digest(self) -> str:
        """Equal for equal rules, however they are written in a file: what is approved is approved by this."""
        said = json.dumps(self.model_dump(mode="json", by_alias=True), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(said.encode()).hexdigest()

    def climb_after(self, urgency: Urgency) -> int:
        """After how many unanswered prompts a challenge climbs one rung."""
        target = self.urgency_targets.get(urgency)
        own = target.climb_after_unanswered_prompts if target else None
        return own or self.climb_after_unanswered_prompts
