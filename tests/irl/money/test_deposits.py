"""Deposits: asked for, booked once, declined, charged back; and what is taken back from whom."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

import pytest

from irl import settlement
from irl.db import Connection
from irl.errors import DepositDecided, Invalid, NotFound
from irl.house import House
from irl.money import booking, charities, deposits, ledger, wallet
from irl.money.deposits import Deposit
from irl.money.payments import sandbox
from irl.month import Month
from irl.rules import CENT, EURO
from tests.cast import Cast
from tests.conftest import NOW, with_rules
from tests.irl.conftest import SQLITE_ALONE, Rows, day

pytestmark = pytest.mark.anyio

NOVEMBER = Month(202611)


async def ask(house: House, member_id: int, euros: int = 10) -> Deposit:
    return await deposits.ask(
        house, member_id, amount_micros=euros * EURO, provider="sandbox", now=NOW
    )


async def paid(house: House, member_id: int, euros: int, *, now: Any = NOW) -> Deposit:
    deposit = await ask(house, member_id, euros)
    await sandbox.decide(house, deposit.id, "approve", now=now)
    return deposit


async def accounts(rows: Rows) -> dict[int, int]:
    found = await rows("SELECT account, balance_micros FROM balances WHERE balance_micros <> 0")
    return {row["account"]: row["balance_micros"] for row in found}


async def test_a_deposit_says_its_fee_before_it_is_paid(
    house: House, members: Cast, rows: Rows
) -> None:
    bob = await members.member("Bob")
    deposit = await ask(house, bob.id)
    assert (deposit.amount_micros, deposit.fee_micros, deposit.net_micros) == (
        10 * EURO,
        1 * EURO,
        9 * EURO,
    )
    assert (deposit.state, deposit.created_at) == ("pending", NOW)
    assert deposit.checkout_url == f"http://localhost:8000/sandbox/checkout/{deposit.id}"
    assert await deposits.of(house, bob.id, deposit.id) == deposit
    assert await accounts(rows) == {}


async def test_a_paid_deposit_is_in_funds_less_its_fee(
    house: House, members: Cast, rows: Rows
) -> None:
    bob = await members.member("Bob")
    deposit = await paid(house, bob.id, 10)
    assert (await deposits.of(house, bob.id, deposit.id)).state == "booked"
    assert await accounts(rows) == {
        ledger.provider("sandbox"): -10 * EURO,
        ledger.FEE: 1 * EURO,
        ledger.funds(bob.id): 9 * EURO,
    }
    [lot] = await rows("SELECT * FROM lots")
    assert (lot["left_micros"], lot["payable_on"]) == (9 * EURO, 20261223)


async def test_each_deposit_keeps_the_fee_it_was_made_under(
    house: House, members: Cast, rows: Rows
) -> None:
    bob = await members.member("Bob")
    old = await ask(house, bob.id)
    cheaper = with_rules(house, fee_basis_points=0)
    free = await ask(cheaper, bob.id)
    for deposit in (old, free):
        await sandbox.decide(cheaper, deposit.id, "approve", now=NOW)
    assert (await wallet.of(house, bob.id, now=NOW)).funds_micros == 19 * EURO
    kept = [row["rules"] for row in await rows("SELECT rules FROM deposits ORDER BY id")]
    assert kept == [house.rules.stored(), cheaper.rules.stored()]


@SQLITE_ALONE
@pytest.mark.parametrize("amount", [8 * EURO, 10_000 * EURO, 8 * EURO + CENT, 9_999_990_000])
async def test_an_amount_within_the_limits_is_taken(
    house: House, members: Cast, amount: int
) -> None:
    bob = await members.member("Bob")
    deposit = await deposits.ask(house, bob.id, amount_micros=amount, provider="sandbox", now=NOW)
    assert deposit.fee_micros * 10 == deposit.amount_micros == amount


@SQLITE_ALONE
@pytest.mark.parametrize(
    "amount",
    [
        8 * EURO - CENT,
        10000 * EURO + CENT,
        8 * EURO + 1,
        8 * EURO - 1,
        0,
        -8 * EURO,
        True,
        8000000.0,
        "8000000",
        None,
        10**30,
        -(10**30),
    ],
)
async def test_any_other_amount_is_refused(house: House, members: Cast, amount: Any) -> None:
    bob = await members.member("Bob")
    with pytest.raises(Invalid) as refused:
        await deposits.ask(house, bob.id, amount_micros=amount, provider="sandbox", now=NOW)
    assert refused.value.field == "amount_micros"
    assert await deposits.mine(house, bob.id) == ()


async def test_only_offered_providers_take_money(house: House, members: Cast) -> None:
    bob = await members.member("Bob")
    earnest = dataclasses.replace(
        house, settings=house.settings.model_copy(update={"sandbox": False})
    )
    for where, provider in ((house, "paypal"), (house, ""), (earnest, "sandbox")):
        with pytest.raises(Invalid) as refused:
            await deposits.ask(where, bob.id, amount_micros=10 * EURO, provider=provider, now=NOW)
        assert refused.value.field == "provider"
    deposit = await ask(house, bob.id)
    with pytest.raises(NotFound):
        await sandbox.decide(earnest, deposit.id, "approve", now=NOW)


async def test_nobody_else_sees_a_deposit(house: House, members: Cast) -> None:
    bob, charlie = await members.member("Bob"), await members.member("Charlie")
    deposit = await ask(house, bob.id)
    newer = await ask(house, bob.id, 20)
    for deposit_id in (deposit.id, "unknown", "\0", "\ud800", "0" * 13):
        with pytest.raises(NotFound):
            await deposits.of(house, charlie.id, deposit_id)
    assert await deposits.mine(house, charlie.id) == ()
    assert await deposits.mine(house, bob.id) == (newer, deposit)


async def test_what_the_provider_tells_of_no_deposit_is_refused(
    house: House, members: Cast
) -> None:
    bob = await members.member("Bob")
    deposit = await ask(house, bob.id)
    for deposit_id in ("unknown", "\0", "\ud800", "0" * 13):
        with pytest.raises(NotFound):
            await sandbox.decide(house, deposit_id, "approve", now=NOW)
    with pytest.raises(NotFound):
        await booking.told(house, provider="paypal", deposit_id=deposit.id, what="approve", now=NOW)
    with pytest.raises(Invalid) as refused:
        await sandbox.decide(house, deposit.id, "perhaps", now=NOW)
    assert refused.value.field == "decision"


async def test_a_hundred_approvals_at_once_book_once(
    house: House, members: Cast, rows: Rows
) -> None:
    bob = await members.member("Bob")
    deposit = await ask(house, bob.id)
    await asyncio.gather(
        *(sandbox.decide(house, deposit.id, "approve", now=NOW) for _ in range(100))
    )
    assert (await wallet.of(house, bob.id, now=NOW)).funds_micros == 9 * EURO
    assert len(await rows("SELECT * FROM transfers")) == 2
    assert len(await rows("SELECT * FROM lots")) == 1


async def test_of_approve_and_decline_at_once_one_wins(
    house: House, members: Cast, rows: Rows
) -> None:
    bob = await members.member("Bob")
    deposit = await ask(house, bob.id)
    decisions = ["approve", "decline"] * 10
    ends = await asyncio.gather(
        *(sandbox.decide(house, deposit.id, decision, now=NOW) for decision in decisions),
        return_exceptions=True,
    )
    assert sum(end is None for end in ends) == 10
    assert sum(isinstance(end, DepositDecided) for end in ends) == 10
    booked = (await deposits.of(house, bob.id, deposit.id)).state == "booked"
    assert len(await rows("SELECT * FROM lots")) == int(booked)


async def test_a_declined_deposit_is_never_booked(house: House, members: Cast, rows: Rows) -> None:
    bob = await members.member("Bob")
    deposit = await ask(house, bob.id)
    for _ in range(2):
        await sandbox.decide(house, deposit.id, "decline", now=NOW)
    for decision in ("approve", "chargeback"):
        with pytest.raises(DepositDecided):
            await sandbox.decide(house, deposit.id, decision, now=NOW)
    assert (await deposits.of(house, bob.id, deposit.id)).state == "declined"
    assert await accounts(rows) == {}


async def test_what_was_never_paid_is_not_charged_back(house: House, members: Cast) -> None:
    bob = await members.member("Bob")
    deposit = await ask(house, bob.id)
    with pytest.raises(DepositDecided):
        await sandbox.decide(house, deposit.id, "chargeback", now=NOW)
    await sandbox.decide(house, deposit.id, "approve", now=NOW)
    with pytest.raises(DepositDecided):
        await sandbox.decide(house, deposit.id, "decline", now=NOW)


async def test_a_chargeback_takes_fee_and_funds_once(
    house: House, members: Cast, rows: Rows
) -> None:
    bob = await members.member("Bob")
    other = await paid(house, bob.id, 20)
    deposit = await paid(house, bob.id, 10)
    await asyncio.gather(
        *(sandbox.decide(house, deposit.id, "chargeback", now=NOW) for _ in range(10))
    )
    assert (await deposits.of(house, bob.id, deposit.id)).state == "reversed"
    assert (await deposits.of(house, bob.id, other.id)).state == "booked"
    assert await accounts(rows) == {
        ledger.provider("sandbox"): -20 * EURO,
        ledger.FEE: 2 * EURO,
        ledger.funds(bob.id): 18 * EURO,
    }
    with pytest.raises(DepositDecided):
        await sandbox.decide(house, deposit.id, "approve", now=NOW)


async def test_after_settlement_a_chargeback_takes_its_own_shares_and_nobody_elses(
    house: House, members: Cast, rows: Rows
) -> None:
    bob, dora = await members.member("Bob"), await members.member("Dora")
    first = await paid(house, bob.id, 10, now=day(1))  # 9 to give
    second = await paid(house, bob.id, 10, now=day(2))
    await paid(house, dora.id, 10, now=day(1))
    for giver in (bob, dora):
        await wallet.set_budget(house, giver.id, 12 * EURO, now=day(2))
    alices, charlies = [await members.payload(m, "Work") for m in ("Alice", "Charlie")]
    await members.scan("Bob", alices, charlies)
    await members.scan("Dora", alices)
    await settlement.settle(house, NOVEMBER, now=day(4, 12))
    # Bob's pot is 12: 9 of the first deposit and 3 of the second.
    alice, charlie = members.joined["Alice"], members.joined["Charlie"]
    before = await accounts(rows)
    assert before[ledger.revenue(alice.id)] == (6 + 9) * EURO
    assert before[ledger.revenue(charlie.id)] == 6 * EURO
    assert before[ledger.funds(bob.id)] == 6 * EURO
    await sandbox.decide(house, second.id, "chargeback", now=day(5, 12))
    after = await accounts(rows)
    taken = {a: before[a] - after.get(a, 0) for a in before if before[a] != after.get(a, 0)}
    assert taken.pop(ledger.provider("sandbox")) == -10 * EURO
    assert taken.pop(ledger.FEE) == EURO
    assert taken.pop(ledger.funds(bob.id)) == 6 * EURO
    assert sum(taken.values()) == 3 * EURO
    assert set(taken) <= {ledger.revenue(alice.id), ledger.revenue(charlie.id)}
    kinds = await rows("SELECT kind FROM transfers WHERE kind LIKE 'reversal%'")
    assert {row["kind"] for row in kinds} == {"reversal_fee", "reversal_funds", "reversal_share"}
    # The first deposit goes back too: nothing of Bob's is left, all of Dora's is.
    await sandbox.decide(house, first.id, "chargeback", now=day(6, 12))
    assert await accounts(rows) == {
        ledger.provider("sandbox"): -10 * EURO,
        ledger.FEE: EURO,
        ledger.revenue(alice.id): 9 * EURO,
    }


async def test_after_an_idle_month_a_chargeback_takes_from_the_charity(
    house: House, members: Cast, rows: Rows
) -> None:
    bob = await members.member("Bob")
    await charities.add(house, name="Sea Rescue", url="https://sea.example", now=NOW)
    deposit = await paid(house, bob.id, 10, now=day(1))
    await wallet.set_budget(house, bob.id, 4 * EURO, now=day(2))
    await settlement.settle(house, NOVEMBER, early=True, now=day(25))
    assert (await accounts(rows))[ledger.charity((await charities.listed(house))[0].id)] == 4 * EURO
    await sandbox.decide(house, deposit.id, "chargeback", now=day(26))
    assert await accounts(rows) == {}


async def test_what_left_the_house_before_is_the_houses_loss(
    house: House, members: Cast, rows: Rows
) -> None:
    bob = await members.member("Bob")
    deposit = await paid(house, bob.id, 10)

    async def lose(connection: Connection) -> None:
        # As if an older version had lost track of two euros of this lot.
        await connection.run("UPDATE lots SET left_micros = left_micros - 2000000")

    await house.db.write(lose)
    await sandbox.decide(house, deposit.id, "chargeback", now=NOW)
    assert await accounts(rows) == {ledger.LOSS: -2 * EURO, ledger.funds(bob.id): 2 * EURO}


async def test_a_chargeback_while_a_month_waits_leaves_less_to_give(
    house: House, members: Cast, rows: Rows
) -> None:
    bob = await members.member("Bob")
    deposit = await paid(house, bob.id, 10)
    await wallet.set_budget(house, bob.id, 5 * EURO, now=NOW)
    await members.scan("Bob", await members.payload("Alice", "Work"))
    await sandbox.decide(house, deposit.id, "chargeback", now=day(2, 12))
    done = await settlement.settle(house, NOVEMBER, now=day(4, 12))
    assert (done.givers, done.micros) == (0, 0)
    assert await accounts(rows) == {}
