"""What the pages say about the code is so: settings, commands, words, links, examples, decisions."""

import importlib
import re
import tomllib
from collections.abc import Iterator
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from pydantic import BaseModel
from typer.main import get_command

from bot import cli, settings
from bot.settings import Settings
from bot.slack.parse import COMMANDS
from docs import draw_lifecycle
from handlers import registry
from handlers.capture import Report, capture
from handlers.cards import labels
from handlers.district import EXAMPLE, model
from handlers.district.check import check
from handlers.rules import asking
from storage import process
from storage.database import Database
from storage.directory import Directory, Person, School
from storage.store import Came
from storage.vocabulary import DistrictId, Door, Kind, PersonId, SchoolId, Scope
from tests.world import detroit, world

ROOT: Final = Path(__file__).parents[2]
DOCS: Final = ROOT / "docs"
DECISIONS: Final = sorted((DOCS / "decisions").glob("*.md"))
PAGES: Final = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
TODAY: Final = date(2026, 10, 12)

each_page = pytest.mark.parametrize("page", [pytest.param(each, id=str(each.relative_to(ROOT))) for each in PAGES])
each_decision = pytest.mark.parametrize("page", [pytest.param(each, id=each.stem) for each in DECISIONS])


def read(page: Path | str) -> str:
    return (DOCS / page).read_text("utf-8")


def section(text: str, heading: str) -> str:
    """What stands below a heading, up to the next one of its level or above."""
    level = heading.partition(" ")[0]
    found = re.search(rf"^{re.escape(heading)}\n(.*?)(?=^#{{1,{len(level)}}} |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f'there is no "{heading}"'
    return found[1]


def rows(text: str) -> list[list[str]]:
    """The rows of the tables in a text, without their headings."""
    body = re.sub(r"^\|.*\n\|[ |-]+\n", "", text, flags=re.MULTILINE)
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in body.splitlines() if line.startswith("|")]


# ------------------------------------------------------------------------------------------------- drawn, or held equal


def test_the_life_of_a_challenge_is_drawn_from_the_table() -> None:
    assert read("lifecycle.md") == draw_lifecycle.page() + "\n", "run: make docs"


def test_every_setting_is_explained_with_its_default() -> None:
    told = {
        name.strip("`"): usual.strip("`") for name, usual, _ in rows(section(read("settings.md"), "## All of them"))
    }

    read_by_us = {str(field.alias): str(field.default or "not set") for field in Settings.model_fields.values()}
    assert told == read_by_us


def test_settings_of_later_are_called_so() -> None:
    told = section(read("settings.md"), "## Not read yet")

    assert set(re.findall(r"`([A-Z_]+)`", told)) == settings.LATER


PARTS: Final[dict[str, type[BaseModel]]] = {
    "## The file itself": model.Whole,
    "## district": model.DistrictEntry,
    "### platforms.slack": model.Slack,
    "### platforms.teams": model.Teams,
    "## calendar": model.CalendarEntry,
    "## schools": model.SchoolEntry,
    "## people": model.PersonEntry,
    "### people.leave": model.Leave,
    "## authority_matrix": process.MatrixRow,
    "## teams": model.TeamEntry,
    "## routines": model.RoutineEntry,
    "## process_document": process.Process,
    "### process_document.versions": model.VersionEntry,
}


@pytest.mark.parametrize(("heading", "part"), [pytest.param(*each, id=each[0].strip("# ")) for each in PARTS.items()])
def test_every_field_of_the_district_file_is_told(heading: str, part: type[BaseModel]) -> None:
    text = section(read("district-file.md"), heading).partition("\n### ")[0]
    told = [name.strip("`") for name, _ in rows(text)]
    fields = {known.alias or name for name, known in part.model_fields.items()}
    beside = {"authority_matrix"} if part is process.Process else set()  # a section of its own
    kept = re.search(r"\*Kept:\* (.*?)\.\n", text, re.DOTALL)

    assert sorted(told) == sorted(fields - beside)
    assert set(re.findall(r"`(\w+)`", kept[1] if kept else "")) == getattr(part, "keeps", frozenset())


def test_every_role_of_the_district_file_is_told() -> None:
    told = {name.strip("`"): words for name, words in rows(section(read("district-file.md"), "### Roles"))}

    assert told == labels.ROLES


def commands(command: Any = None, path: str = "clearway") -> Iterator[tuple[str, Any]]:
    """Every command of the command line, by its whole name."""
    command = command or get_command(cli.app)
    if inner := getattr(command, "commands", None):
        for name, each in inner.items():
            yield from commands(each, f"{path} {name}")
    else:
        yield path, command


def test_every_command_of_the_terminal_has_its_section() -> None:
    told = re.findall(r"^### (clearway .*)$", read("commands.md"), re.MULTILINE)

    assert sorted(told) == sorted(name for name, _ in commands())


def test_every_option_of_a_command_is_told_and_no_other() -> None:
    for name, command in commands():
        own = {word for each in command.params for word in [*each.opts, *each.secondary_opts] if word.startswith("--")}
        told = set(re.findall(r"`(--[a-z-]+)", section(read("commands.md"), f"### {name}")))
        assert told == own - {"--help"}, name


def test_every_command_of_the_chat_has_its_section() -> None:
    told = re.findall(r"^### (/.*)$", read("commands.md"), re.MULTILINE)
    manifest = yaml.safe_load((ROOT / "manifest.yaml").read_text("utf-8"))

    assert told == list(COMMANDS)
    assert told == [each["command"] for each in manifest["features"]["slash_commands"]]


def test_every_word_of_a_question_is_told() -> None:
    told = section(read("commands.md"), "### /challenges")

    for word in {*asking.STATES, *asking.FLAGS, *asking.LEADING} - {"my", "next"}:
        assert re.search(rf"`/challenges ([^`]* )?{word}\b", told), word


@cache
def district() -> tuple[Directory, tuple[str, ...]]:
    """The names of the fictional district, in which the examples are asked; and its types."""
    file = check(EXAMPLE.read_text("utf-8")).sound()
    people = [Person(PersonId(each.id), each.name, external=each.external) for each in file.people.values()]
    schools = [School(SchoolId(each.id), each.name) for each in file.schools.values()]
    directory = Directory(
        DistrictId("larkspur-bend"),
        file.district.name,
        file.district.timezone,
        revision=1,
        people={each.id: each for each in people},
        schools={each.id: each for each in schools},
    )
    return directory, file.process.types


@each_page
def test_every_question_given_as_an_example_is_understood(page: Path) -> None:
    directory, types = district()

    for words in re.findall(r"`/challenges ?([^`]*)`", page.read_text("utf-8")):
        asked = asking.parse(words, directory, types, TODAY)
        assert isinstance(asked, asking.Question), words


def test_every_word_of_the_glossary_is_in_the_code() -> None:
    named = [code for row in rows(read("glossary.md")) for code in re.findall(r"`([\w.]+)`", row[-1])]

    assert len(named) > 50
    for name in named:
        assert is_there(name), name


def is_there(name: str) -> bool:
    """Whether a dotted name is a module, something in one, or a field or member of a class in one."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for part in parts[length:]:
            fields = {*getattr(found, "__dataclass_fields__", ()), *getattr(found, "model_fields", ())}
            if part in fields:
                return part == parts[-1]
            if not hasattr(found, part):
                return False
            found = getattr(found, part)
        return True
    return False


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    page = read("decisions/0010-dependencies.md")

    for heading, wanted in (
        ("## To run", project["dependencies"]),
        ("## To develop", project["optional-dependencies"]["dev"]),
    ):
        told = [name for name, _ in rows(section(page, heading))]
        assert told == sorted(told)
        assert told == sorted(re.split(r"[\[<>=~! ]", each)[0] for each in wanted)


# ----------------------------------------------------------------------------------------------------------- examples


def test_the_first_district_file_can_be_imported() -> None:
    example = re.search(r"```yaml\n(.*?)```", section(read("it.md"), "### A first district file"), re.DOTALL)

    assert example
    assert check(example[1]).mistakes == ()


def test_the_lines_of_the_log_to_look_at_are_written_somewhere() -> None:
    code = "".join(each.read_text("utf-8") for room in ("bot", "scheduling") for each in (ROOT / room).rglob("*.py"))

    for row in rows(section(read("it.md"), "## Watch it")):
        for line in re.findall(r"`([a-z]+\.[a-z_]+)`", row[0]):
            assert f'"{line}"' in code, line


def test_every_make_target_is_there() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    pages = "\n".join(each.read_text("utf-8") for each in PAGES)
    told = set(re.findall(r"(?:`|^ {4})make (\w+)", pages, re.MULTILINE))

    assert {"run", "test"} <= told <= targets


async def test_the_example_of_the_ladder_is_what_happens(database: Database) -> None:
    told: dict[date, set[Kind]] = {}
    for days, what in rows(section(read("process.md"), "## The ladder")):
        kinds = {kind for kind, words in HAPPENED.items() if re.search(words, what)}
        told |= {datetime.strptime(f"{day} 2026 Z", "%a %d %b %Y %z").date(): kinds for day in days.split(", ")}

    async with world(database, "console") as story:
        story.clock.at = detroit("2026-09-14 09:00")
        async with story.made.districts.open(story.district_id, Came(Door.COMMAND), write=True) as store:
            report = Report("The lesson calendars contradict each other.", type="materials", scope=Scope.DISTRICT)
            await capture(store, PersonId("p-015"), report, story.clock.now())
            registry.settle(store, story.clock.now())
            await store.flush(story.clock.now())
        await story.wait_until(detroit("2026-10-02 17:00"))
        history = await story.history()

    happened: dict[date, set[Kind]] = {}
    for event in history:
        if event.kind in HAPPENED:
            happened.setdefault(event.at.date(), set()).add(event.kind)
    assert told == happened


HAPPENED: Final = {Kind.PROMPTED: "prompted", Kind.ESCALATED: "brought in|takes the lead"}
"""How the example says it."""


# ---------------------------------------------------------------------------------------------------- links and paths


def linked(page: Path, *, pictures: bool) -> Iterator[str]:
    """The relative links of a page, without the code in it."""
    text = re.sub(r"^```.*?^```|`[^`\n]*`", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    for mark, target in re.findall(r"(!?)\[[^\]]*\]\(([^)\s]+)\)", text):
        if bool(mark) is pictures and not re.match(r"[a-z]+:", target):
            yield target


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


@each_page
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in linked(page, pictures=False):
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), target
        if anchor:
            assert anchor in anchors(there), target


@each_page
def test_every_picture_is_there(page: Path) -> None:
    for target in linked(page, pictures=True):
        assert (page.parent / target).exists(), target


@each_page
def test_every_path_that_is_named_is_there(page: Path) -> None:
    text = page.read_text("utf-8")

    for path in re.findall(r"`((?:bot|docs|handlers|scheduling|storage|tests)/[\w./-]*)`", text):
        assert (ROOT / path).exists(), path


# ---------------------------------------------------------------------------------------------------------- decisions


def test_decisions_are_numbered_without_a_gap() -> None:
    assert [int(each.stem[:4]) for each in DECISIONS] == list(range(1, len(DECISIONS) + 1))


@each_decision
def test_a_decision_has_its_parts(page: Path) -> None:
    text = page.read_text("utf-8")

    assert text.startswith(f"# {int(page.stem[:4])}. ")
    assert re.search(r"^Status: (accepted|replaced by \[\d+\]\(.+\))$", text, re.MULTILINE)
    headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
    required = ["Context", "Decision", "Consequences", "The check"]
    assert [each for each in headings if each in required] == required
    assert sentences(section(text, "## Context")) == 3
    assert sentences(section(text, "## Decision")) == 1
    assert section(text, "## Consequences").startswith("\n- ")
    assert section(text, "## The check").strip()


def sentences(text: str) -> int:
    """How many there are; what stands in brackets is part of the sentence around it."""
    return len(re.findall(r"[.?!](?=\s|$)", re.sub(r"\([^)]*\)", "", text)))
