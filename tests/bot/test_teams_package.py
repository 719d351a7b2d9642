"""The Teams app: what Microsoft's schema and Teams' own rules ask of it, its icons, and the registrations."""

import asyncio
import io
import json
import os
import pty
import re
import select
import socket
import struct
import subprocess
import sys
import uuid
import zipfile
import zlib
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft4Validator, FormatChecker
from typer.testing import CliRunner, Result

from bot import cli, practice
from bot.teams import icons, package, pages, parse, tab
from bot.teams.package import App, PackageError
from handlers.rules import asking
from storage import registrations
from storage.database import Database
from storage.directory import Directory
from storage.models import Registration
from storage.sealing import Seal
from storage.vocabulary import DistrictId, Platform
from tests import npm
from tests.commands import clearway
from tests.served import started, stopped, until_it_listens

APP: Final = "0f8a7c11-2b3c-4d5e-8f90-a1b2c3d4e5f6"
OTHER_APP: Final = "1f8a7c11-2b3c-4d5e-8f90-a1b2c3d4e5f6"
TENANT: Final = "00000000-0000-4000-8000-0000000000aa"
"""Of the fictional district."""
OTHER_TENANT: Final = "00000000-0000-4000-8000-0000000000bb"
HOST: Final = "clearway.example.org"
MADE: Final = App(APP, HOST, "Clearway", "0.1.0")

ROOT: Final = Path(__file__).parents[2]


# --------------------------------------------------------------------------------------------------------- the manifest


@cache
def validator(version: str) -> Draft4Validator:
    """Microsoft's schema of this version, from the package in which Microsoft publishes it."""
    published = npm.install(
        "@microsoft/app-manifest",
        "1.1.2",
        "sha512-uXdmYzhIcchi3Tc9Sh3pTDMe55zy7ge19bnYCGB1gzuyha85Ii7wfdTruwEhqseaX9pwsWDRB5Ot/ltv0rCONw==",
    )
    schema = json.loads((published / f"build/json-schemas/teams/v{version}/MicrosoftTeams.schema.json").read_text())
    return Draft4Validator(schema, format_checker=FormatChecker())


def faults(manifest: dict[str, Any]) -> list[str]:
    found = validator(manifest["manifestVersion"]).iter_errors(manifest)
    return [f"{'.'.join(map(str, each.absolute_path))}: {each.message}" for each in found]


guids = st.uuids(allow_nil=False).map(str)
labels = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)
hosts = st.builds(lambda some, end: ".".join([*some, end]), st.lists(labels, min_size=1, max_size=4),
                  st.sampled_from(["org", "net", "k12.mi.us", "xn--p1ai"]))  # fmt: skip
names = st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), min_size=1, max_size=15).filter(
    lambda text: text.isprintable() and any(each.isalnum() for each in text.strip())
)
versions = st.tuples(*[st.integers(0, 999)] * 3).map(lambda parts: ".".join(map(str, parts)))


@given(guids, hosts, names, versions)
def test_any_app_that_may_be_packed_has_a_manifest_that_microsofts_schema_takes(
    app_id: str, host: str, name: str, version: str
) -> None:
    made = package.app(app_id, host, name, version)

    assert (made.app_id, made.host, made.name, made.version) == (app_id, host, name.strip(), version)
    assert faults(package.manifest(made)) == []


def test_it_will_be_valid_by_the_newest_schema_too() -> None:
    newest = package.manifest(MADE) | {"manifestVersion": "1.30"}

    assert faults(newest) == []


def test_the_schema_is_really_asked() -> None:
    manifest = package.manifest(MADE)
    manifest["composeExtensions"][0]["commands"][0]["tittle"] = "misspelt"
    manifest["bots"][0]["botId"] = "no guid"

    assert len(faults(manifest)) == 2


def test_it_keeps_the_rules_that_teams_has_beyond_the_schema() -> None:
    manifest = package.manifest(MADE)
    (bot,) = manifest["bots"]
    (extension,) = manifest["composeExtensions"]

    assert manifest["supportsChannelFeatures"] == "tier1"  # else Teams refuses an app for teams, from 1.25 on
    assert {extension["botId"], bot["botId"], manifest["webApplicationInfo"]["id"]} == {APP}
    assert manifest["webApplicationInfo"]["resource"] == f"api://{HOST}/botid-{APP}"
    assert manifest["validDomains"] == [HOST]
    for each in leaves(manifest):
        if each.startswith("http") and "developer.microsoft.com" not in each:
            assert each.startswith(f"https://{HOST}/teams/"), each


def leaves(part: Any) -> list[str]:
    inner = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    return [part] if isinstance(part, str) else [each for some in inner for each in leaves(some)]


def test_a_message_can_be_reported_and_a_challenge_raised_or_found_wherever_one_writes() -> None:
    (extension,) = package.manifest(MADE)["composeExtensions"]
    offered = {each["id"]: (each["type"], each["title"], each["context"]) for each in extension["commands"]}

    assert offered == {
        parse.MESSAGE_ACTION: ("action", "Report as a challenge", ["message"]),
        parse.COMPOSE_ACTION: ("action", "Report a challenge", ["compose", "commandBox"]),
        parse.SEARCH_COMMAND: ("query", "Find a challenge", ["compose", "commandBox"]),
    }
    assert all(each["fetchTask"] for each in extension["commands"] if each["type"] == "action")


def test_in_each_place_where_it_can_be_it_offers_words_that_it_understands() -> None:
    (bot,) = package.manifest(MADE)["bots"]
    district = Directory(DistrictId("oak"), "Oak", "America/Detroit", revision=1, people={}, schools={})

    assert [scope for each in bot["commandLists"] for scope in each["scopes"]] == bot["scopes"]
    assert set(bot["scopes"]) == {"personal", "team", "groupChat"}
    for each in bot["commandLists"]:
        titles = [command["title"] for command in each["commands"]]
        assert {"report", "challenges", "clearway"} <= set(titles)
        assert all(len(command["title"]) <= 32 and len(command["description"]) <= 128 for command in each["commands"])
        for title in titles:
            word, _, more = title.partition(" ")
            assert word in {"report", "challenges", "clearway"}
            if word == "challenges":
                assert isinstance(asking.parse(more, district, (), date(2026, 10, 12)), asking.Question), title


def test_the_same_registration_is_the_same_app_wherever_it_runs() -> None:
    moved = package.app(APP.upper(), "other.example.org", "Other", "0.2.0")

    assert uuid.UUID(moved.id).version == 5
    assert moved.id == MADE.id
    assert moved.id != APP
    assert moved.id != package.app(OTHER_APP, HOST, "Clearway", "0.1.0").id


@pytest.mark.parametrize(
    ("version", "shown"),
    [("0.1.0", "0.1.0"), ("1.2", "1.2.0"), ("0.3.0rc1", "0.3.0"), ("1.2.3.post4", "1.2.3"), ("2026.1.5+local", "2026.1.5")],
)  # fmt: skip
def test_teams_wants_three_numbers_for_a_version(version: str, shown: str) -> None:
    assert package.version_for_teams(version) == shown


# --------------------------------------------------------------------------------------------------- what may be given

GOOD: Final = {"app_id": APP, "host": HOST, "name": "Clearway", "version": "0.1.0"}


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        pytest.param({"app_id": "clearway"}, "--app-id is not the id that Azure shows", id="a name for an id"),
        pytest.param({"app_id": APP.replace("-", "")}, "is not the id that Azure shows", id="without dashes"),
        pytest.param({"app_id": f"{{{APP}}}"}, "is not the id that Azure shows", id="in braces"),
        pytest.param({"app_id": APP + "\n" + APP}, "is not the id that Azure shows", id="two of them"),
        pytest.param({"host": "https://clearway.example.org"}, "did you mean clearway.example.org?", id="with a scheme"),
        pytest.param({"host": "clearway.example.org/"}, "did you mean clearway.example.org?", id="with a slash"),
        pytest.param({"host": "clearway.example.org/api/messages"}, "did you mean clearway.example.org?", id="a path"),
        pytest.param({"host": "clearway.example.org:8443"}, "did you mean clearway.example.org?", id="with a port"),
        pytest.param({"host": "me@clearway.example.org"}, "did you mean clearway.example.org?", id="with a user"),
        pytest.param({"host": "203.0.113.7"}, "an address in numbers", id="an address"),
        pytest.param({"host": "[2001:db8::7]"}, "is no host name", id="an address of the newer kind"),
        pytest.param({"host": "localhost"}, "cannot be reached from outside", id="this machine"),
        pytest.param({"host": "clearway"}, "cannot be reached from outside", id="a short name"),
        pytest.param({"host": "clearway.oak.local"}, "cannot be reached from outside", id="an inward name"),
        pytest.param({"host": "*.example.org"}, "is no host name", id="a wildcard"),
        pytest.param({"host": "clear_way.example.org"}, "is no host name", id="an underscore"),
        pytest.param({"host": "-clearway.example.org"}, "is no host name", id="a dash in front"),
        pytest.param({"host": "clearway..example.org"}, "is no host name", id="two dots"),
        pytest.param({"host": "clearway.example.org."}, "is no host name", id="a dot at the end"),
        pytest.param({"host": "a" * 64 + ".example.org"}, "is no host name", id="a part too long"),
        pytest.param({"host": ".".join(["a" * 50] * 6)}, "is no host name", id="all of it too long"),
        pytest.param({"host": "schüle.example.org"}, "begins with xn--", id="letters beyond a to z"),
        pytest.param({"host": "clearway example.org"}, "is no host name", id="a space"),
        pytest.param({"host": "http://["}, "is no host name", id="no address at all"),
        pytest.param({"host": ""}, "is no host name", id="nothing"),
        pytest.param({"name": "x" * 31}, "this one has 31", id="a long name"),
        pytest.param({"name": "A" + "🏫" * 15}, "this one has 31", id="a name that Teams counts as long"),
        pytest.param({"name": " "}, "a name that can be read", id="no name"),
        pytest.param({"name": "Clear\nway"}, "on one line", id="a name of two lines"),
        pytest.param({"version": "1.0"}, "three numbers", id="a short version"),
        pytest.param({"version": "v1.0.0"}, "three numbers", id="a version with a letter"),
        pytest.param({"version": "1.02.3"}, "three numbers", id="a version with a leading nought"),
    ],
)  # fmt: skip
def test_what_cannot_be_packed_is_told_in_a_sentence(bad: dict[str, str], told: str) -> None:
    with pytest.raises(PackageError) as refused:
        package.app(**GOOD | bad)
    assert told in str(refused.value)
    assert str(refused.value).startswith("--")
    assert str(refused.value).endswith((".", "?"))


@given(st.text(max_size=40))
def test_whatever_is_given_as_a_host_is_a_name_or_refused_with_a_sentence(given_host: str) -> None:
    try:
        answer = package.app(APP, given_host, "Clearway", "0.1.0").host
    except PackageError as refused:
        answer = str(refused)

    assert re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+|--host: .+[.?]", answer, re.DOTALL)


# -------------------------------------------------------------------------------------------------------------- the zip


def test_the_zip_holds_its_three_files_at_the_root_and_nothing_else() -> None:
    with zipfile.ZipFile(io.BytesIO(package.package(MADE))) as packed:
        assert packed.testzip() is None
        assert sorted(packed.namelist()) == ["color.png", "manifest.json", "outline.png"]
        manifest = json.loads(packed.read("manifest.json"))
        assert manifest == package.manifest(MADE)
        assert set(manifest["icons"].values()) <= set(packed.namelist())


def test_the_same_app_is_packed_into_the_same_bytes() -> None:
    assert package.package(MADE) == package.package(package.app(**GOOD))


def test_the_command_writes_it_once_and_overwrites_nothing_unasked(tmp_path: Path) -> None:
    zipped = tmp_path / "oak.zip"
    asked = ("teams", "package", "--app-id", APP, "--host", HOST, "--name", "Oak’s Clearway", "--out", str(zipped))
    made = clearway(*asked, cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    assert f"https://{HOST}/api/messages" in made.stdout
    with zipfile.ZipFile(zipped) as packed:
        manifest = json.loads(packed.read("manifest.json"))
    assert (manifest["name"]["short"], faults(manifest)) == ("Oak’s Clearway", [])
    assert [each.name for each in tmp_path.iterdir()] == ["oak.zip"]
    before = zipped.read_bytes()

    again = run(*asked, "--app-version", "1.0.1")
    assert (again.exit_code, "--force" in again.output) == (2, True)
    assert zipped.read_bytes() == before

    forced = run(*asked, "--app-version", "1.0.1", "--force")
    assert (forced.exit_code, "version 1.0.1" in forced.output) == (0, True)
    assert zipped.read_bytes() != before


def test_everything_that_is_wrong_is_told_at_once_and_nothing_is_written(tmp_path: Path) -> None:
    bad = clearway("teams", "package", "--app-id", "7", "--host", "http://x", "--name", "", cwd=tmp_path)

    assert (bad.returncode, len(bad.stderr.splitlines()), bad.stdout) == (2, 3, "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("out", "told"), [("oak.txt", "ends in .zip"), (".", "ends in .zip"), ("nowhere/oak.zip", "there is no folder")]
)
def test_a_place_where_no_zip_can_be_is_told(tmp_path: Path, out: str, told: str) -> None:
    bad = run("teams", "package", "--app-id", APP, "--host", HOST, "--out", str(tmp_path / out))

    assert (bad.exit_code, told in bad.output) == (2, True)


def run(*arguments: str, env: dict[str, str] | None = None, said: str = "") -> Result:
    """The command in this process, which is quicker."""
    return CliRunner().invoke(cli.app, arguments, env=env, input=said)


# ------------------------------------------------------------------------------------------------------------ the icons


class Pixel(NamedTuple):
    red: int
    green: int
    blue: int
    alpha: int


def pixels(png: bytes) -> list[list[Pixel]]:
    """The rows of an 8-bit RGBA picture, read as the specification says, for the one filter that we use."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    chunks: list[tuple[bytes, bytes]] = []
    at = 8
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        kind, data = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", png, at + 8 + length) == (zlib.crc32(kind + data),)
        chunks.append((kind, data))
        at += 12 + length
    assert [kind for kind, _ in chunks] == [b"IHDR", b"IDAT", b"IEND"]
    width, height, depth, color, *rest = struct.unpack(">IIBBBBB", chunks[0][1])
    assert (depth, color, rest) == (8, 6, [0, 0, 0])
    lines = zlib.decompress(chunks[1][1])
    assert len(lines) == height * (1 + 4 * width)
    rows = [lines[start : start + 1 + 4 * width] for start in range(0, len(lines), 1 + 4 * width)]
    assert {row[0] for row in rows} == {0}
    return [[Pixel(*row[1 + 4 * x : 5 + 4 * x]) for x in range(width)] for row in rows]


def extent(rows: list[list[Pixel]], drawn: Callable[[Pixel], bool]) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what is drawn."""
    places = [(x, y) for y, row in enumerate(rows) for x, pixel in enumerate(row) if drawn(pixel)]
    return (
        min(x for x, _ in places), min(y for _, y in places),
        max(x for x, _ in places), max(y for _, y in places),
    )  # fmt: skip


def test_the_colour_icon_is_an_opaque_square_with_the_mark_where_it_is_not_cropped() -> None:
    rows = pixels(icons.color())

    assert (len(rows), {len(row) for row in rows}) == (192, {192})
    assert {pixel.alpha for row in rows for pixel in row} == {255}
    assert {rows[y][x] for y in (0, -1) for x in (0, -1)} == {(*icons.GROUND, 255)}
    assert {(*icons.WHITE, 255), (*icons.YELLOW, 255)} < {each for row in rows for each in row}
    left, top, right, bottom = extent(rows, lambda pixel: pixel != (*icons.GROUND, 255))
    assert min(left, top) >= 36
    assert max(right, bottom) < 192 - 36
    assert left + right == 191
    assert (top, bottom) == (36, 155)


def test_the_outline_icon_is_white_on_nothing_and_fills_its_square() -> None:
    rows = pixels(icons.outline())

    assert (len(rows), {len(row) for row in rows}) == (32, {32})
    assert {pixel[:3] for row in rows for pixel in row} == {(255, 255, 255)}
    assert {rows[y][x].alpha for y in (0, -1) for x in (0, -1)} == {0}
    share = sum(pixel.alpha for row in rows for pixel in row) / (255 * 32 * 32)
    assert 0.15 < share < 0.5
    _, top, _, bottom = extent(rows, lambda pixel: pixel.alpha > 127)
    assert (top, bottom) == (0, 31)


def test_at_32_pixels_the_road_and_its_middle_line_are_still_apart() -> None:
    rows = pixels(icons.outline())
    left_over = {(x, y) for y, row in enumerate(rows) for x, pixel in enumerate(row) if pixel.alpha > 127}
    shapes = 0
    while left_over:
        shapes += 1
        near = [left_over.pop()]
        while near:
            x, y = near.pop()
            touching = {(x + dx, y + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)} & left_over
            left_over -= touching
            near += touching

    assert shapes == len(icons.MARK)


def test_the_icons_are_the_mark_of_the_console() -> None:
    mark = (ROOT / "bot/console/static/mark.svg").read_text()
    drawn = []
    for path, color, width in re.findall(r'<path d="([^"]+)" stroke="([^"]+)" stroke-width="([^"]+)"', mark):
        for x, y, rest in re.findall(r"M([\d.]+) ([\d.]+)([^M]*)", path):
            drawn += [(each, color, float(width)) for each in segments(float(x), float(y), rest)]

    def named(rgb: icons.Rgb) -> str:
        return "#fff" if rgb == icons.WHITE else "#{:02x}{:02x}{:02x}".format(*rgb)

    assert drawn == [((s.x1, s.y1, s.x2, s.y2), named(s.color), s.width) for s in icons.MARK]
    assert f'rx="10" fill="{named(icons.GROUND)}"' in mark


def segments(x: float, y: float, rest: str) -> list[tuple[float, float, float, float]]:
    """The strokes of an SVG path that begins at a point: `v` draws downwards, `m` moves, two numbers are a line."""
    if line := re.fullmatch(r" ([\d.]+) ([\d.]+)", rest):
        return [(x, y, float(line[1]), float(line[2]))]
    found = []
    for kind, first, second in re.findall(r"([vm])(-?[\d.]+)(-?[\d.]+)?", rest):
        if kind == "v":
            found.append((x, y, x, y := y + float(first)))
        else:
            x, y = x + float(first), y + float(second)
    return found


# ---------------------------------------------------------------------------------------------------- the registrations

SECRET: Final = "abc8Q~made-up.canary_of-a-secret"
NEW_SECRET: Final = "xyz8Q~made-up.canary_of-another"


@pytest.fixture
def environment(database_url: str) -> dict[str, str]:
    return {"CLEARWAY_DATABASE_URL": database_url, "CLEARWAY_SECRET_KEYS": Seal.new_key()}


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    file = tmp_path / "secret"
    file.write_text(SECRET + "\n")
    return file


def rows(environment: dict[str, str]) -> list[Registration]:
    async def look() -> list[Registration]:
        database = Database(environment["CLEARWAY_DATABASE_URL"])
        async with database.queue(write=False) as connection:
            found = await registrations.registrations(connection, Platform.TEAMS)
        await database.close()
        return found

    return asyncio.run(look())


def opened(row: Registration, environment: dict[str, str]) -> Any:
    return Seal([environment["CLEARWAY_SECRET_KEYS"]]).open(row.secrets, purpose="registration")


def register(app_id: str, tenant: str, file: Path | str, environment: dict[str, str], said: str = "") -> Result:
    asked = ("teams", "register", "--app-id", app_id, "--tenant", tenant, "--secret-file", str(file))
    result = run(*asked, env=environment, said=said)
    assert SECRET not in result.output
    return result


def test_districts_of_one_server_have_a_registration_each(
    tmp_path: Path, environment: dict[str, str], secret: Path
) -> None:
    assert "No Teams app is registered" in run("teams", "registrations", env=environment).output
    assert clearway("district", "import", str(practice.FILE), cwd=tmp_path, **environment).returncode == 0

    made = clearway(
        "teams", "register", "--app-id", APP.upper(), "--tenant", TENANT, "--secret-file", str(secret),
        cwd=tmp_path, **environment,
    )  # fmt: skip
    assert (made.returncode, made.stderr, SECRET in made.stdout) == (0, "", False)
    assert "Registered" in made.stdout
    assert "No district names" not in made.stdout
    second = register(OTHER_APP, OTHER_TENANT, "-", environment, said=SECRET)
    assert (second.exit_code, "No district names this tenant yet" in second.output) == (0, True)

    listed = json.loads(run("teams", "registrations", "--json", env=environment).output)
    assert [(each["app_id"], each["tenant"], each["districts"]) for each in listed] == [
        (APP, TENANT, ["larkspur-bend"]),
        (OTHER_APP, OTHER_TENANT, []),
    ]
    shown = run("teams", "registrations", env=environment).output.splitlines()
    assert [APP in shown[0], "larkspur-bend" in shown[0], OTHER_APP in shown[1], len(shown)] == [True, True, True, 2]

    first, other = rows(environment)
    assert SECRET not in first.secrets + other.secrets
    assert opened(first, environment) == opened(other, environment) == {"password": SECRET}
    assert (first.workspace_id, first.seeded) == (TENANT, False)


def test_a_new_secret_replaces_the_old_one(environment: dict[str, str], secret: Path) -> None:
    register(APP, TENANT, secret, environment)
    (before,) = rows(environment)
    secret.write_text(NEW_SECRET)
    again = register(APP, TENANT, secret, environment)

    assert (again.exit_code, "secret is replaced" in again.output) == (0, True)
    (after,) = rows(environment)
    assert (after.id, opened(after, environment)) == (before.id, {"password": NEW_SECRET})


def test_an_app_belongs_to_one_tenant(environment: dict[str, str], secret: Path) -> None:
    register(APP, TENANT, secret, environment)
    (before,) = rows(environment)
    moved = register(APP, OTHER_TENANT, secret, environment)

    assert (moved.exit_code, "one tenant" in moved.output) == (2, True)
    assert rows(environment) == [before]


def test_a_registration_can_be_forgotten(environment: dict[str, str], secret: Path) -> None:
    register(APP, TENANT, secret, environment)
    register(OTHER_APP, OTHER_TENANT, secret, environment)
    gone = run("teams", "unregister", "--app-id", APP, env=environment)

    assert (gone.exit_code, "Forgotten" in gone.output) == (0, True)
    assert [each.app_id for each in rows(environment)] == [OTHER_APP]
    again = run("teams", "unregister", "--app-id", APP, env=environment)
    assert (again.exit_code, "There is no app" in again.output) == (2, True)


def test_with_other_keys_than_those_of_before_nothing_is_stored(
    tmp_path: Path, environment: dict[str, str], secret: Path
) -> None:
    assert clearway("district", "import", str(practice.FILE), cwd=tmp_path, **environment).returncode == 0
    other = environment | {"CLEARWAY_SECRET_KEYS": Seal.new_key()}
    refused = clearway(
        "teams", "register", "--app-id", APP, "--tenant", TENANT, "--secret-file", str(secret), cwd=tmp_path, **other
    )

    assert (refused.returncode, "CLEARWAY_SECRET_KEYS" in refused.stderr) == (2, True)
    assert rows(environment) == []


@pytest.mark.parametrize(
    ("given_secret", "told"),
    [
        pytest.param(" \n", "is empty", id="nothing"),
        pytest.param(OTHER_APP, "is the id of a client secret", id="the id of the secret"),
        pytest.param("first second", "is no client secret", id="two words"),
        pytest.param("x" * 501, "far too long", id="a whole file"),
        pytest.param("schlüssel", "is no client secret", id="letters beyond ASCII"),
    ],
)
def test_what_is_no_secret_is_told(tmp_path: Path, given_secret: str, told: str) -> None:
    file = tmp_path / "secret"
    file.write_text(given_secret, encoding="utf-8")
    here = {"CLEARWAY_DATABASE_URL": f"sqlite:///{tmp_path}/none.db", "CLEARWAY_SECRET_KEYS": Seal.new_key()}
    bad = register(APP, TENANT, file, here)

    assert (bad.exit_code, told in bad.output, given_secret.strip() in bad.output and given_secret.strip() != "") == (
        2, True, False,
    )  # fmt: skip
    assert not (tmp_path / "none.db").exists()


@pytest.mark.parametrize(
    ("app_id", "tenant", "told"),
    [
        ("clearway", TENANT, "--app-id is not the id"),
        (APP, "oak.onmicrosoft.com", "--tenant is not the id"),
        (APP, APP, "the app id once more"),
    ],
)  # fmt: skip
def test_ids_that_are_mixed_up_are_told(tmp_path: Path, app_id: str, tenant: str, told: str) -> None:
    here = {"CLEARWAY_DATABASE_URL": f"sqlite:///{tmp_path}/none.db", "CLEARWAY_SECRET_KEYS": Seal.new_key()}
    bad = register(app_id, tenant, "-", here, said=SECRET)

    assert (bad.exit_code, told in bad.output) == (2, True)
    assert not (tmp_path / "none.db").exists()


def test_the_secret_is_never_taken_from_the_command_line_and_not_shown_when_typed(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    asked = ("teams", "register", "--app-id", APP, "--tenant", TENANT)
    nowhere = run(*asked, env=environment)
    assert (nowhere.exit_code, "--secret-file" in nowhere.output) == (2, True)

    keyboard, terminal = pty.openpty()
    here = subprocess.Popen(
        [sys.executable, "-c", "from bot.cli import main; main()", *asked],
        stdin=terminal, stdout=terminal, stderr=terminal, cwd=tmp_path, env=os.environ | environment,
        start_new_session=True,
    )  # fmt: skip
    os.close(terminal)
    try:
        seen = typed(keyboard, "not shown", SECRET)
    except TimeoutError:
        here.kill()
        raise

    assert (here.wait(60), "Registered" in seen, SECRET in seen) == (0, True, False)
    (row,) = rows(environment)
    assert opened(row, environment) == {"password": SECRET}


def typed(keyboard: int, asked: str, answer: str) -> str:
    """Answers the question when it stands there; all that was to be seen until the end."""
    seen = b""
    answered = False
    while True:
        if not select.select([keyboard], [], [], 60)[0]:
            raise TimeoutError(seen.decode())
        try:
            seen += (new := os.read(keyboard, 4096))
        except OSError:  # Linux says so when the other side has closed
            new = b""
        if not new:
            os.close(keyboard)
            return seen.decode()
        if not answered and asked.encode() in seen:
            answered = True
            os.write(keyboard, answer.encode() + b"\n")


# --------------------------------------------------------------------------------------------------- the app's own pages


async def test_every_address_in_the_manifest_is_a_page_that_teams_may_show_and_that_holds_nobodys_words() -> None:
    server = web.Application()
    nobody: Any = None  # no page asks for anybody
    server.add_routes([*pages.routes(), *tab.Tab(nobody, nobody).routes()])
    named = [each for each in leaves(package.manifest(MADE)) if each.startswith(f"https://{HOST}/")]
    assert len(named) == 5

    async with TestClient(TestServer(server)) as client:
        for each in named:
            path, _, anchor = each.removeprefix(f"https://{HOST}").partition("#")
            answer = await client.get(path)
            text = await answer.text()
            assert (answer.status, answer.content_type) == (200, "text/html")
            assert not anchor or f'id="{anchor}"' in text
            assert text.count("<h1>") == 1
            assert '<html lang="en">' in text
            policy = answer.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            if path == package.TAB_PATH:
                assert "frame-ancestors https://teams.microsoft.com " in policy
            else:
                assert "<script" not in text
                assert "frame-ancestors 'none'" in policy


async def test_a_clearway_with_a_registration_listens_to_teams_and_takes_nothing_unsigned(
    tmp_path: Path, environment: dict[str, str], secret: Path
) -> None:
    await asyncio.to_thread(register, APP, TENANT, secret, environment)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    nowhere = "http://127.0.0.1:9/keys"  # Microsoft's keys are not fetched from a test
    more = {"CLEARWAY_PORT": address.rpartition(":")[2], "MICROSOFT_OPENID_METADATA_URL": nowhere}
    server = await started(tmp_path, environment | more)
    try:
        said = await until_it_listens(server)
        assert b"listens" in said[-1], said
        assert b"No platform is set up" not in b"".join(said)
        async with ClientSession(address) as session:
            async with session.get(package.TAB_PATH) as shown:
                assert shown.status == 200
            forged = {"type": "message", "channelData": {"tenant": {"id": TENANT}}, "recipient": {"id": f"28:{APP}"}}
            async with session.post(package.MESSAGES_PATH, json=forged) as refused:
                assert refused.status == 401
    finally:
        returned = await stopped(server)
    assert returned == 0
