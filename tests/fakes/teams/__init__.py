"""A Teams of our own: Microsoft's servers, which keep state and check every payload and token, and people who use it."""

from tests.fakes.teams.person import TeamsPerson
from tests.fakes.teams.server import FakeTeams, Message, Tenant
from tests.fakes.teams.shown import Shown, ShownForm

__all__ = ["FakeTeams", "Message", "Shown", "ShownForm", "TeamsPerson", "Tenant"]
