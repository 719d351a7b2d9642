"""Encryption at rest: the first key seals, every key opens (CLEARWAY_SECRET_KEYS), so keys can be rotated."""

import json
from collections.abc import Sequence
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class UnsealError(Exception):
    """None of the keys opens it, or it was sealed for another purpose."""


class Seal:
    """Seals JSON values. The purpose is inside the ciphertext, so a value cannot be moved to another place."""

    def __init__(self, keys: Sequence[str]) -> None:
        """`keys`: Fernet keys (32 url-safe base64 bytes), newest first. Raises ValueError on a malformed one."""
        self._fernet = MultiFernet([Fernet(key) for key in keys])

    @staticmethod
    def new_key() -> str:
        return Fernet.generate_key().decode()

    def seal(self, value: Any, *, purpose: str) -> str:
        return self._fernet.encrypt(json.dumps({"for": purpose, "is": value}).encode()).decode()

    def open(self, sealed: str, *, purpose: str) -> Any:
        """Raises UnsealError."""
        try:
            inside = json.loads(self._fernet.decrypt(sealed.encode()))
        except InvalidToken as error:
            says = (
                f"CLEARWAY_SECRET_KEYS has not the key that this database was made with (it does not open: {purpose})."
            )
            raise UnsealError(f"{says} Put that key back, behind a comma where there is another.") from error
        if inside["for"] != purpose:
            raise UnsealError(f"Sealed for {inside['for']}, not for {purpose}")
        return inside["is"]
