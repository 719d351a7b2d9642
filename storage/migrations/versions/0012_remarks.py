"""What is said of a version of the written process when it is returned."""

import sqlalchemy as sa
from alembic import op

from storage.migrations import doors

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "remark",
        sa.Column("district_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("process_id", sa.Text(), nullable=False),
        sa.Column("author_id", sa.Text(), nullable=False),
        sa.Column("said_at", INSTANT, nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("redacted_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("district_id", "id", name="pk_remark"),
        sa.ForeignKeyConstraint(["district_id"], ["district.id"], name="fk_remark_district_id"),
        sa.ForeignKeyConstraint(
            ["district_id", "process_id"],
            ["process.district_id", "process.id"],
            name="fk_remark_district_id_process_id",
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "author_id"], ["person.district_id", "person.id"], name="fk_remark_district_id_author_id"
        ),
    )
    op.create_index("ix_remark_process", "remark", ["district_id", "process_id"])
    doors.of_district("remark")
