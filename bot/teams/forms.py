"""Forms as Adaptive Cards with inputs: in a dialog, or in the chat where no dialog can be opened.

Teams sends what was typed and what we have put beside it, and nothing of the form itself. So the form goes along,
packed: it can be shown again with an error, whichever process that comes to, and after a restart.
"""

import base64
import html
import json
import secrets
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from typing import Any, Final, assert_never
from urllib.parse import quote

from microsoft_teams.cards.core import (
    Action,
    AdaptiveCard,
    CardElement,
    ChoiceSetInput,
    Container,
    DateInput,
    ExecuteAction,
    NumberInput,
    QueryData,
    RichTextBlock,
    SubmitAction,
    TeamsCardProperties,
    TextInput,
)
from microsoft_teams.cards.core import Choice as InputChoice

from bot.teams.render import (
    CARD,
    MAX_BUTTON,
    MAX_HEADER,
    MAX_LABEL,
    MAX_SUMMARY,
    NAME,
    OURS,
    VERSION,
    Json,
    Place,
    answered,
    attached,
    continued,
    dumped,
    element,
    fits,
    rich,
    runs,
    title_of,
)
from bot.teams.text import MAX_TEXT, clean, harmless, mere, pieces, shorten
from handlers.cards.model import (
    Choice,
    Choices,
    DateField,
    Facts,
    Form,
    FormField,
    Note,
    NumberField,
    Option,
    Text,
    TextField,
    Words,
    to_json,
)
from handlers.request import Inbound

MAX_FOUND: Final = 15  # options in a menu that is searched,
# https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/dynamic-search
MAX_OPTION: Final = 150
RADIOS: Final = 5  # options shown at once, where they have hints; more become a menu
NEEDED: Final = "Please fill this in."
FIELD: Final = "field."
"""How the id of an input begins, so that no field can be taken for something else that is sent."""


def dialog(
    form: Form, *, opened_by: Inbound | None = None, errors: Mapping[str, str] | None = None, once: str = ""
) -> Json:
    """A form as the dialog that opens, or that takes the place of the open one.

    After an error it is the form as it was filled in (`parse.form_of`), with what was sent before as `opened_by`, and
    with the same `once` (`parse.once_of`): so a copy of it that is open elsewhere is still the same intent.
    """
    drawn = _form(form, "dialog", opened_by, errors or {}, once)
    height = "large" if len(form.fields) > 3 else "medium"
    return continued(form.title, drawn, height)


def form_message(
    form: Form, *, opened_by: Inbound | None = None, errors: Mapping[str, str] | None = None, once: str = ""
) -> Json:
    """A form as a card in the chat, where no dialog can be opened: in answer to something that was typed."""
    drawn = _form(form, "chat", opened_by, errors or {}, once)
    return {"type": "message", "summary": shorten(form.title, MAX_SUMMARY) or NAME, "attachments": [attached(drawn)]}


def form_in_place(
    form: Form, *, opened_by: Inbound | None = None, errors: Mapping[str, str] | None = None, once: str = ""
) -> Json:
    """The same in place of the card that was sent."""
    return answered(CARD, _form(form, "chat", opened_by, errors or {}, once))


def _form(form: Form, place: Place, opened_by: Inbound | None, errors: Mapping[str, str], once: str) -> Json:
    """As much of the words between the fields as Teams takes; what somebody typed is never cut."""
    sent = {OURS: _metadata(form, opened_by, once or secrets.token_hex(10))}
    looks: dict[str, Any] = {"title": mere(form.submit, MAX_BUTTON) or "–", "style": "positive", "data": sent}
    if place == "dialog":
        send: Action = SubmitAction(**looks)
    else:
        send = ExecuteAction(**looks, verb=form.press.action, fallback=SubmitAction(**looks))
    made = AdaptiveCard(
        version=VERSION,
        fallback_text=harmless(shorten(form.title, MAX_HEADER)) or NAME,
        speak=html.escape(shorten(form.title, MAX_HEADER), quote=False) or NAME,
        msteams=TeamsCardProperties(width="full"),
        actions=[send],
    )
    for most in (2 * MAX_TEXT, MAX_TEXT // 3, MAX_LABEL):
        made.body = list(_fields(form, place, _placed(form, errors), most))
        if fits(drawn := dumped(made)):
            break
    return drawn


def _fields(form: Form, place: Place, errors: Mapping[str, str], most: int) -> Iterator[CardElement]:
    if place == "chat":
        yield from title_of(form.title)
    if errors:
        labels = {each.name: shorten(each.label, MAX_HEADER) for each in form.fields if not isinstance(each, Words)}
        told = [
            rich([*runs(_called(labels.get(name, "")), weight="Bolder"), *runs(said)]) for name, said in errors.items()
        ]
        yield Container(id="errors", items=list(told), style="attention")
    for n, each in enumerate(form.fields):
        if isinstance(each, Words):
            drawn = list(field(replace(each, body=shorten(each.body, most))))
        else:
            drawn = list(field(each, errors.get(each.name, "")))
        if n and drawn:
            drawn[0].spacing = "Large"  # type: ignore[attr-defined]  # every element has it
        yield from drawn


def _called(label: str) -> str:
    """A label before what is said of its field; many labels are questions."""
    return f"{label} " if label.endswith(("?", ".", ":", "!")) else f"{label}: " if label else ""


def _placed(form: Form, errors: Mapping[str, str]) -> dict[str, str]:
    """Sentences by the name of their field; those of no field stand at the first, or at "" where there is none."""
    names = [each.name for each in form.fields if not isinstance(each, Words) and _takes_input(each)]
    placed: dict[str, str] = {}
    for name, said in errors.items():
        at = name if name in names else next(iter(names), "")
        placed[at] = shorten(f"{placed.get(at, '')} {said}", MAX_TEXT) or "–"
    return placed


def _takes_input(item: FormField) -> bool:
    match item:
        case Words():
            return False
        case Choice() | Choices():
            return bool(item.options) or (isinstance(item, Choice) and bool(item.search))
        case _:
            return True


def field(item: FormField, error: str = "") -> Iterator[CardElement]:
    """The input, what is wrong with it, and its hint."""
    match item:
        case TextField():
            shown: dict[str, Any] = _input(item, required=item.required)
            shown |= {"is_multiline": True} if item.multiline else {}
            shown |= {"placeholder": mere(item.placeholder, MAX_LABEL)} if clean(item.placeholder) else {}
            shown |= {"value": shorten(item.value, item.most)} if clean(item.value) else {}
            drawn = TextInput(**shown)
            drawn.max_length = item.most  # set here it stays a whole number, as the phones' clients want it
            yield drawn
        case NumberField():
            value = int(item.value) if item.value.isascii() and item.value.isdigit() and len(item.value) < 16 else None
            number = NumberInput(**_input(item, required=item.required))
            number.value = value
            yield number
        case DateField():
            day = item.value.isoformat() if item.value else None
            yield DateInput(**_input(item, required=item.required), value=day)
        case Choice() if item.search:
            offered = found_first(item)
            chosen = next((searched(each) for each in offered if each.value == item.value), None)
            yield ChoiceSetInput(
                **_input(item, required=item.required),
                choices=[InputChoice(title=_option(each), value=searched(each)) for each in offered],
                choices_data=QueryData(dataset=f"{item.search}.search"),
                style="filtered",
                placeholder=mere(item.label, MAX_LABEL) or None,  # it names the box for screen readers, too
                value=chosen,
            )
        case Choice() if item.options:
            radios = any(each.hint for each in item.options) and len(item.options) <= RADIOS
            radios = radios and (item.required or bool(item.value))  # one can never be taken back
            none = [InputChoice(title="–", value=" ")] if not item.required and not radios else []
            yield ChoiceSetInput(
                **_input(item, required=item.required),
                choices=[*none, *(InputChoice(title=_option(each), value=each.value) for each in item.options)],
                style="expanded" if radios else "compact",
                wrap=True,
                value=next((each.value for each in item.options if each.value == item.value), None),
            )
        case Choices() if item.options:
            chosen = ",".join(one_of_many(each.value) for each in item.options if each.value in item.values)
            yield ChoiceSetInput(
                **_input(item, required=False),
                choices=[InputChoice(title=_option(each), value=one_of_many(each.value)) for each in item.options],
                is_multi_select=True,
                style="expanded",
                wrap=True,
                value=chosen or None,
            )
        case Choice() | Choices():  # a menu without options is none
            yield from element(Facts(((item.label, "–"),)))
            return
        case Words(said, tone):
            if tone == "warning":
                warned = [rich(runs(part, weight="Bolder")) for part in pieces(said)]
                yield Container(items=list(warned or [rich(runs("–"))]), style="warning")
            else:
                yield from element(Text(said))
            return
        case _:
            assert_never(item)
    if error:
        wrong = runs(error, weight="Bolder", color="Attention")
        yield RichTextBlock(id=f"{FIELD}{item.name}.error", inlines=list(wrong), spacing="Small")
    yield from element(Note(item.hint))


def _input(item: TextField | NumberField | DateField | Choice | Choices, *, required: bool) -> dict[str, Any]:
    label = mere(item.label, MAX_LABEL) or "–"
    shown: dict[str, Any] = {"id": f"{FIELD}{item.name}", "label": label}
    return shown | ({"is_required": True, "error_message": NEEDED} if required else {})


def _option(item: Option) -> str:
    label, hint = clean(item.label) or "–", clean(item.hint)
    return harmless(shorten(f"{label} – {hint}" if hint else label, MAX_OPTION))


def found_first(item: Choice) -> tuple[Option, ...]:
    """The options of a search before anything is searched: the chosen one is among them."""
    chosen = tuple(each for each in item.options if each.value == item.value)
    return (*chosen, *(each for each in item.options if each not in chosen))[:MAX_FOUND]


def searched(item: Option) -> str:
    """An option that was searched brings its label along: the form could not show it again otherwise."""
    return f"{quote(item.value, safe='')}|{shorten(item.label, MAX_OPTION)}"


def one_of_many(value: str) -> str:
    """Teams puts commas between the values that were chosen: in a value there can be none."""
    return value.replace("%", "%25").replace(",", "%2C")


def _metadata(form: Form, opened_by: Inbound | None, once: str) -> Json:
    """What goes with the form and comes back with it: the form itself, to be shown again, and how it came to be opened."""
    kept: Json = {"form": packed(form), "once": once}
    if opened_by is not None:
        kept |= {"door": opened_by.door, "from": {name: at for name, at in asdict(opened_by.source).items() if at}}
    return kept


def packed(form: Form) -> str:
    """The form without what is typed into it, which comes back by itself. `parse.form_of` unpacks it."""
    bare = replace(form, fields=tuple(map(_emptied, form.fields)))
    spelt = json.dumps(to_json(bare), ensure_ascii=False, separators=(",", ":")).encode("utf-8", "ignore")
    return base64.urlsafe_b64encode(zlib.compress(spelt, 9)).decode()


def _emptied(item: FormField) -> FormField:
    match item:
        case TextField() | NumberField():
            return replace(item, value="")
        case DateField():
            return replace(item, value=None)
        case Choice():
            return replace(item, value="", options=found_first(item) if item.search else item.options)
        case Choices():
            return replace(item, values=())
        case Words():
            return item
        case _:
            assert_never(item)


def options(found: Iterable[Option], *, skip: int = 0, top: int = MAX_FOUND) -> Json:
    """To a search in a form. `skip` and `top`: which of the options Teams asked for."""
    wanted = list(found)[max(skip, 0) :][: max(min(top, MAX_FOUND), 0)]
    results = [{"title": _option(each), "value": searched(each)} for each in wanted]
    return {"type": "application/vnd.microsoft.search.searchResponse", "value": {"results": results}}
