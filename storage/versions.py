"""The versions of the written process as rows: how they stand, and what was said of those that were returned."""

from datetime import date
from typing import Any, Final

from sqlalchemy import and_, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import models
from storage.models import table
from storage.people import bump_revision
from storage.vocabulary import DistrictId, ProcessId, ProcessStatus, TimerKind

processes: Final = table(models.Process)
remarks: Final = table(models.Remark)
timers: Final = table(models.Timer)


async def labels(connection: AsyncConnection, district_id: DistrictId) -> set[str]:
    """Every label that is taken, also of versions whose rules are not here."""
    return set(await connection.scalars(select(processes.c.version).where(processes.c.district_id == district_id)))


async def set_status(
    connection: AsyncConnection, district_id: DistrictId, process_id: ProcessId, status: ProcessStatus, on: date,
    *, version: str | None = None, **known: str,
) -> None:  # fmt: skip
    """How it stands from that day on. `version`: its new label; `known`: who submitted or approved it."""
    mine = (processes.c.district_id == district_id, processes.c.id == process_id)
    kept: dict[str, Any] = dict(await connection.scalar(select(processes.c.kept).where(*mine)) or {}) | known
    values: dict[str, Any] = {"status": status, "dated": on, "kept": kept}
    if version:
        values |= {"version": version, "kept": kept | {"version": version}}
    await connection.execute(update(processes).where(*mine).values(values))
    await bump_revision(connection, district_id)


async def say(connection: AsyncConnection, new: models.Remark) -> None:
    await connection.execute(insert(remarks), {each.name: getattr(new, each.name) for each in remarks.columns})


async def last_said(
    connection: AsyncConnection, district_id: DistrictId, process_id: ProcessId
) -> models.Remark | None:
    """What was said of it when it was last returned."""
    of_it = select(remarks).where(remarks.c.district_id == district_id, remarks.c.process_id == process_id)
    latest = of_it.order_by(remarks.c.said_at.desc(), remarks.c.id.desc()).limit(1)
    row = (await connection.execute(latest)).first()
    return models.Remark(**row._mapping) if row else None


async def without_a_timer(connection: AsyncConnection, district_id: DistrictId) -> list[ProcessId]:
    """Those that wait for approval, with their rules, and of which nobody would be reminded."""
    its_timer = and_(
        timers.c.district_id == processes.c.district_id,
        timers.c.kind == TimerKind.VERSION,
        timers.c.about == processes.c.id,
    )
    waiting = (
        select(processes.c.id, processes.c.rules)
        .outerjoin(timers, its_timer)
        .where(
            processes.c.district_id == district_id,
            processes.c.status == ProcessStatus.SUBMITTED,
            timers.c.id.is_(None),
        )
    )
    return [ProcessId(row.id) for row in await connection.execute(waiting) if row.rules is not None]
