"""The district file: one YAML document with a district's people, schools, teams, calendar, process and routines."""

from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
STARTER: Final = HERE / "starter.yaml"
"""The process of a district that has not written its own yet; also what a district's file lacks."""
EXAMPLE: Final = HERE / "larkspur-bend.yaml"
"""The fictional district of the practice workspace."""
