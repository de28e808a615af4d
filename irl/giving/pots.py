"""What members would give in each open month if it ended now.

That is min(budget, funds), less what ended months before it will take.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from irl import month as months
from irl.calendar import Calendar
from irl.db import Connection, ForRows
from irl.giving.scans_sql import Holder
from irl.money.micros import Micros
from irl.month import Month

_BUDGETS: Final = ForRows(
    """SELECT b.member_id, b.set_at, b.budget_micros FROM given CROSS JOIN budgets b
       WHERE b.member_id = given.member_id ORDER BY b.member_id, b.set_at""",
    {"member_id": "number"},
)
_LOTS: Final = ForRows(
    """SELECT l.member_id, l.booked_at, l.left_micros FROM given CROSS JOIN lots l
       WHERE l.member_id = given.member_id AND l.left_micros > 0""",
    {"member_id": "number"},
)
_ACTIVE: Final = ForRows(
    """SELECT DISTINCT f.month, f.member_id FROM given CROSS JOIN flattrs f
       WHERE f.month = given.month AND f.member_id = given.member_id
       UNION SELECT w.month, w.member_id FROM given CROSS JOIN warnings w
       WHERE w.month = given.month AND w.member_id = given.member_id AND w.sent_at < given.ends_at
       GROUP BY w.month, w.member_id HAVING count(*) >= 2""",
    {"month": "number", "member_id": "number", "ends_at": "number"},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pot:
    """A giver's money for one month, as it stands."""

    budget_micros: Micros
    funds_micros: Micros

    @property
    def micros(self) -> Micros:
        """The pot: never more than the budget, nor than there is."""
        return min(self.budget_micros, self.funds_micros)


NOTHING: Final = Pot(budget_micros=Micros(0), funds_micros=Micros(0))


@dataclass(frozen=True, slots=True)
class Funded:
    """Tells in which open months a member's flattrs are worth something."""

    month: Month
    """The running month."""
    running: bool
    ended: dict[Month, bool]

    def in_month(self, month: int) -> bool:
        """Tell whether a flattr of this month is worth something as things stand."""
        if month >= self.month:
            return self.running
        # Before the house's first month nobody had a budget.
        return self.ended.get(Month(month), False)


async def funded(
    connection: Connection, holders: Sequence[Holder], *, look: Calendar
) -> dict[int, Funded]:
    """Tell for each giver whether the flattrs of open months are worth something.

    While no ended month waits to be closed, the giver's own row says it, and nothing is read.
    """
    if not look.ended:
        return {
            h.member_id: Funded(look.running, bool(h.budget_micros) and h.funds_micros > 0, {})
            for h in holders
        }
    found = await of_open_months(connection, {h.member_id for h in holders}, look=look)
    return {
        member: Funded(
            look.running,
            pots[look.running].micros > 0,
            {month: pot.micros > 0 for month, pot in pots.items() if month < look.running},
        )
        for member, pots in found.items()
    }


async def of_open_months(
    connection: Connection, members: Iterable[int], *, look: Calendar
) -> dict[int, dict[Month, Pot]]:
    """Give each member's pot of every month that is ended or running.

    A pot of an ended month counts as taken from the later ones if it will be given: if there are
    flattrs, or both warnings went out so that it goes to charity.
    """
    members = sorted(set(members))
    asked = [[member] for member in members]
    open_months = [*look.ended, look.running]
    budgets = await connection.all(_BUDGETS, rows=asked)
    lots = await connection.all(_LOTS, rows=asked)
    ends = {month: months.to_instant(months.end(month)) for month in look.ended}
    rows = [[month, member, ends_at] for month, ends_at in ends.items() for member in members]
    active = {(r["month"], r["member_id"]) for r in await connection.all(_ACTIVE, rows=rows)}
    result: dict[int, dict[Month, Pot]] = defaultdict(dict)
    for member in members:
        taken = 0
        for month in open_months:
            ends_at = months.to_instant(months.end(month)) if month < look.running else 2**62
            budget = 0
            for row in budgets:
                if row["member_id"] == member and row["set_at"] < ends_at:
                    budget = row["budget_micros"] or 0
            held = sum(
                row["left_micros"]
                for row in lots
                if row["member_id"] == member and row["booked_at"] < ends_at
            )
            pot = Pot(budget_micros=Micros(budget), funds_micros=Micros(max(0, held - taken)))
            result[member][month] = pot
            taken += pot.micros if (month, member) in active else 0
    return result
