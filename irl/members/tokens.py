"""Tokens of apps: opaque, stored hashed, with scopes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, delete, insert, select

from irl import month as months
from irl.db import Connection
from irl.errors import Invalid, NotFound, ScopeMissing, TokenRefused
from irl.house import House
from irl.members import member
from irl.members.member import Member
from irl.schema import members, tokens
from irl.secret import hashed, is_public_id, public_id, token
from irl.sentence import Sentence
from irl.text import line

SCOPES: Final = ("flattr", "thing", "wallet")
"""What a token may be for; in the database bit 0, 1 and 2."""

NAME_MOST: Final = 100

_HOLDER: Final = (
    select(*member.COLUMNS, tokens.c.scopes)
    .join(tokens, tokens.c.member_id == members.c.id)
    .where(tokens.c.token_hash == bindparam("token_hash"), members.c.left_at.is_(None))
)
_MINE: Final = (
    select(tokens)
    .where(tokens.c.member_id == bindparam("member_id"))
    .order_by(tokens.c.created_at.desc(), tokens.c.public_id)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedToken:
    """A new token; its secret is shown this once."""

    token: str
    token_id: str
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptToken:
    """A token as its holder sees it in a list, without its secret."""

    token_id: str
    name: str
    scopes: tuple[str, ...]
    created_at: datetime


def scope_bits(scopes: Sequence[str]) -> int:
    """Turn scopes into bits.

    Raises:
        Invalid: there is none, or an unknown one, with the field `scopes`.
    """
    if not scopes or not set(scopes) <= set(SCOPES):
        raise Invalid(
            "Scopes are flattr, thing and wallet; at least one is needed.", field="scopes"
        )
    return sum(1 << index for index, scope in enumerate(SCOPES) if scope in scopes)


async def issue(
    house: House, member_id: int, *, name: str, scopes: Sequence[str], now: datetime
) -> IssuedToken:
    """Make a token for a member.

    Raises:
        Invalid: a bad name or scope.
    """
    name = line(name, field="name", most=NAME_MOST)
    bits = scope_bits(scopes)
    issued = IssuedToken(
        token=token(),
        token_id=public_id(),
        scopes=tuple(scope for scope in SCOPES if scope in scopes),
    )

    async def work(connection: Connection) -> None:
        await connection.all(
            insert(tokens).values(
                token_hash=hashed(issued.token),
                public_id=issued.token_id,
                member_id=member_id,
                name=name,
                scopes=bits,
                created_at=months.to_instant(now),
            )
        )

    await house.db.write(work)
    return issued


async def holder(house: House, secret: str, *, scope: str | None) -> Member:
    """Give the member whose token it is.

    Raises:
        TokenRefused: it is unknown or revoked.
        ScopeMissing: it is not for `scope`.
    """
    async with house.db.reading() as connection:
        row = await connection.one(_HOLDER, token_hash=hashed(secret))
    if row is None:
        raise TokenRefused("This token is not known or was revoked.")
    if scope is not None and not row["scopes"] & scope_bits([scope]):
        raise ScopeMissing(Sentence("This call needs a token with the scope {scope}.", scope=scope))
    return member.of_row(row)


async def mine(house: House, member_id: int) -> tuple[KeptToken, ...]:
    """Give a member's tokens, the newest first."""
    async with house.db.reading() as connection:
        rows = await connection.all(_MINE, member_id=member_id)
    return tuple(
        KeptToken(
            token_id=row["public_id"],
            name=row["name"],
            scopes=tuple(scope for scope in SCOPES if row["scopes"] & scope_bits([scope])),
            created_at=months.from_instant(row["created_at"]),
        )
        for row in rows
    )


async def revoke(house: House, member_id: int, token_id: str) -> None:
    """Revoke a token at once.

    Raises:
        NotFound: it does not exist or is not this member's.
    """
    if not is_public_id(token_id):
        raise NotFound("There is no such token.")

    async def work(connection: Connection) -> None:
        gone = await connection.value(
            delete(tokens)
            .where(tokens.c.public_id == token_id, tokens.c.member_id == member_id)
            .returning(tokens.c.public_id)
        )
        if gone is None:
            raise NotFound("There is no such token.")

    await house.db.write(work)
