"""Reports: anyone can say that something is not right; the operator hides it or keeps it."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from irl import things
from irl.errors import Invalid, NotFound, Throttled
from irl.giving import worth
from irl.house import House
from irl.rules import EURO
from irl.things import placements, reports
from qr.code import Code, mint
from tests.cast import Cast
from tests.conftest import NOW
from tests.irl.conftest import SQLITE_ALONE, Rows

pytestmark = pytest.mark.anyio


async def send(house: House, **said: Any) -> None:
    known: dict[str, Any] = {
        "code": None,
        "thing_id": None,
        "reason": "spam",
        "text": "Look.",
        "address": "192.0.2.9",
        "now": NOW,
    }
    await reports.send(house, **known | said)


async def test_a_report_waits_for_the_operator(house: House, members: Cast) -> None:
    placement = await members.placement(await members.thing("Alice", "Lighthouse"))
    await send(house, code=placement.code, reason="offensive", text=" It is\nrude. ")
    await send(house, thing_id=placement.thing.id, text="")
    first, second = await reports.waiting(house)
    assert (first.reason, first.text, first.is_about_code) == ("offensive", "It is\nrude.", True)
    assert (first.thing_id, first.title) == (placement.thing.id, "Lighthouse")
    assert (second.is_about_code, second.created_at) == (False, NOW)


async def test_a_report_names_one_thing_or_code_and_a_reason(house: House, members: Cast) -> None:
    thing = await members.thing("Alice", "Lighthouse")
    for said, field in (
        ({}, "code"),
        ({"code": mint(), "thing_id": thing.id}, "code"),
        ({"thing_id": thing.id, "reason": "boring"}, "reason"),
        ({"thing_id": thing.id, "text": "a" * 2001}, "text"),
        ({"thing_id": thing.id, "text": "a\0"}, "text"),
    ):
        with pytest.raises(Invalid) as refused:
            await send(house, **said)
        assert refused.value.field == field
    for thing_id in ("unknown", "\0", "\ud800", "0" * 13):
        with pytest.raises(NotFound):
            await send(house, thing_id=thing_id)
    with pytest.raises(NotFound):
        await send(house, code=mint())
    assert await reports.waiting(house) == ()


@SQLITE_ALONE
async def test_reports_are_throttled_by_network_address(house: House, members: Cast) -> None:
    thing = await members.thing("Alice", "Lighthouse")
    for _ in range(60):
        await send(house, thing_id=thing.id)
    with pytest.raises(Throttled):
        await send(house, thing_id=thing.id)
    await send(house, thing_id=thing.id, address="192.0.2.10")


async def hide(house: House, code: Code | None = None, thing_id: str | None = None) -> None:
    await send(house, code=code, thing_id=thing_id)
    [report] = await reports.waiting(house)
    await reports.decide(house, report.id, "hide", now=NOW)


async def test_a_hidden_thing_takes_no_scans_and_its_flattrs_are_void(
    house: House, members: Cast
) -> None:
    bob = await members.funds("Bob", euros=20, budget=5)
    bad = await members.placement(await members.thing("Alice", "Copy"))
    good = await members.payload("Charlie", "Song")
    await members.scan("Bob", bad.code.text, good)
    await hide(house, thing_id=bad.thing.id)
    [refused] = await members.scan("Charlie", bad.code.text)
    assert refused.outcome == "revoked_code"
    assert (await placements.by_code(house, bad.code)).revoked
    month = await worth.of_month(house, bob.id, None, now=members.now)
    worths = {given.thing.title: (given.void, given.worth_micros) for given in month.flattrs}
    assert worths == {"Copy": (True, 0), "Song": (False, 5 * EURO)}


async def test_a_hidden_thing_is_there_for_its_maker_and_for_nobody_else(
    house: House, members: Cast
) -> None:
    thing = await members.thing("Alice", "Copy")
    await hide(house, thing_id=thing.id)
    with pytest.raises(NotFound):
        await things.of(house, thing.id)
    assert (await things.find(house)).things == ()
    theirs = await things.of(house, thing.id, maker_id=thing.maker_id)
    assert theirs == dataclasses.replace(thing, hidden=True)
    changed = await things.change(house, thing.maker_id, thing.id, {"title": "A copy of mine"})
    assert changed.title == "A copy of mine"
    with pytest.raises(NotFound):
        await things.of(house, thing.id)


async def test_hiding_one_code_leaves_the_thing_and_its_other_codes(
    house: House, members: Cast
) -> None:
    bob = await members.funds("Bob", euros=20, budget=5)
    thing = await members.thing("Alice", "Lighthouse")
    pasted, real = await members.placement(thing), await members.placement(thing)
    await members.scan("Bob", pasted.code.text)
    await members.scan("Charlie", real.code.text)
    await hide(house, code=pasted.code)
    [one] = await members.scan("Dora", pasted.code.text)
    [other] = await members.scan("Dora", real.code.text)
    assert (one.outcome, other.outcome) == ("revoked_code", "flattred")
    month = await worth.of_month(house, bob.id, None, now=members.now)
    assert [given.void for given in month.flattrs] == [True]
    assert (await things.of(house, thing.id)).title == "Lighthouse"


async def test_what_was_hidden_is_shown_again_when_no_report_hides_it_any_longer(
    house: House, members: Cast, rows: Rows
) -> None:
    bob = await members.funds("Bob", euros=20, budget=5)
    placement = await members.placement(await members.thing("Alice", "Lighthouse"))
    await members.scan("Bob", placement.code.text)
    for _ in range(2):
        await hide(house, thing_id=placement.thing.id)
    await hide(house, code=placement.code)
    thing, again, code = await reports.hiding(house)
    assert (thing.title, thing.is_about_code, code.is_about_code) == ("Lighthouse", False, True)

    async def void() -> list[bool]:
        month = await worth.of_month(house, bob.id, None, now=members.now)
        return [given.void for given in month.flattrs]

    await reports.decide(house, thing.id, "keep", now=NOW)
    with pytest.raises(NotFound):
        await things.of(house, placement.thing.id)
    await reports.decide(house, again.id, "keep", now=NOW)
    assert (await things.of(house, placement.thing.id)).title == "Lighthouse"
    assert await void() == [True]
    [before] = await rows("SELECT value FROM house WHERE name = 'settlement_epoch'")
    await reports.decide(house, code.id, "keep", now=NOW)
    [after] = await rows("SELECT value FROM house WHERE name = 'settlement_epoch'")
    assert after["value"] == before["value"] + 1
    assert await void() == [False]
    [scan] = await members.scan("Dora", placement.code.text)
    assert scan.outcome == "flattred"
    assert await reports.hiding(house) == ()


async def test_a_report_is_decided_one_way_once(house: House, members: Cast) -> None:
    thing = await members.thing("Alice", "Lighthouse")
    await send(house, thing_id=thing.id)
    [report] = await reports.waiting(house)
    with pytest.raises(Invalid) as refused:
        await reports.decide(house, report.id, "burn", now=NOW)
    assert refused.value.field == "decision"
    await reports.decide(house, report.id, "keep", now=NOW)
    assert await reports.waiting(house) == ()
    for again in (report.id, report.id + 1000, 2**63, -(2**63) - 1):
        with pytest.raises(NotFound):
            await reports.decide(house, again, "keep", now=NOW)
    assert (await things.of(house, thing.id)).title == "Lighthouse"


async def test_hiding_makes_a_closing_month_be_computed_again(
    house: House, members: Cast, rows: Rows
) -> None:
    thing = await members.thing("Alice", "Lighthouse")
    [before] = await rows("SELECT value FROM house WHERE name = 'settlement_epoch'")
    await hide(house, thing_id=thing.id)
    [after] = await rows("SELECT value FROM house WHERE name = 'settlement_epoch'")
    assert after["value"] == before["value"] + 1


async def test_a_decided_report_is_told_with_all_that_is_known_of_it(
    house: House, members: Cast
) -> None:
    thing = await members.thing("Alice", "Lighthouse")
    placement = await members.placement(thing, "Room 3")
    await send(house, code=placement.code)
    await send(house, code=placement.code, reason="offensive")
    await send(house, thing_id=thing.id)
    first, second, third = await reports.waiting(house)
    assert (first.code, first.place, first.maker) == (placement.code, "Room 3", "Alice")
    assert (first.times, second.times, third.times) == (2, 2, 1)
    assert (third.code, third.place, third.picture) == (None, "", None)
    assert not any(report.is_hidden for report in (first, second, third))
    assert await reports.decided(house) == ()
    await reports.decide(house, first.id, "hide", now=NOW)
    await reports.decide(house, third.id, "keep", now=members.now.replace(hour=13))
    kept, hidden = await reports.decided(house)
    assert (kept.id, kept.decision, kept.is_hidden) == (third.id, "keep", False)
    assert (hidden.id, hidden.decision, hidden.is_hidden) == (first.id, "hide", True)
    assert hidden.decided_at == NOW
    [waiting] = await reports.waiting(house)
    assert (waiting.id, waiting.decision, waiting.is_hidden) == (second.id, None, True)
