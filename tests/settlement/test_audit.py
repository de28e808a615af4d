"""The audit finds whatever is changed behind the ledger's back."""

from __future__ import annotations

import pytest

from irl import settlement
from irl.db import Connection
from irl.house import House
from irl.money.payments import sandbox
from irl.settlement import audit
from tests.cast import Cast
from tests.settlement.conftest import NOVEMBER, day, rows, run

pytestmark = pytest.mark.anyio

DAMAGE = {
    "a balance": "UPDATE balances SET balance_micros = balance_micros + 1 WHERE account % 8 = 2",
    "a pot": "UPDATE pots SET pot_micros = pot_micros - 1",
    "a budget of a pot": "UPDATE pots SET budget_micros = 1",
    "a draw": "UPDATE draws SET amount_micros = amount_micros - 1",
    "a lot": "UPDATE lots SET left_micros = left_micros - 1",
    "a receipt": "UPDATE receipts SET amount_micros = amount_micros + 1",
    "a count": "UPDATE receipts SET flattrs = flattrs + 1",
    "a payable day": "UPDATE pots SET payable_on = payable_on + 1",
    "a flattr less": "DELETE FROM flattrs WHERE thing_id = 1",
    "a void flattr more": "INSERT INTO voids SELECT month, member_id, thing_id, 'hidden' FROM flattrs",
    "a counter": "UPDATE placement_months SET flattrs = flattrs + 1",
    "a counter of a day": "UPDATE placement_days SET flattrs = flattrs + 1",
    "a day less": "DELETE FROM placement_days",
    "a deposit's state": "UPDATE deposits SET state = 'pending'",
    "a deposit's instant": "UPDATE deposits SET booked_at = NULL",
    "a month opened again": "UPDATE months SET state = 'closing'",
}


async def _closed(house: House, members: Cast) -> None:
    await members.funds("Bob", euros=10, budget=5)
    works = [await members.payload("Alice", f"Work {i}") for i in range(3)]
    await members.scan("Bob", *works)
    await settlement.settle(house, NOVEMBER, now=day(4, 12))


@pytest.mark.parametrize("what", DAMAGE)
async def test_it_finds_damage_to(house: House, members: Cast, what: str) -> None:
    await _closed(house, members)
    assert await audit.audit(house) == []
    await run(house, DAMAGE[what])
    assert await audit.audit(house) != []


async def test_it_finds_a_transfer_that_nothing_stands_behind(house: House, members: Cast) -> None:
    await _closed(house, members)

    async def forge(connection: Connection) -> None:
        await connection.run("INSERT INTO transfers VALUES ('gift', 1, 1, 11, 10, 100, 1, NULL)")

    await house.db.write(forge)
    [finding, *_] = await audit.audit(house)
    assert "balances are what the transfers say" in finding


async def test_a_chargeback_after_closing_leaves_a_clean_house(house: House, members: Cast) -> None:
    await _closed(house, members)
    [deposit] = await rows(house, "SELECT public_id FROM deposits")
    await sandbox.decide(house, deposit["public_id"], "chargeback", now=day(8, 12))
    assert await audit.audit(house) == []


async def test_an_empty_house_is_clean(house: House) -> None:
    assert await audit.audit(house) == []
