"""Occurrences of routines, and what was recorded of them."""

import sqlalchemy as sa
from alembic import op

from storage.migrations import doors

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("routine", sa.Column("running", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "occurrence",
        sa.Column("district_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("routine_id", sa.Text(), nullable=False),
        sa.Column("team_id", sa.Text(), nullable=False),
        sa.Column("planned_on", sa.Date(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("starts_at", INSTANT, nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("invited_at", INSTANT, nullable=True),
        sa.Column("asks", sa.Integer(), nullable=False),
        sa.Column("asked_at", INSTANT, nullable=True),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("attended_ids", doors.JSON, nullable=False),
        sa.Column("in_place_of", sa.Text(), nullable=False),
        sa.Column("root_id", sa.Text(), nullable=False),
        sa.Column("planned_at", INSTANT, nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("district_id", "id", name="pk_occurrence"),
        sa.ForeignKeyConstraint(["district_id"], ["district.id"], name="fk_occurrence_district_id"),
        sa.UniqueConstraint(
            *("district_id", "routine_id", "team_id", "planned_on", "in_place_of"),
            name="uq_occurrence_once",
        ),
    )
    op.create_index("ix_occurrence_routine", "occurrence", ["district_id", "routine_id", "status"])
    op.create_table(
        "record",
        sa.Column("district_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("occurrence_id", sa.Text(), nullable=False),
        sa.Column("field", sa.String(40), nullable=False),
        sa.Column("author_id", sa.Text(), nullable=False),
        sa.Column("said_at", INSTANT, nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("redacted_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("district_id", "id", name="pk_record"),
        sa.ForeignKeyConstraint(["district_id"], ["district.id"], name="fk_record_district_id"),
        sa.ForeignKeyConstraint(
            ["district_id", "occurrence_id"],
            ["occurrence.district_id", "occurrence.id"],
            name="fk_record_district_id_occurrence_id",
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "author_id"], ["person.district_id", "person.id"], name="fk_record_district_id_author_id"
        ),
    )
    op.create_index("ix_record_occurrence", "record", ["district_id", "occurrence_id"])
    for each in ("occurrence", "record"):
        doors.of_district(each)
