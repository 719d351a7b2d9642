"""The words of the domain that the database, the rules and the cards share: typed ids and enumerations."""

import secrets
import time
from enum import StrEnum
from typing import Final, NewType

DistrictId = NewType("DistrictId", str)
"""The district's own short name, as its file gives it: "larkspur-bend"."""
PersonId = NewType("PersonId", str)
"""A person within one district; the file's id ("p-010"), or a random one for people who joined by writing."""
SchoolId = NewType("SchoolId", str)
TeamId = NewType("TeamId", str)
ChallengeId = NewType("ChallengeId", str)
EventId = NewType("EventId", str)
StepId = NewType("StepId", str)
WordsId = NewType("WordsId", str)
ProcessId = NewType("ProcessId", str)


def new_id(made_at_s: float | None = None) -> str:
    """An opaque id: 32 bits of time, then 56 random bits. It says nothing about how many there are.

    The time is the machine's (or `made_at_s`, seconds since 1970) and nobody reads it: what is written together gets to
    lie together in every index, where ids without it would touch a page each (docs/decisions/0009-ids.md).
    """
    seconds = time.time() if made_at_s is None else made_at_s  # noqa: TID251  # no rule depends on it
    return f"{int(seconds):08x}{secrets.token_hex(7)}"


class Platform(StrEnum):
    """Where a person speaks with us."""

    SLACK = "slack"
    TEAMS = "teams"
    CONSOLE = "console"
    EMAIL = "email"
    """For the copy of a digest, and for people without a chat account: nobody can answer there."""


class Door(StrEnum):
    """How something came in; each log entry says which."""

    COMMAND = "command"
    MESSAGE_SHORTCUT = "message_shortcut"
    GLOBAL_SHORTCUT = "global_shortcut"
    DIRECT_MESSAGE = "direct_message"
    MENTION = "mention"
    EMOJI = "emoji"
    BUTTON = "button"
    HOME = "home"
    THREAD = "thread"
    TIMER = "timer"
    OPERATOR = "operator"
    """The command line of the person who runs the server."""


class Status(StrEnum):
    """Where a challenge stands. A decision and an escalation are events, not states."""

    REPORTED = "reported"
    """With the coordinator, who sorts it (triage)."""
    WITH_SCHOOL = "with_school"
    """With the school's own leadership team and its principal; the district is not yet aware."""
    ASSIGNED = "assigned"
    """With a named person who has the authority to remove it."""
    UNDERSTOOD = "understood"
    """The owner has confirmed the scope and the options."""
    PLANNED = "planned"
    """There are steps with owners and dates."""
    IN_PROGRESS = "in_progress"
    WAITING_OUTSIDE = "waiting_outside"
    """An outside party must act; the inside owner looks again on the review date."""
    RESOLVED = "resolved"
    """The owner says it is removed; the reporters have not been asked yet."""
    AWAITING_CONFIRMATION = "awaiting_confirmation"
    """The reporters have been asked whether it was addressed sufficiently."""
    DECLINED = "declined"
    """An executive leader has said no for now; it stays dated until its review."""
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"
    REDIRECTED = "redirected"
    MERGED = "merged"


ENDED: Final = frozenset({Status.CLOSED, Status.WITHDRAWN, Status.REDIRECTED, Status.MERGED})
"""The terminal states. Everything else is open: it has an owner and a date."""
OPEN: Final = frozenset(Status) - ENDED
WORKING: Final = frozenset(
    {
        Status.WITH_SCHOOL,
        Status.ASSIGNED,
        Status.UNDERSTOOD,
        Status.PLANNED,
        Status.IN_PROGRESS,
        Status.WAITING_OUTSIDE,
    }
)
"""The states in which an owner is at work."""


class Outcome(StrEnum):
    """How a closed challenge was closed; the two are always counted apart."""

    CONFIRMED = "confirmed"
    """Every reporter said that it was addressed sufficiently."""
    NOT_CONFIRMED = "not_confirmed"
    """Somebody was silent, and the coordinator decided."""


class Origin(StrEnum):
    INTERNAL = "internal"
    EXTERNAL = "external"


class Scope(StrEnum):
    """Where the power to remove a challenge sits."""

    SCHOOL = "school"
    DISTRICT = "district"
    EXTERNAL = "external"


class Urgency(StrEnum):
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Visibility(StrEnum):
    OPEN = "open"
    """The district team, the people of the school, and everybody who works on it."""
    RESTRICTED = "restricted"
    """The coordinator, the owner, the reporters, and those the coordinator admitted."""


class Authority(StrEnum):
    """Why the lead owner may hold a challenge (invariant 1)."""

    MATRIX = "matrix"
    DELEGATE = "delegate"
    SUCCESSOR = "successor"
    EXECUTIVE = "executive"
    NAMED = "named"
    """Named by the coordinator, with a recorded reason."""
    TRIAGE = "triage"
    """The coordinator, while it waits to be sorted."""


class Rung(StrEnum):
    """A step of the ladder of escalation."""

    OWNER = "owner"
    COORDINATOR = "coordinator"
    EXECUTIVE_LEADER = "executive_leader"
    SUPERINTENDENT = "superintendent"


class Answer(StrEnum):
    """A reporter's answer to "was it addressed sufficiently?"."""

    YES = "yes"
    PARTLY = "partly"
    NO = "no"


class Effect(StrEnum):
    """What has come of the steps so far: a step can be done while nothing has changed (R-39)."""

    WORSE = "worse"
    SAME = "same"
    BETTER = "better"
    GONE = "gone"


class Field(StrEnum):
    """Which part of a challenge some words are."""

    WHAT = "what"
    AFFECTED = "affected"
    TRIED = "tried"
    EVIDENCE = "evidence"
    SCOPE = "scope"
    """The owner's words on how big it is."""
    OPTIONS = "options"
    STEP = "step"
    NOTE = "note"
    DECISION = "decision"
    """What a meeting has decided on it."""
    QUESTION = "question"
    ANSWER = "answer"
    REASON = "reason"
    RESOLUTION = "resolution"
    COMMENT = "comment"
    """What a reporter adds to yes, partly or no."""
    TALK = "talk"
    """What was said in a follow-up talk."""
    SNOOZE = "snooze"
    """Why somebody put off their reminders of it."""


class Kind(StrEnum):
    """What kind of event: one line of the history."""

    REPORTED = "reported"
    JOINED = "joined"
    """Somebody said "me too"."""
    DETAILED = "detailed"
    SORTED = "sorted"
    """Triage: type, scope, tags, school, urgency or amount were set."""
    ASSIGNED = "assigned"
    TAKEN = "taken"
    UNDERSTOOD = "understood"
    ASKED = "asked"
    """The owner asked the reporter a question; the owner's clock stops."""
    ANSWERED = "answered"
    UNANSWERED = "unanswered"
    TOLD = "told"
    """Those who raised it were told how it stands, though nothing has moved."""
    PLANNED = "planned"
    STEP_DONE = "step_done"
    EFFECT = "effect"
    """Somebody said what has come of it so far: better, the same, worse, gone."""
    NOTED = "noted"
    """Progress, or a reply in the thread."""
    DECIDED = "decided"
    """A meeting has decided something on it."""
    PROMPTED = "prompted"
    ESCALATED = "escalated"
    HANDED_ON = "handed_on"
    SENT_UP = "sent_up"
    WAITING = "waiting"
    RESUMED = "resumed"
    PAUSED = "paused"
    SNOOZED = "snoozed"
    """Somebody put off their own reminders of it; neither its dates nor the climb wait for that."""
    RESOLVED = "resolved"
    CONFIRMATION_ASKED = "confirmation_asked"
    REMINDED = "reminded"
    COLLEAGUE_ASKED = "colleague_asked"
    """The coach (or the coordinator) was asked to ask the reporter."""
    NOBODY_ASKED = "nobody_asked"
    """Nobody may know who the silent reporter is but a coordinator who is part of it: no colleague is asked."""
    DECISION_ASKED = "decision_asked"
    CONFIRMED = "confirmed"
    """A reporter answered yes."""
    PARTLY = "partly"
    REFUSED = "refused"
    """A reporter answered no."""
    TALKED = "talked"
    CLOSED = "closed"
    REOPENED = "reopened"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    REDIRECTED = "redirected"
    MERGED = "merged"
    VENUE_MOVED = "venue_moved"
    """It is discussed somewhere else from now on."""
    RESTRICTED = "restricted"
    OPENED_UP = "opened_up"
    ADMITTED = "admitted"
    TAKEN_OUT = "taken_out"
    UNDONE = "undone"
    REPAIRED = "repaired"
    """The audit put right what had come apart, for example after an owner left."""
    HANDED_BACK = "handed_back"
    """Who was away is back, and what somebody else held for them is theirs again."""
    STEPS_MOVED = "steps_moved"
    """The open steps of somebody who has left went to whoever leads it."""
    DATES_MOVED = "dates_moved"
    """A day was closed on which something was due."""
    UNDELIVERABLE = "undeliverable"
    FEED_MADE = "feed_made"
    """Somebody has a secret address by which a calendar asks for their meetings."""
    PREFERENCES = "preferences"
    """Somebody has said how they want to hear from us."""
    FEED_ENDED = "feed_ended"
    SCHOOL_CLOSED = "school_closed"
    """On days that the calendar did not know: a snow day."""
    SCHOOL_OPENED = "school_opened"
    """There is school on such days after all: what was said was taken back."""
    CALENDAR_IMPORTED = "calendar_imported"
    """The district's school calendar was taken in from its own file."""
    ROUTINE_STARTED = "routine_started"
    """Clearway plans, prepares and asks after its occurrences."""
    ROUTINE_STOPPED = "routine_stopped"
    ROUTINE_CHANGED = "routine_changed"
    """Made, or changed, in chat."""
    TEAM_CHANGED = "team_changed"
    """What somebody has said of it in chat: that challenges stand on its agenda."""
    ROUTINE_REMOVED = "routine_removed"
    ROUTINE_PROPOSED = "routine_proposed"
    """Its dates of the next school year were shown, in spring."""
    OCCURRENCE_PREPARED = "occurrence_prepared"
    OCCURRENCE_ADDED_TO = "occurrence_added_to"
    """Somebody put words of their own on its agenda."""
    OCCURRENCE_INVITED = "occurrence_invited"
    OCCURRENCE_ASKED = "occurrence_asked"
    """Did it take place?"""
    OCCURRENCE_HELD = "occurrence_held"
    OCCURRENCE_MISSED = "occurrence_missed"
    OCCURRENCE_MOVED = "occurrence_moved"
    OCCURRENCE_CANCELLED = "occurrence_cancelled"
    OCCURRENCE_RETIMED = "occurrence_retimed"
    """It begins at another time of its day."""
    OCCURRENCE_WALKED = "occurrence_walked"
    """A challenge was gone through in it."""
    OCCURRENCE_DECIDED = "occurrence_decided"
    """Something was decided in it that is about no challenge."""
    OCCURRENCE_ROLES = "occurrence_roles"
    """Somebody does something in it for somebody else."""
    OCCURRENCE_POLLED = "occurrence_polled"
    """How was it? Nobody is on record with what they say."""
    OCCURRENCE_BREAK = "occurrence_break"
    """A break in it, until a time; or its end before that."""
    OCCURRENCE_MAY_RETURN = "occurrence_may_return"
    """The day that it had moved off is no closed day any more."""
    VERSION_PRACTISED = "version_practised"
    """A draft of the written process was tried on cases."""
    VERSION_SUBMITTED = "version_submitted"
    VERSION_TAKEN_BACK = "version_taken_back"
    VERSION_RETURNED = "version_returned"
    """By an executive leader, with a comment."""
    VERSION_APPROVED = "version_approved"
    VERSION_IN_FORCE = "version_in_force"
    VERSION_WAITS = "version_waits"
    """Those who can approve it were told again that it waits."""
    ACTION_ADDED = "action_added"
    """A meeting has agreed on something that somebody does."""
    ACTION_PROMPTED = "action_prompted"
    ACTION_DONE = "action_done"
    ACTION_PUT_OFF = "action_put_off"
    """It has another date: somebody is still working on it, or there is no school that day any more."""
    ACTION_GIVEN_BACK = "action_given_back"
    """Its owner cannot do it."""
    ACTION_HANDED_ON = "action_handed_on"
    ACTION_DROPPED = "action_dropped"
    """Who leads the meeting has said that nobody needs to do it any more."""
    ACTION_REOPENED = "action_reopened"
    PLAN_MADE = "plan_made"
    """A private plan; the history has its id, and nothing of what it says."""
    PLAN_PROMPTED = "plan_prompted"
    PLAN_REVIEWED = "plan_reviewed"
    PLAN_NAMED = "plan_named"
    """Others are named on it, and see it, from now on."""
    PLAN_ENDED = "plan_ended"
    ROOM_LINKED = "room_linked"
    """What is for a team is posted in a channel or group chat from now on."""
    ROOM_UNLINKED = "room_unlinked"
    ROOM_LOST = "room_lost"
    """It takes nothing from us any more."""
    BACK = "back"
    """Somebody is back sooner than they said."""
    SUBSTITUTED = "substituted"
    """The coordinator put somebody in their place for a time."""
    PROCESS_MOVED = "process_moved"
    """A challenge was moved to another version of the process by a recorded act."""
    REDACTED = "redacted"
    IMPORTED = "imported"
    """The district file was read."""
    PERSON_JOINED = "person_joined"
    ACCOUNT_LINKED = "account_linked"
    """Somebody has confirmed that an account on another platform is theirs, too."""
    ACCOUNT_UNLINKED = "account_unlinked"
    DRAFT_LAPSED = "draft_lapsed"
    """Held words went, unread: nothing was recorded of them."""


class MessageKind(StrEnum):
    """Which card tells it. The lane says how it travels."""

    RECEIPT = "receipt"
    TRIAGE = "triage"
    ASSIGNMENT = "assignment"
    INFORM = "inform"
    QUESTION = "question"
    ANSWERED = "answered"
    NUDGE = "nudge"
    STEP = "step"
    ESCALATION = "escalation"
    UPDATE = "update"
    """To a reporter: one line on what has changed."""
    CONFIRMATION = "confirmation"
    COLLEAGUE_ASK = "colleague_ask"
    DECISION = "decision"
    """To whom decides after silence: close not confirmed, or keep it open."""
    REVIEW = "review"
    OCCURRENCE = "occurrence"
    """About one occurrence of a routine: its agenda, its invitation, the question after it, its record."""
    ROUTINE = "routine"
    """Its dates of the next school year, in spring."""
    VERSION = "version"
    """About a version of the written process: it waits for approval, or what was decided of it."""
    ACTION_ITEM = "action_item"
    """About an action item: it is yours, it is soon due, how does it stand."""
    PLAN = "plan"
    """To those named on a private plan, and to nobody else."""
    ROOM_NEWS = "room_news"
    """To a team's room: what all staff may see."""
    DIGEST_COPY = "digest_copy"
    """The daily digest once more, by e-mail."""
    DRAFT_HELD = "draft_held"
    DRAFT_LAPSED = "draft_lapsed"
    UNDELIVERABLE = "undeliverable"
    BREACH = "breach"
    """To the coordinator: the audit found what it could not mend."""


class Lane(StrEnum):
    """How a message travels (invariant 9: quiet by default)."""

    OWN_ACT = "own_act"
    """The answer to the person's own act: at once, at any hour, outside the budget."""
    SINGLE = "single"
    """Within message hours, counted in the daily budget; what is over waits for the digest."""
    URGENT = "urgent"
    """High urgency: within message hours, not counted; in summer, weekdays count as message days."""
    DIGEST = "digest"
    """Gathered into the morning digest."""


class MessageState(StrEnum):
    PENDING = "pending"
    SENT = "sent"
    DROPPED = "dropped"
    """Old news by the time it could be sent."""
    UNDELIVERABLE = "undeliverable"


class TimerKind(StrEnum):
    FOLLOW_UP = "follow_up"
    """One per open challenge, always: look at it again at this time."""
    DRAFT_LAPSES = "draft_lapses"
    ROUTINE = "routine"
    """One per routine that runs: plan what comes up next."""
    PROPOSAL = "proposal"
    """One per routine that runs: propose its dates of the next school year."""
    OCCURRENCE = "occurrence"
    """One per occurrence that is to come, or of which nobody has said yet whether it took place."""
    BREAK = "break"
    """One per meeting that is on and has a break: its bell."""
    VERSION = "version"
    """One per version of the process that waits for approval."""
    ACTION_ITEM = "action_item"
    """One per open action item, always."""
    PLAN = "plan"
    """One per private plan that has not ended."""


class OccurrenceStatus(StrEnum):
    """What became of one occurrence of a routine."""

    PLANNED = "planned"
    PREPARED = "prepared"
    """Who leads it has its agenda."""
    HELD = "held"
    MISSED = "missed"
    MOVED = "moved"
    """Another is in its place, on another day."""
    CANCELLED = "cancelled"


class RecordField(StrEnum):
    """What was recorded of an occurrence, an action item, or a private plan."""

    AGENDA = "agenda"
    """What somebody has put on the agenda in words of their own."""
    NOTES = "notes"
    REASON = "reason"
    """Why it was moved, cancelled or did not take place; why an action item was put off, given back or dropped."""
    DECISION = "decision"
    """What was decided in it: on one challenge while it was gone through, or on something else."""
    ANSWER = "answer"
    """To one of the questions that the routine asks each time."""
    ACTION = "action"
    """What is to be done: the words of an action item."""
    GOAL = "goal"
    """Of a private plan: what is to come of it."""
    SUPPORT = "support"
    """Of a private plan: who does what for it."""


class MeetingRole(StrEnum):
    """What somebody does in a meeting for all of it (R-17)."""

    FACILITATOR = "facilitator"
    RECORDER = "recorder"
    TIMEKEEPER = "timekeeper"


class RoutineKind(StrEnum):
    """What a routine is for: what its agenda names and what is asked after it, where its district says nothing else."""

    MEETING = "meeting"
    COACH_CHECK_IN = "coach_check_in"
    """With the coaches of the schools: each reads what is open at their own (R-64)."""
    PLANNING = "planning"
    """Planning time with the regional agency, before a session (R-67)."""
    PLAN_REVIEW = "plan_review"
    """A look at the implementation plan (R-68)."""
    SCHOOL_REVIEW = "school_review"
    """What the district needs to do after a school has looked at its data (R-69)."""
    DATA_ANALYSIS = "data_analysis"
    """From successes to a plan, by way of a problem statement (R-70)."""
    WHOLE_DAY = "whole_day"
    """Learning in the morning, work in the afternoon (R-20)."""
    REMINDER = "reminder"
    """Nobody meets: a window opens, or an agreement ends."""


class PlanKind(StrEnum):
    """What a private plan is."""

    SUPPORT = "support"
    """How somebody is supported in leading the work (R-71)."""
    LEARNING = "learning"
    """What somebody who supports the work will learn (R-72)."""


class ActionStatus(StrEnum):
    """Where an action item stands."""

    OPEN = "open"
    DONE = "done"
    DROPPED = "dropped"
    """Nobody needs to do it any more."""


class ProcessStatus(StrEnum):
    DRAFT = "draft"
    PRACTISED = "practised"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    IN_FORCE = "in_force"
    REPLACED = "replaced"
