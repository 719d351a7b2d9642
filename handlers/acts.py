"""What every handler needs first: the challenge, the right to it, the calendar, and words that may be kept."""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any, Final

from handlers.cards import drafts as draft_cards
from handlers.cards.text import Phrase, phrase
from handlers.errors import FormError, UserError
from handlers.request import Request
from handlers.rules import access, cadence, privacy
from scheduling.calendar import Calendar
from storage import log
from storage.case import Case
from storage.directory import Directory
from storage.process import Process
from storage.store import Store
from storage.vocabulary import ChallengeId, PersonId

MOST = 3000  # characters of one field: the most that Slack's text input takes


def calendar(store: Store) -> Calendar:
    return Calendar.of(store.directory)


def today(store: Store, now: datetime) -> date:
    return calendar(store).today(now)


def process_of(store: Store, case: Case) -> Process:
    """The rules that this challenge runs under (invariant 10)."""
    return store.directory.version(case.challenge.process_id).process


async def case_for(store: Store, request: Request, action: access.Action, now: datetime) -> Case:
    """The challenge of the request, when this person may do this to it.

    Raises NotFoundError where there is none that they may see, ForbiddenError where they may see it but not do this.
    """
    return await case_by_id(store, request, ChallengeId(request.challenge_id), action, now)


async def case_by_id(
    store: Store, request: Request, challenge_id: ChallengeId, action: access.Action, now: datetime
) -> Case:
    case = await store.case(challenge_id) if challenge_id else None
    access.require(request.actor, action, access.facts(case) if case else None, store.directory, today(store, now))
    assert case is not None  # noqa: S101  # require() has refused a missing one
    return case


async def case_by_number(store: Store, request: Request, number: int, action: access.Action, now: datetime) -> Case:
    case = await store.case_numbered(number)
    access.require(
        request.actor, action, access.facts(case) if case else None, store.directory, today(store, now), number=number
    )
    assert case is not None  # noqa: S101  # require() has refused a missing one
    return case


def known_words(directory: Directory) -> frozenset[str]:
    """Names that are not of students: schools, teams, the district."""
    names = [each.name for each in directory.schools.values()]
    names += [each.name for each in directory.teams.values()]
    return frozenset([*names, directory.name])


def look(store: Store, text: str) -> privacy.Finding | None:
    """Whether the words look like student information."""
    directory = store.directory
    return privacy.look(text, [each.name for each in directory.people.values()], known_words(directory))


def clean(store: Store, request: Request, *names: str, sure: bool = False) -> dict[str, str]:
    """The named text fields, trimmed, refused inside the form where they look like student information.

    What was typed stays in the form; the sentence offers a rewrite. `sure`: the author says that no student can be
    known from them.
    """
    values = {name: str(request.fields.get(name) or "").strip() for name in names}
    sure = sure or "sure" in (request.fields.get("sure") or [])
    errors: dict[str, Phrase] = {}
    for name, value in values.items():
        if len(value) > MOST:
            errors[name] = too_long(value)
        elif value and not sure and privacy.is_crisis(value):
            errors[name] = phrase(
                "{text} Nobody is watching this form. If nobody is in danger and this is about the work, tick the box "
                "at the end.",
                text=_crisis_text(store),
            )
        elif value and not sure and (finding := look(store, value)):
            errors[name] = phrase(
                "This looks like information about one student, which must stay out of the log. You could write: {safe}",
                safe=draft_cards.shortened(finding.safe_text),
            )
    if errors:
        raise FormError(errors)
    return values


def _crisis_text(store: Store) -> str:
    return store.directory.in_force.process.student_crisis_text


def required(request: Request, name: str, sentence: str) -> str:
    """A field that must be filled; FormError beside it where it is not."""
    value = str(request.fields.get(name) or "").strip()
    if not value:
        raise FormError({name: phrase(sentence)})
    return value


def late(store: Store, now: datetime) -> log.Late:
    """Since when what is not sorted, or not taken, is late, by the targets of the process in force."""
    days, targets = calendar(store), store.directory.in_force.process.response_targets_school_days

    def before(school_days: int) -> datetime:
        return days.at(days.school_days_before(days.today(now), school_days), time(0))

    return log.Late(before(targets.assign), before(targets.acknowledge))


def day_field(fields: Mapping[str, Any], name: str) -> date | None:
    """A date field; FormError where it is not a date."""
    value = fields.get(name)
    if not value:
        return None
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise FormError({name: phrase("Please pick a date, such as 2026-10-12.")}) from error


def school_day_field(store: Store, fields: Mapping[str, Any], name: str, now: datetime) -> date | None:
    """A date to come, at most a year away, moved to the next school day where it is none (R-30)."""
    day = day_field(fields, name)
    if day is None:
        return None
    if day < today(store, now):
        raise FormError({name: phrase("That day has passed; please pick a day to come.")})
    if day > today(store, now) + cadence.A_YEAR:
        raise FormError({name: phrase("Please pick a day within a year: nothing waits longer without a look.")})
    return calendar(store).school_days_after(day, 0)


def money_field(fields: Mapping[str, Any], name: str) -> int | None:
    """Whole dollars; FormError where it is not an amount."""
    typed = str(fields.get(name) or "").strip().lstrip("$").replace(",", "").removesuffix(".00")
    if not typed:
        return None
    amount = number(typed)
    if not amount:
        raise FormError({name: phrase("Please give whole dollars, such as 4800.")})
    return amount


def number(typed: str) -> int | None:
    """A whole number of at most nine digits, as people type it; None for anything else."""
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) <= 9 else None


def person_field(store: Store, fields: Mapping[str, Any], name: str, now: datetime) -> PersonId | None:
    """A person in post; FormError where they are not."""
    value = str(fields.get(name) or "")
    if not value:
        return None
    person = store.directory.people.get(PersonId(value))
    if person is None or not person.here_on(today(store, now)):
        raise FormError({name: phrase("That person is not in the district any more; please pick somebody else.")})
    return person.id


NO_REASON: Final = "Please give your reason: it stands in the log."
NO_SUCH_TYPE: Final = phrase("The process has no such type; please pick one of the list.")
NO_SUCH_SCHOOL: Final = phrase("That school is not in the district; please pick one of the list.")


def too_long(text: str) -> Phrase:
    return phrase("Please keep it under {most} characters; it has {n}.", most=MOST, n=len(text))


def withdrawn(case: Case) -> Phrase:
    return phrase("Challenge {n} is withdrawn. Nobody will follow it up.", n=case.number)


def refuse(sentence: str, **params: Any) -> UserError:
    return UserError(phrase(sentence, **params))
