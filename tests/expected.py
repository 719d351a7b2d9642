"""Which messages are to be expected: by an oracle of its own, which looks at the history and not at the rules.

Every card that reached somebody must be one of the outbox, sent once, to a person whom that kind of message may go to by
what they are, or were, to its challenge; or the answer to something that they did. Stories say what came; this says that
nothing else did.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, Final

from sqlalchemy import select

from storage.case import Case
from storage.directory import COORDINATOR, Directory
from storage.models import ActionItem, Event, Message, Occurrence, Plan, PostedCard, table
from storage.store import Store
from storage.vocabulary import MessageKind, MessageState

EVER: Final = ("owner", "reporter", "helper", "step", "informed", "colleague", "watcher")
TO: Final = {
    MessageKind.RECEIPT: {"reporter"},
    MessageKind.QUESTION: {"reporter"},
    MessageKind.CONFIRMATION: {"reporter"},
    MessageKind.TRIAGE: {"owner"},
    MessageKind.ASSIGNMENT: {"owner"},
    MessageKind.ANSWERED: {"owner"},
    MessageKind.REVIEW: {"owner", "watcher"},
    MessageKind.STEP: {"step"},
    MessageKind.COLLEAGUE_ASK: {"colleague", "watcher"},
    MessageKind.DECISION: {"watcher"},
    MessageKind.UNDELIVERABLE: {"watcher"},
    MessageKind.BREACH: {"watcher"},
    MessageKind.NUDGE: {"owner", "reporter", "step", "helper", "watcher"},
    MessageKind.ESCALATION: {"owner", "helper", "watcher"},
    MessageKind.INFORM: {"informed", "owner", "helper", "reporter", "watcher"},
    MessageKind.UPDATE: {"reporter", "owner", "helper", "informed", "step", "watcher"},
}
"""Of the kinds that are about a challenge."""


async def unexpected(store: Store, posts: Iterable[tuple[str, str]]) -> list[str]:
    """What nobody should have got. `posts`: the conversation and id of each card that came without being an answer."""
    of, card = table(Message), table(PostedCard)
    rows = {row.id: row for row in await store.rows(select(of).where(of.c.district_id == store.district_id))}
    cards = await store.rows(select(card).where(card.c.district_id == store.district_id))
    by_post = {(row.conversation_id, row.post_id): row.message_id for row in cards}
    told = [
        each for each in rows.values() if each.state is MessageState.SENT and each.challenge_id and not each.room_id
    ]
    wrong = []
    for challenge_id in dict.fromkeys(each.challenge_id for each in told):
        case = await store.case(challenge_id)
        assert case is not None
        parts = _parts(case, await store.history(case.id), store.directory)
        wrong += [
            f"{each.kind} of challenge {case.number} went to {each.person_id}"
            for each in told
            if each.challenge_id == case.id and not _may_go_to(each, parts)
        ]
    meetings = await store.rows(select(table(Occurrence)).where(table(Occurrence).c.district_id == store.district_id))
    of_routine = {row.id: (row.routine_id, row.team_id) for row in meetings}
    root = {row.id: row.root_id for row in meetings}
    once = await _once_of_a_routine(store)
    wrong += [
        f"{each.kind} {each.item_id} went to {each.person_id}"
        for each in rows.values()
        if each.kind is MessageKind.OCCURRENCE
        and not _belongs(each.person_id, *of_routine[each.item_id], store.directory)
        and not any(each.person_id in once[other] for other in root if root[other] == root[each.item_id])
    ]
    wrong += [
        f"{each.kind} {each.item_id} went to {each.person_id}"
        for each in rows.values()
        if each.kind is MessageKind.VERSION and each.person_id not in _watching(store.directory)
    ]
    named = await _ever_named(store)
    wrong += [
        f"{each.kind} {each.item_id} went to {each.person_id}"
        for each in rows.values()
        if each.kind is MessageKind.PLAN and each.person_id not in named[each.item_id]
    ]
    wrong += await _wrong_items(store, [each for each in rows.values() if each.kind is MessageKind.ACTION_ITEM])
    seen: Counter[str] = Counter()
    for post in posts:
        if post not in by_post:
            wrong.append(f"A card came to {post[0]} that is none of the outbox and no answer")
        else:
            seen[by_post[post]] += 1
    wrong += [
        f"{rows[each].kind} came {times} times to {rows[each].person_id}"
        for each, times in seen.items()
        if times > 1 + rows[each].repeated
    ]
    return wrong


def _may_go_to(message: Any, parts: dict[str, set[str]]) -> bool:
    if message.kind not in TO:
        return True
    return any(message.person_id in parts[each] for each in TO[message.kind])


async def _once_of_a_routine(store: Store) -> defaultdict[str, set[str]]:
    """The people of meetings whose routine was taken out since, or to which others come now: they hear that, and had heard
    of it before."""
    event = table(Event)
    found: defaultdict[str, set[str]] = defaultdict(set)
    for line in await store.rows(select(event.c.data).where(event.c.district_id == store.district_id)):
        if line.data.get("why") in ("removed", "without"):
            found[line.data["occurrence"]] |= set(line.data["people"])
    return found


async def _ever_named(store: Store) -> dict[str, set[str]]:
    """Who is, or was, named on each private plan: nobody else hears of it."""
    of, event = table(Plan), table(Event)
    found = {row.id: set(row.named_ids) for row in await store.rows(select(of))}
    for line in await store.rows(select(event.c.data).where(event.c.district_id == store.district_id)):
        for before_and_after in line.data.get("changes", {}).get("plan", {}).get("named_ids", ()):
            found[line.data["plan"]] |= set(before_and_after)
    return found


async def _wrong_items(store: Store, told: list[Any]) -> list[str]:
    """Of an action item hears who has it, or had it; who leads the meeting that agreed on it; and who watches over all."""
    of, event = table(ActionItem), table(Event)
    items = {row.id: row for row in await store.rows(select(of).where(of.c.district_id == store.district_id))}
    lines = await store.rows(select(event.c.data).where(event.c.district_id == store.district_id))
    owners: dict[str, set[str]] = {each.id: {each.owner_id} for each in items.values()}
    for line in lines:
        changed = line.data.get("changes", {}).get("action_item", {})
        owners.get(line.data.get("item", ""), set()).update(each for each in changed.get("owner_id", ()) if each)
    named = await _ever_named(store)
    wrong = []
    for each in told:
        teams = [team for team in store.directory.teams.values() if team.id == items[each.item_id].team_id]
        may = owners[each.item_id] | _watching(store.directory) | {str(team.lead_id) for team in teams}
        if items[each.item_id].plan_id:
            may = named[items[each.item_id].plan_id]
        if each.person_id not in may:
            wrong.append(f"{each.kind} {each.item_id} went to {each.person_id}")
    return wrong


def _belongs(person_id: str, routine_id: str, team_id: str, directory: Directory) -> bool:
    """Of the team, or of the routine's people; or somebody who watches over the process."""
    routine = directory.routine(routine_id)
    teams = [each for each in directory.teams.values() if each.id == team_id]
    theirs = {
        *(routine.person_ids if routine else ()),
        *(member for each in teams for member in (each.lead_id, *each.member_ids)),
        *(each.id for each in directory.people.values() if routine and each.role in routine.person_roles),
    }
    theirs |= {person for each in teams for doing in each.roles.values() for person in doing}
    return person_id in theirs | _watching(directory)


def _watching(directory: Directory) -> set[str]:
    watching = {each.id for each in directory.people.values() if each.role == COORDINATOR or each.executive_leader}
    return {str(each) for each in watching} | {
        str(each.delegate_id) for each in directory.absences if each.person_id in watching and each.delegate_id
    }


def _parts(case: Case, history: Iterable[Event], directory: Directory) -> dict[str, set[str]]:
    """What people are to a challenge, or ever were: by its rows, and by every value that its history has replaced."""
    parts: dict[str, set[str]] = {each: set() for each in EVER}
    parts["owner"].add(case.challenge.owner_id)
    parts["informed"] |= set(case.challenge.informed_ids)
    parts["reporter"] |= {each.person_id for each in case.reporters}
    parts["colleague"] |= {each.colleague_id for each in case.reporters if each.colleague_id}
    parts["helper"] |= {each.person_id for each in case.helpers}
    parts["step"] |= {each.owner_id for each in case.steps}
    for event in history:
        for part, person_ids in _in(event.data):
            parts[part] |= person_ids
    parts["watcher"] |= _watching(directory)
    return parts


def _in(data: dict[str, Any]) -> Iterator[tuple[str, set[str]]]:
    for label, changed in data.get("changes", {}).items():
        for name, values in changed.items():
            match label.partition(":")[0], name:
                case "challenge", "owner_id":
                    yield "owner", {each for each in values if each}
                case "challenge", "informed_ids":
                    yield "informed", {each for value in values for each in value or ()}
                case "reporter", "colleague_id":
                    yield "colleague", {each for each in values if each}
                case "step", "owner_id":
                    yield "step", {each for each in values if each}
    for label in (*data.get("added", ()), *data.get("removed", ())):
        part, _, person_id = label.partition(":")
        if part in {"reporter", "helper"}:
            yield part, {person_id}
        elif part == "step" and isinstance(data.get("removed"), dict) and label in data["removed"]:
            yield "step", {data["removed"][label]["owner_id"]}
