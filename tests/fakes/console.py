"""Somebody at the console: reads the real pages over HTTP, and presses and types as a browser without JavaScript would."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import aiohttp
from multidict import MultiDict

VOID: Final = frozenset({"input", "img", "br", "hr", "meta", "link"})
SPACED: Final = frozenset(
    {"p", "li", "div", "dt", "dd", "h1", "h2", "h3", "h4", "h5", "br", "label", "button", "summary"}
)


# ---------------------------------------------------------------------------------------------------- reading a page


@dataclass
class Node:
    """An element of a page."""

    tag: str
    attrs: dict[str, str] = field(default_factory=dict)
    children: list["Node | str"] = field(default_factory=list)
    parent: "Node | None" = field(default=None, repr=False)

    @property
    def elements(self) -> Iterator["Node"]:
        """Those below it, in the order of the page."""
        for each in self.children:
            if isinstance(each, Node):
                yield each
                yield from each.elements

    def all(self, tag: str = "", /, **attrs: str) -> Iterator["Node"]:
        """The elements below it with this tag and these attributes; `kind` is one of its classes."""
        kind = attrs.pop("kind", "")
        for each in self.elements:
            wanted = all(each.attrs.get(name) == value for name, value in attrs.items())
            if wanted and tag in {"", each.tag} and (not kind or kind in each.attrs.get("class", "").split()):
                yield each

    def one(self, tag: str = "", /, **attrs: str) -> "Node":
        found = next(self.all(tag, **attrs), None)
        assert found is not None, f"No {tag} with {attrs} on the page:\n{self.text}"
        return found

    @property
    def within(self) -> Iterator["Node"]:
        """The elements around it, from the nearest."""
        above = self.parent
        while above is not None:
            yield above
            above = above.parent

    @property
    def raw(self) -> str:
        return "".join(each if isinstance(each, str) else each.raw for each in self.children)

    @property
    def text(self) -> str:
        """What can be read, one line for each block."""
        return "\n".join(filter(None, (" ".join(line.split()) for line in self._spoken().split("\n"))))

    def _spoken(self) -> str:
        inner = "".join(each if isinstance(each, str) else each._spoken() for each in self.children)
        return f"\n{inner}\n" if self.tag in SPACED else inner


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = self.at = Node("page")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, {name: value or "" for name, value in attrs}, parent=self.at)
        self.at.children.append(node)
        if tag not in VOID:
            self.at = node

    def handle_endtag(self, tag: str) -> None:
        assert self.at.tag == tag, f"</{tag}> closes <{self.at.tag}>"
        assert self.at.parent is not None
        self.at = self.at.parent

    def handle_data(self, data: str) -> None:
        self.at.children.append(data)


def read(html: str) -> Node:
    """The page as a tree. It must be well formed: every element closed, in order."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert reader.at is reader.root, f"<{reader.at.tag}> is never closed"
    return reader.root


def filled(form: Node, pressed: Node | None = None) -> MultiDict[str]:
    """What a browser would send for this form, with this button pressed."""
    sent: MultiDict[str] = MultiDict()
    for each in form.elements:
        name, kind = each.attrs.get("name", ""), each.attrs.get("type", "")
        if not name:
            continue
        if each.tag == "textarea":
            sent.add(name, each.raw.removeprefix("\n").replace("\n", "\r\n"))
        elif each.tag == "select":
            options = list(each.all("option"))
            chosen = next((option for option in options if "selected" in option.attrs), options[0] if options else None)
            if chosen is not None:
                sent.add(name, chosen.attrs["value"])
        elif each.tag == "input" and (kind not in {"radio", "checkbox"} or "checked" in each.attrs):
            sent.add(name, each.attrs.get("value", "on" if kind else ""))
        elif each is pressed:
            sent.add(name, each.attrs.get("value", ""))
    return sent


# --------------------------------------------------------------------------------------------------- what is on a page


@dataclass(frozen=True)
class Shown:
    """A card where it stands now."""

    title: str
    text: str
    """All that can be read, top to bottom, without the title and the buttons."""
    buttons: tuple[str, ...]
    post: str
    """The id of its post."""
    private: bool = False
    edited: bool = False
    node: Node = field(default_factory=lambda: Node("page"), repr=False, compare=False)

    def __str__(self) -> str:
        return "\n".join(filter(None, (self.title, self.text, *(f"[{label}]" for label in self.buttons))))


@dataclass(frozen=True)
class ShownPost:
    """What somebody wrote."""

    id: str
    author: str
    text: str
    room: str
    """The address of its room's page."""


@dataclass(frozen=True)
class ShownForm:
    """The form that is open."""

    title: str
    submit: str
    labels: tuple[str, ...]
    values: dict[str, Any]
    """By label: what stands in each field; of several choices, the labels of the chosen ones."""
    errors: dict[str, str]
    """By label."""
    text: str
    required: tuple[str, ...] = ()


def cards_of(page: Node) -> list[Shown]:
    return [_card(each) for each in page.all("div", kind="card")]


def _card(node: Node) -> Shown:
    title = next(each for each in node.elements if "card-title" in each.attrs.get("class", ""))
    post = next((each for each in node.within if "post" in each.attrs.get("class", "").split()), None)
    body = Node("div", children=[each for each in node.children if each is not title])
    words = [each for each in body.elements if not any(around.tag in {"form", "details"} for around in each.within)]
    lines = [each.text for each in words if each.tag in {"p", "li", "dt", "dd", "h3", "h4", "h5"}]
    labels = [each.text for each in node.all("button") if "button" in each.attrs.get("class", "").split()]
    return Shown(
        title.text,
        "\n".join(lines),
        tuple(labels),
        title.attrs["id"].removeprefix("title-"),
        private=any(each.tag == "li" and each.attrs.get("class") == "private" for each in node.within),
        edited=post is not None and any(each.text.startswith("edited") for each in post.all("span", kind="mark")),
        node=node,
    )


def _fields(form: Node) -> dict[str, list[Node]]:
    """The controls of each field, by its label."""
    found = {}
    for each in form.all(kind="field"):
        found.setdefault(_label(each), [one for one in each.elements if one.attrs.get("name", "").startswith("field.")])
    return found


def _label(field: Node) -> str:
    return field.one("legend" if field.tag == "fieldset" else "label").text.removesuffix("(required)").strip()


def _name(control: Node) -> str:
    return control.attrs.get("name", "").removeprefix("field.")


def _ways(option: Node) -> set[str]:
    """The ways to name an option: its label, without the hint after it, and its value."""
    return {option.text, option.text.split(" – ")[0], option.attrs["value"]}


def _label_of(form: Node, control: Node) -> str:
    return form.one("label", **{"for": control.attrs["id"]}).text


def _value(form: Node, controls: list[Node]) -> Any:
    first = controls[0] if controls else Node("input")
    if first.attrs.get("type") == "checkbox":
        return [_label_of(form, each) for each in controls if "checked" in each.attrs]
    if first.attrs.get("type") == "radio":
        return next((_label_of(form, each) for each in controls if "checked" in each.attrs), "")
    if first.tag == "select":
        return next((each.text for each in first.all("option") if "selected" in each.attrs), "")
    return first.raw.removeprefix("\n") if first.tag == "textarea" else first.attrs.get("value", "")


def _button(node: Node, label: str) -> Node:
    found = [each for each in node.all("button") if each.text == label]
    assert found, f"No button {label!r} in:\n{node.text}"
    return found[0]


def _fill(form: Node, label: str, value: Any) -> None:
    controls = _fields(form).get(label)
    assert controls, f"No field {label!r} in: {', '.join(_fields(form))}"
    first = controls[0]
    if first.attrs.get("type") in {"checkbox", "radio"}:
        wanted = {value} if isinstance(value, str) else set(value)
        names = {_label_of(form, each): each for each in controls} | {each.attrs["value"]: each for each in controls}
        assert wanted <= set(names), f"{label!r} offers {', '.join(names)}, not {wanted - set(names)}"
        for each in controls:
            each.attrs.pop("checked", None)
        for name in wanted:
            names[name].attrs["checked"] = ""
    elif first.tag == "select":
        options = list(first.all("option"))
        chosen = [each for each in options if value in _ways(each)]
        assert chosen, f"{label!r} offers {', '.join(each.text for each in options)}, not {value!r}"
        for each in options:
            each.attrs.pop("selected", None)
        chosen[0].attrs["selected"] = ""
    elif first.tag == "textarea":
        first.children = [f"\n{value}"]
    else:
        first.attrs["value"] = str(value)


# ------------------------------------------------------------------------------------------------------- the person


class ConsolePerson:
    """One person at their own browser. After whatever happened elsewhere, `look` brings their pages up to date.

    Everything they do may be done in `copies`: the same form sent several times, all at once.
    """

    def __init__(self, url: str, person_id: str) -> None:
        self.url = url
        self.person_id = person_id
        self.chat = f"{url}/console/as/{person_id}/"
        """The address of their direct chat with Clearway."""
        self.at = self.chat
        """The address of what they are looking at."""
        self.status = 0
        self.view = Node("page")
        """What they are looking at."""
        self.inbox = Node("page")
        """Their direct chat, as they last saw it."""
        self.last: tuple[str, MultiDict[str]] = ("", MultiDict())
        """The last form that they sent: its address, and what was in it."""
        self._session: aiohttp.ClientSession | None = None
        self._read: set[str] = set()

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    # ---------------------------------------------------------------------------------------------------- what they see

    async def look(self) -> None:
        """Reads their direct chat, and the room they are in, again."""
        if not self._is_form and self.at != self.chat:
            await self._get(self.at)
        await self._read_inbox()

    async def open(self, channel: str) -> None:
        """Goes to a channel, by its name; "" is the direct chat."""
        if channel and not any(self.inbox.elements):
            await self._read_inbox()
        await self._get(self._room(channel) if channel else self.chat)

    @property
    def cards(self) -> list[Shown]:
        """What Clearway has sent them directly, oldest first, as it stood when they looked; without private answers."""
        return [each for each in cards_of(self.inbox) if not each.private]

    @property
    def last_card(self) -> Shown:
        assert self.cards, f"No card for {self.person_id}"
        return self.cards[-1]

    @property
    def ephemerals(self) -> list[Shown]:
        """The private answers, in the direct chat and where they are looking."""
        pages = [self.inbox] if self._is_form or self.at == self.chat else [self.inbox, self.view]
        return [each for page in pages for each in cards_of(page) if each.private]

    @property
    def last_answer(self) -> Shown:
        return self.ephemerals[-1]

    @property
    def posts(self) -> list[ShownPost]:
        """What people wrote in the room they are looking at."""
        found = []
        for each in self.view.all("li"):
            if each.attrs.get("id", "").startswith("post-") and not any(each.one("article").all("div", kind="card")):
                said = each.one("article")
                post_id = each.attrs["id"].removeprefix("post-")
                author, words = said.one("strong").text, said.one("p", kind="words").raw
                found.append(ShownPost(post_id, author, words, self.at))
        return found

    @property
    def form(self) -> ShownForm | None:
        """The form that is open."""
        if not self._is_form:
            return None
        sheet = self._sheet
        fields = _fields(sheet)
        marked = {_label(each): each for each in sheet.all(kind="field")}
        return ShownForm(
            title=self.view.one("h1").text,
            submit=self._submit_button.text,
            labels=tuple(fields),
            values={label: _value(sheet, controls) for label, controls in fields.items()},
            errors={
                label: wrong.text.removeprefix("Error:").strip()
                for label, each in marked.items()
                for wrong in each.all("p", kind="error")
            },
            text=self.view.one("main").text,
            required=tuple(label for label, each in marked.items() if any(each.all("span", kind="must"))),
        )

    @property
    def home(self) -> Shown | None:
        """The card of Home, when they are there."""
        return cards_of(self.view)[0] if self.at == f"{self.chat}home" else None

    @property
    def problem(self) -> str:
        """What an alert on the page says."""
        return next((each.text for each in self.view.all(role="alert")), "")

    def news(self) -> list[Shown]:
        """The cards that came, directly or privately, since this was last asked."""
        shown = [*self.cards, *self.ephemerals]
        new = [each for each in shown if each.post not in self._read]
        self._read.update(each.post for each in shown)
        return new

    # ----------------------------------------------------------------------------------------------------- what they do

    async def command(self, line: str, *, channel: str = "", copies: int = 1) -> None:
        """Types a command, in the direct chat or a channel: "/challenge The printer is broken"."""
        await self._write(line, channel, copies)

    async def dm(self, text: str, *, copies: int = 1) -> ShownPost:
        """Writes to Clearway directly."""
        return await self._write(text, "", copies)

    async def say(self, text: str, channel: str = "#dit", *, copies: int = 1) -> ShownPost:
        """Ordinary talk in a channel."""
        return await self._write(text, channel, copies)

    async def mention(self, text: str, channel: str = "#dit", *, copies: int = 1) -> ShownPost:
        """Mentions Clearway in a channel: before the words, or where they say {bot}."""
        words = text.replace("{bot}", "@Clearway") if "{bot}" in text else f"@Clearway {text}"
        return await self._write(words, channel, copies)

    async def reply(self, text: str, to: Shown | ShownPost, *, copies: int = 1) -> None:
        """Replies in the thread of a post, or of the one that it replies to; of a card, in the direct chat."""
        await self._get(self._mine(to.room) if isinstance(to, ShownPost) else self.chat)
        item = self.view.one("li", id=f"post-{to.id if isinstance(to, ShownPost) else to.post}")
        root = [item, *(each for each in item.within if each.tag == "li")][-1]
        await self._compose(list(root.all("form", action=self._act("say")))[-1], text, copies)

    async def edit(self, post: ShownPost, text: str) -> None:
        await self._get(post.room)
        item = self.view.one("li", id=f"post-{post.id}")
        await self._compose(item.one("form", action=self._act("edit")), text)

    async def delete(self, post: ShownPost) -> None:
        await self._get(post.room)
        await self._press(_button(self.view.one("li", id=f"post-{post.id}"), "Delete this message"))

    async def shortcut(self, *, copies: int = 1) -> None:
        """The global "Report a challenge"."""
        if self._is_form or not any(self.view.all("nav")):
            await self.open("")
        await self._press(_button(self.view.one("nav"), "Report a challenge"), copies)

    async def report_message(self, post: ShownPost, *, copies: int = 1) -> None:
        """ "Report as a challenge", on somebody's post."""
        await self._get(self._mine(post.room))
        await self._press(_button(self.view.one("li", id=f"post-{post.id}"), "Report as a challenge"), copies)

    async def put_away(self, answer: Shown) -> None:
        """Removes a private answer."""
        await self._press(_button(self.view.one("li", id=f"post-{answer.post}"), "Put away"))

    async def open_home(self) -> None:
        await self._get(f"{self.chat}home")

    async def click(self, label: str, on: Shown | None = None, *, copies: int = 1) -> None:
        """Presses a button, confirming where that is asked: of this card, or of the newest one that shows it."""
        pages = [self.inbox] if self._is_form or self.at == self.chat else [self.inbox, self.view]
        shown = [on] if on else [each for page in pages for each in cards_of(page)]
        for each in reversed(shown):
            for button in each.node.all("button", kind="button"):
                if button.text == label:
                    await self._press(button, copies)
                    return
        offered = ", ".join(name for each in shown for name in each.buttons)
        raise AssertionError(f"No button {label!r} for {self.person_id}; there are: {offered}")

    async def fill(self, values: Mapping[str, Any]) -> None:
        """Fills the open form, by label; options by label or value, several as a list. People are searched for."""
        for label, value in values.items():
            first = _fields(self._sheet).get(label, [Node("")])[0]
            searched = any(each.attrs.get("name") == f"search.{_name(first)}" for each in self._sheet.elements)
            if searched and value and not any(value in _ways(each) for each in first.all("option")):
                await self.find(label, str(value))
            _fill(self._sheet, label, value)

    async def find(self, label: str, words: str) -> list[str]:
        """Searches for options of a field of the open form; what is offered."""
        name = _name(_fields(self._sheet)[label][0])
        self._sheet.one("input", name=f"search.{name}").attrs["value"] = words
        await self._press(self._sheet.one("button", name="find", value=name))
        return [each.text for each in _fields(self._sheet)[label][0].all("option")]

    async def submit(self, values: Mapping[str, Any] | None = None, *, copies: int = 1) -> None:
        """Submits the open form, after filling it."""
        await self.fill(values or {})
        await self._press(self._submit_button, copies)

    async def close_form(self) -> None:
        await self.open("")

    async def redeliver(self, *, copies: int = 1) -> None:
        """Sends the last form again, as a browser does when a page is reloaded."""
        address, sent = self.last
        await self._post(address, sent, copies)

    # -- how ---------------------------------------------------------------------------------------------------------

    @property
    def _is_form(self) -> bool:
        return "/forms/" in self.at

    @property
    def _sheet(self) -> Node:
        assert self._is_form, f"No form is open for {self.person_id}"
        return self.view.one("form", kind="sheet")

    @property
    def _submit_button(self) -> Node:
        return list(self._sheet.all("button", kind="primary"))[-1]

    def _act(self, name: str) -> str:
        return f"{urlsplit(self.chat).path}{name}"

    def _room(self, channel: str) -> str:
        for link in self.inbox.one("nav").all("a"):
            label = link.children[0] if link.children and isinstance(link.children[0], str) else ""
            if channel.removeprefix("#") == label.strip().removeprefix("#"):
                return urljoin(self.url, link.attrs["href"].partition("#")[0])
        raise AssertionError(f"No channel {channel!r} for {self.person_id}")

    def _mine(self, room: str) -> str:
        """The same room through their own eyes."""
        _, console, as_, _, *rest = urlsplit(room).path.split("/")
        return urljoin(self.url, "/".join(("", console, as_, self.person_id, *rest)))

    async def _write(self, text: str, channel: str, copies: int) -> ShownPost:
        await self.open(channel)
        room, composer = self.at, self.view.one("form", id="composer")
        post_id = composer.one("input", name="post").attrs["value"]
        await self._compose(composer, text, copies)
        return ShownPost(post_id, "", text, room)

    async def _compose(self, composer: Node, text: str, copies: int = 1) -> None:
        composer.one("textarea").children = [f"\n{text}"]
        await self._press(composer.one("button"), copies)

    async def _press(self, button: Node, copies: int = 1) -> None:
        form = next(each for each in button.within if each.tag == "form")
        assert form.attrs.get("method") == "post", f"{button.text!r} posts nothing"
        await self._post(urljoin(self.at, form.attrs["action"]), filled(form, button), copies)

    async def _post(self, address: str, sent: MultiDict[str], copies: int) -> None:
        self.last = address, sent
        await asyncio.gather(*(self._send("POST", address, sent) for _ in range(copies)))
        await self._read_inbox()

    async def _get(self, address: str) -> None:
        await self._send("GET", address)
        if address == self.chat or not any(self.inbox.elements):
            await self._read_inbox()

    async def _read_inbox(self) -> None:
        if self.at == self.chat and self.status == 200:
            await self._send("GET", self.chat)
            self.inbox = self.view
            return
        kept = self.at, self.status, self.view
        await self._send("GET", self.chat)
        self.inbox = self.view
        self.at, self.status, self.view = kept

    async def _send(self, method: str, address: str, sent: MultiDict[str] | None = None) -> None:
        if self._session is None:
            self._session = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
        async with self._session.request(method, address, data=sent) as response:
            self.view = read(await response.text())
            self.at = str(response.url.with_fragment(None))
            self.status = response.status
        assert self.status in {200, 422, 503}, f"{method} {address}: {self.status}\n{self.view.text}"
