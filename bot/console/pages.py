"""What the console's pages show, worked out before any HTML: rooms, threads, unread counts, who said what by which door."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final
from urllib.parse import quote

from markupsafe import Markup

from bot.console.parse import MENTION
from bot.console.people import Channel, Profile, is_own
from bot.console.render import Renderer
from bot.console.rooms import Post, direct
from handlers.cards.text import Voice
from storage.directory import Person
from storage.vocabulary import PersonId, new_id

NEWEST: Final = "#newest"
"""A room opens where its newest message begins."""


def base(person_id: PersonId) -> str:
    """The part of the console that is seen through one person's eyes."""
    return f"/console/as/{quote(person_id, safe='')}"


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the list of rooms."""

    label: str
    href: str
    unread: int = 0
    current: bool = False


@dataclass(slots=True)
class Shown:
    """A post as one person sees it, with its thread."""

    id: str
    author: Profile | None
    """None: Clearway."""
    when: str
    at: str
    """The instant, for machines."""
    notes: list[str]
    """By which door, edited, private: in words."""
    text: str
    card: Markup | None
    news: str
    """What is said aloud when it appears while somebody looks."""
    version: str
    """Differs when the post looks different."""
    private: bool
    own: bool
    """The viewer wrote it, and may edit or delete it."""
    reportable: bool
    once: str = field(default_factory=new_id)
    """The id of a reply to it, or of its next edit, if there is one."""
    replies: list["Shown"] = field(default_factory=list)


def entries(
    person: Person, channels: Iterable[Channel], unread: Mapping[str, int], current: str, say: Voice
) -> tuple[list[Entry], list[Entry]]:
    """The person's own rooms, and the other channels."""
    home = base(person.id)
    chat = direct(person.id)
    own = [Entry(say("Clearway"), f"{home}/{NEWEST}", unread.get(chat, 0), current == chat)]
    others: list[Entry] = []
    for each in channels:
        entry = Entry(each.label, f"{home}/in/{each.slug}{NEWEST}", unread.get(each.room, 0), current == each.room)
        (own if is_own(each, person) else others).append(entry)
    return own, others


def threads(posts: Sequence[Post], profiles: Mapping[PersonId, Profile], renderer: Renderer) -> list[Shown]:
    """The posts of a room in the order of time, replies under what they reply to."""
    shown = {each.id: _shown(each, profiles, renderer) for each in posts}
    for each in posts:
        if each.thread_id in shown:
            shown[each.thread_id].replies.append(shown[each.id])
    return [shown[each.id] for each in posts if each.thread_id not in shown]


def _shown(post: Post, profiles: Mapping[PersonId, Profile], renderer: Renderer) -> Shown:
    say = renderer.here.say
    author = profiles.get(post.author_id) if post.author_id else None
    name = author.name if author else say("Clearway")
    title = post.card.title if post.card else post.text
    card = renderer.card(post.card, post.id, level=4 if post.thread_id else 3) if post.card else None
    return Shown(
        id=post.id,
        author=author,
        when=say.moment(post.at),
        at=post.at.isoformat(timespec="seconds"),
        notes=_notes(post, say),
        text=post.text,
        card=card,
        news=say("Changed: {title}", title=title)
        if post.edited_at
        else say("New from {name}: {title}", name=name, title=title),
        version=sha256(f"{post.at} {post.edited_at} {card or post.text}".encode()).hexdigest()[:12],
        private=post.only_for_id is not None,
        own=author is not None and author.id == renderer.here.person_id,
        reportable=author is not None and not post.room.startswith("@"),
    )


def _notes(post: Post, say: Voice) -> list[str]:
    notes = []
    if post.author_id and post.room.startswith("@"):
        notes.append(say("reply in the thread") if post.thread_id else say("direct message"))
    elif post.author_id and MENTION.search(post.text):
        notes.append(say("mentions Clearway"))
    if post.edited_at:
        notes.append(say("edited {when}", when=say.moment(post.edited_at)))
    if post.only_for_id:
        notes.append(say("only you can see this"))
    return notes
