"""Payouts: what can be paid out from when, the states, what comes back, and moves to funds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import pytest

from irl import settlement
from irl.db import Connection
from irl.errors import Invalid, NoPayoutAddress, NotFound, NotPayable, PayoutDecided
from irl.house import House
from irl.money import (
    charities,
    ledger,
    moves,
    payout_addresses,
    payout_files,
    payouts,
    revenue,
    wallet,
)
from irl.money.payments import sandbox
from irl.month import Month
from irl.rules import CENT, EURO
from irl.settlement import audit, core
from irl.things import reports
from tests.cast import Cast
from tests.conftest import with_rules
from tests.irl.conftest import SQLITE_ALONE, Rows, day
from tests.irl.money.test_deposits import paid

pytestmark = pytest.mark.anyio

NOVEMBER = Month(202611)
IBAN = "DE89370400440532013000"
PAYDAY = day(12, 12)
"""The 10th of December, and 30 days after a deposit of 12 November, are over."""


@pytest.fixture(autouse=True)
async def ends_clean(house: House) -> AsyncIterator[None]:
    yield
    assert await audit.audit(house) == []


@pytest.fixture
def bank(house: House) -> House:
    """The same house with a bank account that pays."""
    settings = house.settings.model_copy(
        update={"sepa_name": "flattr in real life", "sepa_iban": "FR1420041010050500013M02606"}
    )
    return House(db=house.db, rules=house.rules, settings=settings)


async def accounts(rows: Rows) -> dict[int, int]:
    found = await rows("SELECT account, balance_micros FROM balances WHERE balance_micros <> 0")
    return {row["account"]: row["balance_micros"] for row in found}


async def address_of(house: House, member_id: int, *, now: datetime = PAYDAY) -> None:
    await payout_addresses.set_to(
        house, member_id, method="sepa", holder="Älice Ünter", address=IBAN, now=now
    )


async def received(
    house: House, members: Cast, *, euros: int = 20, deposit_day: int = 12
) -> dict[str, Any]:
    """Let Alice receive what Bob deposits on a day of November, less the fee."""
    alice, bob = await members.member("Alice"), await members.member("Bob")
    deposit = await paid(house, bob.id, euros, now=day(deposit_day))
    await wallet.set_budget(house, bob.id, 100 * EURO, now=day(deposit_day))
    await members.scan("Bob", await members.payload("Alice", "Work"))
    await settlement.settle(house, NOVEMBER, now=day(4, 12))
    await address_of(house, alice.id)
    return {"alice": alice, "bob": bob, "deposit": deposit}


async def test_revenue_says_from_when_it_can_be_paid_out(house: House, members: Cast) -> None:
    alice = (await received(house, members, deposit_day=20))["alice"]
    early = await revenue.of(house, alice.id, now=day(19, 12))
    assert (early.revenue_micros, early.payable_micros, early.held_micros) == (18 * EURO, 0, 0)
    assert [(at.payable_on, at.amount_micros) for at in early.later] == [(20261220, 18 * EURO)]
    then = await revenue.of(house, alice.id, now=day(20, 12, 0))
    assert (then.payable_micros, then.later) == (18 * EURO, ())
    with pytest.raises(NotPayable):
        await payouts.ask(house, alice.id, amount_micros=None, now=day(19, 12))
    asked = await payouts.ask(house, alice.id, amount_micros=None, now=day(20, 12, 0))
    assert (asked.state, asked.amount_micros) == ("requested", 18 * EURO)


async def test_nothing_is_paid_out_before_the_tenth(house: House, members: Cast) -> None:
    alice = (await received(house, members, deposit_day=2))["alice"]
    with pytest.raises(NotPayable):
        await payouts.ask(house, alice.id, amount_micros=None, now=day(9, 12, 23))
    await payouts.ask(house, alice.id, amount_micros=None, now=day(10, 12, 0))


async def test_each_step_of_a_payout_is_one_transfer(
    bank: House, members: Cast, rows: Rows
) -> None:
    alice = (await received(bank, members))["alice"]
    asked = await payouts.ask(bank, alice.id, amount_micros=15 * EURO, now=PAYDAY)
    [row] = await rows("SELECT id FROM payouts")
    held = await accounts(rows)
    assert held[ledger.reserved(row["id"])] == 15 * EURO
    assert held[ledger.revenue(alice.id)] == 3 * EURO
    file = await payout_files.export(bank, now=PAYDAY)
    assert (file.payouts, file.amount_micros, file.is_new) == (1, 15 * EURO, True)
    assert (await accounts(rows))[ledger.in_transit(row["id"])] == 15 * EURO
    assert await payouts.paid(bank, asked.id, now=PAYDAY)
    assert (await accounts(rows))[ledger.provider("sepa")] == 15 * EURO
    assert not await payouts.paid(bank, asked.id, now=PAYDAY)
    seen = await payouts.of(bank, alice.id, asked.id)
    assert (seen.state, seen.paid_at, seen.address) == ("paid", PAYDAY, "DE…3000")
    assert await payouts.mine(bank, alice.id) == (seen,)
    assert await payouts.undecided(bank) == ()
    kinds = await rows("SELECT kind FROM transfers WHERE kind LIKE 'payout%' ORDER BY kind")
    assert [one["kind"] for one in kinds] == ["payout_export", "payout_paid", "payout_request"]


@pytest.mark.parametrize("steps", [0, 1, 2])
async def test_what_comes_back_can_be_paid_out_again(
    bank: House, members: Cast, rows: Rows, steps: int
) -> None:
    alice = (await received(bank, members))["alice"]
    asked = await payouts.ask(bank, alice.id, amount_micros=None, now=PAYDAY)
    if steps > 0:
        await payout_files.export(bank, now=PAYDAY)
    if steps > 1:
        await payouts.paid(bank, asked.id, now=PAYDAY)
    assert await payouts.returned(bank, asked.id, why="account closed", now=PAYDAY)
    assert not await payouts.returned(bank, asked.id, why="account closed", now=PAYDAY)
    assert (await accounts(rows))[ledger.revenue(alice.id)] == 18 * EURO
    assert ledger.provider("sepa") not in await accounts(rows)
    seen = await payouts.of(bank, alice.id, asked.id)
    assert (seen.state, seen.trouble) == ("returned", "account closed")
    with pytest.raises(PayoutDecided):
        await payouts.paid(bank, asked.id, now=PAYDAY)
    mails = await rows("SELECT subject FROM outbox WHERE subject LIKE '%came back'")
    assert [mail["subject"] for mail in mails] == ["A payout of €18.00 came back"]
    again = await payouts.ask(bank, alice.id, amount_micros=None, now=PAYDAY)
    assert again.amount_micros == 18 * EURO


async def test_what_was_not_sent_is_not_paid(house: House, members: Cast) -> None:
    alice = (await received(house, members))["alice"]
    asked = await payouts.ask(house, alice.id, amount_micros=None, now=PAYDAY)
    with pytest.raises(PayoutDecided):
        await payouts.paid(house, asked.id, now=PAYDAY)
    for unknown in ("unknown", "\0", "0" * 13):
        with pytest.raises(NotFound):
            await payouts.paid(house, unknown, now=PAYDAY)
        with pytest.raises(NotFound):
            await payouts.returned(house, unknown, why="x", now=PAYDAY)
        with pytest.raises(NotFound):
            await payouts.of(house, alice.id, unknown)
    bob = members.joined["Bob"]
    with pytest.raises(NotFound):
        await payouts.of(house, bob.id, asked.id)
    assert await payouts.mine(house, bob.id) == ()


async def test_payouts_are_whole_cents_and_the_rest_stays(house: House, members: Cast) -> None:
    alice, bob = await members.member("Alice"), await members.member("Bob")
    await paid(house, bob.id, 100, now=day(2))
    await wallet.set_budget(house, bob.id, 50 * EURO, now=day(2))
    works = [await members.payload("Alice", "Work"), await members.payload("Alice", "Other")]
    await members.scan("Bob", *works, await members.payload("Charlie", "Third"))
    await settlement.settle(house, NOVEMBER, now=day(4, 12))
    await address_of(house, alice.id)
    there = (await revenue.of(house, alice.id, now=PAYDAY)).payable_micros
    assert there // 10 == 33_333_33
    asked = await payouts.ask(house, alice.id, amount_micros=None, now=PAYDAY)
    assert asked.amount_micros == 33_330_000
    rest = await revenue.of(house, alice.id, now=PAYDAY)
    assert rest.revenue_micros == rest.payable_micros == there - 33_330_000


async def test_amounts_that_cannot_be_paid_out_are_refused(
    house: House, members: Cast, rows: Rows
) -> None:
    alice = (await received(house, members))["alice"]
    wrong: list[Any] = [10 * EURO - CENT, 10 * EURO + 1, 0, -10 * EURO, True, 10.0, 10**30]
    for amount in wrong:
        with pytest.raises(Invalid) as refused:
            await payouts.ask(house, alice.id, amount_micros=amount, now=PAYDAY)
        assert refused.value.field == "amount_micros"
    with pytest.raises(NotPayable, match=r"18\.00 EUR can be paid out now"):
        await payouts.ask(house, alice.id, amount_micros=18 * EURO + CENT, now=PAYDAY)
    with pytest.raises(NotPayable):
        await payouts.ask(
            with_rules(house, payout_least_micros=19 * EURO),
            alice.id,
            amount_micros=None,
            now=PAYDAY,
        )
    with pytest.raises(NoPayoutAddress):
        await payouts.ask(house, members.joined["Bob"].id, amount_micros=None, now=PAYDAY)
    assert await rows("SELECT * FROM payouts") == []


async def test_of_many_payouts_of_the_same_revenue_at_once_one_is_made(
    house: House, members: Cast
) -> None:
    alice = (await received(house, members))["alice"]
    ends = await asyncio.gather(
        *(payouts.ask(house, alice.id, amount_micros=None, now=PAYDAY) for _ in range(10)),
        *(moves.to_funds(house, alice.id, amount_micros=None, now=PAYDAY) for _ in range(10)),
        return_exceptions=True,
    )
    assert sum(isinstance(end, NotPayable) for end in ends) == 19
    assert sum(not isinstance(end, Exception) for end in ends) == 1


async def test_revenue_of_a_hidden_thing_is_held(house: House, members: Cast, rows: Rows) -> None:
    alice, bob = await members.member("Alice"), await members.member("Bob")
    await paid(house, bob.id, 40, now=day(2))
    await wallet.set_budget(house, bob.id, 36 * EURO, now=day(2))
    for title in ("Good", "Bad"):
        await members.scan("Bob", await members.payload("Alice", title))
    await settlement.settle(house, NOVEMBER, now=day(4, 12))
    await address_of(house, alice.id)
    [bad] = await rows("SELECT public_id FROM things WHERE title = 'Bad'")
    await reports.send(
        house,
        code=None,
        thing_id=bad["public_id"],
        reason="not_the_maker",
        text="",
        address="192.0.2.9",
        now=PAYDAY,
    )
    [report] = await reports.waiting(house)
    await reports.decide(house, report.id, "hide", now=PAYDAY)
    seen = await revenue.of(house, alice.id, now=PAYDAY)
    assert (seen.revenue_micros, seen.payable_micros, seen.held_micros) == (
        36 * EURO,
        18 * EURO,
        18 * EURO,
    )
    with pytest.raises(NotPayable):
        await payouts.ask(house, alice.id, amount_micros=19 * EURO, now=PAYDAY)
    with pytest.raises(NotPayable):
        await moves.to_funds(house, alice.id, amount_micros=19 * EURO, now=PAYDAY)
    await payouts.ask(house, alice.id, amount_micros=None, now=PAYDAY)
    seen = await revenue.of(house, alice.id, now=PAYDAY)
    assert (seen.payable_micros, seen.held_micros) == (0, 18 * EURO)
    await reports.decide(house, report.id, "keep", now=PAYDAY)
    seen = await revenue.of(house, alice.id, now=PAYDAY)
    assert (seen.payable_micros, seen.held_micros) == (18 * EURO, 0)


# --- moves ---------------------------------------------------------------------------------------


async def test_revenue_moved_to_funds_keeps_its_day(
    house: House, members: Cast, rows: Rows
) -> None:
    alice = (await received(house, members, deposit_day=20))["alice"]
    moved = await moves.to_funds(house, alice.id, amount_micros=5_000_001, now=day(5, 12))
    assert (moved.amount_micros, moved.moved_at) == (5_000_001, day(5, 12))
    found = await wallet.of(house, alice.id, now=day(5, 12))
    assert (found.funds_micros, found.revenue_micros) == (5_000_001, 12_999_999)
    [lot] = await rows("SELECT * FROM lots WHERE deposit_id IS NULL")
    assert (lot["payable_on"], lot["left_micros"]) == (20261220, 5_000_001)
    # What is given out of it in December is not payable on 10 January for that: the day is older.
    all_of_it = await moves.to_funds(house, alice.id, amount_micros=None, now=day(5, 12))
    assert all_of_it.amount_micros == 12_999_999
    assert await moves.mine(house, alice.id) == (all_of_it, moved)
    with pytest.raises(NotPayable):
        await moves.to_funds(house, alice.id, amount_micros=None, now=day(5, 12))


async def test_what_was_moved_is_given_and_received_again(house: House, members: Cast) -> None:
    alice = (await received(house, members, deposit_day=20))["alice"]
    await moves.to_funds(house, alice.id, amount_micros=None, now=day(5, 12))
    await wallet.set_budget(house, alice.id, 10 * EURO, now=day(5, 12))
    await members.scan("Alice", await members.payload("Charlie", "Song"), now=day(6, 12))
    await settlement.settle(house, Month(202612), now=datetime.fromisoformat("2027-01-04T12:00Z"))
    charlie = members.joined["Charlie"]
    seen = await revenue.of(house, charlie.id, now=day(31, 12))
    assert [(at.payable_on, at.amount_micros) for at in seen.later] == [(20270110, 10 * EURO)]


@SQLITE_ALONE
async def test_moves_of_nothing_or_too_much_are_refused(house: House, members: Cast) -> None:
    alice = (await received(house, members))["alice"]
    wrong: list[Any] = [0, -1, True, 1.0, "1"]
    for amount in wrong:
        with pytest.raises(Invalid) as refused:
            await moves.to_funds(house, alice.id, amount_micros=amount, now=PAYDAY)
        assert refused.value.field == "amount_micros"
    with pytest.raises(NotPayable, match=r"18\.00 EUR can be moved"):
        await moves.to_funds(house, alice.id, amount_micros=18 * EURO + 1, now=PAYDAY)


# --- reversals that know what was paid out -------------------------------------------------------


async def test_a_reversal_takes_what_is_left_and_the_rest_is_loss(
    house: House, members: Cast, rows: Rows
) -> None:
    made = await received(house, members)
    alice = made["alice"]
    await payouts.ask(house, alice.id, amount_micros=12 * EURO, now=PAYDAY)
    await sandbox.decide(house, made["deposit"].id, "chargeback", now=PAYDAY)
    after = await accounts(rows)
    assert after.get(ledger.revenue(alice.id), 0) == 0
    assert after[ledger.LOSS] == -12 * EURO
    assert ledger.FEE not in after
    assert (await revenue.of(house, alice.id, now=PAYDAY)).revenue_micros == 0


async def test_a_payout_that_comes_back_after_the_reversal_is_the_makers(
    house: House, members: Cast, rows: Rows
) -> None:
    made = await received(house, members)
    asked = await payouts.ask(house, made["alice"].id, amount_micros=12 * EURO, now=PAYDAY)
    await sandbox.decide(house, made["deposit"].id, "chargeback", now=PAYDAY)
    await payouts.returned(house, asked.id, why="no such account", now=PAYDAY)
    after = await accounts(rows)
    assert after[ledger.revenue(made["alice"].id)] == 12 * EURO
    assert after[ledger.LOSS] == -12 * EURO


async def test_what_was_moved_to_funds_is_not_taken_back(
    house: House, members: Cast, rows: Rows
) -> None:
    made = await received(house, members)
    alice = made["alice"]
    await moves.to_funds(house, alice.id, amount_micros=5 * EURO, now=PAYDAY)
    await sandbox.decide(house, made["deposit"].id, "chargeback", now=PAYDAY)
    after = await accounts(rows)
    assert after[ledger.funds(alice.id)] == 5 * EURO
    assert after[ledger.LOSS] == -5 * EURO


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_of_two_deposits_in_one_portion_each_reversal_takes_its_own(
    house: House, members: Cast, rows: Rows, order: tuple[int, int]
) -> None:
    alice = await members.member("Alice")
    work = await members.payload("Alice", "Work")
    made = []
    for name, euros in (("Bob", 10), ("Charlie", 20)):  # 9 and 18 to give
        giver = await members.member(name)
        made.append(await paid(house, giver.id, euros, now=day(2)))
        await wallet.set_budget(house, giver.id, 100 * EURO, now=day(2))
        await members.scan(name, work)
    await settlement.settle(house, NOVEMBER, now=day(4, 12))
    await address_of(house, alice.id)
    await payouts.ask(house, alice.id, amount_micros=12 * EURO, now=PAYDAY)
    # 15 of 27 are left. Of Bob's 9 all can be there; of Charlie's 18 at least 3 are gone.
    takes = {0: 9, 1: 15}
    await sandbox.decide(house, made[order[0]].id, "chargeback", now=PAYDAY)
    after = await accounts(rows)
    assert after.get(ledger.revenue(alice.id), 0) == (15 - takes[order[0]]) * EURO
    assert after.get(ledger.LOSS, 0) == (0 if order[0] == 0 else -3 * EURO)
    await sandbox.decide(house, made[order[1]].id, "chargeback", now=PAYDAY)
    after = await accounts(rows)
    assert after.get(ledger.revenue(alice.id), 0) == 0
    assert after[ledger.LOSS] == -12 * EURO


async def test_a_charity_is_paid_out_like_a_maker(bank: House, members: Cast, rows: Rows) -> None:
    bob = await members.member("Bob")
    sea = await charities.add(bank, name="Sea Rescue", url="https://sea.example", now=day(1))
    deposit = await paid(bank, bob.id, 20, now=day(2))
    await wallet.set_budget(bank, bob.id, 15 * EURO, now=day(2))
    await settlement.settle(bank, NOVEMBER, early=True, now=day(25))
    with pytest.raises(NoPayoutAddress):
        await payouts.ask_for_charity(bank, sea.id, now=PAYDAY)
    await charities.set_account(bank, sea.id, holder="Sea Rescue", iban=IBAN)
    with pytest.raises(NotPayable):
        await payouts.ask_for_charity(bank, sea.id, now=day(9, 12))
    with pytest.raises(NotFound):
        await payouts.ask_for_charity(bank, sea.id + 1, now=PAYDAY)
    asked = await payouts.ask_for_charity(bank, sea.id, now=PAYDAY)
    assert (asked.amount_micros, asked.holder) == (15 * EURO, "Sea Rescue")
    await sandbox.decide(bank, deposit.id, "chargeback", now=PAYDAY)
    assert (await accounts(rows))[ledger.LOSS] == -15 * EURO
    await payout_files.export(bank, now=PAYDAY)
    assert await payouts.paid(bank, asked.id, now=PAYDAY)
    assert (await accounts(rows))[ledger.provider("sepa")] == 15 * EURO


async def test_the_unit_of_a_transfers_part_is_the_settlements() -> None:
    assert revenue.PART_UNIT == core.PART_UNIT


async def test_the_audit_sees_a_file_that_was_changed(bank: House, members: Cast) -> None:
    alice = (await received(bank, members))["alice"]
    await payouts.ask(bank, alice.id, amount_micros=None, now=PAYDAY)
    file = await payout_files.export(bank, now=PAYDAY)

    async def put(body: str) -> None:
        async def work(connection: Connection) -> None:
            await connection.run(f"UPDATE payout_files SET body = '{body.replace(chr(39), '')}'")

        await bank.db.write(work)

    await put("<Document/>")
    assert await audit.audit(bank) == [f"payout file {file.id} is not what was stored"]

    async def whole(connection: Connection) -> None:
        sign = "?" if connection.engine == "sqlite" else "$1"
        await connection.run(f"UPDATE payout_files SET body = {sign}", (file.body,))

    await bank.db.write(whole)
