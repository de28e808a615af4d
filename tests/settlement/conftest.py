"""What settlement's tests share: reading the whole ledger, and days of a month."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from irl.house import House
from irl.month import Month

NOVEMBER = Month(202611)
TABLES = ("months", "pots", "draws", "receipts", "voids", "transfers", "balances", "lots")


def day(number: int, month: int = 11, hour: int = 12) -> datetime:
    return datetime(2026, month, number, hour, tzinfo=UTC)


async def rows(house: House, sql: str) -> list[dict[str, Any]]:
    async with house.db.reading() as connection:
        return await connection.run(sql)


async def run(house: House, sql: str) -> None:
    await house.db.write(lambda connection: connection.run(sql))


async def ledger(house: House) -> dict[str, list[tuple[Any, ...]]]:
    """All that settlement writes, in a fixed order."""
    found = {}
    for table in TABLES:
        found[table] = sorted(
            (tuple(row.values()) for row in await rows(house, f"SELECT * FROM {table}")), key=repr
        )
    return found
