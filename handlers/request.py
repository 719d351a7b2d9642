"""What a platform hands in, and what it gets back: neutral, whatever the platform."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from handlers.cards.model import Card, Form, Option, Press
from handlers.cards.text import Phrase, Voice
from storage.directory import Person
from storage.vocabulary import ChallengeId, Door, Platform

NO_CHALLENGE: Final = ChallengeId("")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is on a platform: never a name."""

    platform: Platform
    workspace_id: str
    user_id: str
    home_workspace_id: str = ""
    """Where the account belongs, when the platform says so: another workspace means an outsider."""
    directory_id: str = ""
    """Who they are in the directory of their organization, where the platform says so."""


@dataclass(frozen=True, slots=True)
class Source:
    """The message that something came from."""

    conversation_id: str = ""
    message_id: str = ""
    thread_id: str = ""
    """The message whose thread it is in, if any."""
    link: str = ""
    author_id: str = ""
    """The platform's user id of who wrote the message, where that is not who acts (a message shortcut)."""
    direct: bool = False
    """A direct conversation with Clearway, which nobody else reads."""


PRESSED: Final = "button:"
SENT: Final = "form:"
"""How the keys of presses and of forms begin."""


def press_key(press: Press, post_id: str) -> str:
    """The inbox key of a press: the card's challenge and version, and what is pressed on it (design §4).

    The same on every platform, so that somebody who presses on two of them has pressed once. A card without a version
    (a list, Home) counts each post of it by itself.
    """
    key = f"{PRESSED}{press.challenge_id}:{press.item}:{press.version}:{press.action}"
    return key if press.version else f"{key}:{post_id}"


@dataclass(frozen=True, slots=True)
class Inbound:
    """Something a person did on a platform, parsed and not yet identified.

    `key` names the intent (design §4, inbox keys): the same click, retry or re-delivery has the same key, "" means
    that repeating it is harmless. A press's key (`press_key`) names no person: the gateway adds that. `action` is one
    of the registry.
    """

    identity: Identity
    action: str
    door: Door
    key: str = ""
    challenge_id: str = ""
    item: str = ""
    version: int = 0
    text: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    """A form's values: strings; ISO dates; lists of strings for Choices. Empty ones are "" or []."""
    carry: Mapping[str, str] = field(default_factory=dict)
    source: Source = Source()
    app_id: str = ""
    """The registration it came in by, where the platform says so."""


@dataclass(frozen=True, slots=True)
class Request:
    """The same, once the gateway knows the district and the person."""

    actor: Person
    voice: Voice
    action: str
    door: Door
    platform: Platform
    running: frozenset[Platform] = frozenset()
    """The platforms that this Clearway is on: what it has accounts for elsewhere is of no use here."""
    public_url: str = ""
    """Where this Clearway is reached from outside; empty where nobody has said so."""
    workspace_id: str = ""
    key: str = ""
    challenge_id: ChallengeId = NO_CHALLENGE
    item: str = ""
    version: int = 0
    text: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    carry: Mapping[str, str] = field(default_factory=dict)
    source: Source = Source()

    def say(self, said: Phrase | str, **params: Any) -> str:
        return self.voice(said, **params)


@dataclass(frozen=True, slots=True)
class Found:
    """A challenge that somebody has found, to put it before others where they are writing."""

    challenge_id: ChallengeId
    line: str
    """With its words: shown only to who searches."""
    title: str
    """Its number ("Challenge 42"): what is put before others, who may not be allowed to see more."""
    status: str
    """Where it stands, and on which day: it is not edited later."""
    show: str
    """The label of the button that shows it, to those who may see it."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the person gets, privately and at once. What others get goes through the outbox.

    Platforms answer: `errors` inside the open form; `form` as a form (in place of the open one where there is one);
    `card` as a private message where the person is looking. Where both are there, the card is for a platform that can
    open no form just now (Slack, after a message). An empty reply says nothing: a message of the outbox, or
    the edited card, is the answer.
    """

    card: Card | None = None
    form: Form | None = None
    errors: Mapping[str, str] = field(default_factory=dict)
    """Field name -> sentence."""
    options: Sequence[Option] = ()
    """The answer to a search."""
    found: Sequence[Found] = ()
    """The answer to a search for challenges to put before others."""
    challenge_id: ChallengeId | None = None
    """What came of the intent; a repeat of it is answered with the same."""
