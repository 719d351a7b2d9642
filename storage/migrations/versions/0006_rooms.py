"""The rooms of teams, and messages that go there; and messages that are due at one instant have one order."""

import sqlalchemy as sa
from alembic import op

from storage.migrations import doors

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "room",
        sa.Column("district_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("team_id", sa.Text(), nullable=False),
        sa.Column("platform", sa.String(40), nullable=False),
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("linked_by", sa.Text(), nullable=False),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lost_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("district_id", "id", name="pk_room"),
        sa.ForeignKeyConstraint(["district_id"], ["district.id"], name="fk_room_district_id"),
        sa.ForeignKeyConstraint(
            ["district_id", "linked_by"], ["person.district_id", "person.id"], name="fk_room_district_id_linked_by"
        ),
        sa.UniqueConstraint("district_id", "team_id", "platform", name="uq_room_district_id_team_id_platform"),
    )
    doors.of_queue("room")
    op.add_column("message", sa.Column("room_id", sa.Text(), nullable=True))

    op.drop_index("ix_message_due", table_name="message")
    pending = sa.text("state = 'pending'")
    op.create_index(
        "ix_message_due",
        "message",
        ["district_id", "lane", "send_at", "id"],
        sqlite_where=pending,
        postgresql_where=pending,
    )
