"""${message}"""

import sqlalchemy as sa
import sqlmodel  # noqa: F401  # autogenerate may write its types
from alembic import op
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}
