"""Private plans, and what was said of them. Whoever reads them asks `access.sees_plan` first.

All of it belongs to one district, and goes through the connection of its store.
"""

from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import exists, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import models
from storage.models import Plan, Saying, table
from storage.vocabulary import DistrictId, TimerKind

plans: Final = table(models.Plan)
sayings: Final = table(models.Saying)
timers: Final = table(models.Timer)


async def plan(connection: AsyncConnection, district_id: DistrictId, plan_id: str) -> Plan | None:
    """None when this district has none of that id."""
    wanted = select(plans).where(plans.c.district_id == district_id, plans.c.id == plan_id)
    row = (await connection.execute(wanted)).first()
    return Plan(**row._mapping) if row else None


async def some(connection: AsyncConnection, district_id: DistrictId, ids: Collection[str]) -> dict[str, Plan]:
    """Those of these ids that there are, by id."""
    wanted = select(plans).where(plans.c.district_id == district_id, plans.c.id.in_(sorted(ids)))
    rows = await connection.execute(wanted) if ids else ()
    return {each.id: each for each in (Plan(**row._mapping) for row in rows)}


async def running(connection: AsyncConnection, district_id: DistrictId) -> list[Plan]:
    """Those that have not ended, the next to be looked at first. Not for showing: whose they are is to be asked."""
    wanted = select(plans).where(plans.c.district_id == district_id, plans.c.ended_at.is_(None))
    rows = await connection.execute(wanted.order_by(plans.c.review_on, plans.c.id))
    return [Plan(**row._mapping) for row in rows]


async def add(connection: AsyncConnection, new: Plan) -> None:
    await connection.execute(insert(plans), {each.name: getattr(new, each.name) for each in plans.columns})


async def change(connection: AsyncConnection, row: Plan, **values: Any) -> None:
    """Sets columns of it, here and in the row."""
    for name, value in values.items():
        setattr(row, name, value)
    mine = (plans.c.district_id == row.district_id, plans.c.id == row.id)
    await connection.execute(update(plans).where(*mine).values(values))


async def said(connection: AsyncConnection, row: Plan) -> list[Saying]:
    """Its words and what was noted at each look, oldest first."""
    wanted = select(sayings).where(sayings.c.district_id == row.district_id, sayings.c.plan_id == row.id)
    return [Saying(**each._mapping) for each in await connection.execute(wanted.order_by(sayings.c.said_at))]


async def without_timer(connection: AsyncConnection, district_id: DistrictId) -> list[str]:
    """Those that have not ended, and that nothing will look at again."""
    timer = exists().where(
        timers.c.district_id == district_id, timers.c.kind == TimerKind.PLAN, timers.c.about == plans.c.id
    )
    wanted = select(plans.c.id).where(plans.c.district_id == district_id, plans.c.ended_at.is_(None), ~timer)
    return [str(each) for each in await connection.scalars(wanted)]
