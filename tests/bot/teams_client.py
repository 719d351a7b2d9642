"""A client of Teams for a test: Microsoft's own renderer of Adaptive Cards, in a real browser.

https://www.npmjs.com/package/adaptivecards draws cards in Teams' own clients for desktop and web. Markdown is read as
zealously as a client might, every address becoming a link, so that what shows as it was typed does so anywhere.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Browser, Locator, Page

from tests import npm

Json = dict[str, Any]

PAGE: Final = Path(__file__).with_suffix(".html")
RENDERER: Final = (
    "adaptivecards",
    "3.0.6",
    "sha512-WDCIb2WXZ7cOHJ9HIHRNdhSt861HySVOdN2xPk2aKHAF3JvD8QGQ8/XcNFrDJxCteOog8MM7EBlXfSAR8JXKAg==",
)
MARKDOWN: Final = (
    "markdown-it",
    "14.3.3",
    "sha512-L//tDAkjTjJCU6pBUSBTgs3Kg4InVaZuUZog/b6V12UKhcDQ7S78877ibbCanRExwPuYP1CZD7Gd2dxSy1GXRg==",
)
NOT_OF_THE_STANDARD: Final = "choices.data"
"""Teams' addition to version 1.5, of which the renderer complains."""

_FONT: Final = {
    "fontFamily": "'Segoe UI', 'Liberation Sans', Arial, sans-serif",
    "fontSizes": {"small": 12, "default": 14, "medium": 16, "large": 18, "extraLarge": 24},
    "fontWeights": {"lighter": 200, "default": 400, "bolder": 600},
}
_TEXTS: Final = {"default": "#242424", "subtle": "#616161"}
_SHADES: Final = {
    "default": "#ffffff",
    "emphasis": "#f5f5f5",
    "accent": "#e8ebfa",
    "good": "#e7f2da",
    "attention": "#fdf3f4",
    "warning": "#fbf0d9",
}
HOST: Final[Json] = {
    "supportsInteractivity": True,
    "choiceSetInputValueSeparator": ",",
    "fontTypes": {"default": _FONT, "monospace": _FONT},
    "spacing": {"small": 8, "default": 12, "medium": 16, "large": 20, "extraLarge": 24, "padding": 16},
    "separator": {"lineThickness": 1, "lineColor": "#d1d1d1"},
    "textBlock": {"headingLevel": 2},
    "containerStyles": {
        name: {
            "backgroundColor": shade,
            "foregroundColors": {
                "default": _TEXTS,
                "accent": {"default": "#4f52b2", "subtle": "#4f52b2"},
                "attention": {"default": "#a4262c", "subtle": "#a4262c"},
            },
        }
        for name, shade in _SHADES.items()
    },
    "inputs": {
        "label": {
            "requiredInputs": {"weight": "bolder", "suffix": " *", "suffixColor": "attention"},
            "optionalInputs": {"weight": "bolder"},
        },
        "errorMessage": {"color": "attention", "weight": "bolder"},
    },
    "actions": {
        "maxActions": 6,
        "spacing": "default",
        "buttonSpacing": 8,
        "showCard": {"actionMode": "inline", "inlineTopMargin": 16, "style": "emphasis"},
        "actionsOrientation": "horizontal",
        "actionAlignment": "left",
    },
}
"""How Teams sets the renderer up, where it matters here; light, with its own colours for text."""


@dataclass(frozen=True)
class Client:
    """One window with a card in it."""

    page: Page

    @property
    def card(self) -> Locator:
        return self.page.locator("main")

    async def show(self, card: Mapping[str, Any]) -> None:
        faults = await self.page.evaluate("([card, host]) => window.show(card, host)", [card, HOST])
        assert [each for each in faults if NOT_OF_THE_STANDARD not in each] == []

    async def fill(self, control: Mapping[str, Any], value: str) -> None:
        """Types, or chooses, as a person does. `control`: the input; `value`: what it is to send, commas between several."""
        labelled = self.card.get_by_label(control["label"], exact=False)
        at = labelled.nth(await self.page.evaluate("id => window.nth(id)", control["id"]))
        titles = {each["value"]: each["title"] for each in control.get("choices") or ()}
        match control:
            case {"type": "Input.ChoiceSet", "isMultiSelect": True}:
                for each in value.split(","):
                    await self.card.get_by_role("checkbox", name=titles[each]).check()
            case {"type": "Input.ChoiceSet", "style": "expanded"}:
                await self.card.get_by_role("radio", name=titles[value]).check()
            case {"type": "Input.ChoiceSet", "style": "filtered"}:
                await at.locator("input").fill(titles[value])
            case {"type": "Input.ChoiceSet"}:
                await at.select_option(value)
            case _:
                await at.fill(value)

    async def press(self, label: str) -> None:
        await self.card.get_by_role("button", name=label, exact=True).last.click()

    async def sent(self) -> list[Json]:
        """What the buttons have sent since the page was opened."""
        sent: list[Json] = await self.page.evaluate("window.sent")
        return sent

    async def text(self) -> str:
        return await self.card.inner_text()


@asynccontextmanager
async def opened(browser: Browser, folder: Path, width: int = 400) -> AsyncIterator[Client]:
    """A window of that many pixels; a fault of the renderer's scripts fails the test."""
    renderer, markdown = (npm.install(*each).as_uri() for each in (RENDERER, MARKDOWN))
    file = folder / "client.html"
    file.write_text(PAGE.read_text("utf-8").replace("RENDERER", renderer).replace("MARKDOWN", markdown), "utf-8")
    page = await browser.new_page(viewport={"width": width, "height": 600})
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    await page.goto(file.as_uri())
    yield Client(page)
    await page.close()
    assert not faults
