"""Sessions of browsers: a random cookie, stored hashed, ended by signing out."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import bindparam, delete, insert, select

from irl import month as months
from irl.db import Connection
from irl.house import House
from irl.members import member
from irl.members.member import Member
from irl.schema import members, sessions
from irl.secret import hashed, public_id, token

_HOLDER: Final = (
    select(*member.COLUMNS)
    .join(sessions, sessions.c.member_id == members.c.id)
    .where(sessions.c.token_hash == bindparam("token_hash"))
    .where(sessions.c.expires_at > bindparam("now_at"), members.c.left_at.is_(None))
)


async def start(house: House, member_id: int, *, device: str = "", now: datetime) -> str:
    """Start a session and give its secret, for the cookie; old ones of everybody go."""
    secret = token()
    at = months.to_instant(now)
    until = months.to_instant(now + timedelta(days=house.rules.session_days))

    async def work(connection: Connection) -> None:
        await connection.all(delete(sessions).where(sessions.c.expires_at <= at))
        await connection.all(
            insert(sessions).values(
                token_hash=hashed(secret),
                public_id=public_id(),
                member_id=member_id,
                device=device,
                created_at=at,
                seen_on=months.to_day(now),
                expires_at=until,
            )
        )

    await house.db.write(work)
    return secret


async def holder(house: House, secret: str, *, now: datetime) -> Member | None:
    """Give the member whose session it is, or None when it is unknown or over."""
    async with house.db.reading() as connection:
        row = await connection.one(
            _HOLDER, token_hash=hashed(secret), now_at=months.to_instant(now)
        )
    return None if row is None else member.of_row(row)


async def end(house: House, secret: str) -> None:
    """End a session; harmless when there is none."""

    async def work(connection: Connection) -> None:
        await connection.all(delete(sessions).where(sessions.c.token_hash == hashed(secret)))

    await house.db.write(work)
