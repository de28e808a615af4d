"""Four months of a small house, in which everything happens that a statement must tell."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from irl import settlement
from irl.errors import NotFound
from irl.house import House
from irl.money import charities, moves, payout_addresses, payouts, wallet
from irl.money.payments import sandbox
from irl.month import Month
from irl.rules import EURO
from irl.settlement import document, statements
from tests.cast import Cast

MONTHS = (Month(202611), Month(202612), Month(202701), Month(202702))
NAMES = ("Alice", "Bob", "Charlie", "Dora", "Emil")
IBAN = "DE89370400440532013000"


def at(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, 12, tzinfo=UTC)


async def lived(house: House, members: Cast) -> None:
    """November to February: shares, charity, a move, a reversal, payouts there and back, idle months."""
    await charities.add(house, name="The shelter", url="https://charity.example", now=members.now)
    alice = await members.member("Alice")
    await members.funds("Bob", euros=100, budget=50)
    bob = members.joined["Bob"]
    await members.funds("Dora", euros=20, budget=7)
    await members.member("Charlie")
    works = [await members.payload("Alice", title) for title in ("Work", "Song", "=1+1")]
    kettle = await members.payload("Emil", "Kettle")
    await members.scan("Bob", *works)
    await members.scan("Dora", works[0])
    await members.scan("Alice", kettle)
    await settlement.settle(house, MONTHS[0], now=at(2026, 12, 4))

    members.now = at(2026, 12, 6)
    await moves.to_funds(house, alice.id, amount_micros=12_345_678, now=members.now)
    await wallet.set_budget(house, alice.id, 10 * EURO, now=members.now)
    await members.scan("Alice", kettle)
    await members.scan("Bob", kettle, works[1])
    members.now = at(2026, 12, 12)
    [dora] = await rows_of(house, "SELECT public_id FROM deposits WHERE amount_micros = 20000000")
    await sandbox.decide(house, dora["public_id"], "chargeback", now=members.now)
    await members.funds("Dora", euros=8)
    # Dora is idle, so her pot goes to the charity.
    await settlement.settle(house, MONTHS[1], early=True, now=at(2026, 12, 20))

    members.now = at(2026, 12, 24)
    await members.funds("Bob", euros=15)
    await payout_addresses.set_to(
        house, alice.id, method="sepa", holder="Alice", address=IBAN, now=members.now
    )
    payout = await payouts.ask(house, alice.id, amount_micros=20 * EURO, now=members.now)
    await payouts.returned(house, payout.id, why="account closed", now=at(2027, 1, 8))
    await payouts.ask(house, alice.id, amount_micros=None, now=at(2027, 1, 10))
    await wallet.set_budget(house, bob.id, None, now=at(2027, 1, 10))
    # A month later than need be.
    await settlement.settle(house, MONTHS[2], now=at(2027, 3, 4))
    await settlement.settle(house, MONTHS[3], now=at(2027, 3, 5))


async def told(house: House, members: Cast) -> list[dict[str, Any]]:
    """All statements of everybody, in order."""
    found = []
    for name in NAMES:
        member = await members.member(name)
        for month in MONTHS:
            try:
                statement = await statements.of(house, member.id, month, now=members.now)
            except NotFound:
                continue
            found.append(document.of(statement))
    return found


async def rows_of(house: House, sql: str) -> list[dict[str, Any]]:
    async with house.db.reading() as connection:
        return await connection.run(sql)
