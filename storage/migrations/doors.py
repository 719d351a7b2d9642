"""The two doors (design §4) for tables that came after the first migration. On PostgreSQL only; elsewhere it is nothing."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def of_district(table: str) -> None:
    """Only the rows of the district that the transaction has entered exist in it."""
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    mine = "district_id = current_setting('clearway.district', true)"
    op.execute(f"CREATE POLICY own_district ON {table} USING ({mine}) WITH CHECK ({mine})")


def of_queue(table: str) -> None:
    """A table of ids and times, which the queue's role may work on across districts, too."""
    of_district(table)
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO clearway_queue")
    # A policy for a role holds for all who inherit from it; where this role does, the policy asks who is there.
    inherits = op.get_bind().exec_driver_sql("SELECT pg_has_role(current_user, 'clearway_queue', 'USAGE')").scalar_one()
    for_queue = "current_user = 'clearway_queue'" if inherits else "true"
    op.execute(f"CREATE POLICY queue ON {table} TO clearway_queue USING ({for_queue}) WITH CHECK ({for_queue})")
