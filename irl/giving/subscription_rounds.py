"""What subscriptions give at the start of a month: once, whoever comes to do it and how often.

The clock goes round all subscriptions once a month, in stretches. A month that was missed, since
no clock ran, is not made up for: only the running month is given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from sqlalchemy import and_, bindparam, exists, select

from irl import calendar
from irl import month as months
from irl.db import CLOSING_LOCK, Connection, ForRows, Row
from irl.giving import scans_sql
from irl.giving.scans_sql import FoundPlacement
from irl.house import House
from irl.month import Month
from irl.rounds import STRETCH, Round
from irl.schema import subscription_months, subscriptions

_TO_VISIT: Final = (
    select(subscriptions.c.id)
    .where(
        subscriptions.c.id > bindparam("after_id"),
        subscriptions.c.ended_at.is_(None),
        ~exists().where(
            and_(
                subscription_months.c.subscription_id == subscriptions.c.id,
                subscription_months.c.month == bindparam("month"),
            )
        ),
    )
    .order_by(subscriptions.c.id)
    .limit(STRETCH)
)
_OPEN: Final = ForRows(
    """SELECT s.id, s.member_id, s.thing_id, s.placement_id, s.last_month, s.paused_at, p.code,
         coalesce(t.deleted_at, t.hidden_at, p.hidden_at, m.left_at) AS over_at
       FROM given CROSS JOIN subscriptions s CROSS JOIN placements p CROSS JOIN things t
         CROSS JOIN members m
       WHERE s.id = given.id AND s.ended_at IS NULL AND p.id = s.placement_id
         AND t.id = s.thing_id AND m.id = s.member_id""",
    {"id": "number"},
)
_NOTE: Final = ForRows(
    """INSERT INTO subscription_months (subscription_id, month, outcome, done_at)
       SELECT id, month, outcome, done_at FROM given
       WHERE true ON CONFLICT DO NOTHING RETURNING subscription_id""",
    {"id": "number", "month": "number", "outcome": "text", "done_at": "number"},
)
_NOTE_ANEW: Final = ForRows(
    """UPDATE subscription_months SET outcome = given.outcome FROM given
       WHERE subscription_id = given.id AND subscription_months.month = given.month""",
    {"id": "number", "month": "number", "outcome": "text"},
)
_END: Final = ForRows(
    """UPDATE subscriptions SET ended_at = given.at FROM given
       WHERE subscriptions.id = given.id AND ended_at IS NULL""",
    {"id": "number", "at": "number"},
)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Some subscriptions, visited in one transaction."""

    round: Round
    ids: list[int]
    now: datetime

    async def give(self, connection: Connection) -> int:
        """Visit them; give how many flattrs are new."""
        await connection.lock(CLOSING_LOCK, shared=True)
        month = (await calendar.look(connection, now=self.now)).running
        if month != self.round.period:
            return 0  # It was closed early this moment; the next round is of another month.
        rows = await connection.all(_OPEN, rows=[[number] for number in self.ids])
        found = await scans_sql.placements(connection, [row["code"] for row in rows])
        outcomes = {
            row["id"]: _outcome(row, found.get(row["code"]), now=self.now)
            for row in rows
            if row["last_month"] >= month
        }
        # Who notes the month is the one who gives: nobody gives twice, or again what was undone.
        at = months.to_instant(self.now)
        noted = await connection.all(
            _NOTE, rows=[[number, month, name, at] for number, name in sorted(outcomes.items())]
        )
        mine = {row["subscription_id"] for row in noted}
        given = [row for row in rows if row["id"] in mine and outcomes[row["id"]] == "flattred"]
        new = await self._flattr(connection, given, month)
        await self._end(connection, [r for r in rows if _is_over(r, month)])
        await self.round.reached(connection, max(self.ids))
        return new

    async def _flattr(self, connection: Connection, given: list[Row], month: Month) -> int:
        wanted = [(month, r["member_id"], r["thing_id"], r["placement_id"]) for r in given]
        new = await scans_sql.give(connection, wanted, at=months.to_instant(self.now))
        before = [
            [row["id"], month, "already_flattred"]
            for row, (*key, _) in zip(given, wanted, strict=True)
            if tuple(key) not in new
        ]
        if before:
            await connection.all(_NOTE_ANEW, rows=before)
        return len(new)

    async def _end(self, connection: Connection, over: Iterable[Row]) -> None:
        at = months.to_instant(self.now)
        await connection.all(_END, rows=[[row["id"], at] for row in over])


async def give_due(house: House, *, now: datetime, go_on: Callable[[], bool] = lambda: True) -> int:
    """Give what subscriptions give in the running month; give how many flattrs are new.

    Args:
        house: the house.
        now: the moment of giving.
        go_on: asked before each stretch; once it says no, the rest is left for the next call.
    """
    new = 0
    async with house.db.reading() as connection:
        month = (await calendar.look(connection, now=now)).running
        round_ = Round(name="subscriptions", period=month)
        after = await round_.at(connection)
    while after is not None and go_on():
        async with house.db.reading() as connection:
            found = await connection.all(_TO_VISIT, after_id=after, month=month)
        if not found:
            await house.db.write(round_.over)
            break
        stretch = _Stretch(round_, [row["id"] for row in found], now)
        new += await house.db.write(partial(_Stretch.give, stretch))
        after = stretch.ids[-1]
    return new


def _outcome(row: Row, placement: FoundPlacement | None, *, now: datetime) -> str:
    """Decide by the rules of scans; what gives is `flattred` as far as is known yet."""
    assert placement is not None, "a subscription has a placement"
    if row["paused_at"] is not None:
        return "paused"
    if row["over_at"] is not None:
        return "revoked_code"
    return placement.refusal(giver=row["member_id"], moment=now) or "flattred"


def _is_over(row: Row, month: Month) -> bool:
    return row["over_at"] is not None or row["last_month"] <= month
