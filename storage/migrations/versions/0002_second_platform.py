"""A second platform: where Teams answers from, and what tells that two accounts are one person's."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("registration", sa.Column("service_url", sa.String(), nullable=False, server_default=sa.text("''")))
    op.add_column("account", sa.Column("directory_id", sa.Text(), nullable=True))
    op.add_column("account", sa.Column("mail", sa.Text(), nullable=True))
    op.add_column("account", sa.Column("linked", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index("ix_account_directory", "account", ["platform", "workspace_id", "directory_id"])
