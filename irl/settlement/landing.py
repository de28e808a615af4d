"""Writing what a month came to, in one transaction, or not at all.

Before it writes it makes sure that the month is still closing, that nothing landed yet and that
what it was computed from has not changed; after it wrote it reads back and adds up. It keeps what
`ledger.post` keeps (each transfer a key of its own, balances that follow the transfers, a sum of
zero), with statements for all rows at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy import bindparam, select

from irl.db import Connection
from irl.money import ledger
from irl.schema import house, months
from irl.settlement import bulk, core
from irl.settlement.core import Ints, Received
from irl.settlement.reading import Closing
from irl.settlement.spool import Spool

_EPOCH: Final = select(house.c.value).where(house.c.name == "settlement_epoch")
_EPOCH_HELD: Final = _EPOCH.with_for_update()
_STATE: Final = select(months.c.state).where(months.c.month == bindparam("month"))

_POT_TRANSFERS: Final = """
    INSERT INTO transfers
      (kind, subject, part, debit_account, credit_account, amount_micros, posted_at)
    SELECT 'pot', month, member_id, member_id * 8 + 1, $2, pot_micros, $3
    FROM pots WHERE month = $1 ORDER BY member_id"""
_FROM_FUNDS: Final = """
    UPDATE balances SET balance_micros = balance_micros - pots.pot_micros FROM pots
    WHERE pots.month = $1 AND balances.account = pots.member_id * 8 + 1"""
_FROM_LOTS: Final = """
    UPDATE lots SET left_micros = left_micros - draws.amount_micros FROM draws
    WHERE draws.month = $1 AND lots.id = draws.lot_id"""
_TO_RECEIVERS: Final = """
    INSERT INTO balances (account, balance_micros)
    SELECT credit_account, sum(amount_micros) FROM transfers
    WHERE kind IN ('share', 'charity') AND subject = $1 GROUP BY credit_account
    ON CONFLICT (account) DO UPDATE
    SET balance_micros = balances.balance_micros + excluded.balance_micros"""
_CLEARING: Final = """
    INSERT INTO balances (account, balance_micros) VALUES ($1, 0) ON CONFLICT DO NOTHING"""
_CLOSED: Final = """
    UPDATE months SET state = 'closed', closed_at = closing_at
    WHERE month = $1 AND state = 'closing'"""
_LANDED: Final = """
    SELECT CAST(coalesce(sum(CASE WHEN kind = 'pot' THEN amount_micros END), 0) AS bigint) AS pots,
      CAST(coalesce(sum(CASE WHEN kind <> 'pot' THEN amount_micros END), 0) AS bigint) AS given
    FROM transfers WHERE kind IN ('pot', 'share', 'charity') AND subject = {month}"""
_SUM: Final = "SELECT CAST(coalesce(sum(balance_micros), 0) AS bigint) AS micros FROM balances"


class InputsChanged(Exception):
    """What the month was computed from has changed since: it must be computed again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """All that a month came to, and the epoch of what it was computed from."""

    epoch: int
    spool: Spool
    received: Received


async def epoch(connection: Connection) -> int:
    """Give the figure that changes with whatever a closing month is computed from."""
    return int(await connection.value(_EPOCH))


async def land(
    connection: Connection, closing: Closing, result: Result, step: Callable[[str], None]
) -> None:
    """Write a month's result in the caller's transaction.

    Raises:
        InputsChanged: nothing was written; compute again.
        AssertionError: it does not add up; nothing must be committed.
    """
    if await connection.value(_EPOCH_HELD) != result.epoch:
        raise InputsChanged
    assert await connection.value(_STATE, month=closing.month) == "closing"
    before = await _landed(connection, closing)
    assert before == (0, 0), "nothing of this month has landed yet"
    if connection.engine == "postgresql":
        # In this order nobody who books a deposit at the same time can wait in a circle.
        await connection.run("LOCK TABLE balances, lots IN SHARE ROW EXCLUSIVE MODE")
    step("pots")
    await _pots(connection, closing, result)
    step("draws")
    await _draws(connection, closing, result)
    step("receipts")
    await _voids(connection, closing, result)
    await _receipts(connection, closing, result)
    step("transfers")
    await _transfers(connection, closing, result)
    step("balances")
    changed = await bulk.change(connection, _FROM_FUNDS, closing.month)
    assert changed == result.spool.pots, "each pot comes from one funds account"
    await bulk.change(connection, _TO_RECEIVERS, closing.month)
    await bulk.change(connection, _CLEARING, ledger.clearing(closing.month))
    step("checks")
    await _check(connection, closing, result)
    closed = await bulk.change(connection, _CLOSED, closing.month)
    assert closed == 1, "the month was still closing"


async def _pots(connection: Connection, closing: Closing, result: Result) -> None:
    names = ["month", "member_id", "budget_micros", "funds_micros", "pot_micros", "flattrs"]
    names.append("payable_on")

    def rows(*, idle: bool) -> Iterator[list[bulk.Column]]:
        for part in result.spool:
            here = (part.pot_charities > 0) == idle
            given: list[Ints] = [
                part.pot_members,
                part.pot_budgets,
                part.pot_funds,
                part.pots,
                part.pot_flattrs,
                part.pot_payable_on,
            ]
            if idle:
                given.append(part.pot_charities)
            yield [closing.month, *(column[here] for column in given)]

    await bulk.insert(connection, "pots", names, rows(idle=False))
    await bulk.insert(connection, "pots", [*names, "charity_id"], rows(idle=True))


async def _draws(connection: Connection, closing: Closing, result: Result) -> None:
    await bulk.insert(
        connection,
        "draws",
        ["month", "member_id", "lot_id", "amount_micros"],
        ([closing.month, part.draw_members, part.draw_lots, part.draws] for part in result.spool),
    )
    changed = await bulk.change(connection, _FROM_LOTS, closing.month)
    assert changed == result.spool.draws, "each draw comes from one lot"


async def _voids(connection: Connection, closing: Closing, result: Result) -> None:
    if not result.spool.voids:
        return
    for own, reason in ((True, core.OWN_THING), (False, core.HIDDEN)):
        await bulk.insert(
            connection,
            "voids",
            ["month", "member_id", "thing_id", "reason"],
            (
                [
                    closing.month,
                    part.void_members[part.void_own == own],
                    part.void_things[part.void_own == own],
                    reason,
                ]
                for part in result.spool
            ),
        )


async def _receipts(connection: Connection, closing: Closing, result: Result) -> None:
    await bulk.insert(
        connection,
        "receipts",
        ["month", "maker_id", "thing_id", "flattrs", "amount_micros"],
        [[closing.month, *result.received.receipts()]],
    )


async def _transfers(connection: Connection, closing: Closing, result: Result) -> None:
    clearing = ledger.clearing(closing.month)
    posted = await bulk.change(
        connection, _POT_TRANSFERS, closing.month, clearing, closing.closing_at
    )
    assert posted == result.spool.pots, "one transfer a giver"
    names = ["kind", "subject", "part", "debit_account", "credit_account", "amount_micros"]
    names += ["posted_at", "payable_on"]
    for kind, account_kind, given in (
        ("share", 2, result.received.by_maker()),
        ("charity", 6, result.received.by_charity()),
    ):
        owners, payable_on, amounts = given
        batch: list[bulk.Column] = [
            kind,
            closing.month,
            owners * core.PART_UNIT + payable_on,
            clearing,
            owners * 8 + account_kind,
            amounts,
            closing.closing_at,
            payable_on,
        ]
        await bulk.insert(connection, "transfers", names, [batch])


async def _check(connection: Connection, closing: Closing, result: Result) -> None:
    """Read back what was written: the clearing account ends at zero, and so does everything."""
    put_in, given = await _landed(connection, closing)
    assert put_in == result.received.put_in, "the pots landed"
    assert given == put_in, "what came out of the pots is what went in"
    [total] = await connection.run(_SUM)
    assert total["micros"] == 0, "all accounts sum to zero"


async def _landed(connection: Connection, closing: Closing) -> tuple[int, int]:
    [row] = await connection.run(_LANDED.format(month=int(closing.month)))
    return row["pots"], row["given"]
