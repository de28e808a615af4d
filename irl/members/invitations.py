"""Invitations: single-use, 17 lower-case hexadecimal characters (68 bits), kept as hashes."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import bindparam, func, insert, select, update

from irl import month as months
from irl.db import Connection
from irl.errors import InvitationRefused
from irl.house import House
from irl.schema import invitations
from irl.secret import hashed

_SHAPE: Final = re.compile(r"[0-9a-f]{17}", re.ASCII)
_FREE: Final = select(invitations.c.code_hash).where(
    invitations.c.code_hash == bindparam("code_hash"), invitations.c.spent_at.is_(None)
)
_DAY_MS: Final = 86_400_000
_DAY: Final = (invitations.c.created_at // _DAY_MS).label("day")
_DAYS: Final = (
    select(_DAY, func.count().label("made"), func.count(invitations.c.spent_at).label("spent"))
    .group_by(_DAY)
    .order_by(_DAY.desc())
    .limit(60)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """How many invitations were made on a day, and how many of these are spent by now."""

    on: date
    made: int
    spent: int


async def issue(house: House, count: int, *, now: datetime) -> list[str]:
    """Make `count` new invitations and give their codes; they are shown this once.

    Args:
        house: the house.
        count: 1 to 10,000.
        now: the moment they are made.
    """
    assert 1 <= count <= 10_000
    codes = [f"{secrets.randbits(68):017x}" for _ in range(count)]
    at = months.to_instant(now)

    async def work(connection: Connection) -> None:
        for code in codes:
            await connection.all(insert(invitations).values(code_hash=hashed(code), created_at=at))

    await house.db.write(work)
    return codes


async def days(house: House) -> tuple[Day, ...]:
    """Count invitations by the day (UTC) on which they were made, the latest first, at most 60."""
    async with house.db.reading() as connection:
        rows = await connection.all(_DAYS)
    return tuple(
        Day(
            on=months.from_instant(row["day"] * _DAY_MS).date(),
            made=row["made"],
            spent=row["spent"],
        )
        for row in rows
    )


async def check(connection: Connection, code: str | None) -> str:
    """Check that an invitation can still be spent; give its hash.

    Raises:
        InvitationRefused: missing, misspelt, unknown or spent, with the field `invitation`.
    """
    if code is None or not code.strip():
        raise InvitationRefused("You need an invitation to join.", field="invitation")
    code = code.strip()
    if _SHAPE.fullmatch(code) is None:
        raise InvitationRefused(
            "An invitation has 17 characters, 0 to 9 and a to f.", field="invitation"
        )
    code_hash = hashed(code)
    if await connection.value(_FREE, code_hash=code_hash) is None:
        raise InvitationRefused(
            "This invitation is not known or was used already.", field="invitation"
        )
    return code_hash


async def spend(connection: Connection, code_hash: str, *, member_id: int, now: datetime) -> None:
    """Spend an invitation in the caller's transaction: first come, first served.

    Raises:
        InvitationRefused: somebody else was first.
    """
    spent = await connection.value(
        update(invitations)
        .where(invitations.c.code_hash == code_hash, invitations.c.spent_at.is_(None))
        .values(spent_at=months.to_instant(now), member_id=member_id)
        .returning(invitations.c.code_hash)
    )
    if spent is None:
        raise InvitationRefused(
            "This invitation was used by somebody else meanwhile.", field="invitation"
        )
