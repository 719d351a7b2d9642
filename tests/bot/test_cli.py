"""The command line, as an operator uses it: in its own process, with its own environment."""

import asyncio
import codecs
import csv
import json
import re
import urllib.request
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import unused_port

from bot import practice
from bot.settings import SettingsError, read
from tests.commands import clearway
from tests.fakes.slack import FakeSlack, SlackPerson
from tests.served import started, stopped, until_it_listens

FILE = Path(practice.FILE)


@pytest.fixture
def free_port() -> int:
    """Others may test on this machine."""
    return unused_port()


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, str]:
    """What `clearway init` writes, as an environment."""
    made = clearway("init", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    lines = (tmp_path / ".env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def test_init_makes_a_file_that_it_never_overwrites(settings: dict[str, str], tmp_path: Path) -> None:
    assert settings["CLEARWAY_SECRET_KEYS"]
    assert (tmp_path / ".env").stat().st_mode & 0o077 == 0
    again = clearway("init", cwd=tmp_path)
    assert (again.returncode, "does not overwrite" in again.stderr) == (2, True)


def test_init_says_how_to_load_the_file_that_it_made_or_found(tmp_path: Path) -> None:
    load = f"set -a; . {tmp_path / 'etc' / 'my.env'}; set +a"
    made = clearway("init", "--file", "etc/my.env", cwd=tmp_path)
    again = clearway("init", "--file", "etc/my.env", cwd=tmp_path)
    assert (made.returncode, again.returncode) == (0, 2)
    assert load in made.stdout
    assert load in again.stderr


def test_it_says_which_version_it_is(tmp_path: Path) -> None:
    told = clearway("--version", cwd=tmp_path)
    assert (told.returncode, told.stdout) == (0, f"Clearway {version('clearway')}\n")


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("CLEARWAY_PORT", "web", "CLEARWAY_PORT takes a number from 1 to 65535, such as 3000."),
        ("CLEARWAY_PORT", "0", "CLEARWAY_PORT takes a number from 1 to 65535, such as 3000."),
        ("CLEARWAY_LOG_FORMAT", "xml", "CLEARWAY_LOG_FORMAT takes json or console."),
        ("CLEARWAY_TEAMS_INSECURE_LOCAL", "perhaps", "CLEARWAY_TEAMS_INSECURE_LOCAL takes 1, or is not set."),
        ("CLEARWAY_DATABASE_URL", "sqlite:///", "CLEARWAY_DATABASE_URL names no file: write sqlite:///clearway.db"),
        ("CLEARWAY_DATABASE_URL", "postgresql://db", "CLEARWAY_DATABASE_URL names no database: write postgresql://"),
        ("CLEARWAY_DATABASE_URL", "postgresql://h:p/x", "CLEARWAY_DATABASE_URL cannot be read: write postgresql://"),
        ("CLEARWAY_DATABASE_URL", "mysql://h/x", "CLEARWAY_DATABASE_URL must begin with sqlite:/// or postgresql://."),
        ("CLEARWAY_SECRET_KEYS", "short", "CLEARWAY_SECRET_KEYS is not a key; make one with `clearway init`."),
    ],
)
def test_a_bad_value_is_told_in_a_sentence_with_the_cure(name: str, value: str, says: str) -> None:
    with pytest.raises(SettingsError) as told:
        read({name: value})
    assert str(told.value).startswith(says)


def test_check_config_says_where_the_database_is(tmp_path: Path, settings: dict[str, str]) -> None:
    told = clearway("check-config", cwd=tmp_path, **settings)
    assert f"database: not made yet, {tmp_path / 'clearway.db'}" in told.stdout


def test_what_is_made_is_for_the_user_alone_and_excel_reads_its_accents(
    tmp_path: Path, settings: dict[str, str]
) -> None:
    clearway("district", "import", str(FILE), cwd=tmp_path, **settings)
    clearway("log", "export", "log.csv", cwd=tmp_path, **settings)
    assert {(tmp_path / each).stat().st_mode & 0o077 for each in ("clearway.db", "log.csv")} == {0}
    assert (tmp_path / "log.csv").read_bytes().startswith(codecs.BOM_UTF8 + b"number,")


def test_rules_that_changed_are_told_how_they_take_effect(tmp_path: Path, settings: dict[str, str]) -> None:
    clearway("district", "import", str(FILE), cwd=tmp_path, **settings)
    text = FILE.read_text("utf-8")
    changed = text.replace("daily_message_budget: 3", "daily_message_budget: 2")
    assert changed != text
    (tmp_path / "changed.yaml").write_text(changed)
    for _ in range(2):  # also when the draft is there already
        told = clearway("district", "import", "changed.yaml", cwd=tmp_path, **settings)
        assert "DO NOT take effect" in told.stdout
        assert '    - {version: "1.2", status: in_force, date: ' in told.stdout


def test_a_school_calendar_is_shown_before_it_is_applied(tmp_path: Path, settings: dict[str, str]) -> None:
    clearway("district", "import", str(FILE), cwd=tmp_path, **settings)
    (tmp_path / "year.yaml").write_text(
        "last_student_day: 2037-06-10\nclosed: [{name: Fair, from: 2037-05-04, to: 2037-05-04}]\n"
    )
    (tmp_path / "bad.ics").write_text("BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:No School\nEND:VEVENT\nEND:VCALENDAR\n")

    def told(file: str, *options: str) -> tuple[int, str]:
        done = clearway("district", "calendar", file, *options, cwd=tmp_path, **settings)
        return done.returncode, done.stdout + done.stderr

    code, shown = told("year.yaml")
    assert (code, "would be closed:\n  Mon 2037-05-04 (Fair)" in shown) == (1, True)
    assert "clearway district calendar year.yaml --apply" in shown
    assert told("year.yaml", "--apply")[0] == 0
    assert told("year.yaml") == (0, shown.splitlines()[0] + "\nNothing to change: the calendar is so already.\n")
    assert told("bad.ics") == (2, "bad.ics:line 2: “No School” has no day: DTSTART is missing\n"
                                  "Nothing was changed. Please mend the lines above.\n")  # fmt: skip


def test_a_bad_environment_is_told_in_sentences(tmp_path: Path, settings: dict[str, str]) -> None:
    bad = clearway(
        "check-config", cwd=tmp_path, **settings | {"CLEARWAY_PORT": "99999", "CLEARWAY_SECRET_KEYS": "short"}
    )
    assert bad.returncode == 2
    assert "CLEARWAY_PORT" in bad.stderr
    assert "clearway init" in bad.stderr
    assert "Traceback" not in bad.stderr
    half = clearway("check-config", cwd=tmp_path, **settings | {"SLACK_BOT_TOKEN": "xoxb-1"})
    assert (half.returncode, "SLACK_SIGNING_SECRET" in half.stderr) == (2, True)
    none = clearway("run", cwd=tmp_path)
    assert (none.returncode, "clearway init" in none.stderr) == (2, True)


def test_check_config_masks_secrets_and_warns_of_misspelt_names(tmp_path: Path, settings: dict[str, str]) -> None:
    secret = tmp_path / "token"
    secret.write_text("xoxb-canary")
    found = clearway("check-config", cwd=tmp_path, **settings | {
        "SLACK_BOT_TOKEN_FILE": str(secret), "SLACK_SIGNING_SECRET": "ca0a11" * 5 + "ca", "CLEARWAY_PROT": "3001",
    })  # fmt: skip
    assert found.returncode == 0, found.stderr
    assert "SLACK_BOT_TOKEN = set" in found.stdout
    assert "Slack's values have the right form. It is reached by signed HTTP" in found.stdout
    assert "canary" not in found.stdout + found.stderr
    assert "ca0a11" not in found.stdout + found.stderr
    assert settings["CLEARWAY_SECRET_KEYS"] not in found.stdout
    assert "CLEARWAY_PROT" in found.stderr


@pytest.mark.parametrize("command", ["check-config", "run"])
def test_slacks_values_in_the_wrong_places_stop_the_start(
    command: str, tmp_path: Path, settings: dict[str, str]
) -> None:
    swapped = {
        "SLACK_BOT_TOKEN": "xapp-1-canary",
        "SLACK_APP_TOKEN": "'xoxb-1-canary'",
        "SLACK_API_URL": "http://x.org",
    }
    found = clearway(command, cwd=tmp_path, **settings | swapped)
    assert found.returncode == 2
    assert "SLACK_BOT_TOKEN is an app-level token (xapp-), and belongs in SLACK_APP_TOKEN." in found.stderr
    assert "SLACK_APP_TOKEN has quotes around its value" in found.stderr
    assert "SLACK_API_URL must begin with https://" in found.stderr
    assert "canary" not in found.stdout + found.stderr
    assert not (tmp_path / "clearway.db").exists()


def test_a_district_goes_in_comes_out_and_goes_in_equal(tmp_path: Path, settings: dict[str, str]) -> None:
    assert clearway("db", "current", cwd=tmp_path, **settings).returncode == 1
    assert clearway("db", "upgrade", cwd=tmp_path, **settings).returncode == 0
    assert clearway("db", "current", cwd=tmp_path, **settings).returncode == 0
    checked = clearway("district", "check", str(FILE), cwd=tmp_path, **settings)
    assert checked.returncode == 0, checked.stdout
    assert clearway("district", "import", str(FILE), cwd=tmp_path, **settings).returncode == 0
    again = clearway("district", "import", str(FILE), cwd=tmp_path, **settings)
    assert "nothing to change" in again.stdout
    written = clearway("district", "export", "out.yaml", cwd=tmp_path, **settings)
    assert written.stdout == "out.yaml is written.\n"
    exported = (tmp_path / "out.yaml").read_text(encoding="utf-8")
    other = settings | {"CLEARWAY_DATABASE_URL": "sqlite:///other.db"}
    assert clearway("district", "import", "out.yaml", cwd=tmp_path, **other).returncode == 0
    assert clearway("district", "export", "-", cwd=tmp_path, **other).stdout == exported
    assert clearway("audit", cwd=tmp_path, **settings).returncode == 0


def test_every_mistake_of_a_file_is_named_with_its_line_and_nothing_is_half_imported(
    tmp_path: Path, settings: dict[str, str]
) -> None:
    broken = (
        FILE.read_text().replace("decider: p-004}", "decider: p-404}", 1).replace("America/Detroit", "America/Nowhere")
    )
    (tmp_path / "broken.yaml").write_text(broken)
    found = clearway("district", "import", "broken.yaml", cwd=tmp_path, **settings)
    assert found.returncode == 2
    assert len(re.findall(r"line \d+", found.stderr)) >= 2
    assert "p-404" in found.stderr
    assert "America/Nowhere" in found.stderr
    assert "There is no district yet" in clearway("district", "export", "-", cwd=tmp_path, **settings).stderr


def test_practice_refuses_a_real_district(tmp_path: Path, settings: dict[str, str]) -> None:
    real = FILE.read_text().replace("fictional: true", "fictional: false")
    (tmp_path / "real.yaml").write_text(real)
    (tmp_path / "real.key").write_text(settings["CLEARWAY_SECRET_KEYS"])
    here = settings | {"CLEARWAY_DATABASE_URL": f"sqlite:///{tmp_path / 'real.db'}"}
    assert clearway("district", "import", "real.yaml", cwd=tmp_path, **here).returncode == 0
    refused = clearway("practice", "--no-open", "--database", str(tmp_path / "real.db"), cwd=tmp_path)
    assert (refused.returncode, "real district" in refused.stderr) == (2, True)
    (tmp_path / "real.key").unlink()
    refused = clearway("practice", "--no-open", "--database", str(tmp_path / "real.db"), cwd=tmp_path)
    assert (refused.returncode, "real district" in refused.stderr) == (2, True)
    assert not (tmp_path / "real.key").exists()


def test_practice_refuses_a_district_that_it_did_not_make(tmp_path: Path, settings: dict[str, str]) -> None:
    clearway("district", "import", str(FILE), cwd=tmp_path, **settings)
    refused = clearway("practice", "--no-open", "--database", "clearway.db", cwd=tmp_path)
    assert (refused.returncode, "was not made by practice" in refused.stderr) == (2, True)
    assert not (tmp_path / "clearway.key").exists()


async def ready(url: str) -> tuple[int, dict[str, Any]]:
    def get() -> tuple[int, dict[str, Any]]:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310  # our own, on this machine
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)
        except OSError:
            return 0, {}

    return await asyncio.to_thread(get)


async def test_run_listens_to_slack_and_the_log_is_exported(
    tmp_path: Path, settings: dict[str, str], free_port: int
) -> None:
    clearway("district", "import", str(FILE), cwd=tmp_path, **settings)
    async with FakeSlack() as slack:
        workspace = slack.workspace("T0LARKSPUR")
        environment = settings | {
            "SLACK_BOT_TOKEN": workspace.bot_token,
            "SLACK_SIGNING_SECRET": workspace.signing_secret,
            "SLACK_API_URL": slack.api_url,
            "CLEARWAY_PORT": str(free_port),
        }
        server = await started(tmp_path, environment)
        try:
            assert b"listens" in (await until_it_listens(server))[-1]
            slack.events_url = f"http://127.0.0.1:{free_port}/slack/events"
            teacher = SlackPerson(workspace, "Ellie Marsh", "U0LB023", team_id=workspace.team_id)
            await teacher.dm("No substitutes for training days at our school.")
            assert teacher.answers[0].status == 200
            for _ in range(600):
                if teacher.cards:
                    break
                await asyncio.sleep(0.05)
            assert teacher.cards[0].title == "Challenge 1 is recorded"
            status, checks = await ready(f"http://127.0.0.1:{free_port}/readyz")
            assert (status, checks["promises"]) == (200, True)
            assert (await ready(f"http://127.0.0.1:{free_port}/healthz"))[0] == 200
        finally:
            returned = await stopped(server)
        assert returned == 0
        slack.check()
    audited = clearway("audit", cwd=tmp_path, **settings)
    assert (audited.returncode, audited.stdout.strip()) == (0, "Every promise holds.")
    exported = clearway("log", "export", "log.csv", cwd=tmp_path, **settings)
    assert exported.returncode == 0, exported.stderr
    rows = list(csv.reader((tmp_path / "log.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert any("No substitutes for training days at our school." in row for row in rows)
    as_json = clearway("log", "export", "-", "--format", "json", cwd=tmp_path, **settings)
    assert "No substitutes" in as_json.stdout
    assert json.loads(as_json.stdout)


async def test_a_socket_that_slack_refuses_stops_the_start_with_a_sentence(
    tmp_path: Path, settings: dict[str, str], free_port: int
) -> None:
    async with FakeSlack() as slack:
        told = {
            "SLACK_BOT_TOKEN": slack.workspace("T0ELSEWHERE").bot_token,
            "SLACK_APP_TOKEN": "xapp-1-revoked",
            "SLACK_API_URL": slack.api_url,
            "CLEARWAY_PORT": str(free_port),
        }
        refused = await asyncio.to_thread(clearway, "run", cwd=tmp_path, **settings | told)
        said = refused.stdout + refused.stderr
        assert refused.returncode == 2
        assert "Slack did not accept the app-level token (invalid_auth)" in said
        assert "No district has been imported" in said
        assert "listens" not in said
        assert "Traceback" not in said


async def test_run_goes_on_while_slack_cannot_be_reached_and_says_so(
    tmp_path: Path, settings: dict[str, str], free_port: int
) -> None:
    clearway("district", "import", str(FILE), cwd=tmp_path, **settings)
    async with FakeSlack() as slack:
        workspace = slack.workspace("T0ELSEWHERE")
        slack.fail("auth.test", times=2, status=503)
        environment = settings | {
            "SLACK_BOT_TOKEN": workspace.bot_token,
            "SLACK_APP_TOKEN": workspace.app_token,
            "SLACK_API_URL": slack.api_url,
            "CLEARWAY_PORT": str(free_port),
        }
        server = await started(tmp_path, environment)
        try:
            lines = await until_it_listens(server)
            assert "Slack cannot be reached" in json.loads(lines[0])["says"]
            assert lines[-1].startswith(b"Clearway listens")
            assert server.stdout is not None
            while b"slack.no_district" not in lines[-1]:
                lines.append(await asyncio.wait_for(server.stdout.readline(), 60))
            assert "belongs to the workspace T0ELSEWHERE" in json.loads(lines[-1])["says"]
            checks: dict[str, Any] = {}
            while not checks.get("slack"):
                _, checks = await ready(f"http://127.0.0.1:{free_port}/readyz")
        finally:
            returned = await stopped(server)
        assert returned == 0
