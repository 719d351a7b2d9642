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
    op.add_column("occurrence", sa.Column("chosen", sa.Boolean(), nullable=False, server_default=sa.false()))
