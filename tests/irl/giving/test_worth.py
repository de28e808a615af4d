"""A giver's month: what each flattr is worth, and taking one back."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest

from irl import settlement
from irl.db import Connection
from irl.errors import Invalid, MonthClosed, NotFound
from irl.giving import flattrs, worth
from irl.giving.worth import Given, GiversMonth
from irl.house import House
from irl.money import wallet
from irl.month import Month
from irl.rules import EURO
from irl.things import reports
from tests.cast import Cast
from tests.irl.conftest import Rows, day

pytestmark = pytest.mark.anyio

NOVEMBER, DECEMBER = Month(202611), Month(202612)


async def month_of(
    members: Cast, name: str, month: Month | None = None, **wanted: str | None
) -> GiversMonth:
    member = await members.member(name)
    return await worth.of_month(members.house, member.id, month, now=members.now, **wanted)


async def undo(members: Cast, name: str, flattr_id: str) -> None:
    member = await members.member(name)
    await flattrs.undo(members.house, member.id, flattr_id, now=members.now)


async def test_worths_are_equal_to_a_micro_and_sum_to_the_pot(members: Cast) -> None:
    await members.funds("Bob", euros=20, budget=5)
    payloads = [await members.payload("Alice", f"Work {i}") for i in range(7)]
    await members.scan("Bob", *payloads)
    month = await month_of(members, "Bob")
    assert (month.month, month.state, month.count) == (NOVEMBER, "running", 7)
    assert (month.budget_micros, month.funds_micros, month.pot_micros) == (
        5 * EURO,
        18 * EURO,
        5 * EURO,
    )
    worths = [given.worth_micros for given in month.flattrs]
    assert sum(worths) == 5 * EURO
    assert set(worths) == {714_285, 714_286}
    assert month.closes_at == day(1, 12, hour=0)
    assert not any(given.void for given in month.flattrs)


async def test_before_giving_one_sees_what_a_flattr_would_be_worth(members: Cast) -> None:
    bob = await members.funds("Bob", euros=20, budget=5)
    things = [await members.thing("Alice", f"Work {i}") for i in range(6)]
    payloads = [(await members.placement(thing)).code.text for thing in things]
    await members.scan("Bob", *payloads[:4])
    new = await worth.of_thing(members.house, bob.id, things[4].id, now=members.now)
    assert (new.month, new.count, new.given) == (NOVEMBER, 4, None)
    assert (new.pot_micros, new.each_micros, new.with_one_more_micros) == (
        5 * EURO,
        1_250_000,
        1_000_000,
    )
    old = await worth.of_thing(members.house, bob.id, things[0].id, now=members.now)
    assert old.given is not None
    assert old.given.worth_micros == 1_250_000
    await members.member("Charlie")
    nobodys = await worth.of_thing(
        members.house, members.joined["Charlie"].id, things[0].id, now=members.now
    )
    assert (nobodys.count, nobodys.pot_micros, nobodys.with_one_more_micros) == (0, 0, 0)


async def test_without_money_a_flattr_is_worth_nothing_and_is_there(members: Cast) -> None:
    await members.scan("Bob", await members.payload("Alice", "Lighthouse"))
    month = await month_of(members, "Bob")
    assert [(g.worth_micros, g.void) for g in month.flattrs] == [(0, False)]
    assert (month.pot_micros, month.next) == (0, None)
    assert (await month_of(members, "Charlie")).flattrs == ()
    for other in (Month(202001), Month(209912)):
        empty = await month_of(members, "Bob", other)
        assert (empty.count, empty.pot_micros) == (0, 0)


async def test_pages_are_newest_first_and_miss_nothing(
    members: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worth, "PAGE", 3)
    await members.funds("Bob", euros=20, budget=5)
    for i in range(7):
        await members.scan("Bob", await members.payload("Alice", f"Work {i}"))
        members.later(seconds=1)
    seen: list[Given] = []
    page = await month_of(members, "Bob")
    sizes = []
    while True:
        assert page.count == 7
        sizes.append(len(page.flattrs))
        seen += page.flattrs
        if page.next is None:
            break
        page = await month_of(members, "Bob", after=page.next)
    assert sizes == [3, 3, 1]
    assert [given.thing.title for given in seen] == [f"Work {i}" for i in reversed(range(7))]
    assert sum(given.worth_micros for given in seen) == 5 * EURO
    with pytest.raises(Invalid) as refused:
        await month_of(members, "Bob", after="no such page")
    assert refused.value.field == "after"


async def test_an_undone_flattr_is_as_if_it_had_not_been_given(members: Cast, rows: Rows) -> None:
    await members.funds("Bob", euros=20, budget=4)
    answers = await members.scan(
        "Bob", *[await members.payload("Alice", title) for title in ("One", "Other")]
    )
    flattr_id = answers[0].flattr_id
    assert flattr_id is not None
    await undo(members, "Bob", flattr_id)
    [left] = (await month_of(members, "Bob")).flattrs
    assert (left.thing.title, left.worth_micros) == ("Other", 4 * EURO)
    assert left.id == answers[1].flattr_id
    counted = await rows("SELECT flattrs FROM placement_months ORDER BY placement_id")
    assert [row["flattrs"] for row in counted] == [0, 1]
    with pytest.raises(NotFound):
        await undo(members, "Bob", flattr_id)
    [again] = await members.scan("Bob", answers[0].payload, nonce="again")
    assert (again.outcome, again.flattr_id) == ("flattred", flattr_id)


async def test_undone_many_times_at_once_is_undone_once(members: Cast, rows: Rows) -> None:
    [answer] = await members.scan("Bob", await members.payload("Alice", "Lighthouse"))
    assert answer.flattr_id is not None
    ends = await asyncio.gather(
        *(undo(members, "Bob", answer.flattr_id) for _ in range(10)), return_exceptions=True
    )
    assert sum(end is None for end in ends) == 1
    assert sum(isinstance(end, NotFound) for end in ends) == 9
    [counted] = await rows("SELECT flattrs FROM placement_months")
    assert counted["flattrs"] == 0


async def test_nobody_undoes_anothers_flattr_nor_one_that_is_none(members: Cast) -> None:
    payload = await members.payload("Alice", "Lighthouse")
    [answer] = await members.scan("Bob", payload)
    await members.scan("Charlie", payload)
    real = answer.flattr_id
    assert real is not None
    month, thing, seal = real.split("-")
    for who, said in (
        ("Charlie", real),
        ("Alice", real),
        ("Bob", ""),
        ("Bob", "nonsense"),
        ("Bob", real.upper()),
        ("Bob", f"{real}\n"),
        ("Bob", f"202612-{thing}-{seal}"),
        ("Bob", f"000000-{thing}-{seal}"),
        ("Bob", f"{month}-{'0' * 13}-{seal}"),
        ("Bob", f"{month}-{thing}-{'0' * 16}"),
        ("Bob", f"{month}-{thing}-{seal}\ud800"),
        ("Bob", "\0"),
    ):
        with pytest.raises(NotFound):
            await undo(members, who, said)
    assert (await month_of(members, "Bob")).count == 1
    with pytest.raises(NotFound):
        await flattrs.undo(members.house, 10**9, real, now=members.now)


async def test_a_closed_month_stays_as_it_was_given(house: House, members: Cast) -> None:
    await members.funds("Bob", euros=20, budget=5)
    copy = await members.thing("Mallory", "Copy")
    code = (await members.placement(copy)).code.text
    await members.scan(
        "Bob", *[await members.payload("Alice", f"Work {i}") for i in range(3)], code
    )
    undone = (await members.scan("Bob", await members.payload("Alice", "Undone")))[0].flattr_id
    assert undone is not None
    await undo(members, "Bob", undone)
    await reports.send(
        house,
        code=None,
        thing_id=copy.id,
        reason="spam",
        text="",
        address="192.0.2.9",
        now=members.now,
    )
    [report] = await reports.waiting(house)
    await reports.decide(house, report.id, "hide", now=members.now)
    running = await month_of(members, "Bob")
    members.now = day(4, 12)
    await settlement.settle(house, NOVEMBER, now=members.now)
    closed = await month_of(members, "Bob", NOVEMBER)
    assert closed == dataclasses.replace(running, state="closed", running=Month(202612))
    assert sum(given.worth_micros for given in closed.flattrs) == 5 * EURO
    assert [given.void for given in closed.flattrs].count(True) == 1
    await members.funds("Bob", euros=20, budget=9)
    assert await month_of(members, "Bob", NOVEMBER) == closed
    with pytest.raises(MonthClosed):
        await undo(members, "Bob", closed.flattrs[0].id)
    with pytest.raises(NotFound):
        await undo(members, "Bob", undone)
    assert (await month_of(members, "Charlie", NOVEMBER)).pot_micros == 0


async def test_what_the_preview_says_is_what_the_closing_gives(
    house: House, members: Cast, rows: Rows
) -> None:
    await members.funds("Bob", euros=10, budget=7)  # 9 to give: 7 in November, 2 in December
    one, other = [await members.payload("Alice", title) for title in ("One", "Other")]
    await members.scan("Bob", one)
    members.now = day(2, 12)
    bob = await members.member("Bob")
    await members.scan("Bob", one, other)
    ended, running = await month_of(members, "Bob", NOVEMBER), await month_of(members, "Bob")
    assert (ended.state, ended.pot_micros) == ("ended", 7 * EURO)
    assert (running.month, running.pot_micros, running.funds_micros) == (
        DECEMBER,
        2 * EURO,
        2 * EURO,
    )
    # What comes now is for the month that runs.
    await members.funds("Bob", euros=10)
    await wallet.set_budget(house, bob.id, 8 * EURO, now=members.now)
    assert (await month_of(members, "Bob", NOVEMBER)).pot_micros == 7 * EURO
    assert (await month_of(members, "Bob")).pot_micros == 8 * EURO
    members.now = day(5, 12)
    await settlement.settle(house, NOVEMBER, now=members.now)
    assert (await month_of(members, "Bob", NOVEMBER)).pot_micros == 7 * EURO
    assert (await month_of(members, "Bob")).pot_micros == 8 * EURO
    members.now = day(4, 1).replace(year=2027)
    await settlement.settle(house, DECEMBER, now=members.now)
    [pot] = await rows(f"SELECT pot_micros FROM pots WHERE month = {DECEMBER}")
    assert pot["pot_micros"] == 8 * EURO


async def test_an_own_thing_counts_for_nothing_after_a_claim(house: House, members: Cast) -> None:
    bob = await members.funds("Bob", euros=20, budget=5)
    thing = await members.thing("Alice", "Song")
    await members.scan("Bob", (await members.placement(thing)).code.text)

    async def claim(connection: Connection) -> None:
        # Claims come with their own issue; this is all that they will change here.
        await connection.run(f"UPDATE things SET maker_id = {bob.id}")

    await house.db.write(claim)
    [given] = (await month_of(members, "Bob")).flattrs
    assert (given.void, given.worth_micros) == (True, 0)


async def test_an_id_opens_nothing_for_anybody_else(members: Cast) -> None:
    payload = await members.payload("Alice", "Lighthouse")
    ids = {(await members.scan(name, payload))[0].flattr_id for name in ("Bob", "Charlie", "Dora")}
    assert len(ids) == 3
    assert len({str(one).rpartition("-")[0] for one in ids}) == 1
