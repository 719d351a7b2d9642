"""A Slack of our own: a Web API server that keeps state and checks every payload, and people who use it."""

from tests.fakes.slack.person import SlackPerson
from tests.fakes.slack.server import FakeSlack, Workspace
from tests.fakes.slack.shown import Shown, ShownForm

__all__ = ["FakeSlack", "Shown", "ShownForm", "SlackPerson", "Workspace"]
