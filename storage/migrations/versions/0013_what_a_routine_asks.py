"""What a routine is for, where it is and what it asks; who does what in a meeting, and what was gone through and said."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from storage.migrations import doors

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


EMPTY = sa.text("''")


def upgrade() -> None:
    add("routine", "name", sa.Text(), EMPTY)
    add("routine", "kind", sa.String(40), "meeting")
    add("routine", "place", sa.Text(), EMPTY)
    op.add_column("routine", sa.Column("lead_days", sa.Integer(), nullable=True))
    add("routine", "agenda", doors.JSON, "[]")
    add("routine", "questions", doors.JSON, "[]")
    add("routine", "quorum", sa.Integer(), "0")
    add("routine", "poll", sa.Boolean(), sa.false())
    add("routine", "year_proposed", sa.Integer(), "0")
    add("team", "standing_item", sa.Boolean(), sa.false())
    add("team", "roles", doors.JSON, "{}")
    add("team", "agreements", doors.JSON, "[]")
    add("occurrence", "lead_id", sa.Text(), EMPTY)
    add("occurrence", "dropped", sa.Boolean(), sa.false())
    add("occurrence", "walked_ids", doors.JSON, "[]")
    add("occurrence", "left_ids", doors.JSON, "[]")
    add("occurrence", "roles", doors.JSON, "{}")
    add("occurrence", "roles_checked", sa.Boolean(), sa.false())
    add("occurrence", "polled_ids", doors.JSON, "[]")
    op.add_column("record", sa.Column("challenge_id", sa.Text(), nullable=True))
    add("record", "question", sa.Text(), EMPTY)
    op.create_table(
        "feedback",
        sa.Column("district_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("occurrence_id", sa.Text(), nullable=False),
        sa.Column("useful", sa.Integer(), nullable=False),
        sa.Column("respectful", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("district_id", "id", name="pk_feedback"),
        sa.ForeignKeyConstraint(["district_id"], ["district.id"], name="fk_feedback_district_id"),
        sa.ForeignKeyConstraint(
            ["district_id", "occurrence_id"],
            ["occurrence.district_id", "occurrence.id"],
            name="fk_feedback_district_id_occurrence_id",
        ),
    )
    op.create_index("ix_feedback_occurrence", "feedback", ["district_id", "occurrence_id"])
    doors.of_district("feedback")


def add(table: str, name: str, type_: Any, default: Any) -> None:
    op.add_column(table, sa.Column(name, type_, nullable=False, server_default=default))
