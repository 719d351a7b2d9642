"""Those who raised it hear how it stands, also while nothing moves: when they did, and how often."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("challenge", sa.Column("told_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("challenge", sa.Column("told_times", sa.Integer(), nullable=True))
