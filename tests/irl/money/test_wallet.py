"""The wallet and the budget."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from irl.errors import Invalid
from irl.house import House
from irl.money import charities, wallet
from irl.rules import CENT, EURO
from tests.cast import Cast
from tests.conftest import NOW
from tests.irl.conftest import SQLITE_ALONE, Rows, day

pytestmark = pytest.mark.anyio


async def test_a_new_wallet_is_empty_and_without_a_budget(house: House, members: Cast) -> None:
    alice = await members.member("Alice")
    found = await wallet.of(house, alice.id, now=NOW)
    assert (found.budget_micros, found.funds_micros, found.revenue_micros) == (None, 0, 0)
    assert (found.month, found.closes_at) == (202611, day(1, 12, hour=0))


async def test_a_budget_is_set_changed_and_unset(house: House, members: Cast) -> None:
    bob = await members.member("Bob")
    for budget in (2 * EURO, 100 * EURO, 3 * EURO + CENT, None):
        await wallet.set_budget(house, bob.id, budget, now=NOW)
        assert (await wallet.of(house, bob.id, now=NOW)).budget_micros == budget


@SQLITE_ALONE
@pytest.mark.parametrize(
    "budget",
    [2 * EURO - CENT, 100 * EURO + CENT, 0, -5 * EURO, 5 * EURO + 1, True, 5.0, "5", 10**30],
)
async def test_a_budget_is_whole_cents_from_2_to_100_euros(
    house: House, members: Cast, budget: Any
) -> None:
    bob = await members.member("Bob")
    with pytest.raises(Invalid) as refused:
        await wallet.set_budget(house, bob.id, budget, now=NOW)
    assert refused.value.field == "budget_micros"
    assert (await wallet.of(house, bob.id, now=NOW)).budget_micros is None


async def test_the_history_tells_the_budget_at_any_instant(
    house: House, members: Cast, rows: Rows
) -> None:
    bob = await members.member("Bob")
    for seconds, euros in ((0, 2), (1, 3), (1, 4)):
        moment = NOW + timedelta(seconds=seconds)
        await wallet.set_budget(house, bob.id, euros * EURO, now=moment)
    history = await rows("SELECT budget_micros FROM budgets ORDER BY set_at")
    assert [row["budget_micros"] for row in history] == [2 * EURO, 4 * EURO]


async def test_of_two_changes_the_one_said_later_holds_whichever_arrives_first(
    house: House, members: Cast
) -> None:
    bob = await members.member("Bob")
    await wallet.set_budget(house, bob.id, 5 * EURO, now=NOW + timedelta(seconds=1))
    await wallet.set_budget(house, bob.id, 2 * EURO, now=NOW)
    assert (await wallet.of(house, bob.id, now=NOW)).budget_micros == 5 * EURO


async def test_many_changes_at_once_leave_one(house: House, members: Cast, rows: Rows) -> None:
    bob = await members.member("Bob")
    await asyncio.gather(
        *(
            wallet.set_budget(house, bob.id, euros * EURO, now=NOW + timedelta(seconds=euros))
            for euros in range(2, 22)
        )
    )
    assert (await wallet.of(house, bob.id, now=NOW)).budget_micros == 21 * EURO
    assert len(await rows("SELECT * FROM budgets")) == 20


async def test_the_first_charity_is_the_houses_and_each_member_may_choose(
    house: House, members: Cast, rows: Rows
) -> None:
    bob = await members.member("Bob")
    assert await charities.listed(house) == ()
    one = await charities.add(house, name="Sea Rescue", url="https://sea.example", now=NOW)
    two = await charities.add(house, name="Ärzte", url="https://doc.example", now=NOW)
    assert await charities.listed(house) == (one, two)
    for charity in (two.id, None, one.id):
        await charities.choose(house, bob.id, charity)
        [row] = await rows("SELECT charity_id FROM members")
        assert row["charity_id"] == charity
    for unknown in (0, -1, two.id + 1000, 2**63):
        with pytest.raises(Invalid) as refused:
            await charities.choose(house, bob.id, unknown)
        assert refused.value.field == "charity"
    for said, field in (({"name": ""}, "name"), ({"url": "sea.example"}, "url")):
        known = {"name": "Sea", "url": "https://sea.example"}
        with pytest.raises(Invalid) as refused:
            await charities.add(house, **known | said, now=NOW)
        assert refused.value.field == field
