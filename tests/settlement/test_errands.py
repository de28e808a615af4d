"""Audits that are kept, errands that the clock does, and the months as the operator sees them."""

from __future__ import annotations

import fcntl
from datetime import timedelta
from pathlib import Path

import pytest

from irl.db import Connection
from irl.errors import MonthClosed, MonthNotOver, MonthOutOfOrder, SandboxOnly
from irl.house import House
from irl.month import Month
from irl.settlement import audits, errands, runner, states, transparency
from irl.settlement.audits import Audit
from irl.settlement.errands import Errand
from tests.cast import Cast
from tests.settlement.conftest import NOVEMBER, day, rows

pytestmark = pytest.mark.anyio

DECEMBER = Month(202612)


async def latest(house: House) -> Audit | None:
    async with house.db.reading() as connection:
        return await audits.latest(connection)


async def waiting(house: House) -> tuple[Errand, ...]:
    async with house.db.reading() as connection:
        return await errands.listed(connection)


async def test_what_an_audit_found_is_kept_and_the_clock_makes_one_a_day(house: House) -> None:
    assert await latest(house) is None
    assert await audits.run_if_due(house, now=day(1))
    assert not await audits.run_if_due(house, now=day(1) + timedelta(hours=23))
    clean = await latest(house)
    assert clean == Audit(at=day(1), findings=0, first=())
    assert clean.is_clean

    async def spoil(connection: Connection) -> None:
        await connection.run("INSERT INTO balances (account, balance_micros) VALUES (9, 5)")

    await house.db.write(spoil)
    assert await audits.run_if_due(house, now=day(2))
    spoilt = await latest(house)
    assert spoilt is not None
    assert not spoilt.is_clean
    assert spoilt.findings == len(spoilt.first) > 0


async def test_of_many_findings_the_first_are_kept_each_on_one_line(house: House) -> None:
    await audits.keep(house, [f"finding\n{n} {'x' * 1000}" for n in range(30)], now=day(1))
    kept = await latest(house)
    assert kept is not None
    assert (kept.findings, len(kept.first)) == (30, 10)
    assert kept.first[9].startswith("finding 9 xxx")
    assert all(len(each) == 300 for each in kept.first)


async def test_a_month_is_asked_to_be_closed_and_the_clock_closes_it(
    house: House, members: Cast
) -> None:
    await members.funds("Bob", euros=20, budget=5)
    await members.scan("Bob", await members.payload("Alice", "Lighthouse"))
    assert await errands.do(house, now=day(4, 12)) == 0
    for _ in range(2):
        await errands.ask_to_close(house, NOVEMBER, early=False, now=day(4, 12))
    [asked] = await waiting(house)
    assert (asked.name, asked.month, asked.trouble) == ("settle", NOVEMBER, None)
    assert await rows(house, "SELECT * FROM months") == []
    assert await errands.do(house, now=day(4, 12)) == 1
    assert await waiting(house) == ()
    [month] = await rows(house, "SELECT month, state FROM months")
    assert (month["month"], month["state"]) == (NOVEMBER, "closed")
    assert [each.month for each in await transparency.published(house)] == [NOVEMBER]
    with pytest.raises(MonthClosed):
        await errands.ask_to_close(house, NOVEMBER, early=False, now=day(4, 12))


async def test_asking_is_refused_as_closing_would_be(house: House, members: Cast) -> None:
    await members.member("Bob")
    with pytest.raises(MonthNotOver) as refused:
        await errands.ask_to_close(house, NOVEMBER, early=False, now=day(3, 12))
    assert "2026-11 can be closed from 2026-12-04T00:00:00.000Z on" in refused.value.message
    with pytest.raises(MonthOutOfOrder):
        await errands.ask_to_close(house, DECEMBER, early=True, now=day(3, 12))
    with pytest.raises(MonthNotOver):
        await errands.ask_to_close(house, DECEMBER, early=True, now=day(30))
    earnest = House(
        db=house.db,
        rules=house.rules,
        settings=house.settings.model_copy(update={"sandbox": False}),
    )
    with pytest.raises(SandboxOnly):
        await errands.ask_to_close(earnest, NOVEMBER, early=True, now=day(30))
    assert await waiting(house) == ()


async def test_an_errand_that_is_refused_by_now_stays_with_why_until_it_is_asked_again(
    house: House, members: Cast
) -> None:
    await members.member("Bob")
    await errands.ask_to_close(house, NOVEMBER, early=True, now=day(25))
    earnest = House(
        db=house.db,
        rules=house.rules,
        settings=house.settings.model_copy(update={"sandbox": False}),
    )
    for _ in range(2):
        assert await errands.do(earnest, now=day(25)) == 0
    [refused] = await waiting(house)
    assert refused.trouble == "Only play money allows a month to be closed early."
    await errands.ask_to_close(house, NOVEMBER, early=True, now=day(26))
    [again] = await waiting(house)
    assert (again.trouble, again.asked_at) == (None, day(26))
    assert await errands.do(house, now=day(26)) == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_an_errand_waits_for_another_settler(
    house: House, members: Cast, tmp_path: Path
) -> None:
    await members.member("Bob")
    await errands.ask_to_close(house, NOVEMBER, early=True, now=day(25))
    with (tmp_path / "irl.db.settle").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert await errands.do(house, now=day(25)) == 0
        [kept] = await waiting(house)
        assert kept.trouble is None
    assert await errands.do(house, now=day(25)) == 1


async def test_an_audit_is_asked_for_and_the_clock_makes_it(house: House) -> None:
    await errands.ask_to_audit(house, now=day(1))
    [asked] = await waiting(house)
    assert (asked.name, asked.month) == ("audit", None)
    assert (await states.look(house, now=day(1))).audit_errand == asked
    assert await errands.do(house, now=day(1)) == 1
    found = await states.look(house, now=day(1))
    assert (found.audit, found.audit_errand) == (Audit(at=day(1), findings=0, first=()), None)


async def test_the_months_are_told_with_what_can_be_done(house: House, members: Cast) -> None:
    await members.funds("Bob", euros=20, budget=5)
    await members.scan("Bob", await members.payload("Alice", "Lighthouse"))
    [running] = (await states.look(house, now=day(25))).months
    assert (running.month, running.state, running.figures) == (NOVEMBER, "running", None)
    assert (running.can_close, running.can_close_early) == (False, True)
    assert running.closes_from == day(4, 12, hour=0)
    december, ended = (await states.look(house, now=day(2, 12))).months
    assert (december.state, december.can_close_early) == ("running", False)
    assert (ended.state, ended.can_close, ended.can_close_early) == ("ended", False, True)
    _, ripe = (await states.look(house, now=day(4, 12))).months
    assert (ripe.can_close, ripe.can_close_early) == (True, False)
    await runner.settle(house, NOVEMBER, now=day(4, 12))
    _, closed = (await states.look(house, now=day(4, 12))).months
    assert (closed.state, closed.is_early, closed.closed_at) == ("closed", False, day(4, 12))
    assert (closed.can_close, closed.can_close_early, closed.figures) == (False, False, None)
    await transparency.keep(house)
    _, told = (await states.look(house, now=day(4, 12))).months
    assert told.figures is not None
    assert told.figures.given is None  # of one giver, so it is withheld here too


async def test_a_month_whose_closing_was_cut_off_can_be_closed_at_once(
    house: House, members: Cast
) -> None:
    await members.member("Bob")
    await runner._begin(house, NOVEMBER, early=True, now=day(25))
    cut_off = (await states.look(house, now=day(25))).months[-1]
    assert (cut_off.month, cut_off.state, cut_off.can_close) == (NOVEMBER, "closing", True)
    await errands.ask_to_close(house, NOVEMBER, early=False, now=day(25))
    assert await errands.do(house, now=day(25)) == 1
    december, closed = (await states.look(house, now=day(25))).months
    assert (closed.state, closed.is_early) == ("closed", True)
    assert (december.month, december.can_close, december.can_close_early) == (
        DECEMBER,
        False,
        False,
    )
