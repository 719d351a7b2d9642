"""Entries of a district file as rows of the database. Each row keeps its entry as it was written."""

from typing import Any

from handlers.district.model import Leave, PersonEntry, RoutineEntry, SchoolEntry, TeamEntry
from storage import models
from storage.vocabulary import DistrictId, MeetingRole, PersonId, SchoolId, TeamId

Written = dict[str, Any]
"""An entry as the file has it."""


def school(entry: SchoolEntry, kept: Written, position: int, district_id: DistrictId) -> models.School:
    return models.School(
        district_id=district_id,
        id=SchoolId(entry.id),
        position=position,
        name=entry.name,
        csi=entry.csi,
        team_id=TeamId(entry.slt) if entry.slt else None,
        kept=kept,
    )


def team(entry: TeamEntry, kept: Written, position: int, district_id: DistrictId) -> models.Team:
    return models.Team(
        district_id=district_id,
        id=TeamId(entry.id),
        position=position,
        name=entry.name,
        level=entry.level,
        school_id=SchoolId(entry.school) if entry.school else None,
        lead_id=PersonId(entry.lead) if entry.lead else None,
        member_ids=list(entry.members),
        uses_process=entry.uses_process,
        standing_item=entry.standing_item,
        roles=_roles(entry),
        agreements=list(entry.agreements),
        kept=kept,
    )


def _roles(entry: TeamEntry) -> dict[str, list[str]]:
    """Who does what in its meetings, and after each their backup."""
    named = {each: [getattr(entry, each), entry.backups.get(each)] for each in MeetingRole}
    return {str(role): ids for role, both in named.items() if (ids := [each for each in both if each])}


def routine(entry: RoutineEntry, kept: Written, position: int, district_id: DistrictId) -> models.Routine:
    return models.Routine(
        district_id=district_id,
        id=entry.id,
        position=position,
        rule=entry.rule,
        start=f"{entry.start:%H:%M}",
        minutes=entry.minutes,
        team_ids=entry.team_ids,
        person_ids=list(entry.people),
        person_roles=list(dict.fromkeys(entry.roles)),
        log_review=entry.log_review,
        running=bool(entry.running),
        name=entry.name or "",
        kind=entry.meant,
        place=entry.place or "",
        lead_days=entry.lead_school_days,
        agenda=list(entry.agenda),
        questions=list(entry.questions),
        quorum=entry.quorum,
        poll=entry.log_review if entry.poll is None else entry.poll,
        kept=kept,
    )


def person(entry: PersonEntry, kept: Written, position: int, district_id: DistrictId) -> models.Person:
    return models.Person(
        district_id=district_id,
        id=PersonId(entry.id),
        position=position,
        name=entry.name,
        role=entry.role,
        school_ids=entry.school_ids,
        authority=list(entry.authority),
        spend_limit_usd=entry.spend_limit_usd,
        executive_leader=entry.executive_leader,
        dit_liaison=entry.dit_liaison,
        external=entry.external,
        left_on=entry.left_on,
        successor_id=PersonId(entry.successor) if entry.successor else None,
        timezone=entry.timezone,
        locale=entry.locale,
        message_from=f"{entry.message_from:%H:%M}" if entry.message_from else None,
        message_to=f"{entry.message_to:%H:%M}" if entry.message_to else None,
        joined=entry.joined,
        kept=kept,
    )


def absence(person_id: PersonId, leave: Leave, district_id: DistrictId) -> models.Absence:
    return models.Absence(
        district_id=district_id,
        person_id=person_id,
        from_on=leave.first,
        to_on=leave.last,
        delegate_id=PersonId(leave.delegate) if leave.delegate else None,
        delegate_limit_usd=leave.delegate_limit_usd,
        above_limit_id=PersonId(leave.above_limit) if leave.above_limit else None,
        from_file=True,
    )


def says(each: models.Absence) -> tuple[Any, ...]:
    """What an absence says, whoever entered it."""
    return (each.person_id, each.from_on, each.to_on, each.delegate_id, each.delegate_limit_usd, each.above_limit_id)
