"""The written process in words, part by part; and what one version changes against another.

All of it is told, in the order of the document's parts: who approves it has read the very text. A test changes each field
of a process in turn and finds the change here.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import time
from itertools import groupby
from types import MappingProxyType
from typing import Any, Final

from handlers.cards.challenge import venue_name
from handlers.cards.model import Element, Heading, Items, Note
from handlers.cards.text import Voice, phrase, phrases
from storage.directory import PRINCIPAL
from storage.process import Process, UrgencyTarget
from storage.vocabulary import PersonId, Scope, Urgency

PAGE: Final = 8000  # characters of a card, with what platforms add: Slack takes 12 000, and fewer are read on a phone
A_LINE: Final = 70  # what a platform adds to each line
LONGEST: Final = 1200  # characters of a line; a longer one becomes several

SCOPES: Final = MappingProxyType(
    {Scope.SCHOOL: "in the school", Scope.DISTRICT: "in the district", Scope.EXTERNAL: "outside the district"}
)
MEETINGS: Final = MappingProxyType({"next_dit": "the next DIT meeting", "next_log_review": "the next log review"})


@dataclass(frozen=True, slots=True)
class Line:
    """One rule. `key`: what it is about, by which it is found in another version; `value`: what it says, as data."""

    key: str
    text: str
    value: Any
    listed: tuple[str, str] = ("", "")
    """Of what stands in a list ("Types"), and how it is called there: the whole text has them on one line."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the document."""

    name: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Changed:
    """One part of the document, as it differs from another version; without sentences it is the same."""

    name: str
    says: tuple[str, ...]


# ------------------------------------------------------------------------------------------------------- the whole


def parts(voice: Voice, process: Process) -> tuple[Part, ...]:
    """The whole text of a version."""
    return (
        Part(voice("What it is for"), tuple(_types(voice, process))),
        Part(voice("Who else hears of it"), tuple(_users(voice, process))),
        Part(voice("Where it is discussed"), tuple(_venues(voice, process))),
        Part(voice("Who decides"), tuple(_authority(voice, process))),
        Part(voice("By when"), tuple(_targets(voice, process))),
        Part(voice("Prompts, and the ladder"), tuple(_prompts(voice, process))),
        Part(voice("When it is resolved"), tuple(_asks(voice, process))),
        Part(voice("Messages"), tuple(_messages(voice, process))),
    )


def _types(voice: Voice, process: Process) -> Iterator[Line]:
    yield Line("name", voice("Its name: {name}", name=process.name), process.name)
    for each in process.types:
        label = voice.label(each)
        yield Line(f"type {each}", voice("Type: {label}", label=label), each, (voice("Types"), label))
    tags = voice("Tags, which make a rule more specific")
    for each in process.tags:
        yield Line(f"tag {each}", voice("Tag, which makes a rule more specific: {tag}", tag=each), each, (tags, each))
    for level in Urgency:
        if level in process.urgency:
            meaning = process.urgency[level]
            said = voice("Urgency {level}: {meaning}", level=voice.label(level).lower(), meaning=meaning)
            yield Line(f"urgency {level}", said, meaning)


def _users(voice: Voice, process: Process) -> Iterator[Line]:
    for key, rule in _keyed((each.when, each) for each in process.inform):
        names = ", ".join(_who(voice, each) for each in rule.who)
        said = voice("{when}: {names}", when=_when(voice, rule.when), names=names)
        yield Line(f"inform {key}", said, rule.who)
    for desk, who in process.desks.items():
        said = voice("What is no challenge, but a {desk}, is for {who}", desk=_small(voice, desk), who=_who(voice, who))
        yield Line(f"desk {desk}", said, who)


def _when(voice: Voice, when: str) -> str:
    """ "csi school", "scope district", "type funding": the words of the file."""
    first, _, rest = when.partition(" ")
    if when == "csi school":
        return voice("Challenges of a CSI school")
    if first == "scope" and rest in set(Scope):
        return voice("Challenges to be removed {where}", where=voice(SCOPES[Scope(rest)]))
    if first == "type":
        return voice("Challenges of type {type}", type=_small(voice, rest))
    return when


def _venues(voice: Voice, process: Process) -> Iterator[Line]:
    rules = process.venue_rules
    for each in process.venues:
        venue = venue_name(voice, each)
        yield Line(
            f"venue {each}", voice("A place for it: {venue}", venue=venue), each, (voice("Places for it"), venue)
        )
    for scope in Scope:
        if scope in rules.scope:
            venue = rules.scope[scope]
            said = voice("To be removed {where}: {venue}", where=voice(SCOPES[scope]), venue=venue_name(voice, venue))
            yield Line(f"scope {scope}", said, venue)
    for kind, venue in rules.type.items():
        said = voice("{type}: {venue}", type=voice.label(kind), venue=venue_name(voice, venue))
        yield Line(f"of type {kind}", said, venue)
    said = voice("All else: {venue}", venue=venue_name(voice, rules.default))
    yield Line("default", said, rules.default)


def _authority(voice: Voice, process: Process) -> Iterator[Line]:
    """The rows of the matrix. They are not numbered here: a new row would change the number of each that follows."""
    keyed = _keyed((f"{row.type} {row.scope} {row.when or ''}", row) for row in process.authority_matrix)
    for key, row in keyed:
        what, who = phrase("{type}, {where}", type=voice.label(row.type), where=voice(SCOPES[row.scope])), row.decider
        if row.when:
            what = phrase("{what}, with the tag “{tag}”", what=what, tag=row.when)
        said = voice("{what}: {who}", what=what, who=_who(voice, who))
        if row.outside:
            said = voice("{rule}, with {who} outside the district", rule=said, who=_who(voice, row.outside))
        yield Line(f"row {key}", said, (row.decider, row.outside))


def _targets(voice: Voice, process: Process) -> Iterator[Line]:
    targets = process.response_targets_school_days
    days = targets.acknowledge
    yield Line("acknowledge", voice(phrases("Taken up within {n} school day", "Taken up within {n} school days", n=days)), days)  # fmt: skip
    days = targets.assign
    yield Line("assign", voice(phrases("Sorted within {n} school day", "Sorted within {n} school days", n=days)), days)
    days = targets.first_update
    yield Line("first_update", voice(phrases("A first update within {n} school day", "A first update within {n} school days", n=days)), days)  # fmt: skip
    for level in Urgency:
        if level in process.urgency_targets:
            yield from _decided(voice, level, process.urgency_targets[level])


def _decided(voice: Voice, level: Urgency, target: UrgencyTarget) -> Iterator[Line]:
    name = voice.label(level)
    if (days := target.school_days) is not None:
        within = phrases(
            "Urgency {level}: decided within {n} school day", "Urgency {level}: decided within {n} school days",
            n=days, level=name.lower(),
        )  # fmt: skip
        yield Line(f"decided {level}", voice(within), days)
    if target.by:
        said = phrases(
            "Urgency {level}: decided by {meeting} that is at least {n} school day away",
            "Urgency {level}: decided by {meeting} that is at least {n} school days away",
            n=target.at_least_school_days, level=name.lower(), meeting=voice(MEETINGS[target.by]),
        )  # fmt: skip
        yield Line(f"decided by {level}", voice(said), (target.by, target.at_least_school_days))
    elif target.at_least_school_days:
        said = phrases(
            "Urgency {level}: at least {n} school day away", "Urgency {level}: at least {n} school days away",
            n=target.at_least_school_days, level=name.lower(),
        )  # fmt: skip
        yield Line(f"decided by {level}", voice(said), (None, target.at_least_school_days))
    if target.school_days is None and not target.by:
        none = voice("Urgency {level}: a decision has no date of its own", level=name.lower())
        yield Line(f"no date {level}", none, None)
    if (prompts := target.climb_after_unanswered_prompts) is not None:
        said = phrases(
            "Urgency {level}: climbs after {n} unanswered prompt", "Urgency {level}: climbs after {n} unanswered prompts",
            n=prompts, level=name.lower(),
        )  # fmt: skip
        yield Line(f"climb {level}", voice(said), prompts)


def _prompts(voice: Voice, process: Process) -> Iterator[Line]:
    cadence = process.cadence_school_days
    days = cadence.before_due
    yield Line("before_due", voice(phrases("The owner is prompted {n} school day before something is due", "The owner is prompted {n} school days before something is due", n=days)), days)  # fmt: skip
    days = cadence.after_due
    yield Line("after_due", voice(phrases("And {n} school day after it was due", "And {n} school days after it was due", n=days)), days)  # fmt: skip
    days = cadence.nudge_open
    yield Line("nudge_open", voice(phrases("And after {n} school day in which nothing was done", "And after {n} school days in which nothing was done", n=days)), days)  # fmt: skip
    climbs = process.climb_after_unanswered_prompts
    yield Line("climb", voice(phrases("It climbs after {n} unanswered prompt", "It climbs after {n} unanswered prompts", n=climbs)), climbs)  # fmt: skip
    rungs = ", ".join(_small(voice, each) for each in process.ladder)
    yield Line("ladder", voice("It climbs in this order: {rungs}", rungs=rungs), process.ladder)


def _asks(voice: Voice, process: Process) -> Iterator[Line]:
    days = process.response_targets_school_days.follow_up_after_resolution
    yield Line("follow_up", voice(phrases("Those who raised it are asked {n} school day later whether it was addressed", "Those who raised it are asked {n} school days later whether it was addressed", n=days)), days)  # fmt: skip
    asks = process.confirmation
    days = asks.remind_after_school_days
    yield Line("remind", voice(phrases("Who does not answer is asked again after {n} school day", "Who does not answer is asked again after {n} school days", n=days)), days)  # fmt: skip
    days = asks.then_after_school_days
    said = phrases(
        "Then, after {n} school day, this one asks them: {who}", "Then, after {n} school days, this one asks them: {who}",
        n=days, who=_who(voice, asks.then),
    )  # fmt: skip
    yield Line("then", voice(said), (asks.then, days))
    days = asks.decide_within_school_days
    said = phrases(
        "After silence the {who} decides, within {n} school day", "After silence the {who} decides, within {n} school days",
        n=days, who=_small(voice, asks.decided_by),
    )  # fmt: skip
    yield Line("decide", voice(said), (asks.decided_by, days))


def _messages(voice: Voice, process: Process) -> Iterator[Line]:
    hours = process.message_hours
    said = voice("Messages go out from {opens} to {closes}", opens=_clock(hours.opens), closes=_clock(hours.closes))
    yield Line("hours", said, (hours.opens, hours.closes))
    yield Line("half_day", voice("On half days until {time}", time=_clock(hours.half_day_until)), hours.half_day_until)
    yield Line("digest", voice("The morning digest goes out at {time}", time=_clock(hours.digest_at)), hours.digest_at)
    most = process.daily_message_budget
    yield Line("budget", voice(phrases("Nobody gets more than {n} single message in a day", "Nobody gets more than {n} single messages in a day", n=most)), most)  # fmt: skip
    text = process.student_crisis_text
    yield Line("crisis", voice("Who writes of a student in danger reads at once: {text}", text=text), text)


def _clock(at: time) -> str:
    return f"{at:%H:%M}"


def _small(voice: Voice, code: str) -> str:
    """A code in the middle of a sentence."""
    label = voice.label(code)
    return label if label[:2].isupper() else label[:1].lower() + label[1:]


def _who(voice: Voice, code: str) -> str:
    """A person by name, a role by its words; somebody whom the district does not know by the id that stands there."""
    if code == PRINCIPAL:
        return voice("the school's principal")
    person = voice.directory.people.get(PersonId(code))
    if person is None:
        return voice.role(code)
    namesakes = sum(each.name == person.name for each in voice.directory.people.values())
    return f"{person.name} ({person.id})" if namesakes > 1 else person.name


def _keyed(some: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    """Each with a key of its own, where several have the same one: they are told apart by their order."""
    seen: Counter[str] = Counter()
    for key, each in some:
        seen[key] += 1
        yield (f"{key} {seen[key]}" if seen[key] > 1 else key), each


# --------------------------------------------------------------------------------------------------- what is changed


def changes(voice: Voice, process: Process, before: Process) -> tuple[Changed, ...]:
    """What a version changes against another, part by part; parts that are the same have no sentences."""
    theirs = {part.name: part for part in parts(voice, before)}
    return tuple(
        Changed(part.name, tuple(_changed(voice, part.lines, theirs[part.name].lines)))
        for part in parts(voice, process)
    )


def _changed(voice: Voice, now: Sequence[Line], was: Sequence[Line]) -> Iterator[str]:
    before, after = {each.key: each for each in was}, {each.key: each for each in now}
    for each in now:
        old = before.get(each.key)
        if old is None:
            yield voice("New: {rule}", rule=each.text)
        elif old.value != each.value:
            yield voice("Now: {now}. Before: {before}", now=each.text.rstrip("."), before=old.text)
    for each in was:
        if each.key not in after:
            yield voice("Left out: {rule}", rule=each.text)
    for kind in dict.fromkeys(each.key.partition(" ")[0] for each in now):
        kept = [each for each in now if each.key in before and each.key.partition(" ")[0] == kind]
        if [each.key for each in kept] != [
            each.key for each in was if each.key in after and each.key.partition(" ")[0] == kind
        ]:
            order = "; ".join(each.listed[1] or each.text for each in kept)
            yield voice("In another order now: {order}", order=order)


# ------------------------------------------------------------------------------------------------------------- pages


def whole_pages(voice: Voice, process: Process) -> list[tuple[Element, ...]]:
    """The whole text, in as many pages as it needs."""
    return _pages(voice, [(part.name, list(_lines(voice, part))) for part in parts(voice, process)])


def _lines(voice: Voice, part: Part) -> Iterator[str]:
    """Its rules, those of a list together."""
    for name, together in groupby(part.lines, lambda line: line.listed[0]):
        if name:
            yield voice("{list}: {words}", list=name, words=", ".join(line.listed[1] for line in together))
        else:
            yield from (line.text for line in together)


def changed_pages(voice: Voice, process: Process, before: Process) -> list[tuple[Element, ...]]:
    """What is changed, and which parts are as before."""
    found = changes(voice, process, before)
    told = [(part.name, list(part.says)) for part in found if part.says]
    pages = _pages(voice, told)
    same = [part.name for part in found if not part.says]
    if not told:
        return [(Note(voice("It says the same as the version in force.")),)]
    if same:
        pages[-1] = (*pages[-1], Note(voice("As before: {parts}", parts=", ".join(same))))
    return pages


def _pages(voice: Voice, told: Iterable[tuple[str, list[str]]]) -> list[tuple[Element, ...]]:
    """Headings with their lines, cut where a card would be too long. Nothing is left out."""
    pages: list[list[Element]] = [[]]
    room = PAGE
    for name, lines in told:
        heading = name
        here: list[str] = []
        for line in (piece for whole in lines for piece in _pieces(whole)):
            if room < len(line) + A_LINE and (here or pages[-1]):
                pages[-1] += _with_heading(heading, here)
                pages.append([])
                room, here, heading = PAGE, [], voice("{part}, continued", part=name)
            if not here:
                room -= len(heading) + A_LINE
            here.append(line)
            room -= len(line) + A_LINE
        pages[-1] += _with_heading(heading, here)
    return [tuple(each) for each in pages]


def _with_heading(heading: str, lines: Sequence[str]) -> Iterator[Element]:
    if lines:
        yield Heading(heading)
        yield Items(tuple(lines))


def _pieces(line: str) -> Iterator[str]:
    while len(line) > LONGEST:
        cut = line.rfind(" ", LONGEST // 2, LONGEST)
        cut = cut if cut > 0 else LONGEST
        yield line[:cut].rstrip()
        line = line[cut:].lstrip()
    yield line
