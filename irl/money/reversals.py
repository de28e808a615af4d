"""Reversals: what a chargeback takes back, in the order of the house rules.

First the deposit's fee, then what is left of it in funds, then its shares in revenue or with a
charity; what is lacking is the house's loss. Never another deposit's money, never a change to a
closed statement: each step is a new transfer.

Which share came out of which deposit: a pot is a line of micros. The lots that it was drawn from
fill it oldest first; the shares fill it in the order of the things' numbers. A share came from the
lots beside it, and lies in the portion of its month and payable day, and in no other.

What left a portion counts as other deposits' shares first, so of a deposit's own as much as
possible is still there; with two reversals the sum is the same in either order. Money of a payout
that was asked for has left, even if it comes back later; so has what was moved to funds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, select, update

from irl.db import Connection, Row
from irl.house import inputs_changed
from irl.money import ledger, revenue
from irl.money.ledger import FEE, Account, Transfer
from irl.money.micros import Micros
from irl.money.revenue import Key, Portion
from irl.money.shares import shares as divided
from irl.month import Day, Month
from irl.schema import balances, draws, flattrs, lots, pots, receipts, transfers, voids

_LOT: Final = select(lots).where(lots.c.deposit_id == bindparam("deposit_id"))
_DRAWN: Final = (
    select(
        draws.c.month,
        draws.c.member_id,
        pots.c.pot_micros,
        pots.c.charity_id,
        pots.c.payable_on,
    )
    .join(pots, (pots.c.month == draws.c.month) & (pots.c.member_id == draws.c.member_id))
    .where(draws.c.lot_id == bindparam("lot_id"))
    .order_by(draws.c.month)
)
# What is left of a lot when its member has left goes to a charity.
_LEFT_WITH: Final = select(transfers).where(
    transfers.c.kind == "leaving", transfers.c.subject == bindparam("lot_id")
)
_BESIDE: Final = (
    select(draws.c.lot_id, draws.c.amount_micros)
    .join(lots, lots.c.id == draws.c.lot_id)
    .where(draws.c.month == bindparam("month"), draws.c.member_id == bindparam("member_id"))
    .order_by(lots.c.booked_at, lots.c.id)
)
_GIVEN: Final = (
    select(flattrs.c.thing_id, receipts.c.maker_id)
    .join(
        receipts,
        (receipts.c.month == flattrs.c.month) & (receipts.c.thing_id == flattrs.c.thing_id),
        isouter=True,
    )
    .join(
        voids,
        (voids.c.month == flattrs.c.month)
        & (voids.c.member_id == flattrs.c.member_id)
        & (voids.c.thing_id == flattrs.c.thing_id),
        isouter=True,
    )
    .where(flattrs.c.month == bindparam("month"), flattrs.c.member_id == bindparam("member_id"))
    .where(voids.c.thing_id.is_(None))
    .order_by(flattrs.c.thing_id)
)


# Held until the end: a provider's commission is paid out of it too.
_FEES: Final = select(balances.c.balance_micros).where(balances.c.account == FEE).with_for_update()


async def take_back(connection: Connection, deposit: Row, *, now: datetime) -> None:
    """Take a booked deposit back, in the caller's transaction; its row is already turned."""
    # First: it waits for a month that is landing, which may be drawing from this very lot.
    await inputs_changed(connection)
    lot = await connection.one(_LOT, deposit_id=deposit["id"])
    assert lot is not None, "a booked deposit has a lot"
    taken = await _taken(connection, lot["id"])
    by_account: dict[Account, int] = defaultdict(int)
    for portion in taken:
        by_account[portion.key.account] += portion.micros
    # The provider's commission was paid out of this very fee, as far as it went.
    unspent = max(0, deposit["fee_micros"] - (deposit["commission_micros"] or 0))
    its_fee = min(unspent, await connection.value(_FEES) or 0)
    parts: list[tuple[str, Account, int]] = [
        ("reversal_fee", FEE, its_fee),
        ("reversal_funds", ledger.funds(lot["member_id"]), lot["left_micros"]),
        *(("reversal_share", account, amount) for account, amount in sorted(by_account.items())),
    ]
    lacking = deposit["amount_micros"] - sum(amount for _, _, amount in parts)
    assert lacking >= 0, "no more is taken back than came in"
    parts.append(("reversal_loss", ledger.LOSS, lacking))
    back = [
        Transfer(
            kind=kind,
            subject=deposit["id"],
            part=account,
            debit=account,
            credit=ledger.provider(deposit["provider"]),
            amount=Micros(amount),
        )
        for kind, account, amount in parts
        if amount
    ]
    await connection.all(update(lots).where(lots.c.id == lot["id"]).values(left_micros=0))
    posted = await ledger.post(connection, back, now=now)
    assert posted, "a deposit is reversed once"
    await revenue.draw(connection, taken, kind="reversal", subject=deposit["id"])


async def _taken(connection: Connection, lot_id: int) -> list[Portion]:
    """Give what is still there of a lot's shares, by portion; nobody else takes of them."""
    brought: dict[Key, int] = defaultdict(int)
    for gone in await connection.all(_LEFT_WITH, lot_id=lot_id):
        key = Key(Account(gone["credit_account"]), Month(-lot_id), Day(gone["payable_on"]))
        brought[key] += gone["amount_micros"]
    for drawn in await connection.all(_DRAWN, lot_id=lot_id):
        for account, amount in await _shares_from(connection, drawn, lot_id):
            brought[Key(account, drawn["month"], drawn["payable_on"])] += amount
    await revenue.hold(connection, [key.account for key in brought])
    left = await revenue.left_of(connection, list(brought))
    return [
        Portion(key=key, micros=Micros(min(amount, left[key])))
        for key, amount in sorted(brought.items())
        if left[key]
    ]


async def _shares_from(
    connection: Connection, drawn: Row, lot_id: int
) -> Sequence[tuple[Account, int]]:
    """Give what a lot brought to each account through one pot."""
    start, end, position = 0, 0, 0
    key = {"month": drawn["month"], "member_id": drawn["member_id"]}
    for beside in await connection.all(_BESIDE, **key):
        if beside["lot_id"] == lot_id:
            start, end = position, position + beside["amount_micros"]
        position += beside["amount_micros"]
    if drawn["charity_id"] is not None:
        return [(ledger.charity(drawn["charity_id"]), end - start)]
    given = await connection.all(_GIVEN, **key)
    shares = divided(
        month=drawn["month"],
        member=drawn["member_id"],
        things=[row["thing_id"] for row in given],
        pot=drawn["pot_micros"],
    )
    found, position = [], 0
    for row, share in zip(given, shares, strict=True):
        inside = min(end, position + share) - max(start, position)
        position += share
        if inside > 0:
            found.append((ledger.revenue(row["maker_id"]), inside))
    return found
