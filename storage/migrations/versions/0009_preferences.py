"""How people want to hear from Clearway, and which reminders they have put off."""

import sqlalchemy as sa
from alembic import op

from storage.migrations import doors

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "preference",
        sa.Column("district_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("digest_at", sa.String(5), nullable=True),
        sa.Column("mail_copy", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("district_id", "person_id", name="pk_preference"),
        sa.ForeignKeyConstraint(["district_id"], ["district.id"], name="fk_preference_district_id"),
        sa.ForeignKeyConstraint(
            ["district_id", "person_id"], ["person.district_id", "person.id"], name="fk_preference_district_id_person_id"
        ),
    )
    doors.of_district("preference")
    op.add_column("challenge", sa.Column("put_off", doors.JSON, nullable=False, server_default="{}"))
