"""Writing what a month came to, in one transaction, or not at all.

Before it writes it makes sure that the month is still closing, that nothing landed yet and that
what it was computed from has not changed; after it wrote it reads back and adds up. It keeps what
`ledger.post` keeps (each transfer a key of its own, balances that follow the transfers, a sum of
zero), with statements for all rows at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import bindparam, select

from irl.db import Connection
from irl.money import ledger
from irl.schema import house, months
from irl.settlement import bulk, core
from irl.settlement.closing import Closing
from irl.settlement.core import Ints, Received
from irl.settlement.spool import Spool

_SLICE: Final = 1 << 12
"""Rows that become Python objects at the same time."""

_CACHE: Final = -16384
"""SQLite's cache while landing: 16 MiB."""

_EPOCH: Final = select(house.c.value).where(house.c.name == "settlement_epoch")
_EPOCH_HELD: Final = _EPOCH.with_for_update()
_STATE: Final = select(months.c.state).where(months.c.month == bindparam("month"))

_POT_TRANSFERS: Final = """
    INSERT INTO transfers
      (kind, subject, part, debit_account, credit_account, amount_micros, posted_at)
    SELECT 'pot', month, member_id, member_id * 8 + 1, $2, pot_micros, $3
    FROM pots WHERE month = $1 ORDER BY member_id"""
# An upsert, though every one of these accounts is there: half the time of UPDATE .. FROM on
# SQLite, which keeps all rows aside first. A missing account would break the sum of zero.
_FROM_FUNDS: Final = """
    INSERT INTO balances (account, balance_micros)
    SELECT member_id * 8 + 1, pot_micros FROM pots WHERE month = $1
    ON CONFLICT (account) DO UPDATE
    SET balance_micros = balances.balance_micros - excluded.balance_micros"""
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
    # Rows come in key order, so a large cache would bring nothing.
    async with bulk.pragma(connection, "cache_size", _CACHE):
        await _land(connection, closing, result, step)


async def _land(
    connection: Connection, closing: Closing, result: Result, step: Callable[[str], None]
) -> None:
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
    names = ["member_id", "budget_micros", "funds_micros", "pot_micros", "flattrs", "payable_on"]

    def rows(*, idle: bool) -> Iterator[list[Ints]]:
        for part in result.spool:
            columns = [
                part.pot_members,
                part.pot_budgets,
                part.pot_funds,
                part.pots,
                part.pot_flattrs,
                part.pot_payable_on,
            ]
            here = (part.pot_charities > 0) == idle
            given = [column[here] for column in columns]
            yield [*given, part.pot_charities[here]] if idle else given

    await bulk.insert(connection, "pots", names, rows(idle=False), month=closing.month)
    names.append("charity_id")
    await bulk.insert(connection, "pots", names, rows(idle=True), month=closing.month)


async def _draws(connection: Connection, closing: Closing, result: Result) -> None:
    await bulk.insert(
        connection,
        "draws",
        ["member_id", "lot_id", "amount_micros"],
        ([part.draw_members, part.draw_lots, part.draws] for part in result.spool),
        month=closing.month,
    )
    changed = await bulk.change(connection, _FROM_LOTS, closing.month)
    assert changed == result.spool.draws, "each draw comes from one lot"


async def _voids(connection: Connection, closing: Closing, result: Result) -> None:
    if not result.spool.voids:
        return

    def rows(*, own: bool) -> Iterator[list[Ints]]:
        for part in result.spool:
            here = (part.void_own > 0) == own
            yield [part.void_members[here], part.void_things[here]]

    for own, reason in ((True, core.OWN_THING), (False, core.HIDDEN)):
        await bulk.insert(
            connection,
            "voids",
            ["member_id", "thing_id"],
            rows(own=own),
            month=closing.month,
            reason=reason,
        )


async def _receipts(connection: Connection, closing: Closing, result: Result) -> None:
    await bulk.insert(
        connection,
        "receipts",
        ["maker_id", "thing_id", "flattrs", "amount_micros"],
        _sliced(result.received.receipts()),
        month=closing.month,
    )


async def _transfers(connection: Connection, closing: Closing, result: Result) -> None:
    clearing = ledger.clearing(closing.month)
    posted = await bulk.change(
        connection, _POT_TRANSFERS, closing.month, clearing, closing.closing_at
    )
    assert posted == result.spool.pots, "one transfer a giver"
    for kind, account_kind, given in (
        ("share", 2, result.received.by_maker()),
        ("charity", 6, result.received.by_charity()),
    ):
        owners, payable_on, amounts = given
        parts = owners * core.PART_UNIT + payable_on
        accounts = owners * 8 + account_kind
        await bulk.insert(
            connection,
            "transfers",
            ["part", "credit_account", "amount_micros", "payable_on"],
            _sliced((parts, accounts, amounts, payable_on)),
            kind=kind,
            subject=closing.month,
            debit_account=clearing,
            posted_at=closing.closing_at,
        )


def _sliced(columns: Sequence[Ints]) -> Iterator[list[Ints]]:
    for at in range(0, len(columns[0]), _SLICE):
        yield [column[at : at + _SLICE] for column in columns]


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
