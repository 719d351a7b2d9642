"""A routine may be for everybody who has a role; and a meeting whose day somebody has chosen stays on it.

Others that are counted in school days follow the school calendar.
"""

import sqlalchemy as sa
from alembic import op

from storage.migrations import doors

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("routine", sa.Column("person_roles", doors.JSON, nullable=False, server_default="[]"))
    op.add_column("occurrence", sa.Column("invited_ids", doors.JSON, nullable=True))
    op.add_column("occurrence", sa.Column("chosen", sa.Boolean(), nullable=False, server_default=sa.false()))
    # What is in the place of another stayed where it was until now. No policy hides the rows of districts from their owner
    # meanwhile: a migration is of no district.
    postgresql = op.get_context().dialect.name == "postgresql"
    if postgresql:
        op.execute("ALTER TABLE occurrence NO FORCE ROW LEVEL SECURITY")
    op.execute("UPDATE occurrence SET chosen = true WHERE in_place_of <> ''")
    if postgresql:
        op.execute("ALTER TABLE occurrence FORCE ROW LEVEL SECURITY")
