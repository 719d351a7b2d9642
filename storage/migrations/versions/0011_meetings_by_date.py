"""Meetings are looked up by when they begin: calendars ask for them again and again."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_occurrence_starts", "occurrence", ["district_id", "routine_id", "starts_at"])
