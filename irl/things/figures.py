"""What a maker sees of a thing: visits and flattrs by placement and day, and what each month brought.

Counts and amounts, never people. Whoever it is not shown to as the maker sees no cell below five.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from irl import calendar
from irl import month as months
from irl.db import ForRows
from irl.house import House
from irl.month import Day, Month
from irl.things import catalogue
from qr.code import Code

DAYS: Final = 30
"""Days that are told one by one; today is the last."""

FEWEST: Final = 5
"""Below this a count is not told to others."""

_PLACES: Final = ForRows(
    """SELECT p.code, p.name, p.revoked_at,
         CAST(coalesce(sum(d.visits), 0) AS BIGINT) AS visits,
         CAST(coalesce(sum(d.flattrs), 0) AS BIGINT) AS flattrs,
         CAST(coalesce(sum(CASE WHEN d.day_on >= given.since THEN d.visits END), 0) AS BIGINT)
           AS recent_visits,
         CAST(coalesce(sum(CASE WHEN d.day_on >= given.since THEN d.flattrs END), 0) AS BIGINT)
           AS recent_flattrs
       FROM given CROSS JOIN placements p LEFT JOIN placement_days d ON d.placement_id = p.id
       WHERE p.thing_id = given.thing_id GROUP BY p.id, p.code, p.name, p.revoked_at
       ORDER BY p.id DESC""",
    {"thing_id": "number", "since": "number"},
)
_DAYS: Final = ForRows(
    """SELECT d.day_on, CAST(sum(d.visits) AS BIGINT) AS visits,
         CAST(sum(d.flattrs) AS BIGINT) AS flattrs
       FROM given CROSS JOIN placements p CROSS JOIN placement_days d
       WHERE p.thing_id = given.thing_id AND d.placement_id = p.id AND d.day_on >= given.since
       GROUP BY d.day_on""",
    {"thing_id": "number", "since": "number"},
)
_OPEN: Final = ForRows(
    """SELECT c.month, CAST(sum(c.flattrs) AS BIGINT) AS flattrs
       FROM given CROSS JOIN placements p CROSS JOIN placement_months c
       LEFT JOIN months m ON m.month = c.month AND m.state = 'closed'
       WHERE p.thing_id = given.thing_id AND c.placement_id = p.id AND m.month IS NULL
       GROUP BY c.month""",
    {"thing_id": "number"},
)
_CLOSED: Final = ForRows(
    """SELECT r.month, r.flattrs, r.amount_micros
       FROM given CROSS JOIN months m CROSS JOIN receipts r
       WHERE m.state = 'closed' AND r.month = m.month AND r.maker_id = given.maker_id
         AND r.thing_id = given.thing_id ORDER BY r.month DESC""",
    {"thing_id": "number", "maker_id": "number"},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OfPlace:
    """A placement's counts: in all, and of the last `DAYS` days."""

    code: Code
    name: str
    revoked: bool
    visits: int
    flattrs: int
    recent_visits: int
    recent_flattrs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OfDay:
    """A day's counts over all placements, in UTC."""

    day: Day
    visits: int
    flattrs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OfMonth:
    """A month's flattrs, and what they brought once it is closed, in micro-euros; until then None."""

    month: Month
    flattrs: int
    amount_micros: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """All figures of a thing; placements newest first, days oldest first, months newest first."""

    places: tuple[OfPlace, ...]
    days: tuple[OfDay, ...]
    months: tuple[OfMonth, ...]


async def of_thing(house: House, maker_id: int, thing_id: str, *, now: datetime) -> Figures:
    """Give the figures of a maker's thing.

    Raises:
        NotFound: the thing is not this maker's.
    """
    days = [months.to_day(now - timedelta(days=back)) for back in reversed(range(DAYS))]
    async with house.db.snapshot() as connection:
        thing = await catalogue.by_id(connection, thing_id, maker_id=maker_id)
        since = [[thing.key, days[0]]]
        places = await connection.all(_PLACES, rows=since)
        counted = {row["day_on"]: row for row in await connection.all(_DAYS, rows=since)}
        opened = await connection.all(_OPEN, rows=[[thing.key]])
        closed = await connection.all(_CLOSED, rows=[[thing.key, maker_id]])
        running = (await calendar.look(connection, now=now)).running
    open_months = {running: 0} | {Month(row["month"]): row["flattrs"] for row in opened}
    return Figures(
        places=tuple(
            OfPlace(
                code=Code.from_number(row["code"]),
                name=row["name"],
                revoked=row["revoked_at"] is not None,
                visits=row["visits"],
                flattrs=row["flattrs"],
                recent_visits=row["recent_visits"],
                recent_flattrs=row["recent_flattrs"],
            )
            for row in places
        ),
        days=tuple(
            OfDay(
                day=day,
                visits=counted[day]["visits"] if day in counted else 0,
                flattrs=counted[day]["flattrs"] if day in counted else 0,
            )
            for day in days
        ),
        months=(
            *(
                OfMonth(month=month, flattrs=flattrs, amount_micros=None)
                for month, flattrs in sorted(open_months.items(), reverse=True)
            ),
            *(
                OfMonth(
                    month=row["month"], flattrs=row["flattrs"], amount_micros=row["amount_micros"]
                )
                for row in closed
            ),
        ),
    )
