"""Devices that a member signed in with before: they still get in while a stranger guesses.

Whoever guesses passwords from everywhere uses up the tries of an account. So that this locks out
nobody, a device that was in before carries a mark and has tries of its own ("device cookies" of
OWASP's Authentication Cheat Sheet). The mark is sealed with the member's own key over the hash of
the password, so nothing is kept here, and a new password makes all marks void.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from typing import Final

from sqlalchemy import bindparam, select

from irl.db import Row
from irl.house import House
from irl.schema import members

_SHAPE: Final = re.compile(r"[0-9a-f]{16}\.[0-9a-f]{32}", re.ASCII)
_SEALED: Final = select(members.c.seal, members.c.password_hash).where(
    members.c.id == bindparam("member_id")
)


async def mark(house: House, member_id: int) -> str:
    """Make a mark for a device that this member has just signed in with."""
    async with house.db.reading() as connection:
        row = await connection.one(_SEALED, member_id=member_id)
    assert row is not None
    name = secrets.token_hex(8)
    return f"{name}.{_sealed(row, name)}"


def is_known(row: Row | None, shown: str | None) -> bool:
    """Tell whether a mark was made for the member of a row with `seal` and `password_hash`."""
    if row is None or shown is None or _SHAPE.fullmatch(shown) is None:
        return False
    name, _, sealed = shown.partition(".")
    return hmac.compare_digest(sealed, _sealed(row, name))


def _sealed(row: Row, name: str) -> str:
    """Seal a mark: BLAKE2b (RFC 7693) with the member's key."""
    about = f"known device {name} {row['password_hash']}".encode()
    return hashlib.blake2b(about, key=bytes.fromhex(row["seal"]), digest_size=16).hexdigest()
