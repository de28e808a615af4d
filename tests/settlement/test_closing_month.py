"""While a month is closing the house goes on: no scan is lost, none slips in afterwards."""

from __future__ import annotations

import asyncio

import pytest

from irl import settlement
from irl.house import House
from irl.settlement import audit, runner
from tests.cast import Cast
from tests.settlement.conftest import NOVEMBER, day, rows

pytestmark = pytest.mark.anyio


async def test_a_scan_of_a_closing_month_counts_in_the_next(house: House, members: Cast) -> None:
    await members.funds("Bob", euros=10, budget=5)
    work = await members.payload("Alice", "Work")
    await runner._begin(house, NOVEMBER, early=True, now=day(23, hour=13))
    [outcome] = await members.scan("Bob", work)
    assert outcome.month == 202612
    done = await settlement.settle(house, NOVEMBER, early=True, now=day(23, hour=14))
    assert done.flattrs == 0
    assert await audit.audit(house) == []


async def test_scans_during_a_settlement_are_in_it_or_in_the_next_month(
    house: House, members: Cast
) -> None:
    givers = [f"Giver{i}" for i in range(6)]
    for name in givers:
        await members.funds(name, euros=10, budget=5)
    works = [await members.payload("Alice", f"Work {i}") for i in range(8)]
    scans = [members.scan(name, work) for work in works for name in givers]

    async def settle() -> settlement.Settled:
        await asyncio.sleep(0.01)
        return await settlement.settle(house, NOVEMBER, early=True, now=day(23, hour=13))

    settling = asyncio.create_task(settle())
    answers = await asyncio.gather(*scans)
    done = await settling
    said = sorted(int(outcome.month or 0) for [outcome] in answers)
    kept = await rows(house, "SELECT month FROM flattrs ORDER BY month")
    assert said == [row["month"] for row in kept]
    assert done.flattrs == said.count(202611)
    assert await audit.audit(house) == []
