"""What a routine and its meetings are called: as they are named, else by their teams, else by their people."""

from datetime import date
from types import MappingProxyType
from typing import Final

from handlers.cards.text import Voice, Who
from storage.directory import Routine
from storage.models import Occurrence
from storage.vocabulary import PersonId, RoutineKind, TeamId

BESIDE_MEETINGS: Final = MappingProxyType(
    {
        RoutineKind.PLANNING: "{team}: planning time",
        RoutineKind.PLAN_REVIEW: "{team}: plan review",
        RoutineKind.SCHOOL_REVIEW: "{team}: school review",
        RoutineKind.DATA_ANALYSIS: "{team}: data analysis",
        RoutineKind.WHOLE_DAY: "{team}: whole day",
    }
)
"""What a team has beside its meetings is told apart from them, where it has no name of its own."""


def routine(voice: Voice, routine: Routine, team_id: TeamId = TeamId("")) -> str:  # noqa: B008  # a plain string
    """What a routine, or a team's part of it, is called."""
    if routine.name and not (team_id and len(routine.team_ids) > 1):
        return routine.name
    ids = (team_id,) if team_id else routine.team_ids
    teams = [voice.directory.teams[each].name for each in ids if each in voice.directory.teams]
    if teams:
        called = teams[0] if len(teams) == 1 else voice("{team} and others", team=teams[0])
        return voice(BESIDE_MEETINGS[routine.kind], team=called) if routine.kind in BESIDE_MEETINGS else called
    people = [voice("{who}", who=Who(PersonId(each))) for each in routine.person_ids]
    people += [voice.role(each) for each in routine.person_roles]
    return voice("Check-in: {people}", people=", ".join(people)) if people else voice.label(routine.id)


def key(row: Occurrence) -> str:
    """A meeting in the history of a challenge: by ids and its day, without a word."""
    return f"{row.routine_id}/{row.team_id}/{row.day.isoformat()}"


def meeting(voice: Voice, key: str) -> str:
    """The meeting of such a key, as it is called now; one of a routine that was taken out is a meeting."""
    routine_id, team_id, day = key.split("/")
    found = voice.directory.routine(routine_id)
    name = routine(voice, found, TeamId(team_id)) if found else voice("a meeting")
    return voice("{name} on {day}", name=name, day=date.fromisoformat(day))
