"""What Alembic asks for: the connection that storage/schema.py opened, and the models to compare with."""

from typing import Any, Literal

import sqlalchemy as sa
from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlmodel import SQLModel

from storage import models
from storage.columns import UtcDateTime, Word

assert models.QUEUE  # noqa: S101  # importing the models has filled the metadata


def plain_type(kind: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:
    """A new migration freezes plain column types, so that it never needs the code of a later day."""
    if kind == "type":
        match item:
            case UtcDateTime():
                return "sa.DateTime(timezone=True)"
            case Word():
                return "sa.String(40)"
            case sa.types.TypeDecorator(impl_instance=sa.String()):
                return "sa.String()"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_item=plain_type,
    render_as_batch=True,  # SQLite cannot alter a table; Alembic copies it
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
