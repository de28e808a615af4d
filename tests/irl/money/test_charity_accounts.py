"""Charities as the operator sees them: accounts, what is there, and what can be paid out."""

from __future__ import annotations

from typing import Any

import pytest

from irl.errors import NotFound, PasswordRefused
from irl.house import House
from irl.members import payouts as with_password
from irl.money import charities, charity_accounts, payouts, wallet
from irl.month import Month
from irl.rules import EURO
from irl.settlement import runner
from tests.cast import PASSWORD, Cast
from tests.irl.conftest import day
from tests.irl.money.test_deposits import paid
from tests.irl.money.test_payouts import IBAN, PAYDAY

pytestmark = pytest.mark.anyio


async def charity(house: House, name: str = "Sea Rescue") -> int:
    added = await charities.add(house, name=name, url="https://sea.example", now=day(1))
    return added.id


async def test_a_charity_is_told_with_what_was_given_and_what_can_be_paid(
    house: House, members: Cast
) -> None:
    sea, bob = await charity(house), await members.member("Bob")
    await paid(house, bob.id, 20, now=day(12))
    await wallet.set_budget(house, bob.id, 15 * EURO, now=day(12))
    await runner.settle(house, Month(202611), early=True, now=day(29))
    before = await charity_accounts.of(house, sea, now=PAYDAY)
    assert (before.balance_micros, before.payable_micros) == (15 * EURO, 15 * EURO)
    assert (before.holder, before.iban, before.can_be_paid) == (None, None, False)
    await charities.set_account(house, sea, holder="Sea Rescue", iban=IBAN)
    early = await charity_accounts.of(house, sea, now=day(9, 12))
    assert (early.balance_micros, early.payable_micros, early.can_be_paid) == (15 * EURO, 0, False)
    ready = await charity_accounts.of(house, sea, now=PAYDAY)
    assert (ready.holder, ready.iban, ready.can_be_paid) == ("Sea Rescue", "DE…3000", True)
    await payouts.ask_for_charity(house, sea, now=PAYDAY)
    after = await charity_accounts.of(house, sea, now=PAYDAY)
    assert (after.balance_micros, after.payable_micros, after.can_be_paid) == (0, 0, False)


async def test_a_retired_charity_is_told_last_and_only_once_retired(house: House) -> None:
    first, second = await charity(house, "Sea"), await charity(house, "Songs")
    await charities.retire_one(house, first, now=day(2))
    assert [each.name for each in await charities.listed(house)] == ["Songs"]
    found = await charity_accounts.all_of(house, now=PAYDAY)
    assert [(each.id, each.retired_at) for each in found] == [(second, None), (first, day(2))]
    for missing in (first, second + 1, 0):
        with pytest.raises(NotFound):
            await charities.retire_one(house, missing, now=day(3))
    for missing in (second + 1, 0, -1, 2**70):
        with pytest.raises(NotFound):
            await charity_accounts.of(house, missing, now=PAYDAY)


async def test_the_money_of_charities_leaves_only_with_the_operators_password(
    house: House, members: Cast
) -> None:
    sea, olga = await charity(house), await members.member("Olga")
    said: dict[str, Any] = {"address": "192.0.2.1", "now": PAYDAY}
    with pytest.raises(PasswordRefused):
        await with_password.set_charity_account(
            house, olga.id, sea, holder="Mallory", iban=IBAN, password="wrong", **said
        )
    with pytest.raises(PasswordRefused):
        await with_password.ask_for_charity(house, olga.id, sea, password="wrong", **said)
    assert (await charity_accounts.of(house, sea, now=PAYDAY)).holder is None
    await with_password.set_charity_account(
        house, olga.id, sea, holder="Sea", iban=IBAN, password=PASSWORD, **said
    )
    assert (await charity_accounts.of(house, sea, now=PAYDAY)).holder == "Sea"
