"""Challenges that passkeys answer: random, asked of one member or of nobody yet, answered once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, insert
from webauthn.helpers import generate_challenge

from irl import month as months
from irl.db import Connection
from irl.house import House
from irl.schema import challenges
from irl.secret import hashed

LASTS: Final = timedelta(minutes=5)


async def ask(house: House, member_id: int | None, *, now: datetime) -> bytes:
    """Make a challenge of 64 random bytes and remember that it was asked; what is over goes.

    `member_id` is None where it turns out only at the end who it is.
    """
    challenge = generate_challenge()
    at, until = months.to_instant(now), months.to_instant(now + LASTS)

    async def work(connection: Connection) -> None:
        await connection.all(delete(challenges).where(challenges.c.expires_at <= at))
        await connection.all(
            insert(challenges).values(
                challenge_hash=hashed(challenge.hex()), member_id=member_id, expires_at=until
            )
        )

    await house.db.write(work)
    return challenge


async def use_up(house: House, challenge: bytes, member_id: int | None, *, now: datetime) -> bool:
    """Use up a challenge; False when it was not asked of this member, is used, or too old."""
    asked_of = challenges.c.member_id
    this = (
        (challenges.c.challenge_hash == hashed(challenge.hex()))
        & (challenges.c.expires_at > months.to_instant(now))
        & (asked_of.is_(None) if member_id is None else asked_of == member_id)
    )

    async def work(connection: Connection) -> bool:
        used = delete(challenges).where(this).returning(challenges.c.challenge_hash)
        return await connection.value(used) is not None

    return await house.db.write(work)
