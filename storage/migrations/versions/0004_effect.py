"""What the steps have changed so far stands apart from whether they are done."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("challenge", sa.Column("effect", sa.String(40), nullable=True))
