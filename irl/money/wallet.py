"""The wallet: a member's view of funds, revenue and budget, and setting the budget."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from irl import calendar, month
from irl.db import Connection
from irl.errors import Invalid
from irl.house import House
from irl.money import ledger
from irl.money.micros import Micros, whole_cents
from irl.month import Month
from irl.schema import budgets, members

_BUDGET: Final = select(members.c.budget_micros).where(members.c.id == bindparam("member_id"))
_HELD: Final = (
    select(members.c.id)
    .where(members.c.id == bindparam("member_id"))
    .with_for_update(key_share=True)
)
_LATEST: Final = (
    select(budgets.c.budget_micros)
    .where(budgets.c.member_id == members.c.id)
    .order_by(budgets.c.set_at.desc())
    .limit(1)
)
# Of two requests at once the one made later holds, whichever comes here first.
_IN_FORCE: Final = (
    update(members)
    .where(members.c.id == bindparam("of_member"))
    .values(budget_micros=_LATEST.scalar_subquery())
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wallet:
    """Amounts in micro-euros; `closes_at` is the first instant after the running month."""

    budget_micros: Micros | None
    funds_micros: Micros
    revenue_micros: Micros
    month: Month
    closes_at: datetime


async def of(house: House, member_id: int, *, now: datetime) -> Wallet:
    """Give a member's wallet as it stands."""
    async with house.db.snapshot() as connection:
        found = await ledger.balances(
            connection, [ledger.funds(member_id), ledger.revenue(member_id)]
        )
        running = (await calendar.look(connection, now=now)).running
        return Wallet(
            budget_micros=await connection.value(_BUDGET, member_id=member_id),
            funds_micros=found[ledger.funds(member_id)],
            revenue_micros=found[ledger.revenue(member_id)],
            month=running,
            closes_at=month.end(running),
        )


async def set_budget(
    house: House, member_id: int, budget_micros: int | None, *, now: datetime
) -> None:
    """Set what the member gives a month at most, or unset it with None.

    The budget in force at a month's last instant counts for that month.

    Raises:
        Invalid: not whole cents, or out of the limits, with the field `budget_micros`.
    """
    rules = house.rules
    if budget_micros is not None:
        if type(budget_micros) is not int:
            raise Invalid("A budget is a whole number of micro-euros.", field="budget_micros")
        whole_cents(
            budget_micros,
            least=rules.budget_least_micros,
            most=rules.budget_most_micros,
            field="budget_micros",
        )
    values = {
        "member_id": member_id,
        "set_at": month.to_instant(now),
        "budget_micros": budget_micros,
    }

    async def work(connection: Connection) -> None:
        await connection.all(_HELD, member_id=member_id)
        # Two changes in one millisecond are one: the later wins.
        upsert = (sqlite if connection.engine == "sqlite" else postgresql).insert(budgets)
        await connection.all(
            upsert.values(values).on_conflict_do_update(
                index_elements=["member_id", "set_at"],
                set_={"budget_micros": upsert.excluded.budget_micros},
            )
        )
        await connection.all(_IN_FORCE, of_member=member_id)

    await house.db.write(work)
