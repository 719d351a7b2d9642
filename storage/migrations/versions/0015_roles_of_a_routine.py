"""A routine may be for everybody who has a role: whoever that is by then is invited."""

import sqlalchemy as sa
from alembic import op

from storage.migrations import doors

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("routine", sa.Column("person_roles", doors.JSON, nullable=False, server_default="[]"))
