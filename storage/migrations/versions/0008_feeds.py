"""Calendars that are read by a secret address."""

import sqlalchemy as sa
from alembic import op

from storage.migrations import doors

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "feed",
        sa.Column("district_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("team_id", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("district_id", "id", name="pk_feed"),
        sa.ForeignKeyConstraint(["district_id"], ["district.id"], name="fk_feed_district_id"),
        sa.ForeignKeyConstraint(
            ["district_id", "person_id"], ["person.district_id", "person.id"], name="fk_feed_district_id_person_id"
        ),
    )
    op.create_index("ix_feed_digest", "feed", ["digest"], unique=True)
    doors.of_queue("feed")
