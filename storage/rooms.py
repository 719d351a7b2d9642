"""Where a team talks: channels and group chats in which Clearway was asked to post for it.

Ids and times only. A room is stored from the verified request of somebody who was in it, and never from what an import,
a form or a button says.
"""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import models
from storage.directory import Room
from storage.models import table
from storage.vocabulary import DistrictId, PersonId, Platform, TeamId, new_id

rooms: Final = table(models.Room)


async def link(
    connection: AsyncConnection,
    district_id: DistrictId,
    team_id: TeamId,
    place: tuple[Platform, str, str],
    by: PersonId,
    now: datetime,
) -> None:
    """What is for this team is posted there from now on; on each platform a team has one room. `place`: platform,
    workspace or tenant, and conversation."""
    platform, workspace_id, conversation_id = place
    mine = (rooms.c.district_id == district_id, rooms.c.team_id == team_id, rooms.c.platform == platform)
    again = update(rooms).where(*mine, _at(place)).values(linked_by=by, linked_at=now, lost_at=None)
    if (await connection.execute(again)).rowcount:  # what is on its way there keeps its room
        return
    await connection.execute(delete(rooms).where(*mine))
    row = models.Room(
        district_id=district_id,
        id=new_id(),
        team_id=team_id,
        platform=platform,
        workspace_id=workspace_id,
        conversation_id=conversation_id,
        linked_by=by,
        linked_at=now,
    )
    await connection.execute(insert(rooms), {column.name: getattr(row, column.name) for column in rooms.columns})


async def unlink(connection: AsyncConnection, district_id: DistrictId, room_id: str) -> None:
    """Nothing is posted there any more."""
    await connection.execute(delete(rooms).where(rooms.c.district_id == district_id, rooms.c.id == room_id))


async def room(connection: AsyncConnection, district_id: DistrictId, room_id: str) -> Room | None:
    """None where it was unlinked since."""
    wanted = select(rooms).where(rooms.c.district_id == district_id, rooms.c.id == room_id)
    row = (await connection.execute(wanted)).first()
    return of_row(row) if row else None


async def mark_lost(connection: AsyncConnection, district_id: DistrictId, room_id: str, now: datetime) -> bool:
    """It takes nothing from us any more; whether that is news."""
    lost = await connection.execute(
        update(rooms)
        .where(rooms.c.district_id == district_id, rooms.c.id == room_id, rooms.c.lost_at.is_(None))
        .values(lost_at=now)
    )
    return lost.rowcount > 0


def of_row(row: Any) -> Room:
    return Room(
        id=row.id,
        team_id=row.team_id,
        platform=row.platform,
        workspace_id=row.workspace_id,
        conversation_id=row.conversation_id,
        linked_by=row.linked_by,
        lost_at=row.lost_at,
    )


def _at(place: tuple[Platform, str, str]) -> Any:
    platform, workspace_id, conversation_id = place
    return (
        (rooms.c.platform == platform)
        & (rooms.c.workspace_id == workspace_id)
        & (rooms.c.conversation_id == conversation_id)
    )
