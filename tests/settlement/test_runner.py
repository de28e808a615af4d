"""A month is closed: pots, shares, charity, voids and refusals, on both engines."""

from __future__ import annotations

from datetime import timedelta

import pytest

from irl import settlement, things
from irl.db import Connection
from irl.errors import MonthNotOver, MonthOutOfOrder, SandboxOnly, SettlerAtWork
from irl.giving import worth
from irl.house import House, inputs_changed
from irl.members.member import Member
from irl.money import charities
from irl.month import Month
from irl.rules import EURO
from irl.settings import Settings
from irl.settlement import audit, landing, runner
from irl.settlement.spool import Spool
from qr.code import address
from tests.cast import Cast
from tests.settlement.conftest import NOVEMBER, day, ledger, rows, run

pytestmark = pytest.mark.anyio

DECEMBER = Month(202612)


async def _funds_of(house: House, member: Member) -> int:
    [row] = await rows(
        house, f"SELECT balance_micros FROM balances WHERE account = {member.id * 8 + 1}"
    )
    return int(row["balance_micros"])


async def _warn(house: House, member: Member, *days: int) -> None:
    for number in days:
        await run(
            house,
            "INSERT INTO warnings (month, member_id, days, sent_at)"
            f" VALUES (202611, {member.id}, {number}, 1)",
        )


async def test_a_pot_is_divided_equally_and_paid_to_the_makers(house: House, members: Cast) -> None:
    bob = await members.funds("Bob", euros=20, budget=5)
    alice = await members.member("Alice")
    works = [await members.payload("Alice", f"Work {i}") for i in range(2)]
    works.append(await members.payload("Charlie", "Song"))
    await members.scan("Bob", *works)
    done = await settlement.settle(house, NOVEMBER, now=day(4, 12))
    assert (done.already, done.givers, done.makers, done.flattrs) == (False, 1, 2, 3)
    assert done.micros == 5 * EURO
    shares = await rows(house, "SELECT * FROM transfers WHERE kind = 'share'")
    amounts = {row["credit_account"]: row["amount_micros"] for row in shares}
    assert sum(amounts.values()) == 5 * EURO
    assert amounts[alice.id * 8 + 2] in {3_333_333, 3_333_334}
    assert await _funds_of(house, bob) == 13 * EURO
    assert await audit.audit(house) == []


async def test_a_closed_month_is_not_settled_again(house: House, members: Cast) -> None:
    await members.funds("Bob", euros=20, budget=5)
    await members.scan("Bob", await members.payload("Alice", "Work"))
    await settlement.settle(house, NOVEMBER, now=day(4, 12))
    before = await ledger(house)
    assert (await settlement.settle(house, NOVEMBER, now=day(5, 12))).already
    assert await ledger(house) == before


async def test_what_happens_after_the_last_instant_is_for_the_next_month(
    house: House, members: Cast
) -> None:
    bob = await members.funds("Bob", euros=10, budget=2)
    await members.scan("Bob", await members.payload("Alice", "Work"))
    members.now = day(1, 12)
    await members.funds("Bob", euros=10, budget=50)
    await settlement.settle(house, NOVEMBER, now=day(4, 12))
    assert await _funds_of(house, bob) == 16 * EURO


async def test_an_unset_budget_gives_nothing(house: House, members: Cast) -> None:
    bob = await members.funds("Bob", euros=10)
    await members.scan("Bob", await members.payload("Alice", "Work"))
    done = await settlement.settle(house, NOVEMBER, now=day(4, 12))
    assert (done.givers, done.flattrs) == (0, 1)
    assert await _funds_of(house, bob) == 9 * EURO
    assert await audit.audit(house) == []


async def test_the_oldest_deposit_goes_first_and_the_youngest_sets_the_day(
    house: House, members: Cast
) -> None:
    members.now = day(2)
    await members.funds("Bob", euros=10, budget=12)
    members.now = day(25)
    await members.funds("Bob", euros=10)
    await members.funds("Dora", euros=20, budget=2)
    members.now = day(26)
    await members.funds("Dora", euros=10)
    work = await members.payload("Alice", "Work")
    await members.scan("Bob", work)
    await members.scan("Dora", work)
    await settlement.settle(house, NOVEMBER, now=day(4, 12))
    lots = await rows(house, "SELECT left_micros FROM lots ORDER BY id")
    assert [row["left_micros"] for row in lots] == [0, 6 * EURO, 16 * EURO, 9 * EURO]
    shares = await rows(house, "SELECT * FROM transfers WHERE kind = 'share' ORDER BY part")
    assert [(row["payable_on"], row["amount_micros"]) for row in shares] == [
        (20261225, 14 * EURO),
    ]
    assert await audit.audit(house) == []


async def test_a_pot_of_old_money_is_paid_on_the_tenth(house: House, members: Cast) -> None:
    members.now = day(2)
    await members.funds("Bob", euros=10, budget=2)
    await members.scan("Bob", await members.payload("Alice", "Work"))
    await settlement.settle(house, NOVEMBER, now=day(4, 12))
    [pot] = await rows(house, "SELECT * FROM pots")
    assert pot["payable_on"] == 20261210


@pytest.mark.parametrize(("warned", "given"), [((7, 2), 5), ((7,), 0), ((), 0)])
async def test_an_idle_months_pot_goes_to_charity_once_both_warnings_were_sent(
    house: House, members: Cast, warned: tuple[int, ...], given: int
) -> None:
    own = await charities.add(house, name="The house's", url="https://charity.example", now=day(1))
    bob = await members.funds("Bob", euros=10, budget=5)
    await _warn(house, bob, *warned)
    await settlement.settle(house, NOVEMBER, now=day(4, 12))
    assert await _funds_of(house, bob) == (9 - given) * EURO
    found = await rows(house, f"SELECT * FROM balances WHERE account = {own.id * 8 + 6}")
    assert [row["balance_micros"] for row in found] == ([given * EURO] if given else [])
    assert await audit.audit(house) == []


async def test_the_members_own_charity_comes_before_the_houses(house: House, members: Cast) -> None:
    await charities.add(house, name="The house's", url="https://charity.example", now=day(1))
    chosen = await charities.add(house, name="Bob's", url="https://charity.example", now=day(1))
    bob = await members.funds("Bob", euros=10, budget=5)
    await charities.choose(house, bob.id, chosen.id)
    await settlement.settle(house, NOVEMBER, early=True, now=day(23, hour=13))
    [row] = await rows(house, "SELECT * FROM transfers WHERE kind = 'charity'")
    assert row["credit_account"] == chosen.id * 8 + 6
    assert await audit.audit(house) == []


async def test_without_any_charity_an_idle_pot_stays(house: House, members: Cast) -> None:
    bob = await members.funds("Bob", euros=10, budget=5)
    await settlement.settle(house, NOVEMBER, early=True, now=day(23, hour=13))
    assert await _funds_of(house, bob) == 9 * EURO


async def test_own_and_hidden_things_are_void_and_deleted_ones_are_paid(
    house: House, members: Cast
) -> None:
    await members.funds("Bob", euros=10, budget=4)
    works = [await members.thing("Alice", f"Work {i}") for i in range(4)]
    placed = [await members.placement(work) for work in works]

    for placement in placed:
        await members.scan("Bob", address(placement.code, base_url=house.settings.base_url))
    bob, alice = members.joined["Bob"], members.joined["Alice"]
    own, hidden, behind, deleted = (work.key for work in works)
    await run(house, f"UPDATE things SET maker_id = {bob.id} WHERE id = {own}")
    await run(house, f"UPDATE things SET hidden_at = 1 WHERE id = {hidden}")
    await run(house, f"UPDATE placements SET hidden_at = 1 WHERE thing_id = {behind}")
    await things.delete(house, alice.id, works[3].id, now=day(24))
    await settlement.settle(house, NOVEMBER, now=day(4, 12))
    found = await rows(house, "SELECT * FROM voids ORDER BY thing_id")
    assert [(row["thing_id"], row["reason"]) for row in found] == [
        (own, "own_thing"),
        (hidden, "hidden"),
        (behind, "hidden"),
    ]
    [receipt] = await rows(house, "SELECT * FROM receipts")
    assert (receipt["thing_id"], receipt["amount_micros"]) == (deleted, 4 * EURO)
    assert await audit.audit(house) == []


async def test_a_month_waits_until_late_scans_had_their_days(house: House, members: Cast) -> None:
    await members.member("Bob")
    for moment in (day(23), day(1, 12), day(3, 12, hour=23)):
        with pytest.raises(MonthNotOver):
            await settlement.settle(house, NOVEMBER, now=moment)
    await settlement.settle(house, NOVEMBER, now=day(4, 12, hour=0))


async def test_months_close_in_order(house: House, members: Cast) -> None:
    await members.member("Bob")
    with pytest.raises(MonthOutOfOrder, match="2026-11"):
        await settlement.settle(house, DECEMBER, now=day(5, 12) + timedelta(days=31))
    await settlement.settle(house, NOVEMBER, now=day(5, 12))
    await settlement.settle(house, DECEMBER, now=day(5, 12) + timedelta(days=31))
    assert await audit.audit(house) == []


async def test_an_empty_house_closes_any_ended_month(house: House) -> None:
    assert not (await settlement.settle(house, NOVEMBER, now=day(4, 12))).already
    assert await audit.audit(house) == []


async def test_early_closing_takes_what_there_is_now(house: House, members: Cast) -> None:
    await members.funds("Bob", euros=10, budget=5)
    await members.scan("Bob", await members.payload("Alice", "Work"))
    with pytest.raises(MonthNotOver):
        await settlement.settle(house, DECEMBER, early=True, now=day(23, hour=13))
    done = await settlement.settle(house, NOVEMBER, early=True, now=day(23, hour=13))
    assert done.micros == 5 * EURO
    [outcome] = await members.scan("Bob", await members.payload("Alice", "Song"))
    assert outcome.month == DECEMBER
    assert await audit.audit(house) == []


async def test_a_month_that_has_ended_counts_as_it_was_then_also_when_closed_early(
    house: House, members: Cast
) -> None:
    bob = await members.funds("Bob", euros=10, budget=5)
    await members.scan("Bob", await members.payload("Alice", "Work"))
    members.now = day(2, 12)  # late scans still have their days
    await members.funds("Bob", euros=100, budget=50)
    before = await worth.of_month(house, bob.id, NOVEMBER, now=members.now)
    done = await settlement.settle(house, NOVEMBER, early=True, now=day(2, 12, hour=13))
    assert done.micros == before.pot_micros == 5 * EURO
    assert await audit.audit(house) == []


async def test_early_is_nothing_special_once_a_month_can_be_closed(
    house: House, members: Cast
) -> None:
    await members.funds("Bob", euros=10, budget=5)  # without a flattr, and nobody warned him
    done = await settlement.settle(house, NOVEMBER, early=True, now=day(4, 12))
    assert done.micros == 0
    [row] = await rows(house, "SELECT early FROM months")
    assert row["early"] == 0


async def test_real_money_is_never_closed_early(
    house: House, settings: Settings, members: Cast
) -> None:
    await members.member("Bob")
    real = House(
        db=house.db, rules=house.rules, settings=settings.model_copy(update={"sandbox": False})
    )
    with pytest.raises(SandboxOnly):
        await settlement.settle(real, NOVEMBER, early=True, now=day(23, hour=13))


async def test_only_one_settler_works_at_a_time(house: House, members: Cast) -> None:
    await members.funds("Bob", euros=10, budget=5)
    await members.scan("Bob", await members.payload("Alice", "Work"))
    async with runner._alone(house.db):
        with pytest.raises(SettlerAtWork):
            await settlement.settle(house, NOVEMBER, now=day(4, 12))
    assert await rows(house, "SELECT * FROM months") == []
    assert not (await settlement.settle(house, NOVEMBER, now=day(4, 12))).already


async def test_what_changed_while_computing_is_computed_again(house: House, members: Cast) -> None:
    await members.funds("Bob", euros=10, budget=5)
    work = await members.thing("Alice", "Work")
    placement = await members.placement(work)

    await members.scan("Bob", address(placement.code, base_url=house.settings.base_url))
    closing = await runner._begin(house, NOVEMBER, early=False, now=day(4, 12))
    assert closing is not None
    with Spool() as spool:
        result = await runner._compute(house.db, closing, spool, lambda *_: None)

        async def hide(connection: Connection) -> None:
            await connection.run(f"UPDATE things SET hidden_at = 1 WHERE id = {work.key}")
            await inputs_changed(connection)

        await house.db.write(hide)
        with pytest.raises(landing.InputsChanged):
            await runner._land(house.db, closing, result, lambda *_: None)
    done = await settlement.settle(house, NOVEMBER, now=day(9, 12))
    assert (done.givers, done.already) == (0, False)
    assert await audit.audit(house) == []


async def test_progress_is_told_up_to_its_end(house: House, members: Cast) -> None:
    await members.funds("Bob", euros=10, budget=5)
    await members.scan("Bob", await members.payload("Alice", "Work"))
    told: list[tuple[str, float]] = []
    await settlement.settle(
        house, NOVEMBER, now=day(4, 12), progress=lambda *step: told.append(step)
    )
    assert told[-1] == ("done", 1.0)
    assert ("divide", 1.0) in told
