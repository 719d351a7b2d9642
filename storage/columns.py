"""Column types that keep promises: aware UTC instants, JSON documents, short codes."""

from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, String, TypeDecorator
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel.sql.sqltypes import UTCDateTime

UtcDateTime = UTCDateTime
"""An aware instant, stored as UTC. A naive datetime raises when it is bound: it is a bug."""

Json = JSON().with_variant(JSONB(), "postgresql")


class Word(TypeDecorator[StrEnum]):
    """A StrEnum stored as its value, so that a new member needs no migration."""

    impl = String(40)
    cache_ok = True

    def __init__(self, kind: type[StrEnum]) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: Any, dialect: object) -> str | None:
        return None if value is None else str(self.kind(value))

    def process_result_value(self, value: str | None, dialect: object) -> StrEnum | None:
        return None if value is None else self.kind(value)
