"""Flattrs: their ids, and taking one back while its month is open."""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, delete, select

from irl import calendar, month
from irl.db import CLOSING_LOCK, Connection, ForRows
from irl.errors import MonthClosed, NotFound
from irl.giving import scans_sql
from irl.house import House
from irl.month import Month
from irl.schema import flattrs, members, things
from irl.secret import is_public_id
from irl.sentence import Sentence

_ID: Final = re.compile(r"([0-9]{6})-([0-9a-z]{13})-([0-9a-f]{16})", re.ASCII)
_SEAL: Final = select(members.c.seal).where(members.c.id == bindparam("member_id"))
# What is undone before a subscription came round is not given again by it.
_UNDONE: Final = ForRows(
    """INSERT INTO subscription_months (subscription_id, month, outcome, done_at)
       SELECT s.id, given.month, 'undone', given.done_at FROM given CROSS JOIN subscriptions s
       WHERE s.member_id = given.member_id AND s.thing_id = given.thing_id AND s.ended_at IS NULL
       ON CONFLICT DO NOTHING""",
    {"month": "number", "member_id": "number", "thing_id": "number", "done_at": "number"},
)
_KEY: Final = select(things.c.id).where(things.c.public_id == bindparam("thing_id"))

_OWN: Final = _KEY.where(things.c.maker_id == bindparam("maker_id"))
# From the few who show their flattrs to each one's own, which the key finds.
_SHOWN: Final = ForRows(
    """SELECT m.nickname FROM given CROSS JOIN members m CROSS JOIN flattrs f
       WHERE m.shows_flattrs_at IS NOT NULL AND m.left_at IS NULL
         AND f.month = given.month AND f.member_id = m.id AND f.thing_id = given.thing
         AND f.given_at >= m.shows_flattrs_at
       ORDER BY f.given_at, m.id LIMIT 500""",
    {"month": "number", "thing": "number"},
)


def flattr_id(seal: str, of_month: Month, thing_id: str) -> str:
    """Give the id of a member's flattr for the outside.

    It names month and thing and is sealed with the member's own random key (BLAKE2b, RFC 7693),
    so it needs no column and no index, and opens nothing for anybody else.
    """
    named = f"{of_month}-{thing_id}"
    digest = hashlib.blake2b(named.encode(), key=bytes.fromhex(seal), digest_size=8)
    return f"{named}-{digest.hexdigest()}"


async def shown_to_maker(
    house: House, maker_id: int, thing_id: str, month: Month
) -> tuple[str, ...]:
    """Give the nicknames of those who flattred a maker's thing in a month and want it to be seen.

    Only flattrs given since they said so, in the order given, at most 500; of all others nothing.

    Raises:
        NotFound: there is no such thing of this maker.
    """
    if not is_public_id(thing_id):
        raise NotFound("There is no such thing.")
    async with house.db.reading() as connection:
        key = await connection.value(_OWN, thing_id=thing_id, maker_id=maker_id)
        if key is None:
            raise NotFound("There is no such thing.")
        rows = await connection.all(_SHOWN, rows=[[month, key]])
    return tuple(row["nickname"] for row in rows)


async def undo(house: House, member_id: int, asked_id: str, *, now: datetime) -> None:
    """Take a flattr back, as if it had not been given.

    Raises:
        NotFound: it does not exist, or is not this member's.
        MonthClosed: its month is closing or closed.
    """
    match = _ID.fullmatch(asked_id)
    if match is None:
        raise NotFound("There is no such flattr.")
    of_month, thing_id = Month(int(match[1])), match[2]

    async def work(connection: Connection) -> None:
        await connection.lock(CLOSING_LOCK, shared=True)
        seal = await connection.value(_SEAL, member_id=member_id)
        if seal is None or not hmac.compare_digest(flattr_id(seal, of_month, thing_id), asked_id):
            raise NotFound("There is no such flattr.")
        look = await calendar.look(connection, now=now)
        key = await connection.value(_KEY, thing_id=thing_id)
        mine = (
            (flattrs.c.month == of_month)
            & (flattrs.c.member_id == member_id)
            & (flattrs.c.thing_id == key)
        )
        if of_month in look.states:
            if await connection.value(select(flattrs.c.thing_id).where(mine)) is None:
                raise NotFound("There is no such flattr.")
            raise MonthClosed(
                Sentence("{month} is closed; its flattrs stand.", month=month.text(of_month))
            )
        gone = await connection.one(
            delete(flattrs).where(mine).returning(flattrs.c.placement_id, flattrs.c.given_at)
        )
        if gone is None:
            raise NotFound("There is no such flattr.")
        place, at = gone["placement_id"], gone["given_at"]
        await scans_sql.count(connection, [(place, of_month)], -1, at=at)
        await _tell_subscription(connection, of_month, member_id, key, now)

    await house.db.write(work)


async def _tell_subscription(
    connection: Connection, of_month: Month, member_id: int, thing: int, now: datetime
) -> None:
    row = [of_month, member_id, thing, month.to_instant(now)]
    await connection.all(_UNDONE, rows=[row])
