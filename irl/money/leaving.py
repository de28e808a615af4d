"""What is left of a member who has left goes to a charity: revenue becomes funds, funds are given.

Each lot gives what is left of it by one transfer of the kind `leaving`, whose subject is the lot:
posting it again is refused by its key, and a chargeback of the lot's deposit finds where it went.
The charity can be paid it from the day on from which the lot's shares could have been.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, case, select, update

from irl.db import Connection
from irl.house import inputs_changed
from irl.money import ledger, moves
from irl.money.ledger import Transfer
from irl.money.micros import Micros
from irl.money.revenue import PART_UNIT
from irl.schema import charities, lots, members

# Where the member has chosen none, or one that is retired, it is the house's: the first.
_CHARITY: Final = (
    select(charities.c.id, charities.c.name)
    .join(members, members.c.id == bindparam("member_id"))
    .where(charities.c.retired_at.is_(None))
    .order_by(case((members.c.charity_id == charities.c.id, 0), else_=1), charities.c.id)
    .limit(1)
)
_LEFT: Final = (
    select(lots)
    .where(lots.c.member_id == bindparam("member_id"), lots.c.left_micros > 0)
    .order_by(lots.c.booked_at, lots.c.id)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """The charity that gets what a member leaves."""

    id: int
    name: str


async def receiver(connection: Connection, member_id: int) -> Receiver | None:
    """Give the charity that this member chose, else the house's; None while there is none."""
    row = await connection.one(_CHARITY, member_id=member_id)
    return None if row is None else Receiver(id=row["id"], name=row["name"])


async def give(connection: Connection, member_id: int, *, now: datetime) -> Micros:
    """Give what is left of a member to charity, in the caller's transaction; give how much it was.

    Revenue of things that are hidden stays until that is decided, and all of it while the house
    has no charity; another call gives it then.
    """
    # First, as everywhere: it waits for a month that is landing.
    await inputs_changed(connection)
    charity = await receiver(connection, member_id)
    if charity is None:
        return Micros(0)
    await moves.all_to_funds(connection, member_id, now=now)
    left = await connection.all(_LEFT, member_id=member_id)
    if not left:
        return Micros(0)
    account = ledger.charity(charity.id)
    transfers = [
        Transfer(
            kind="leaving",
            subject=lot["id"],
            part=charity.id * PART_UNIT + lot["payable_on"],
            debit=ledger.funds(member_id),
            credit=account,
            amount=lot["left_micros"],
            payable_on=lot["payable_on"],
        )
        for lot in left
    ]
    posted = await ledger.post(connection, transfers, now=now)
    assert posted, "of a lot with something left nothing was given yet"
    await connection.all(
        update(lots).where(lots.c.id.in_([lot["id"] for lot in left])).values(left_micros=0)
    )
    return Micros(sum(transfer.amount for transfer in transfers))
