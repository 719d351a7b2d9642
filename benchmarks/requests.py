"""What Slack sends, signed and spelt out as HTTP before anything is measured. A signature is good for five minutes."""

from collections.abc import Iterable, Iterator
from itertools import count, cycle
from typing import Any, Final

from benchmarks.orders import PATH, Slack
from tests.fakes.slack import SlackPerson, Workspace
from tests.fakes.slack.person import Sent, sign

REPORTERS: Final = ("U0LB015", "U0LB016", "U0LB019", "U0LB023", "U0LB024", "U0LB027")
"""Staff who own nothing and are informed of nothing: each of their reports takes the same way."""

REPORT: Final = {
    "What is in the way?": "The pacing guide leaves no time for the lessons that the plan asks us to teach.",
    "Who is hit, and how many?": "All classes of grades 3 to 5, about 180 learners",
    "What has your team tried?": "We moved the lessons to Friday afternoons, and lost them to assemblies.",
    "Type": "time",
    "Where may the power to remove it sit?": "district",
}


async def captured(workspace: Workspace) -> Sent:
    """Somebody reports by the form of the application that is being served: the request that submitted it."""
    person = SlackPerson(workspace, "Mina Castellanos", REPORTERS[0], team_id=workspace.team_id)
    await person.command("/challenge")
    await person.submit(REPORT)
    [answer] = person.answers
    assert answer.status == 200, answer
    assert not answer.body, answer
    return person.last


class Requests:
    """Makes as many as are wanted, no two of which are one intent."""

    def __init__(self, slack: Slack, report: Sent) -> None:
        self._slack = slack
        self._report = report
        self._numbers = count(1)
        self._reporters = cycle(REPORTERS)

    def helps(self, many: int) -> list[bytes]:
        """`/clearway help`."""
        return list(self._spelt(Sent("slash_commands", self._help()) for _ in range(many)))

    def reports(self, many: int) -> list[bytes]:
        """The report form comes in, each time from another window."""
        return list(self._spelt(Sent("interactive", self._filled()) for _ in range(many)))

    def _help(self) -> dict[str, Any]:
        return {
            "team_id": self._slack.team_id,
            "team_domain": "larkspur-bend",
            "channel_id": "CGENERAL",
            "channel_name": "general",
            "user_id": next(self._reporters),
            "user_name": "somebody",
            "command": "/clearway",
            "text": "help",
            "api_app_id": self._slack.app_id,
            "is_enterprise_install": "false",
            "response_url": "https://hooks.slack.invalid/commands/1",
            "trigger_id": f"{next(self._numbers)}.{self._slack.team_id}",
        }

    def _filled(self) -> dict[str, Any]:
        body, number = self._report.body, next(self._numbers)
        view = body["view"] | {"id": f"V{number:010}", "hash": f"{number}.h"}
        user = body["user"] | {"id": next(self._reporters)}
        return body | {"view": view, "user": user, "trigger_id": f"{number}.{self._slack.team_id}"}

    def _spelt(self, sent: Iterable[Sent]) -> Iterator[bytes]:
        for each in sent:
            body, content_type = each.encoded()
            headers = {
                "Host": "127.0.0.1",
                "Content-Type": content_type,
                "Content-Length": str(len(body.encode())),
                "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
                **sign(self._slack.signing_secret, body),
            }
            head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            yield f"POST {PATH} HTTP/1.1\r\n{head}\r\n{body}".encode()
