"""The months as the operator sees them: which are open, which can be closed, and how they ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select

from irl import calendar
from irl import month as months
from irl.calendar import Calendar, State
from irl.db import Row
from irl.house import House
from irl.month import Month
from irl.schema import months as closings
from irl.settlement import audits, errands, runner, transparency
from irl.settlement.audits import Audit
from irl.settlement.errands import Errand
from irl.settlement.transparency import Figures

_MOST: Final = 60
_CLOSINGS: Final = select(closings).order_by(closings.c.month.desc()).limit(_MOST)


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthState:
    """A month; `figures` once it is closed, as everybody sees them.

    Attributes:
        month: the month.
        state: running, ended, closing or closed.
        is_early: it was closed before it ended, with play money.
        closes_from: when late scans had their days.
        closed_at: when it was closed.
        can_close: it is its turn, and its time has come.
        can_close_early: it is its turn, and the money is play money.
        errand: the clock was asked to close it.
        figures: of a closed month.
    """

    month: Month
    state: State
    is_early: bool
    closes_from: datetime
    closed_at: datetime | None
    can_close: bool
    can_close_early: bool
    errand: Errand | None
    figures: Figures | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """All months, the latest first, with the last audit and the errand that asks for one."""

    months: tuple[MonthState, ...]
    audit: Audit | None
    audit_errand: Errand | None


async def look(house: House, *, now: datetime) -> Ledger:
    """Give the months up to the running one, at most 60 of those that are closed."""
    figures = {each.month: each for each in await transparency.published(house)}
    async with house.db.reading() as connection:
        seen = await calendar.look(connection, now=now)
        rows = {Month(row["month"]): row for row in await connection.all(_CLOSINGS)}
        asked = await errands.listed(connection)
        audit = await audits.latest(connection)
    by_month = {errand.month: errand for errand in asked}
    wanted = {*rows, *seen.ended, seen.running}
    return Ledger(
        months=tuple(
            _state(
                house,
                month,
                seen=seen,
                row=rows.get(month),
                errand=by_month.get(month),
                figures=figures.get(month),
            )
            for month in sorted(wanted, reverse=True)
        ),
        audit=audit,
        audit_errand=by_month.get(None),
    )


def _state(
    house: House,
    month: Month,
    *,
    seen: Calendar,
    row: Row | None,
    errand: Errand | None,
    figures: Figures | None,
) -> MonthState:
    is_closed = row is not None and row["state"] == "closed"
    is_next = month == seen.first and not is_closed
    closes_from = runner.ripe(house, month)
    is_ripe = is_next and (row is not None or seen.now >= closes_from)
    has_begun = seen.now >= months.start(month)
    return MonthState(
        month=month,
        state=seen.state(month),
        is_early=row is not None and bool(row["early"]),
        closes_from=closes_from,
        closed_at=months.from_instant(row["closed_at"]) if row and row["closed_at"] else None,
        can_close=is_ripe,
        can_close_early=is_next and not is_ripe and has_begun and house.settings.plays,
        errand=None if is_closed else errand,
        figures=figures,
    )
