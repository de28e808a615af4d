"""Sessions of browsers: a random cookie, stored hashed, ended by signing out, here or elsewhere."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import bindparam, delete, insert, select, update

from irl import month as months
from irl.db import Connection
from irl.errors import NotFound, Unavailable
from irl.house import House
from irl.members import member
from irl.members.member import Member
from irl.schema import members, sessions, tokens
from irl.secret import hashed, is_public_id, public_id, token

DEVICE_MOST: Final = 60

_HOLDER: Final = (
    select(*member.COLUMNS, sessions.c.seen_on)
    .join(sessions, sessions.c.member_id == members.c.id)
    .where(sessions.c.token_hash == bindparam("token_hash"))
    .where(sessions.c.expires_at > bindparam("now_at"), members.c.left_at.is_(None))
)
_MINE: Final = (
    select(sessions)
    .where(sessions.c.member_id == bindparam("member_id"))
    .where(sessions.c.expires_at > bindparam("now_at"))
    .order_by(sessions.c.seen_on.desc(), sessions.c.created_at.desc())
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A session as its holder sees it in a list, without its secret.

    Attributes:
        session_id: opaque.
        device: `Chrome on Android`, or nothing where the browser did not say what it is.
        created_at: when somebody signed in.
        seen_on: the last day on which it was used (UTC).
        is_this: whether it is the one that asks.
    """

    session_id: str
    device: str
    created_at: datetime
    seen_on: date
    is_this: bool


async def start(house: House, member_id: int, *, device: str = "", now: datetime) -> str:
    """Start a session and give its secret, for the cookie; the member's old ones go.

    `device` is what the list of sessions calls it, at most 60 characters.
    """
    secret = token()
    at = months.to_instant(now)
    until = months.to_instant(now + timedelta(days=house.rules.session_days))
    over = (sessions.c.member_id == member_id) & (sessions.c.expires_at <= at)

    async def work(connection: Connection) -> None:
        await connection.all(delete(sessions).where(over))
        await connection.all(
            insert(sessions).values(
                token_hash=hashed(secret),
                public_id=public_id(),
                member_id=member_id,
                device=device[:DEVICE_MOST],
                created_at=at,
                seen_on=months.to_day(now),
                expires_at=until,
            )
        )

    await house.db.write(work)
    return secret


async def holder(house: House, secret: str, *, now: datetime) -> Member | None:
    """Give the member whose session it is, or None when it is unknown or over.

    The first use on a day is noted; every other only reads.
    """
    token_hash = hashed(secret)
    async with house.db.reading() as connection:
        row = await connection.one(_HOLDER, token_hash=token_hash, now_at=months.to_instant(now))
    if row is None:
        return None
    if row["seen_on"] < months.to_day(now):
        # A house that cannot write just now can still show pages.
        with suppress(Unavailable):
            await _seen(house, token_hash, now)
    return member.of_row(row)


async def mine(
    house: House, member_id: int, *, secret: str | None, now: datetime
) -> tuple[Session, ...]:
    """Give a member's sessions, the one used last first; `secret` is of the one that asks."""
    this = "" if secret is None else hashed(secret)
    async with house.db.reading() as connection:
        rows = await connection.all(_MINE, member_id=member_id, now_at=months.to_instant(now))
    found = [
        Session(
            session_id=row["public_id"],
            device=row["device"],
            created_at=months.from_instant(row["created_at"]),
            seen_on=months.from_day(row["seen_on"]),
            is_this=row["token_hash"] == this,
        )
        for row in rows
    ]
    return tuple(sorted(found, key=lambda session: not session.is_this))


async def end(house: House, secret: str) -> None:
    """End a session; harmless when there is none."""

    async def work(connection: Connection) -> None:
        await connection.all(delete(sessions).where(sessions.c.token_hash == hashed(secret)))

    await house.db.write(work)


async def end_one(house: House, member_id: int, session_id: str) -> None:
    """End one of a member's sessions, from another device.

    Raises:
        NotFound: it does not exist, is over, or is not this member's.
    """
    if not is_public_id(session_id):
        raise NotFound("There is no such session.")
    this = (sessions.c.public_id == session_id) & (sessions.c.member_id == member_id)

    async def work(connection: Connection) -> None:
        gone = await connection.value(delete(sessions).where(this).returning(sessions.c.public_id))
        if gone is None:
            raise NotFound("There is no such session.")

    await house.db.write(work)


async def end_everywhere(house: House, member_id: int) -> None:
    """Sign a member out everywhere: every session ends, and every app's token is revoked."""

    async def work(connection: Connection) -> None:
        await end_all(connection, member_id)
        await connection.all(delete(tokens).where(tokens.c.member_id == member_id))

    await house.db.write(work)


async def end_all(connection: Connection, member_id: int, *, but: str | None = None) -> None:
    """End a member's sessions in the caller's transaction, all but the one with this secret."""
    ends = delete(sessions).where(sessions.c.member_id == member_id)
    if but is not None:
        ends = ends.where(sessions.c.token_hash != hashed(but))
    await connection.all(ends)


async def forget_old(house: House, *, now: datetime) -> None:
    """Forget sessions that are over."""
    at = months.to_instant(now)

    async def work(connection: Connection) -> None:
        await connection.all(delete(sessions).where(sessions.c.expires_at <= at))

    await house.db.write(work)


async def _seen(house: House, token_hash: str, now: datetime) -> None:
    today = update(sessions).where(sessions.c.token_hash == token_hash)

    async def work(connection: Connection) -> None:
        await connection.all(today.values(seen_on=months.to_day(now)))

    await house.db.write(work)
