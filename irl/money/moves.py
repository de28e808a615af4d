"""Moves of revenue to funds: at once, and each part keeps the day from which it can be paid out.

Any whole number of micro-euros can be moved, since shares need not be whole cents either: so a
member can always move all that there is. The oldest payable day goes first. Each payable day
becomes one lot, which no reversal ever takes: it is not a deposit's money any more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, insert, select

from irl import month as months
from irl.db import Connection, ForRows
from irl.errors import Invalid, NotPayable
from irl.house import House
from irl.money import ledger, revenue
from irl.money.ledger import Transfer
from irl.money.micros import Micros
from irl.money.revenue import Portion
from irl.schema import moves
from irl.sentence import Euros, Sentence

_MINE: Final = (
    select(moves)
    .where(moves.c.member_id == bindparam("member_id"))
    .order_by(moves.c.id.desc())
    .limit(200)
)
_LOTS: Final = ForRows(
    """INSERT INTO lots (member_id, booked_at, payable_on, amount_micros, left_micros)
       SELECT member_id, booked_at, payable_on, micros, micros FROM given WHERE true
       ORDER BY payable_on""",
    {"member_id": "number", "booked_at": "number", "payable_on": "number", "micros": "number"},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Revenue that became funds."""

    amount_micros: Micros
    moved_at: datetime


async def to_funds(
    house: House, member_id: int, *, amount_micros: int | None, now: datetime
) -> Move:
    """Move revenue to funds; None moves all that is not held.

    Raises:
        Invalid: the amount is not a whole number above zero, with the field `amount_micros`.
        NotPayable: there is not so much, or nothing at all.
    """
    if amount_micros is not None and (type(amount_micros) is not int or amount_micros <= 0):
        raise Invalid("The amount must be above zero.", field="amount_micros")

    async def work(connection: Connection) -> Micros:
        there = await _there(connection, member_id)
        most = sum(portion.micros for portion in there)
        amount = most if amount_micros is None else amount_micros
        if not 0 < amount <= most:
            raise NotPayable(
                Sentence("{most} can be moved.", most=Euros(most)), field="amount_micros"
            )
        await _moved(connection, member_id, revenue.take(there, amount), now=now)
        return Micros(amount)

    return Move(amount_micros=await house.db.write(work), moved_at=now)


async def all_to_funds(connection: Connection, member_id: int, *, now: datetime) -> Micros:
    """Move all revenue that is not held, in the caller's transaction; give how much it was."""
    there = await _there(connection, member_id)
    if there:
        await _moved(connection, member_id, there, now=now)
    return Micros(sum(portion.micros for portion in there))


async def _there(connection: Connection, member_id: int) -> list[Portion]:
    """Give what can be moved, and let nobody else take of it."""
    account = ledger.revenue(member_id)
    await revenue.hold(connection, [account])
    return revenue.payable(await revenue.portions(connection, account))


async def _moved(
    connection: Connection, member_id: int, taken: Sequence[Portion], *, now: datetime
) -> None:
    at = months.to_instant(now)
    amount = sum(portion.micros for portion in taken)
    move_id = await connection.value(
        insert(moves)
        .values(member_id=member_id, amount_micros=amount, moved_at=at)
        .returning(moves.c.id)
    )
    by_day: dict[months.Day, int] = defaultdict(int)
    for portion in taken:
        by_day[portion.key.payable_on] += portion.micros
    transfers = [
        Transfer(
            kind="move",
            subject=move_id,
            part=day,
            debit=ledger.revenue(member_id),
            credit=ledger.funds(member_id),
            amount=Micros(by_day[day]),
            payable_on=day,
        )
        for day in sorted(by_day)
    ]
    posted = await ledger.post(connection, transfers, now=now)
    assert posted, "a new move has no transfers"
    await revenue.draw(connection, taken, kind="move", subject=move_id)
    rows = [[member_id, at, day, by_day[day]] for day in sorted(by_day)]
    await connection.all(_LOTS, rows=rows)


async def mine(house: House, member_id: int) -> tuple[Move, ...]:
    """Give a member's moves, newest first, at most 200."""
    async with house.db.reading() as connection:
        return tuple(
            Move(
                amount_micros=row["amount_micros"],
                moved_at=months.from_instant(row["moved_at"]),
            )
            for row in await connection.all(_MINE, member_id=member_id)
        )
