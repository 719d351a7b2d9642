"""What must hold after every step of a life, looked up in the rows themselves and in what reached the platform.

The audit is asked too, but believed only as far as these checks agree with it.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import select
from sqlmodel import SQLModel

from handlers.audit import Breach
from handlers.cards.model import Card, Choice, Choices, DateField, Form, NumberField, TextField, to_json
from handlers.rules import access
from storage import actions, models
from storage.case import Case
from storage.directory import SUPERINTENDENT, Directory, Person
from storage.models import Event, table
from storage.store import Store
from storage.vocabulary import (
    ENDED,
    Answer,
    ChallengeId,
    DistrictId,
    Kind,
    Lane,
    MessageState,
    Outcome,
    PersonId,
    TimerKind,
    Visibility,
)
from tests.lives.acts import GHOSTS, Pens
from tests.lives.edge import Attempt
from tests.lives.life import HERE, ZONE, Life, Who

MARK: Final = re.compile(r"zq\d+qz")
WORDS: Final = (
    models.Challenge,
    models.Words,
    models.Reporter,
    models.Helper,
    models.Step,
    models.Event,
    models.Message,
    models.ActionItem,
    models.Saying,
)
"""The tables of which a district must never see another's rows."""


@dataclass
class Seen:
    """How far the record of one district was read, and what it said there."""

    seq: int = 0
    digest: str = ""


@dataclass
class Promises:
    """Remembers what it has seen of a life, so that nothing changes behind its back."""

    life: Life
    pens: Pens
    seen: dict[DistrictId, Seen] = field(default_factory=lambda: {each: Seen() for each in HERE})
    marks: dict[DistrictId, dict[str, set[ChallengeId]]] = field(default_factory=lambda: {each: {} for each in HERE})
    """The challenges in which each mark stands."""
    agreed: dict[DistrictId, dict[str, str]] = field(default_factory=lambda: {each: {} for each in HERE})
    """The action item in which each other mark stands."""
    attempts: int = 0
    words_until: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.words_until = self.life.clock.at
        self.life.look = self.nothing_is_shown_to_others

    async def hold(self, *, outside: bool) -> None:
        """After a step, when all that follows from it has happened.

        `outside`: somebody left, went away, or time passed. Only then may the audit find something, and only owners;
        once it has gone round it finds nothing.
        """
        self.nothing_failed()
        found = await self.life.breaches()
        expected = [each for each in found if outside and each.promise in {"owned", "agreed"}]
        assert found == expected, _told(found)
        if found:
            await self.life.made.loops.run_audit()
            await self.life.settle()
            left = await self.life.breaches()
            assert not left, _told(left)
            self.nothing_failed()
        for district_id in HERE:
            async with self.life.reading(district_id) as store:
                new = await self.history_only_grows(store)
                for challenge_id in sorted({each.challenge_id for each in new if each.challenge_id}):
                    await self.reporters_hold_the_key(store, challenge_id)
                await self.each_has_an_owner_and_a_date(store)
                await self.quiet_by_default(store)
                await self.cards_show_what_is_true(store)
        self.attempts = len(self.life.edge.attempts)

    def nothing_failed(self) -> None:
        """No error went to the log instead of to a person: loops and gateway swallow what they cannot answer."""
        errors = [each for each in self.life.logs if each["log_level"] in {"error", "critical"} and not _was_busy(each)]
        self.life.logs.clear()
        assert not errors, "\n".join(f"{each}\n{each.get('exception', '')}" for each in errors)

    # -- the record --------------------------------------------------------------------------------------------------

    async def history_only_grows(self, store: Store) -> list[Event]:
        """No line is missing, none has changed; returns the new ones."""
        seen = self.seen[store.district_id]
        of = table(models.Event)
        rows = await store.connection.execute(
            select(of).where(of.c.district_id == store.district_id, of.c.seq >= seen.seq).order_by(of.c.seq)
        )
        lines = [Event(**row._mapping) for row in rows]
        assert [each.seq for each in lines] == list(range(max(seen.seq, 1), lines[-1].seq + 1)), "A line is missing"
        if seen.seq:
            assert lines[0].digest == seen.digest, f"Line {seen.seq} has changed"
            lines = lines[1:]
        if lines:
            self.seen[store.district_id] = Seen(lines[-1].seq, lines[-1].digest)
        return lines

    async def reporters_hold_the_key(self, store: Store, challenge_id: ChallengeId) -> None:
        """A "no" is not closed over; "confirmed" is what every reporter said since it was last resolved."""
        history = await store.history(challenge_id)
        undone = {each for event in history for each in event.data.get("undone", ())}
        reporters: set[str] = set()
        answers: dict[str, str] = {}
        asks: dict[str, int] = {}
        for event in history:
            if event.id in undone or event.kind is Kind.UNDONE:
                continue
            match event.kind:
                case Kind.REPORTED:
                    reporters.add(event.data.get("for") or event.actor_id)
                case Kind.JOINED:
                    reporters |= {each.removeprefix("reporter:") for each in event.data["added"]}
                case Kind.CONFIRMATION_ASKED:
                    asks |= dict.fromkeys(event.data["asked"], 1)
                case Kind.REMINDED | Kind.COLLEAGUE_ASKED | Kind.NOBODY_ASKED:
                    asks[event.data["reporter"]] = asks.get(event.data["reporter"], 0) + 1
                case Kind.RESOLVED | Kind.REOPENED | Kind.PLANNED:
                    asks = {}
                    answers = (
                        {} if event.kind is not Kind.REOPENED else {k: v for k, v in answers.items() if v == Answer.NO}
                    )
                case Kind.CONFIRMED | Kind.PARTLY | Kind.REFUSED | Kind.TALKED if "answer" in event.data:
                    answers[event.data["reporter"]] = event.data["answer"]
                case Kind.CLOSED:
                    number = (await _case(store, challenge_id)).number
                    assert Answer.NO not in answers.values(), f"{number} was closed over a no"
                    if event.data["changes"]["challenge"]["outcome"][1] == Outcome.CONFIRMED:
                        missing = [each for each in reporters if answers.get(each) != Answer.YES]
                        assert not missing, f"{number} was confirmed without {missing}"
                    else:
                        silent = [each for each in reporters if each not in answers]
                        assert silent, f"{number} was closed as not confirmed, though everybody had answered"
                        day = event.at.astimezone(ZONE).date()
                        few = [
                            each
                            for each in silent
                            if store.directory.people[each].here_on(day) and asks.get(each, 0) < 3
                        ]  # type: ignore[index]
                        assert not few, f"{number} was closed as not confirmed, and {few} had not had every ask"
                case _:
                    pass

    async def each_has_an_owner_and_a_date(self, store: Store) -> None:
        """Exactly one lead owner, in post; one timer, at the date that the cards show; none where it has ended."""
        challenge, timer = table(models.Challenge), table(models.Timer)
        rows = await store.connection.execute(
            select(challenge.c.number, challenge.c.status, challenge.c.owner_id, challenge.c.next_at, timer.c.due_at)
            .outerjoin(
                timer,
                (timer.c.district_id == challenge.c.district_id)
                & (timer.c.about == challenge.c.id)
                & (timer.c.kind == TimerKind.FOLLOW_UP),
            )
            .where(challenge.c.district_id == store.district_id)
        )
        today = self.life.today()
        for row in rows:
            ended = row.status in ENDED
            owner = store.directory.people[row.owner_id]
            assert ended or (owner.here_on(today) and not owner.external), f"{row.number} is with {owner.id}"
            assert (row.due_at is None) is ended, f"{row.number} is {row.status}, looked at on {row.due_at}"
            assert row.next_at == row.due_at, f"{row.number} says {row.next_at} and is looked at on {row.due_at}"

    # -- messages ----------------------------------------------------------------------------------------------------

    async def quiet_by_default(self, store: Store) -> None:
        """Nobody is messaged outside their hours, over their budget, or twice for one thing; nothing is lost.

        Looked at again when something was sent.
        """
        new = [each for each in self.life.edge.attempts[self.attempts :] if each.to.workspace_id == store.district_id]
        if not new:
            return
        directory = store.directory
        message, delivery, event = table(models.Message), table(models.Delivery), table(models.Event)
        tried = [each for each in self.life.edge.attempts if each.to.workspace_id == store.district_id]
        rows = await store.connection.execute(
            select(message, event.c.actor_id.label("actor_id"))
            .outerjoin(event, (event.c.district_id == message.c.district_id) & (event.c.id == message.c.event_id))
            .where(message.c.district_id == store.district_id)
        )
        known = {row.id: row for row in rows}
        for attempt in new:
            row = known[attempt.delivery_id]
            own = row.lane is Lane.OWN_ACT and row.actor_id in {row.person_id, None}
            assert own or may_be_messaged(directory, attempt.at, urgent=row.lane is Lane.URGENT), (
                f"{row.kind} ({row.lane}) went to {row.person_id} at {attempt.at.astimezone(ZONE)}"
            )
        budget = directory.in_force.process.daily_message_budget
        singles = Counter(
            (row.person_id, row.ended_at.astimezone(ZONE).date())
            for row in known.values()
            if row.state is MessageState.SENT and row.lane is Lane.SINGLE
        )
        over = {each: count for each, count in singles.items() if count > budget}
        assert not over, f"Over the daily budget: {over}"

        lines = await store.connection.execute(
            select(delivery).where(delivery.c.district_id == store.district_id).order_by(delivery.c.at)
        )
        arrived = self.arrivals(tried, list(lines))
        for row in known.values():
            assert arrived[row.id] <= 1 + row.repeated, f"{row.kind} to {row.person_id} arrived {arrived[row.id]} times"
            if row.state is MessageState.SENT and not row.repeated:
                assert arrived[row.id], f"{row.kind} to {row.person_id} counts as sent and never arrived"

    def arrivals(self, tried: Sequence[Attempt], lines: Sequence[Any]) -> Counter[str]:
        """How often each message arrived. All messages of a digest are tried in the same instant."""
        at: dict[str, list[datetime]] = defaultdict(list)
        together: dict[datetime, list[str]] = defaultdict(list)
        for line in lines:
            at[line.message_id].append(line.at)
            together[line.at].append(line.message_id)
        found: Counter[str] = Counter()
        for attempt in tried:
            if attempt.arrived:
                instant = max(each for each in at[attempt.delivery_id] if each <= attempt.at)
                found.update(together[instant])
        return found

    # -- what people see ---------------------------------------------------------------------------------------------

    async def nothing_is_shown_to_others(self) -> None:
        """No words of a challenge, and no confidential name, before somebody who may not see them."""
        shown = [(Who(DistrictId(to.workspace_id), PersonId(to.user_id)), card) for to, card in self.life.edge.look()]
        told, self.life.replies = self.life.replies, []
        said = [(who, _text(card)) for who, card in shown]
        said += [(who, _text(reply.card)) for who, reply in told if reply.card]
        said += [(who, _typed(reply.form)) for who, reply in told if reply.form]
        if not said:
            return
        since, self.words_until = self.words_until, self.life.clock.at
        for district_id in HERE:
            async with self.life.reading(district_id) as store:
                await self._find_marks(store, since)
                for who, text in said:
                    await self._knows_the_name(store, who, text)
                for who, mark in {(who, mark) for who, text in said for mark in MARK.findall(text)}:
                    await self._may_read(store, who, mark)
                    await self._may_read_of_an_item(store, who, mark)

    async def _find_marks(self, store: Store, since: datetime) -> None:
        of = table(models.Words)
        rows = await store.connection.execute(
            select(of.c.challenge_id, of.c.text).where(of.c.district_id == store.district_id, of.c.said_at >= since)
        )
        for row in rows:
            for mark in MARK.findall(row.text or ""):
                self.marks[store.district_id].setdefault(mark, set()).add(row.challenge_id)
        said = table(models.Saying)
        for row in await store.connection.execute(
            select(said.c.item_id, said.c.text).where(said.c.district_id == store.district_id, said.c.said_at >= since)
        ):
            self.agreed[store.district_id] |= dict.fromkeys(MARK.findall(row.text or ""), row.item_id)

    async def _knows_the_name(self, store: Store, who: Who, text: str) -> None:
        """The coordinator does; of what is about the coordinator's conduct, whoever watches over it instead."""
        if who.district != store.district_id:
            return
        directory, today = store.directory, self.life.today()
        watches = who.id in access.coordinators(directory, today)
        assert who.id or not any(directory.people[each].name in text for each in GHOSTS), f"A channel has {text}"
        for ghost in () if watches else GHOSTS - {who.id}:
            name = directory.people[ghost].name
            if name in text:
                about = await _conduct_in_reports_of(store, ghost)
                assert any(who.id in access.coordinators(directory, today, each) for each in about), (
                    f"{who} reads of {name}: {text}"
                )

    async def _may_read(self, store: Store, who: Who, mark: str) -> None:
        found = self.marks[store.district_id].get(mark, set())
        if found and not who.id:  # a channel, and whoever is in it
            assert who.district == store.district_id, f"A channel of {who.district} has {mark} of {store.district_id}"
            cases = [await _case(store, each) for each in found]
            assert any(access.may_be_posted(access.facts(each)) for each in cases), f"{mark} is posted in a channel"
        elif found and self.pens.authors[mark] != who:
            assert who.district == store.district_id, f"{who} reads {mark} of {store.district_id}"
            reader = store.directory.people[who.id]
            cases = [await _case(store, each) for each in found]
            allowed = any(_may_see(reader, each, store.directory, self.life.today()) for each in cases)
            assert allowed, f"{who} may not read {mark} of {[each.number for each in cases]}"

    async def _may_read_of_an_item(self, store: Store, who: Who, mark: str) -> None:
        """Who has it, who belongs to the meeting, and who watches over all; and may see what it concerns."""
        item_id = self.agreed[store.district_id].get(mark)
        if item_id is None or self.pens.authors[mark] == who:
            return
        assert who.district == store.district_id, f"{who} reads {mark} of {store.district_id}"
        assert who.id, f"A channel has {mark} of an action item"
        item = await actions.item(store.connection, store.district_id, item_id)
        assert item is not None
        directory, today = store.directory, self.life.today()
        team, reader = directory.teams.get(item.team_id), directory.people[who.id]
        routine = next(each for each in directory.routines if each.id == item.routine_id)
        there = {*routine.person_ids, *({team.lead_id, *team.member_ids} if team else ())}
        there |= {each.id for each in directory.people.values() if each.role in routine.person_roles}
        watching = access.coordinators(directory, today) | {
            each.id for each in directory.people.values() if each.executive_leader or each.role == SUPERINTENDENT
        }
        assert reader.id in there | watching | {item.owner_id}, f"{who} may not read {mark} of an action item"
        case = await store.case(item.challenge_id) if item.challenge_id else None
        if case and not access.may_be_posted(access.facts(case)):
            assert _may_see(reader, case, directory, today), f"{who} may not read {mark}: it is restricted"

    async def cards_show_what_is_true(self, store: Store) -> None:
        """Every card about one challenge is of its present version, and open to its reader."""
        card, challenge = table(models.PostedCard), table(models.Challenge)
        rows = await store.connection.execute(
            select(card, challenge.c.version, challenge.c.visibility, challenge.c.conduct_of_id)
            .join(challenge, (challenge.c.district_id == card.c.district_id) & (challenge.c.id == card.c.challenge_id))
            .where(card.c.district_id == store.district_id, card.c.stale_at.is_(None))
        )
        stand = {(place.workspace_id, place.post_id): each for place, each in self.life.edge.standing.items()}
        for row in rows:
            assert row.shown == row.version, f"A card of {row.person_id} shows version {row.shown} of {row.version}"
            to, shown = stand[row.workspace_id, row.post_id]
            text = _text(shown)
            if not to.user_id and MARK.search(text):
                case = await _case(store, row.challenge_id)
                assert access.may_be_posted(access.facts(case)), f"{case.number} still stands in a channel: {text}"
                continue
            hidden = row.visibility is Visibility.RESTRICTED or row.conduct_of_id == row.person_id
            if hidden and MARK.search(text):
                reader, case = store.directory.people[row.person_id], await _case(store, row.challenge_id)
                allowed = _may_see(reader, case, store.directory, self.life.today())
                assert allowed, f"{reader.id} still reads of {case.number}: {text}"

    # -- at the end --------------------------------------------------------------------------------------------------

    async def districts_do_not_meet(self) -> None:
        """Nothing of one district can be had through the door of the other."""
        for here, there in (HERE, HERE[::-1]):
            ids = await self.life.ids(here)
            async with self.life.reading(there) as store:
                for each in ids:
                    assert await store.case(each) is None
                    assert await store.history(each) == []
                if store.connection.dialect.name == "postgresql":
                    for model in WORDS:
                        assert await _districts_of(store, model) <= {there}


def may_be_messaged(directory: Directory, at: datetime, *, urgent: bool) -> bool:
    """By the calendar of the district's file, computed anew."""
    here = at.astimezone(ZONE)
    facts, hours = directory.calendar, directory.in_force.process.message_hours
    closed = any(each.from_on <= here.date() <= each.to_on for each in facts.closures)
    until = min(hours.half_day_until, hours.closes) if here.date() in facts.half_days else hours.closes
    open_now = here.weekday() < 5 and not closed and hours.opens <= here.time() < until
    return open_now and (urgent or not in_summer(here.date()))


def in_summer(day: date) -> bool:
    """From the last student day to the end of the summer that the file gives, in any year."""
    return (6, 11) < (day.month, day.day) <= (8, 20)


def _was_busy(line: Mapping[str, Any]) -> bool:
    """Two seconds were over, or somebody else held the lock: the person was told so, and sent it again."""
    told = str(line.get("exception"))
    return line["event"] == "request.failed" and ("TimeoutError" in told or "lock timeout" in told)


def _may_see(reader: Person, case: Case, directory: Directory, today: date) -> bool:
    """What access says, and never more than the words of the design."""
    facts = access.facts(case)
    allowed = access.may_hear(reader, facts, directory, today)
    if case.challenge.conduct_of_id == reader.id:
        return False
    if case.challenge.visibility is Visibility.RESTRICTED:
        admitted = facts.reporter_ids | facts.helper_ids | {facts.owner_id}
        return allowed and reader.id in admitted | access.coordinators(directory, today, case.challenge.conduct_of_id)
    return allowed


async def _case(store: Store, challenge_id: ChallengeId) -> Case:
    case = await store.case(challenge_id)
    assert case is not None
    return case


async def _conduct_in_reports_of(store: Store, person_id: PersonId) -> list[PersonId]:
    """Whose conduct is spoken of in what somebody has raised."""
    challenge, reporter = table(models.Challenge), table(models.Reporter)
    same = (reporter.c.district_id == challenge.c.district_id) & (reporter.c.challenge_id == challenge.c.id)
    about = select(challenge.c.conduct_of_id).join(reporter, same).where(reporter.c.person_id == person_id)
    mine = about.where(challenge.c.district_id == store.district_id, challenge.c.conduct_of_id.is_not(None))
    return list(await store.connection.scalars(mine))


async def _districts_of(store: Store, model: type[SQLModel]) -> set[DistrictId]:
    return set(await store.connection.scalars(select(table(model).c.district_id).distinct()))


def _text(card: Card) -> str:
    return " ".join(_strings(to_json(card)))


def _typed(form: Form) -> str:
    """What a form shows of anybody's words; the names that it offers for a choice are no secret."""
    shown: list[str] = [form.title]
    for each in form.fields:
        match each:
            case Choice(name="reporter"):
                shown += [option.label for option in each.options]
            case Choice() | Choices() | DateField():
                pass
            case TextField() | NumberField():
                shown.append(each.value)
            case _:
                shown.append(each.body)
    return " ".join(shown)


def _strings(part: Any) -> Iterator[str]:
    if isinstance(part, str):
        yield part
    elif isinstance(part, Mapping):
        for each in part.values():
            yield from _strings(each)
    elif isinstance(part, list):
        for each in part:
            yield from _strings(each)


def _told(found: Sequence[Breach]) -> str:
    return "\n".join(str(each) for each in found)
