"""What is due is found among all that is stored, of whatever district: a claim costs by what is due, not by districts.

And a page of the queue's tables keeps room for the next version of its rows: each is claimed, and then marked, and as long
as the new version fits beside the old one PostgreSQL touches no index for a claim.
"""

from alembic import op
from sqlalchemy import text

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_context().dialect.name == "postgresql":
        for each in ("timer", "message"):
            op.execute(f"ALTER TABLE {each} SET (fillfactor = 70)")
    op.create_index("ix_timer_due_anywhere", "timer", ["due_at"])
    pending, stale = text("state = 'pending'"), text("stale_at IS NOT NULL")
    op.create_index(
        "ix_message_due_anywhere", "message", ["send_at"], sqlite_where=pending, postgresql_where=pending
    )
    op.create_index(
        "ix_posted_card_stale_anywhere", "postedcard", ["stale_at"], sqlite_where=stale, postgresql_where=stale
    )
