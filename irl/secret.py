"""Secrets that we hand out and do not keep: random, opaque, stored as SHA-256. Pure but for chance."""

from __future__ import annotations

import hashlib
import re
import secrets
from typing import Final

_BYTES: Final = 32

# Crockford's letters in lower case: no i, l, o, u to mistake when read aloud.
_LETTERS: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_PUBLIC_ID: Final = re.compile(f"[{_LETTERS}]{{13}}")


def token() -> str:
    """Make a secret of 256 random bits, safe in an address and in a header."""
    return secrets.token_urlsafe(_BYTES)


def public_id() -> str:
    """Make an opaque id of 65 random bits: 13 letters and digits."""
    return "".join(secrets.choice(_LETTERS) for _ in range(13))


def is_public_id(text: str) -> bool:
    """Tell whether a text from outside can be such an id; nothing else need be looked up."""
    return _PUBLIC_ID.fullmatch(text) is not None


def hashed(secret: str) -> str:
    """Give the hexadecimal SHA-256 of a secret; random secrets need no salt and no slow hash."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
