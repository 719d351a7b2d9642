"""Cards and forms as HTML. Every word goes through Jinja's autoescape; nothing that people write can format or link."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, assert_never

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from bot.console.parse import Answers
from handlers.cards.model import (
    Button,
    Buttons,
    Card,
    Choice,
    Choices,
    DateField,
    Divider,
    Element,
    Facts,
    Form,
    FormField,
    Heading,
    Items,
    Link,
    Note,
    NumberField,
    Quote,
    Text,
    TextField,
    Words,
)
from handlers.cards.text import Voice

MOST_RADIOS: Final = 5  # options shown at once, with their hints; longer lists become a menu

templates: Final = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, slots=True)
class Here:
    """Who looks, and from where: what the buttons of a page send along."""

    say: Voice
    token: str
    """Against forged requests; see guard.py."""
    person_id: str = ""
    base: str = ""
    """The person's part of the console, "/console/as/p-023"."""
    room: str = ""
    posts_at: str = "/console/to/"
    """How the address of a post begins, as cards have it."""


@dataclass(frozen=True, slots=True)
class Renderer:
    here: Here
    _parts: Any = field(init=False, repr=False)

    def __post_init__(self) -> None:
        module = templates.get_template("parts.html").make_module({"here": self.here, "say": self.here.say})
        object.__setattr__(self, "_parts", module)

    def card(self, card: Card, post_id: str = "", *, level: int = 3) -> Markup:
        """A card; `level` is that of its title among the headings of the page."""
        body = [self.element(each, post_id, level) for each in card.body]
        return self._html("card", card.title, Markup("").join(body), post_id, level)

    def element(self, item: Element, post_id: str = "", level: int = 3) -> Markup:
        match item:
            case Text(body):
                return self._html("text", body)
            case Heading(body):
                return self._html("heading", body, level + 1)
            case Quote(body, by):
                return self._html("quote", body, by)
            case Note(body):
                return self._html("note", body)
            case Facts(pairs):
                return self._html("facts", pairs)
            case Items(lines):
                return self._html("items", lines)
            case Link(label, url):
                return self._html("link", label, self._address(url))
            case Divider():
                return self._html("divider")
            case Buttons(items):
                return self._html("buttons", Markup("").join(self._button(each, post_id) for each in items))
            case _:
                assert_never(item)

    def form(self, form: Form, given: Answers, errors: Mapping[str, str], notes: Mapping[str, str]) -> Markup:
        """The fields of a form, each with what was typed, its error, and a note on the last search in it."""
        return Markup("").join(
            self.field(each, given, errors.get(_name(each), ""), notes.get(_name(each), "")) for each in form.fields
        )

    def field(self, item: FormField, given: Answers, error: str = "", note: str = "") -> Markup:
        match item:
            case TextField(name):
                return self._html("text_field", item, given.get(name, item.value), error)
            case NumberField(name):
                return self._html("number_field", item, given.get(name, item.value), error)
            case DateField(name):
                day = item.value.isoformat() if item.value else ""
                return self._html("date_field", item, given.get(name, day), error)
            case Choice(name):
                shape = "radios" if len(item.options) <= MOST_RADIOS and not item.search else "menu"
                return self._html(shape, item, given.get(name, item.value), error, note)
            case Choices(name):
                return self._html("boxes", item, given.get(name, item.values), error)
            case Words(body, tone):
                return self._html("words", body, tone)
            case _:
                assert_never(item)

    def _button(self, button: Button, post_id: str) -> Markup:
        return self._html("confirmed" if button.confirm else "button", button, post_id)

    def _address(self, url: str) -> str:
        """A post's address opens it for whoever looks; of others, only web addresses are links."""
        if url.startswith(self.here.posts_at) and self.here.base:
            return f"{self.here.base}/to/{url.removeprefix(self.here.posts_at)}"
        return url if url.startswith(("https://", "http://", "/console/")) else ""

    def _html(self, part: str, *values: object) -> Markup:
        html: Markup = getattr(self._parts, part)(*values)
        return html


def _name(item: FormField) -> str:
    return "" if isinstance(item, Words) else item.name
