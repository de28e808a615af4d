"""Throttles: how often something may be tried, counted in the database, so exact over workers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete

from irl import month as months
from irl.db import Connection, ForRows
from irl.errors import Throttled
from irl.house import House
from irl.schema import throttles

_COUNT: Final = ForRows(
    """INSERT INTO throttles (name, starts_at, tries) SELECT name, starts_at, 1 FROM given
       WHERE true ON CONFLICT (name, starts_at) DO UPDATE SET tries = throttles.tries + 1
       RETURNING tries""",
    {"name": "text", "starts_at": "number"},
)


async def count(house: House, name: str, *, most: int, window: timedelta, now: datetime) -> None:
    """Count one try of `name` in the fixed window that `now` lies in.

    Raises:
        Throttled: it was tried `most` times already in this window.
    """
    length_ms = window // timedelta(milliseconds=1)
    instant = months.to_instant(now)
    starts_at = instant - instant % length_ms

    async def work(connection: Connection) -> int:
        tries = await connection.value(_COUNT, rows=[[name, starts_at]])
        if tries == 1:
            await connection.all(
                delete(throttles).where(throttles.c.starts_at < instant - 2 * 86_400_000)
            )
        return int(tries)

    if await house.db.write(work) > most:
        left_s = (starts_at + length_ms - instant) // 1000 + 1
        raise Throttled("Too many tries. Please wait a little.", retry_after_s=left_s)
