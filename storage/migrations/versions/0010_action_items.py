"""Action items, private plans, and what was said of them."""

import sqlalchemy as sa
from alembic import op

from storage.migrations import doors

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "plan",
        sa.Column("district_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("keeper_id", sa.Text(), nullable=False),
        sa.Column("named_ids", doors.JSON, nullable=False),
        sa.Column("review_on", sa.Date(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("asks", sa.Integer(), nullable=False),
        sa.Column("asked_at", INSTANT, nullable=True),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("district_id", "id", name="pk_plan"),
        sa.ForeignKeyConstraint(["district_id"], ["district.id"], name="fk_plan_district_id"),
        sa.ForeignKeyConstraint(
            ["district_id", "person_id"], ["person.district_id", "person.id"], name="fk_plan_district_id_person_id"
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "keeper_id"], ["person.district_id", "person.id"], name="fk_plan_district_id_keeper_id"
        ),
    )
    op.create_table(
        "actionitem",
        sa.Column("district_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("occurrence_id", sa.Text(), nullable=True),
        sa.Column("plan_id", sa.Text(), nullable=True),
        sa.Column("routine_id", sa.Text(), nullable=False),
        sa.Column("team_id", sa.Text(), nullable=False),
        sa.Column("challenge_id", sa.Text(), nullable=True),
        sa.Column("owner_id", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("added_at", INSTANT, nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("reminded_at", INSTANT, nullable=True),
        sa.Column("asks", sa.Integer(), nullable=False),
        sa.Column("asked_at", INSTANT, nullable=True),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("ended_by_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("district_id", "id", name="pk_actionitem"),
        sa.ForeignKeyConstraint(["district_id"], ["district.id"], name="fk_actionitem_district_id"),
        sa.ForeignKeyConstraint(
            ["district_id", "occurrence_id"],
            ["occurrence.district_id", "occurrence.id"],
            name="fk_actionitem_district_id_occurrence_id",
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "plan_id"], ["plan.district_id", "plan.id"], name="fk_actionitem_district_id_plan_id"
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "owner_id"], ["person.district_id", "person.id"], name="fk_actionitem_district_id_owner_id"
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "challenge_id"],
            ["challenge.district_id", "challenge.id"],
            name="fk_actionitem_district_id_challenge_id",
        ),
    )
    op.create_index("ix_action_item_owner", "actionitem", ["district_id", "owner_id", "status"])
    op.create_index("ix_action_item_team", "actionitem", ["district_id", "routine_id", "team_id", "status"])
    op.create_table(
        "saying",
        sa.Column("district_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("item_id", sa.Text(), nullable=True),
        sa.Column("plan_id", sa.Text(), nullable=True),
        sa.Column("field", sa.String(40), nullable=False),
        sa.Column("author_id", sa.Text(), nullable=False),
        sa.Column("said_at", INSTANT, nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("redacted_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("district_id", "id", name="pk_saying"),
        sa.ForeignKeyConstraint(["district_id"], ["district.id"], name="fk_saying_district_id"),
        sa.ForeignKeyConstraint(
            ["district_id", "item_id"],
            ["actionitem.district_id", "actionitem.id"],
            name="fk_saying_district_id_item_id",
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "plan_id"], ["plan.district_id", "plan.id"], name="fk_saying_district_id_plan_id"
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "author_id"], ["person.district_id", "person.id"], name="fk_saying_district_id_author_id"
        ),
    )
    op.create_index("ix_saying_item", "saying", ["district_id", "item_id"])
    op.create_index("ix_saying_plan", "saying", ["district_id", "plan_id"])
    for each in ("plan", "actionitem", "saying"):
        doors.of_district(each)
