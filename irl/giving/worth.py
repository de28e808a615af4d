"""A giver's month: what was flattred, and what each flattr is worth if the month ended now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, select

from irl import calendar
from irl import month as months
from irl.calendar import Calendar, State
from irl.db import Connection, Row
from irl.errors import Invalid
from irl.giving import pots as open_pots
from irl.giving.flattrs import flattr_id
from irl.giving.pots import NOTHING, Pot
from irl.giving.scans import ScannedThing
from irl.house import House
from irl.money.micros import Micros
from irl.money.shares import shares as divided
from irl.month import Month
from irl.schema import flattrs, members, placements, pots, things, voids

PAGE: Final = 200

_MAKERS: Final = members.alias("makers")
_GIVEN: Final = (
    select(
        flattrs.c.thing_id,
        flattrs.c.given_at,
        things.c.public_id,
        things.c.title,
        things.c.artist,
        things.c.maker_id,
        things.c.hidden_at,
        placements.c.hidden_at.label("placement_hidden_at"),
        _MAKERS.c.nickname,
    )
    .join(things, things.c.id == flattrs.c.thing_id)
    .join(placements, placements.c.id == flattrs.c.placement_id)
    .join(_MAKERS, _MAKERS.c.id == things.c.maker_id)
    .where(flattrs.c.month == bindparam("month"), flattrs.c.member_id == bindparam("member_id"))
    .order_by(flattrs.c.given_at.desc(), flattrs.c.thing_id)
)
_VOID: Final = select(voids.c.thing_id).where(
    voids.c.month == bindparam("month"), voids.c.member_id == bindparam("member_id")
)
_POT: Final = select(pots.c.budget_micros, pots.c.funds_micros).where(
    pots.c.month == bindparam("month"), pots.c.member_id == bindparam("member_id")
)
_GIVER: Final = select(members.c.seal, members.c.joined_at).where(
    members.c.id == bindparam("member_id")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """One flattr; `worth_micros` is its share, 0 when it is void."""

    id: str
    thing: ScannedThing
    given_at: datetime
    worth_micros: Micros
    void: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class GiversMonth:
    """A month of one giver; the worths of all its pages sum to the pot.

    Attributes:
        month: which one.
        running: the running month.
        joined_in: the month in which the giver joined.
        state: of the month; one that has not begun counts as running.
        closes_at: the first instant after it.
        budget_micros: what is given at most; 0 where none is set.
        funds_micros: what there is to give.
        pot_micros: what is given.
        count: all flattrs.
        counting: those of them that are not void.
        each_micros: what each of these gets, rounded down to a micro.
        flattrs: a page of them, newest first.
        next: the last one's id, if more follow.
    """

    month: Month
    running: Month
    joined_in: Month
    state: State
    closes_at: datetime
    budget_micros: Micros
    funds_micros: Micros
    pot_micros: Micros
    count: int
    counting: int
    each_micros: Micros
    flattrs: tuple[Given, ...]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ThingsWorth:
    """What one thing is or would be worth to a giver in the running month.

    Attributes:
        month: the running month.
        budget_micros: what is given at most.
        pot_micros: what there is to give now.
        count: flattrs that count now.
        each_micros: what each of these is worth now, rounded down.
        with_one_more_micros: what each would be worth with one flattr more.
        given: the flattr of this thing, if there is one.
    """

    month: Month
    budget_micros: Micros
    pot_micros: Micros
    count: int
    each_micros: Micros
    with_one_more_micros: Micros
    given: Given | None


async def of_month(
    house: House, member_id: int, month: Month | None, *, after: str | None = None, now: datetime
) -> GiversMonth:
    """Give a page of a member's month, newest flattr first; the running month by default.

    Raises:
        Invalid: `after` is no flattr of this month, with the field `after`.
    """
    seen = await _seen(house, member_id, month, now=now)
    given = [_given(row, seen) for row in seen.rows]
    start = _start(given, after)
    page = given[start : start + PAGE]
    counting = len(seen.worth)
    return GiversMonth(
        month=seen.month,
        running=seen.running,
        joined_in=seen.joined_in,
        state=seen.state,
        closes_at=months.end(seen.month),
        budget_micros=seen.pot.budget_micros,
        funds_micros=seen.pot.funds_micros,
        pot_micros=seen.pot.micros,
        count=len(given),
        counting=counting,
        each_micros=Micros(seen.pot.micros // counting if counting else 0),
        flattrs=tuple(page),
        next=page[-1].id if start + PAGE < len(given) else None,
    )


async def of_thing(house: House, member_id: int, thing_id: str, *, now: datetime) -> ThingsWorth:
    """Give what a flattr of this thing is worth to a member in the running month, or would be."""
    seen = await _seen(house, member_id, None, now=now)
    given = next((_given(row, seen) for row in seen.rows if row["public_id"] == thing_id), None)
    count = len(seen.worth)
    return ThingsWorth(
        month=seen.month,
        budget_micros=seen.pot.budget_micros,
        pot_micros=seen.pot.micros,
        count=count,
        each_micros=Micros(seen.pot.micros // count if count else 0),
        with_one_more_micros=Micros(seen.pot.micros // (count + 1)),
        given=given,
    )


@dataclass(frozen=True, slots=True)
class _Seen:
    """A member's month as it is read, and what each thing that counts is worth."""

    month: Month
    running: Month
    joined_in: Month
    state: State
    rows: list[Row]
    pot: Pot
    seal: str
    worth: dict[int, int]


async def _seen(house: House, member_id: int, month: Month | None, *, now: datetime) -> _Seen:
    async with house.db.snapshot() as connection:
        look = await calendar.look(connection, now=now)
        month = month or look.running
        rows = await connection.all(_GIVEN, month=month, member_id=member_id)
        void = await _void(connection, rows, look, month=month, member_id=member_id)
        pot = await _pot(connection, look, month=month, member_id=member_id)
        giver = await connection.one(_GIVER, member_id=member_id)
    assert giver is not None, "who asks is a member"
    valid = [row["thing_id"] for row in rows if row["thing_id"] not in void]
    shares = divided(month=month, member=member_id, things=valid, pot=pot.micros)
    worth = dict(zip(valid, shares, strict=True))
    return _Seen(
        month=month,
        running=look.running,
        joined_in=months.of(months.from_instant(giver["joined_at"])),
        state=look.state(month),
        rows=rows,
        pot=pot,
        seal=giver["seal"],
        worth=worth,
    )


async def _void(
    connection: Connection, rows: list[Row], look: Calendar, *, month: Month, member_id: int
) -> set[int]:
    """Give the things whose flattrs do not count: stored once closed, else as things stand."""
    if look.state(month) == "closed":
        stored = await connection.all(_VOID, month=month, member_id=member_id)
        return {row["thing_id"] for row in stored}
    return {
        row["thing_id"]
        for row in rows
        if row["maker_id"] == member_id
        or row["hidden_at"] is not None
        or row["placement_hidden_at"] is not None
    }


async def _pot(connection: Connection, look: Calendar, *, month: Month, member_id: int) -> Pot:
    if look.state(month) == "closed":
        row = await connection.one(_POT, month=month, member_id=member_id)
        return NOTHING if row is None else Pot(**row)
    found = await open_pots.of_open_months(connection, [member_id], look=look)
    return found[member_id].get(month, NOTHING)


def _given(row: Row, seen: _Seen) -> Given:
    thing = ScannedThing(
        id=row["public_id"], title=row["title"], artist=row["artist"], maker=row["nickname"]
    )
    return Given(
        id=flattr_id(seen.seal, seen.month, thing.id),
        thing=thing,
        given_at=months.from_instant(row["given_at"]),
        worth_micros=Micros(seen.worth.get(row["thing_id"], 0)),
        void=row["thing_id"] not in seen.worth,
    )


def _start(given: list[Given], after: str | None) -> int:
    if after is None:
        return 0
    for index, one in enumerate(given):
        if one.id == after:
            return index + 1
    raise Invalid("This page does not exist.", field="after")
