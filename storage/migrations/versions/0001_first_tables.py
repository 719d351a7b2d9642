"""The first tables; on PostgreSQL the two doors (design §4), everywhere a history that can only grow (design §1.5).

Frozen: it names its own columns, and would make the same tables if the models were long gone.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
WORD = sa.String(40)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

QUEUE = (
    "registration",
    "workspace",
    "account",
    "chosendistrict",
    "inboxkey",
    "timer",
    "message",
    "postedcard",
    "delivery",
    "draft",
    "beat",
    "practiceclock",
)
"""Ids, times and ciphertext: what the loops work on, across districts."""

SERVER_WIDE = ("registration", "beat", "practiceclock")
"""No district owns these."""

DISTRICT = (
    "absence",
    "account",
    "challenge",
    "chosendistrict",
    "consolepost",
    "delivery",
    "draft",
    "event",
    "helper",
    "inboxkey",
    "ledger",
    "message",
    "person",
    "postedcard",
    "process",
    "reporter",
    "routine",
    "school",
    "step",
    "team",
    "timer",
    "words",
    "workspace",
)
"""Every row of these belongs to one district, by its `district_id`."""


def upgrade() -> None:
    create_tables()
    if op.get_bind().dialect.name == "postgresql":
        create_queue_role()
        separate_districts()
        let_history_only_grow_on_postgresql()
    else:
        let_history_only_grow_on_sqlite()


# ------------------------------------------------------------------------------------------------------------ tables


def of_district(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["district_id"], ["district.id"], name=op.f(f"fk_{table}_district_id"))


def within(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    """A reference that cannot leave the district."""
    return sa.ForeignKeyConstraint(
        ["district_id", column],
        [f"{target}.district_id", f"{target}.id"],
        name=op.f(f"fk_{table}_district_id_{column}"),
    )


def where(condition: str) -> dict[str, Any]:
    """A partial index, on either database."""
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def create_tables() -> None:
    op.create_table(
        "beat",
        sa.Column("loop", sa.Text, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("breaches", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("loop", name=op.f("pk_beat")),
    )
    op.create_table(
        "district",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("timezone", sa.String, nullable=False),
        sa.Column("locale", sa.String, nullable=False),
        sa.Column("word", sa.String, nullable=False),
        sa.Column("fictional", sa.Boolean, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("ledger_key", sa.Text, nullable=False),
        sa.Column("calendar", JSON, nullable=False),
        sa.Column("kept", JSON, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_district")),
    )
    op.create_table(
        "practiceclock",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("ahead_s", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_practiceclock")),
    )
    op.create_table(
        "registration",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("platform", WORD, nullable=False),
        sa.Column("app_id", sa.String, nullable=False),
        sa.Column("workspace_id", sa.String, nullable=False),
        sa.Column("bot_user_id", sa.String, nullable=False),
        sa.Column("secrets", sa.Text, nullable=False),
        sa.Column("seeded", sa.Boolean, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registration")),
        sa.UniqueConstraint(
            "platform", "app_id", "workspace_id", name=op.f("uq_registration_platform_app_id_workspace_id")
        ),
    )
    op.create_table(
        "chosendistrict",
        sa.Column("district_id", sa.Text, nullable=False),
        sa.Column("platform", WORD, nullable=False),
        sa.Column("workspace_id", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("conversation_id", sa.Text, nullable=False),
        sa.Column("chosen_at", INSTANT, nullable=False),
        of_district("chosendistrict"),
        sa.PrimaryKeyConstraint(
            "district_id", "platform", "workspace_id", "user_id", "conversation_id", name=op.f("pk_chosendistrict")
        ),
    )
    op.create_table(
        "consolepost",
        sa.Column("district_id", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("room", sa.Text, nullable=False),
        sa.Column("thread_id", sa.Text),
        sa.Column("author_id", sa.Text),
        sa.Column("only_for_id", sa.Text),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("edited_at", INSTANT),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("card", JSON),
        sa.Column("delivery_id", sa.Text),
        of_district("consolepost"),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_consolepost")),
    )
    op.create_index(op.f("ix_console_post_room"), "consolepost", ["district_id", "room", "position"])
    op.create_table(
        "delivery",
        sa.Column("district_id", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("platform", WORD),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("outcome", sa.String, nullable=False),
        of_district("delivery"),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_delivery")),
    )
    op.create_index(op.f("ix_delivery_message"), "delivery", ["district_id", "message_id"])
    op.create_table(
        "inboxkey",
        sa.Column("district_id", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("challenge_id", sa.Text),
        of_district("inboxkey"),
        sa.PrimaryKeyConstraint("district_id", "key", name=op.f("pk_inboxkey")),
    )
    op.create_index(op.f("ix_inboxkey_at"), "inboxkey", ["at"])
    op.create_table(
        "ledger",
        sa.Column("district_id", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("head", sa.String, nullable=False),
        of_district("ledger"),
        sa.PrimaryKeyConstraint("district_id", name=op.f("pk_ledger")),
    )
    op.create_table(
        "person",
        sa.Column("district_id", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("role", sa.String, nullable=False),
        sa.Column("school_ids", JSON, nullable=False),
        sa.Column("authority", JSON, nullable=False),
        sa.Column("spend_limit_usd", sa.Integer),
        sa.Column("executive_leader", sa.Boolean, nullable=False),
        sa.Column("dit_liaison", sa.Boolean, nullable=False),
        sa.Column("external", sa.Boolean, nullable=False),
        sa.Column("left_on", sa.Date),
        sa.Column("successor_id", sa.Text),
        sa.Column("timezone", sa.String),
        sa.Column("locale", sa.String),
        sa.Column("message_from", sa.String),
        sa.Column("message_to", sa.String),
        sa.Column("joined", sa.Boolean, nullable=False),
        sa.Column("kept", JSON, nullable=False),
        within("person", "successor_id", "person"),
        of_district("person"),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_person")),
    )
    op.create_table(
        "postedcard",
        sa.Column("district_id", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("person_id", sa.Text, nullable=False),
        sa.Column("challenge_id", sa.Text),
        sa.Column("platform", WORD, nullable=False),
        sa.Column("workspace_id", sa.Text, nullable=False),
        sa.Column("conversation_id", sa.Text, nullable=False),
        sa.Column("post_id", sa.Text, nullable=False),
        sa.Column("shown", sa.Integer, nullable=False),
        sa.Column("posted_at", INSTANT, nullable=False),
        sa.Column("stale_at", INSTANT),
        sa.Column("leased_until", INSTANT),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.CheckConstraint("shown >= 0", name=op.f("ck_postedcard_shown")),
        of_district("postedcard"),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_postedcard")),
    )
    op.create_index(op.f("ix_posted_card_challenge"), "postedcard", ["district_id", "challenge_id"])
    op.create_index(op.f("ix_posted_card_place"), "postedcard", ["platform", "conversation_id", "post_id"])
    op.create_index(op.f("ix_posted_card_stale"), "postedcard", ["district_id", "stale_at"], **where("stale_at IS NOT NULL"))
    op.create_table(
        "process",
        sa.Column("district_id", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("version", sa.String, nullable=False),
        sa.Column("status", WORD, nullable=False),
        sa.Column("dated", sa.Date),
        sa.Column("rules", JSON),
        sa.Column("kept", JSON, nullable=False),
        of_district("process"),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_process")),
        sa.UniqueConstraint("district_id", "version", name=op.f("uq_process_district_id_version")),
    )
    op.create_table(
        "routine",
        sa.Column("district_id", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("rule", sa.String, nullable=False),
        sa.Column("start", sa.String, nullable=False),
        sa.Column("minutes", sa.Integer, nullable=False),
        sa.Column("team_ids", JSON, nullable=False),
        sa.Column("person_ids", JSON, nullable=False),
        sa.Column("log_review", sa.Boolean, nullable=False),
        sa.Column("kept", JSON, nullable=False),
        of_district("routine"),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_routine")),
    )
    op.create_table(
        "school",
        sa.Column("district_id", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("csi", sa.Boolean, nullable=False),
        sa.Column("team_id", sa.Text),
        sa.Column("kept", JSON, nullable=False),
        of_district("school"),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_school")),
    )
    op.create_table(
        "team",
        sa.Column("district_id", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("level", sa.String, nullable=False),
        sa.Column("school_id", sa.Text),
        sa.Column("lead_id", sa.Text),
        sa.Column("member_ids", JSON, nullable=False),
        sa.Column("uses_process", sa.Boolean, nullable=False),
        sa.Column("kept", JSON, nullable=False),
        of_district("team"),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_team")),
    )
    op.create_table(
        "timer",
        sa.Column("district_id", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("kind", WORD, nullable=False),
        sa.Column("about", sa.Text, nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("leased_until", INSTANT),
        sa.Column("attempts", sa.Integer, nullable=False),
        of_district("timer"),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_timer")),
        sa.UniqueConstraint("district_id", "kind", "about", name=op.f("uq_timer_district_id_kind_about")),
    )
    op.create_index(op.f("ix_timer_due"), "timer", ["district_id", "due_at"])
    op.create_table(
        "workspace",
        sa.Column("district_id", sa.Text, nullable=False),
        sa.Column("platform", WORD, nullable=False),
        sa.Column("workspace_id", sa.Text, nullable=False),
        of_district("workspace"),
        sa.PrimaryKeyConstraint("district_id", "platform", "workspace_id", name=op.f("pk_workspace")),
    )
    op.create_table(
        "absence",
        sa.Column("district_id", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("person_id", sa.Text, nullable=False),
        sa.Column("from_on", sa.Date, nullable=False),
        sa.Column("to_on", sa.Date, nullable=False),
        sa.Column("delegate_id", sa.Text),
        sa.Column("delegate_limit_usd", sa.Integer),
        sa.Column("above_limit_id", sa.Text),
        sa.Column("from_file", sa.Boolean, nullable=False),
        within("absence", "above_limit_id", "person"),
        within("absence", "delegate_id", "person"),
        within("absence", "person_id", "person"),
        of_district("absence"),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_absence")),
    )
    op.create_table(
        "account",
        sa.Column("district_id", sa.Text, nullable=False),
        sa.Column("platform", WORD, nullable=False),
        sa.Column("workspace_id", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("person_id", sa.Text, nullable=False),
        sa.Column("preferred", sa.Boolean, nullable=False),
        sa.Column("conversation_id", sa.Text),
        sa.Column("unreachable_since", INSTANT),
        within("account", "person_id", "person"),
        of_district("account"),
        sa.PrimaryKeyConstraint("district_id", "platform", "workspace_id", "user_id", name=op.f("pk_account")),
    )
    op.create_index(op.f("ix_account_identity"), "account", ["platform", "workspace_id", "user_id"])
    op.create_index(op.f("ix_account_person"), "account", ["district_id", "person_id"])
    op.create_table(
        "challenge",
        sa.Column("district_id", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("status", WORD, nullable=False),
        sa.Column("outcome", WORD),
        sa.Column("type", sa.String),
        sa.Column("origin", WORD, nullable=False),
        sa.Column("scope", WORD),
        sa.Column("urgency", WORD, nullable=False),
        sa.Column("tags", JSON, nullable=False),
        sa.Column("school_id", sa.Text),
        sa.Column("amount_usd", sa.Integer),
        sa.Column("venue", sa.String, nullable=False),
        sa.Column("visibility", WORD, nullable=False),
        sa.Column("conduct_of_id", sa.Text),
        sa.Column("owner_id", sa.Text, nullable=False),
        sa.Column("authority", WORD, nullable=False),
        sa.Column("why", JSON, nullable=False),
        sa.Column("rung", WORD, nullable=False),
        sa.Column("unanswered", sa.Integer, nullable=False),
        sa.Column("outside_id", sa.Text),
        sa.Column("refused_ids", JSON, nullable=False),
        sa.Column("informed_ids", JSON, nullable=False),
        sa.Column("retracted_ids", JSON, nullable=False),
        sa.Column("process_id", sa.Text, nullable=False),
        sa.Column("door", WORD, nullable=False),
        sa.Column("reported_at", INSTANT, nullable=False),
        sa.Column("dit_aware_at", INSTANT),
        sa.Column("owned_since", INSTANT, nullable=False),
        sa.Column("taken_at", INSTANT),
        sa.Column("understood_at", INSTANT),
        sa.Column("understood_by_id", sa.Text),
        sa.Column("decide_by", sa.Date),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("prompted_at", INSTANT),
        sa.Column("asked_at", INSTANT),
        sa.Column("asked_times", sa.Integer, nullable=False),
        sa.Column("review_on", sa.Date),
        sa.Column("resolved_at", INSTANT),
        sa.Column("refusals", sa.Integer, nullable=False),
        sa.Column("decision_asked_at", INSTANT),
        sa.Column("closed_at", INSTANT),
        sa.Column("merged_into_id", sa.Text),
        sa.Column("next_at", INSTANT),
        within("challenge", "merged_into_id", "challenge"),
        within("challenge", "owner_id", "person"),
        within("challenge", "process_id", "process"),
        within("challenge", "school_id", "school"),
        of_district("challenge"),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_challenge")),
        sa.UniqueConstraint("district_id", "number", name=op.f("uq_challenge_district_id_number")),
    )
    op.create_index(op.f("ix_challenge_list"), "challenge", ["district_id", "status", "number"])
    op.create_index(op.f("ix_challenge_owner"), "challenge", ["district_id", "owner_id", "status"])
    op.create_table(
        "draft",
        sa.Column("district_id", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("person_id", sa.Text, nullable=False),
        sa.Column("sealed", sa.Text, nullable=False),
        sa.Column("lapses_at", INSTANT, nullable=False),
        within("draft", "person_id", "person"),
        of_district("draft"),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_draft")),
    )
    op.create_index(op.f("ix_draft_person"), "draft", ["district_id", "person_id"])
    op.create_table(
        "message",
        sa.Column("district_id", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("once", sa.Text, nullable=False),
        sa.Column("kind", WORD, nullable=False),
        sa.Column("lane", WORD, nullable=False),
        sa.Column("person_id", sa.Text, nullable=False),
        sa.Column("challenge_id", sa.Text),
        sa.Column("event_id", sa.Text),
        sa.Column("item_id", sa.Text),
        sa.Column("state", WORD, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("send_at", INSTANT, nullable=False),
        sa.Column("leased_until", INSTANT),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("unknown_since", INSTANT),
        sa.Column("repeated", sa.Boolean, nullable=False),
        sa.Column("ended_at", INSTANT),
        sa.Column("reason", sa.String),
        within("message", "person_id", "person"),
        of_district("message"),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_message")),
        sa.UniqueConstraint("district_id", "once", name=op.f("uq_message_district_id_once")),
    )
    op.create_index(op.f("ix_message_challenge"), "message", ["district_id", "challenge_id"])
    op.create_index(op.f("ix_message_due"), "message", ["district_id", "lane", "send_at"], **where("state = 'pending'"))
    op.create_index(op.f("ix_message_person"), "message", ["district_id", "person_id", "state"])
    op.create_table(
        "event",
        sa.Column("district_id", sa.Text, nullable=False),
        sa.Column("seq", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("kind", WORD, nullable=False),
        sa.Column("challenge_id", sa.Text),
        sa.Column("actor_id", sa.Text),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("door", WORD, nullable=False),
        sa.Column("platform", WORD),
        sa.Column("process_id", sa.Text),
        sa.Column("data", JSON, nullable=False),
        sa.Column("words", JSON, nullable=False),
        sa.Column("digest", sa.String, nullable=False),
        within("event", "challenge_id", "challenge"),
        of_district("event"),
        sa.PrimaryKeyConstraint("district_id", "seq", name=op.f("pk_event")),
        sa.UniqueConstraint("district_id", "id", name=op.f("uq_event_district_id_id")),
    )
    op.create_index(op.f("ix_event_challenge"), "event", ["district_id", "challenge_id", "seq"])
    op.create_table(
        "helper",
        sa.Column("district_id", sa.Text, nullable=False),
        sa.Column("challenge_id", sa.Text, nullable=False),
        sa.Column("person_id", sa.Text, nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        within("helper", "challenge_id", "challenge"),
        within("helper", "person_id", "person"),
        of_district("helper"),
        sa.PrimaryKeyConstraint("district_id", "challenge_id", "person_id", name=op.f("pk_helper")),
    )
    op.create_table(
        "reporter",
        sa.Column("district_id", sa.Text, nullable=False),
        sa.Column("challenge_id", sa.Text, nullable=False),
        sa.Column("person_id", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("confidential", sa.Boolean, nullable=False),
        sa.Column("link", sa.Text),
        sa.Column("joined_at", INSTANT, nullable=False),
        sa.Column("answer", WORD),
        sa.Column("answered_at", INSTANT),
        sa.Column("asked_at", INSTANT),
        sa.Column("reminded_at", INSTANT),
        sa.Column("colleague_id", sa.Text),
        sa.Column("colleague_asked_at", INSTANT),
        within("reporter", "challenge_id", "challenge"),
        within("reporter", "person_id", "person"),
        of_district("reporter"),
        sa.PrimaryKeyConstraint("district_id", "challenge_id", "person_id", name=op.f("pk_reporter")),
    )
    op.create_index(op.f("ix_reporter_person"), "reporter", ["district_id", "person_id"])
    op.create_table(
        "step",
        sa.Column("district_id", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("challenge_id", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("words_id", sa.Text, nullable=False),
        sa.Column("owner_id", sa.Text, nullable=False),
        sa.Column("due_on", sa.Date, nullable=False),
        sa.Column("done_at", INSTANT),
        sa.Column("prompted_on", sa.Date),
        sa.Column("prompts", sa.Integer, nullable=False),
        within("step", "challenge_id", "challenge"),
        within("step", "owner_id", "person"),
        of_district("step"),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_step")),
    )
    op.create_index(op.f("ix_step_challenge"), "step", ["district_id", "challenge_id"])
    op.create_table(
        "words",
        sa.Column("district_id", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("challenge_id", sa.Text, nullable=False),
        sa.Column("field", WORD, nullable=False),
        sa.Column("about", sa.Text),
        sa.Column("author_id", sa.Text),
        sa.Column("said_at", INSTANT, nullable=False),
        sa.Column("text", sa.Text),
        sa.Column("redacted_at", INSTANT),
        within("words", "challenge_id", "challenge"),
        of_district("words"),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_words")),
    )
    op.create_index(op.f("ix_words_challenge"), "words", ["district_id", "challenge_id"])


# ------------------------------------------------------------------------------------- two doors, on PostgreSQL only


def create_queue_role() -> None:
    """The role of the loops. A role belongs to the cluster: it may be there already, or be made by two at once.

    On PostgreSQL 16 and later it is granted to be *set*, not inherited: the application has its rights only inside
    `Database.queue()`.
    """
    version = op.get_bind().dialect.server_version_info or (0,)
    may_enter, how = ("SET", "WITH INHERIT FALSE, SET TRUE") if version >= (16,) else ("MEMBER", "")
    op.execute(
        f"""
        DO $$
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'clearway_queue') THEN
                BEGIN
                    CREATE ROLE clearway_queue NOLOGIN;
                EXCEPTION WHEN duplicate_object OR unique_violation THEN
                    NULL;  -- another database of this cluster was quicker
                END;
            END IF;
            IF NOT pg_has_role(current_user, 'clearway_queue', '{may_enter}') THEN
                BEGIN
                    GRANT clearway_queue TO CURRENT_USER {how};
                EXCEPTION WHEN unique_violation THEN
                    NULL;
                END;
            END IF;
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE EXCEPTION 'Clearway needs the role clearway_queue, and % may not create it or grant it to itself',
                current_user
            USING ERRCODE = 'insufficient_privilege', HINT = format(
                'Let an administrator of the server run: CREATE ROLE clearway_queue NOLOGIN;'
                ' GRANT clearway_queue TO %I; (leave out the first where the role exists)', current_user);
        END $$
        """
    )
    op.execute("DO $$ BEGIN EXECUTE format('GRANT USAGE ON SCHEMA %I TO clearway_queue', current_schema()); END $$")
    for table in QUEUE:
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO clearway_queue")
    op.execute("GRANT SELECT (id) ON district TO clearway_queue")
    op.execute("GRANT SELECT ON alembic_version TO clearway_queue")


def separate_districts() -> None:
    """Only the rows of the district that the transaction has entered exist in it; forced, so for the owner too.

    A later table needs the same lines in its own migration; a test names the one that lacks them.
    """
    for table, key in [("district", "id"), *((table, "district_id") for table in DISTRICT)]:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        mine = f"{key} = current_setting('clearway.district', true)"
        op.execute(f"CREATE POLICY own_district ON {table} USING ({mine}) WITH CHECK ({mine})")
    for_queue = "true" if only_set() else "current_user = 'clearway_queue'"
    op.execute(f"CREATE POLICY queue ON district FOR SELECT TO clearway_queue USING ({for_queue})")
    for table in QUEUE:
        if table not in SERVER_WIDE:
            op.execute(f"CREATE POLICY queue ON {table} TO clearway_queue USING ({for_queue}) WITH CHECK ({for_queue})")


def only_set() -> bool:
    """Whether this role must become the queue's role to have its rights.

    A policy for a role holds for all who inherit from it, which before PostgreSQL 16, or by an administrator's grant,
    is this role too. Then the policy has to ask who is there, which makes for poorer plans.
    """
    inherits = "SELECT pg_has_role(current_user, 'clearway_queue', 'USAGE')"
    return not op.get_bind().exec_driver_sql(inherits).scalar_one()


# -------------------------------------------------------------------------------------- a history that can only grow

# The events are never changed. Of the words only the text may go, by a recorded act, which leaves the rest of the row.
#
# A later purge (the end of retention) must not be a way round this. It would be a recorded act too: a row of a table
# of its own (district, up to which seq, the digest there, who, why), and triggers that let exactly those rows go. The
# chain is then read from that digest on: `ledger.first_break(key, before=digest, …)`.

KEPT = ("district_id", "id", "challenge_id", "field", "about", "author_id", "said_at")


def redacts(same: str) -> str:
    """The one change of words that there is. `same`: the null-safe comparison of this database."""
    new, old = (", ".join(f"{row}.{column}" for column in KEPT) for row in ("NEW", "OLD"))
    goes = "NEW.text IS NULL AND NEW.redacted_at IS NOT NULL AND OLD.redacted_at IS NULL"
    return f"{goes} AND ({new}) {same} ({old})"


def let_history_only_grow_on_postgresql() -> None:
    op.execute(
        """
        CREATE FUNCTION clearway_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '% only grows: what was recorded is not changed', TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation';
        END $$
        """
    )
    refuse = "EXECUTE FUNCTION clearway_only_grows()"
    changed = f"FOR EACH ROW WHEN (NOT ({redacts('IS NOT DISTINCT FROM')}))"
    op.execute(f"CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE ON event FOR EACH ROW {refuse}")
    op.execute(f"CREATE TRIGGER only_redacted BEFORE UPDATE ON words {changed} {refuse}")
    op.execute(f"CREATE TRIGGER only_grows BEFORE DELETE ON words FOR EACH ROW {refuse}")
    for table in ("event", "words"):
        op.execute(f"CREATE TRIGGER not_emptied BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {refuse}")


def let_history_only_grow_on_sqlite() -> None:
    for name, when in {
        "event_not_changed": "BEFORE UPDATE ON event",
        "event_not_removed": "BEFORE DELETE ON event",
        "words_only_redacted": f"BEFORE UPDATE ON words WHEN NOT ({redacts('IS')})",
        "words_not_removed": "BEFORE DELETE ON words",
    }.items():
        refuse = f"SELECT RAISE(ABORT, '{name.split('_')[0]} only grows: what was recorded is not changed');"
        op.execute(f"CREATE TRIGGER {name} {when} BEGIN {refuse} END")
