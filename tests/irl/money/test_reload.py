"""Reload: a mail with a ready link, once a month, to those who asked for it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from irl.house import House
from irl.money import deposits, micros, reload, wallet
from irl.rules import EURO, Rules
from tests.cast import Cast
from tests.irl.conftest import Rows, day

pytestmark = pytest.mark.anyio

BEGINS = day(26, hour=0)
"""Five days before the end of November 2026."""


async def mails(rows: Rows) -> list[str]:
    found = await rows("SELECT body FROM outbox WHERE message_id LIKE 'reload-%' ORDER BY id")
    return [" ".join(row["body"].split()) for row in found]


async def test_nobody_gets_a_mail_without_asking(house: House, members: Cast, rows: Rows) -> None:
    bob = await members.funds("Bob", euros=8, budget=5)
    assert not await reload.is_wanted(house, bob.id)
    assert await reload.post_due(house, now=BEGINS) == 0
    await reload.want(house, bob.id, on=True, now=members.now)
    assert await reload.is_wanted(house, bob.id)
    await reload.want(house, bob.id, on=False, now=members.now)
    assert not await reload.is_wanted(house, bob.id)
    assert await reload.post_due(house, now=BEGINS) == 0
    assert await mails(rows) == []


async def test_funds_that_will_not_last_are_told_of_once_a_month(
    house: House, members: Cast, rows: Rows
) -> None:
    bob = await members.funds("Bob", euros=10, budget=5)  # 9.00 to give
    await reload.want(house, bob.id, on=True, now=members.now)
    assert await reload.post_due(house, now=BEGINS - timedelta(seconds=1)) == 0
    posted = [await reload.post_due(house, now=BEGINS + timedelta(hours=6 * n)) for n in range(20)]
    assert (posted[0], sum(posted)) == (1, 1)
    [said] = await mails(rows)
    assert "Once November 2026 is given, €4.00 may be left, and your budget is €5.00" in said
    assert "A deposit of €8.00 (fee €0.80, so €7.20 to give) would cover December 2026" in said
    assert "http://localhost:8000/wallet?amount=8.00 " in said
    assert await reload.post_due(house, now=day(27, 12)) == 1


async def test_funds_that_last_are_not_told_of(house: House, members: Cast, rows: Rows) -> None:
    for name, euros in (("Bob", 12), ("Dora", 11)):  # 10.80 and 9.90 to give
        member = await members.funds(name, euros=euros, budget=5)
        await reload.want(house, member.id, on=True, now=members.now)
    unset = await members.funds("Unset", euros=8)
    await reload.want(house, unset.id, on=True, now=members.now)
    gone = await members.funds("Gone", euros=8, budget=5)
    await reload.want(house, gone.id, on=True, now=members.now)
    await house.db.write(lambda c: c.run(f"UPDATE members SET left_at = 1 WHERE id = {gone.id}"))
    assert await reload.post_due(house, now=BEGINS) == 1
    assert "Dora" in (await mails(rows))[0]


async def test_an_empty_wallet_is_told_what_the_whole_budget_needs(
    house: House, members: Cast, rows: Rows
) -> None:
    bob = await members.member("Bob")
    await wallet.set_budget(house, bob.id, 50 * EURO, now=members.now)
    await reload.want(house, bob.id, on=True, now=members.now)
    assert await reload.post_due(house, now=BEGINS) == 1
    [said] = await mails(rows)
    assert "€0.00 may be left" in said
    assert "A deposit of €56.00 (fee €5.60, so €50.40 to give)" in said


async def test_who_becomes_short_within_the_days_is_told_too(
    house: House, members: Cast, rows: Rows
) -> None:
    bob = await members.funds("Bob", euros=20, budget=5)
    await reload.want(house, bob.id, on=True, now=members.now)
    assert await reload.post_due(house, now=BEGINS) == 0
    await wallet.set_budget(house, bob.id, 10 * EURO, now=BEGINS)
    assert await reload.post_due(house, now=BEGINS + timedelta(hours=1)) == 0  # once a day
    assert await reload.post_due(house, now=BEGINS + timedelta(days=1)) == 1
    assert len(await mails(rows)) == 1


async def test_two_clocks_write_one_mail(house: House, members: Cast, rows: Rows) -> None:
    for i in range(4):
        member = await members.funds(f"Giver{i}", euros=8, budget=5)
        await reload.want(house, member.id, on=True, now=members.now)
    posted = await asyncio.gather(*(reload.post_due(house, now=BEGINS) for _ in range(4)))
    assert sum(posted) == 4
    assert len(await mails(rows)) == 4


async def test_no_more_is_written_than_goes_out(
    house: House, members: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reload, "_WAITING_MOST", 1)
    member = await members.funds("Bob", euros=8, budget=5)
    await reload.want(house, member.id, on=True, now=members.now)
    assert await reload.post_due(house, now=BEGINS) == 0  # the links to join still wait
    await house.db.write(lambda c: c.run("UPDATE outbox SET sent_at = 1"))
    assert await reload.post_due(house, now=BEGINS) == 1


@given(
    missing=st.integers(1, 100 * EURO),
    basis_points=st.integers(0, 9_000),
)
def test_the_deposit_is_the_smallest_that_covers_what_is_missing(
    missing: int, basis_points: int
) -> None:
    rules = replace(Rules(), fee_basis_points=basis_points)
    amount = reload.deposit_for(missing, rules=rules)
    assert amount % EURO == 0
    assert rules.deposit_least_micros <= amount <= rules.deposit_most_micros
    assert amount - micros.fee(amount, basis_points=basis_points) >= missing
    less = amount - EURO
    if less >= rules.deposit_least_micros:
        assert less - micros.fee(less, basis_points=basis_points) < missing


async def test_the_deposit_of_the_mail_can_be_made(house: House, members: Cast) -> None:
    bob = await members.member("Bob")
    for budget in (2, 7, 99):
        amount = reload.deposit_for(budget * EURO - 1, rules=house.rules)
        made = await deposits.ask(
            house, bob.id, amount_micros=amount, provider="sandbox", now=members.now
        )
        assert made.net_micros >= budget * EURO - 1
