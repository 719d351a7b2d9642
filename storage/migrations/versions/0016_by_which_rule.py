"""A meeting knows by which rule it was planned, so that it follows when its routine gets another."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("occurrence", sa.Column("rule", sa.Text(), nullable=False, server_default=sa.text("''")))
    # No policy hides the rows of districts from their owner meanwhile: a migration is of no district.
    hidden = ("occurrence", "routine") if op.get_context().dialect.name == "postgresql" else ()
    for table in hidden:
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.execute(
        "UPDATE occurrence SET rule = coalesce((SELECT routine.rule FROM routine"
        " WHERE routine.district_id = occurrence.district_id AND routine.id = occurrence.routine_id), '')"
    )
    for table in hidden:
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
