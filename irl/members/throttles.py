"""Throttles: how often something may be tried, counted in the database, so exact over workers.

Who sends is counted twice: as a network address, and as the network around it with a higher
limit, so that many addresses of one network are not many times as patiently borne. Windows are
fixed: each begins where the last one ended, at a multiple of its length since 1970.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

from sqlalchemy import case, delete, update

from irl import month as months
from irl.db import Connection, ForRows
from irl.errors import Throttled
from irl.house import House
from irl.rules import Rules
from irl.schema import throttles

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)

_KEPT: Final = timedelta(days=2)
_COUNT: Final = ForRows(
    """INSERT INTO throttles (name, starts_at, tries) SELECT name, starts_at, 1 FROM given
       WHERE true ON CONFLICT (name, starts_at) DO UPDATE SET tries = throttles.tries + 1
       RETURNING name, tries""",
    {"name": "text", "starts_at": "number"},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """What is counted under a name, and how often it may be tried in a window."""

    name: str
    most: int
    window: timedelta = HOUR


def of_sender(what: str, address: str, *, most: int, rules: Rules) -> tuple[Limit, ...]:
    """Give the limits of a network address and of the network around it, for an hour.

    Of IPv6 an address counts as its /64, since that is what one connection is given (RFC 6177).

    Args:
        what: is tried, for instance `sign-in`.
        address: of who sends, as the server knows it.
        most: tries an hour of one address.
        rules: say how many times as many a network has.
    """
    one, around = _around(address, 32, 64), network(address)
    alone = Limit(name=f"{what} {one}", most=most)
    if around == one:
        return (alone,)
    return (alone, Limit(name=f"{what} {around}", most=most * rules.network_times))


def network(address: str) -> str:
    """Give the network around an address: the /24 of IPv4, the /48 of IPv6.

    What is no address is a network by itself.
    """
    return _around(address, 24, 48)


async def count(
    house: House, name: str, *, most: int, window: timedelta = HOUR, now: datetime
) -> None:
    """Count one try of `name` in the window that `now` lies in.

    Raises:
        Throttled: it was tried `most` times already in this window.
    """
    await count_all(house, [Limit(name=name, most=most, window=window)], now=now)


async def count_all(house: House, limits: Sequence[Limit], *, now: datetime) -> None:
    """Count one try under each of several limits, or under none of them.

    Raises:
        Throttled: one of them is reached.
    """

    async def work(connection: Connection) -> None:
        await take(connection, limits, now=now)

    await house.db.write(work)


async def take(connection: Connection, limits: Sequence[Limit], *, now: datetime) -> None:
    """Do as `count_all`, in the caller's transaction.

    Raises:
        Throttled: one of them is reached.
    """
    instant = months.to_instant(now)
    by_name = {limit.name: limit for limit in limits}
    # In one order whoever counts, so that two who count the same never wait for each other.
    rows = [[name, _begin(by_name[name], instant)] for name in sorted(by_name)]
    left_ms = 0
    for row in await connection.all(_COUNT, rows=rows):
        limit = by_name[row["name"]]
        if row["tries"] > limit.most:
            left_ms = max(left_ms, _begin(limit, instant) + _length_ms(limit) - instant)
    if left_ms:
        raise Throttled("Too many tries. Please wait a little.", retry_after_s=left_ms // 1000 + 1)


async def give_back(house: House, limit: Limit, *, now: datetime) -> None:
    """Take back a try that was counted and turned out to be none."""
    begin = _begin(limit, months.to_instant(now))
    mine = (throttles.c.name == limit.name) & (throttles.c.starts_at == begin)
    less = case((throttles.c.tries > 0, throttles.c.tries - 1), else_=0)

    async def work(connection: Connection) -> None:
        await connection.all(update(throttles).where(mine).values(tries=less))

    await house.db.write(work)


async def forget_old(house: House, *, now: datetime) -> None:
    """Forget what was counted in windows that are over."""
    before = months.to_instant(now - _KEPT)

    async def work(connection: Connection) -> None:
        await connection.all(delete(throttles).where(throttles.c.starts_at < before))

    await house.db.write(work)


def _begin(limit: Limit, instant: int) -> int:
    return instant - instant % _length_ms(limit)


def _length_ms(limit: Limit) -> int:
    return limit.window // timedelta(milliseconds=1)


def _around(address: str, of_4: int, of_6: int) -> str:
    """Give the network of this many bits around an address; a single address is just itself."""
    try:
        found: IPv4Address | IPv6Address = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is None:
            return str(IPv6Network((int(found), of_6), strict=False))
        found = found.ipv4_mapped
    return str(found) if of_4 == 32 else str(IPv4Network((int(found), of_4), strict=False))
