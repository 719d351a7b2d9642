"""The keys with which Microsoft signs what it sends, and the tokens signed with them: good ones, and any other."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

ISSUER: Final = "https://api.botframework.com"
LIVES: Final = timedelta(hours=1)


@dataclass(frozen=True)
class SigningKey:
    id: str
    private: rsa.RSAPrivateKey
    endorsements: tuple[str, ...] = ("msteams",)

    def published(self) -> dict[str, Any]:
        """As the key set shows it."""
        numbers = self.private.public_key().public_numbers()
        known = {"kty": "RSA", "use": "sig", "kid": self.id, "x5t": self.id}
        return known | {"n": _b64(numbers.n), "e": _b64(numbers.e), "endorsements": list(self.endorsements)}

    def sign(self, claims: Mapping[str, Any], **header: Any) -> str:
        return jwt.encode(dict(claims), self.private, algorithm="RS256", headers={"kid": self.id, **header})


@cache
def signing_key(number: int = 1) -> SigningKey:
    """Made once for all tests of a process: making one takes longer than most tests."""
    return SigningKey(f"key-{number}", rsa.generate_private_key(public_exponent=65537, key_size=2048))


def claims(app_id: str, service_url: str, *, now: datetime, **other: Any) -> dict[str, Any]:
    """What a good token says; None in `other` leaves a claim out."""
    said = {"iss": ISSUER, "aud": app_id, "serviceurl": service_url, "nbf": now, "exp": now + LIVES} | other
    return {name: value for name, value in said.items() if value is not None}


def _b64(number: int) -> str:
    return base64.urlsafe_b64encode(number.to_bytes((number.bit_length() + 7) // 8, "big")).rstrip(b"=").decode()
