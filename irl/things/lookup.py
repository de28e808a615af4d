"""The look-up: anyone names a thing's web address and gets its printable code."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from irl.db import ForRows, Row
from irl.house import House
from irl.members import throttles
from irl.text import spellings
from irl.things import catalogue, placements
from irl.things.catalogue import Thing
from irl.things.placements import WEB, Placement
from qr.code import Code

_MOST: Final = 120
_WINDOW: Final = timedelta(hours=1)

_CODES: Final = ForRows(
    """SELECT p.thing_id, p.code, coalesce(p.revoked_at, p.hidden_at) AS over_at
       FROM given CROSS JOIN placements p
       WHERE p.thing_id = given.thing_id AND p.name = given.name
         AND p.opens_at IS NULL AND p.closes_at IS NULL ORDER BY p.id""",
    {"thing_id": "number", "name": "text"},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A thing, and the code that anybody may print for it; None when there is none.

    Anybody may have one made (`placements.for_web`), but not where the maker took it back.
    """

    thing: Thing
    code: Code | None
    taken_back: bool


async def look_up(house: House, url: str, *, address: str, now: datetime) -> tuple[Found, ...]:
    """Give the things that were registered with a web address, at most 50.

    Args:
        house: the house.
        url: as somebody types it, see `text.spellings`.
        address: the network address of who asks.
        now: the moment.

    Raises:
        Invalid: it is no web address, with the field `url`.
        Throttled: too many from this network address.
    """
    ways = spellings(url, field="url")
    await _count(house, address, now)
    async with house.db.reading() as connection:
        things = await catalogue.at_addresses(connection, ways)
        rows = await connection.all(_CODES, rows=[[thing.key, WEB] for thing in things])
    return tuple(
        _found(thing, [row for row in rows if row["thing_id"] == thing.key]) for thing in things
    )


async def make(house: House, thing_id: str, *, address: str, mask: int, now: datetime) -> Placement:
    """Have a code made for a thing that was looked up, or get the one that there is.

    Args:
        house: the house.
        thing_id: the thing's id.
        address: the network address of who asks.
        mask: as for `placements.make`.
        now: the moment.

    Raises:
        NotFound: there is no such thing, or its maker took the code back.
        Invalid: the thing has too many codes already.
        Throttled: too many from this network address.
    """
    await _count(house, address, now)
    return await placements.for_web(house, thing_id, mask=mask, now=now)


async def _count(house: House, address: str, now: datetime) -> None:
    await throttles.count(house, f"look-up {address}", most=_MOST, window=_WINDOW, now=now)


def _found(thing: Thing, codes: list[Row]) -> Found:
    holding = [Code.from_number(row["code"]) for row in codes if row["over_at"] is None]
    # The oldest, as `placements.for_web` gives it.
    code = holding[0] if holding else None
    return Found(thing=thing, code=code, taken_back=bool(codes) and code is None)
