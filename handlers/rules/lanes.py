"""Quiet by default (invariant 9): which lane a message takes, and when it may be sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from scheduling.calendar import DAY, Calendar
from storage.directory import Person
from storage.vocabulary import Lane, MessageKind, Urgency

SINGLES: Final = frozenset(
    {
        MessageKind.TRIAGE,
        MessageKind.ASSIGNMENT,
        MessageKind.QUESTION,
        MessageKind.ANSWERED,
        MessageKind.CONFIRMATION,
        MessageKind.ESCALATION,
    }
)
"""Sent singly: assignment, question, confirmation ask, escalation. All else waits for the daily digest."""

CHAT_ONLY: Final = frozenset({MessageKind.DRAFT_HELD, MessageKind.PLAN})
"""Words that wait for their author's consent, and private plans: they go by no e-mail, and are shown to nobody else."""
OWN_ACTS: Final = frozenset({MessageKind.RECEIPT, MessageKind.DRAFT_HELD})
"""The answer to one's own act: at any hour."""

REMINDERS: Final = frozenset({MessageKind.NUDGE, MessageKind.STEP})
"""What somebody may put off who owns the challenge, or the step, that they are reminded of."""

LATE_AFTER: Final = timedelta(days=1)
"""What was due so long ago comes after an outage: it goes with the next digest, all at once, whatever it is."""
LATER: Final[Mapping[Lane, Lane]] = {Lane.SINGLE: Lane.DIGEST}
"""Where a message goes that is over the daily budget."""


def lane(kind: MessageKind, urgency: Urgency) -> Lane:
    """How a message of this kind travels, about a challenge of this urgency."""
    if kind in OWN_ACTS:
        return Lane.OWN_ACT
    if urgency is Urgency.HIGH and kind not in {MessageKind.UPDATE, MessageKind.INFORM}:
        return Lane.URGENT
    if kind in SINGLES or kind is MessageKind.DRAFT_LAPSED:
        return Lane.SINGLE
    return Lane.DIGEST


@dataclass(frozen=True, slots=True)
class Plan:
    """When, and by which lane."""

    at: datetime
    lane: Lane


def plan(
    wanted: Lane,
    person: Person,
    calendar: Calendar,
    now: datetime,
    *,
    sent_today: int = 0,
    budget: int = 3,
    due: bool = False,
    late: bool = False,
    had_digest: bool = False,
) -> Plan:
    """The earliest moment at which this person may be sent it, counted from `now`.

    `due`: it has waited for its digest, and that instant has come: it goes now, or when the person may next be written
    to. `late`: it should have gone long ago. `sent_today`: single messages they have had since their day began. What is
    over the budget waits for the digest. `had_digest`: today's has gone, and there is one a day.
    """
    if wanted is Lane.OWN_ACT:
        return Plan(now, wanted)
    if late:
        wanted, due = Lane.DIGEST, False
    if wanted is Lane.SINGLE and sent_today >= budget:
        wanted, due = LATER[wanted], False
    if wanted is Lane.DIGEST and not due:
        return Plan(calendar.digest_time(now, person), wanted)
    if wanted is Lane.DIGEST and had_digest:
        tomorrow = calendar.at(calendar.today(now) + DAY, time(0))
        return Plan(calendar.digest_time(tomorrow, person), wanted)
    return Plan(calendar.message_time(now, person, urgent=wanted is Lane.URGENT), wanted)


def put_off(at: datetime, person: Person, calendar: Calendar, until: date) -> Plan:
    """A reminder that its reader has put off: it waits for the digest of that day. `at`: when it would have come."""
    return Plan(max(at, calendar.digest_time(calendar.at(until, time(0)), person)), Lane.DIGEST)
