"""A month is closed: pots, shares, charity, voids and refusals, on both engines."""

from __future__ import annotations

import pytest

from irl import settlement
from irl.settlement import audit
from irl.errors import MonthNotOver, MonthOutOfOrder, SandboxOnly
from irl.house import House
from irl.month import Month
from irl.rules import EURO
from tests.cast import Cast
from tests.settlement.conftest import NOVEMBER, day, rows

pytestmark = pytest.mark.anyio


async def test_a_pot_is_divided_equally_and_paid_to_the_makers(
    house: House, members: Cast
) -> None:
    bob = await members.funds("Bob", euros=20, budget=5)
    alice = await members.member("Alice")
    works = [await members.payload("Alice", f"Work {i}") for i in range(2)]
    works.append(await members.payload("Charlie", "Song"))
    await members.scan("Bob", *works)
    done = await settlement.settle(house, NOVEMBER, now=day(4, 12))
    assert (done.already, done.givers, done.makers, done.flattrs) == (False, 1, 2, 3)
    assert done.micros == 5 * EURO
    amounts = {
        row["credit_account"]: row["amount_micros"]
        for row in await rows(house, "SELECT * FROM transfers WHERE kind = 'share'")
    }
    assert sum(amounts.values()) == 5 * EURO
    assert amounts[alice.id * 8 + 2] in {3_333_333, 3_333_334}
    [left] = await rows(house, f"SELECT * FROM balances WHERE account = {bob.id * 8 + 1}")
    assert left["balance_micros"] == 13 * EURO
    again = await settlement.settle(house, NOVEMBER, now=day(5, 12))
    assert again.already
    assert await audit.audit(house) == []
