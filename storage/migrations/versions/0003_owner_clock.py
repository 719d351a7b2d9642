"""An owner's clock goes by what they do themselves, and no longer by what anybody does."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("challenge", sa.Column("owner_acted_at", sa.DateTime(timezone=True), nullable=True))
    # Until their next act, owners keep the clock that they had.
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    if on_postgresql:  # the policy holds for the owner of the table as well, who has entered no district here
        op.execute("ALTER TABLE challenge NO FORCE ROW LEVEL SECURITY")
    op.execute("UPDATE challenge SET owner_acted_at = updated_at WHERE updated_at > owned_since")
    if on_postgresql:
        op.execute("ALTER TABLE challenge FORCE ROW LEVEL SECURITY")
