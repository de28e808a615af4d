"""Placements: one code each, with hours, revoked by its maker alone, visited by nobody in person."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from irl import things
from irl.errors import Invalid, NotFound
from irl.house import House
from irl.things import placements
from qr.code import mint
from tests.cast import Cast
from tests.conftest import NOW
from tests.irl.conftest import Rows

pytestmark = pytest.mark.anyio


async def test_each_placement_has_a_code_of_its_own(house: House, members: Cast) -> None:
    thing = await members.thing("Alice", "Lighthouse")
    left = await members.placement(thing, " Room 3, left wall ")
    right = await members.placement(thing)
    assert left.code != right.code
    found = await placements.by_code(house, left.code)
    assert (found.name, found.mask, found.revoked) == ("Room 3, left wall", 3, False)
    assert (found.thing.title, found.thing.maker) == ("Lighthouse", "Alice")
    mine = await placements.of_thing(house, thing.maker_id, thing.id)
    assert [placement.code for placement in mine] == [right.code, left.code]


async def test_a_code_that_was_not_issued_is_not_found(house: House) -> None:
    with pytest.raises(NotFound):
        await placements.by_code(house, mint())


async def test_nobody_else_makes_sees_or_revokes_codes(house: House, members: Cast) -> None:
    thing = await members.thing("Alice", "Lighthouse")
    placement = await members.placement(thing)
    bob = await members.member("Bob")
    with pytest.raises(NotFound):
        await placements.make(
            house, bob.id, thing.id, name="", opens_at=None, closes_at=None, mask=3, now=NOW
        )
    with pytest.raises(NotFound):
        await placements.of_thing(house, bob.id, thing.id)
    for code in (placement.code, mint()):
        with pytest.raises(NotFound):
            await placements.revoke(house, bob.id, code, now=NOW)
    assert not (await placements.by_code(house, placement.code)).revoked


async def test_a_revoked_code_takes_no_new_flattrs_and_those_given_stand(
    house: House, members: Cast, rows: Rows
) -> None:
    placement = await members.placement(await members.thing("Alice", "Lighthouse"))
    await members.scan("Bob", placement.code.text)
    alice = await members.member("Alice")
    for later in (0, 1):
        now = NOW + timedelta(hours=later)
        await placements.revoke(house, alice.id, placement.code, now=now)
    assert (await placements.by_code(house, placement.code)).revoked
    [refused] = await members.scan("Charlie", placement.code.text)
    assert refused.outcome == "revoked_code"
    assert len(await rows("SELECT * FROM flattrs")) == 1


async def test_hours_are_from_opening_to_just_before_closing(house: House, members: Cast) -> None:
    thing = await members.thing("Alice", "Concert")
    hour = timedelta(hours=1)
    placement = await placements.make(
        house,
        thing.maker_id,
        thing.id,
        name="",
        opens_at=NOW + hour,
        closes_at=NOW + 2 * hour,
        mask=3,
        now=NOW,
    )
    tick = timedelta(milliseconds=1)
    opened = [NOW + hour - tick, NOW + hour, NOW + 2 * hour - tick, NOW + 2 * hour]
    assert [placement.open_at(moment) for moment in opened] == [False, True, True, False]
    answers = [(await members.scan("Bob", placement.code.text, now=m))[0] for m in opened]
    assert [answer.outcome for answer in answers] == [
        "not_open",
        "flattred",
        "already_flattred",
        "not_open",
    ]
    assert answers[0].opens_at == NOW + hour


async def test_a_code_needs_a_fair_name_and_hours(house: House, members: Cast) -> None:
    thing = await members.thing("Alice", "Lighthouse")

    async def make(name: str, hours: int) -> None:
        closes_at = NOW + timedelta(hours=hours)
        await placements.make(
            house,
            thing.maker_id,
            thing.id,
            name=name,
            opens_at=NOW,
            closes_at=closes_at,
            mask=3,
            now=NOW,
        )

    for name, hours, field in (
        ("a" * 121, 1, "placement"),
        ("a\u202eb", 1, "placement"),
        ("", 0, "closes_at"),
        ("", -1, "closes_at"),
    ):
        with pytest.raises(Invalid) as refused:
            await make(name, hours)
        assert refused.value.field == field
    await make("a" * 120, 1)


async def test_a_thing_has_only_so_many_codes(
    members: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(placements, "PLACEMENTS_MOST", 2)
    thing = await members.thing("Alice", "Lighthouse")
    for _ in range(2):
        await members.placement(thing)
    with pytest.raises(Invalid) as refused:
        await members.placement(thing)
    assert refused.value.field == "placement"


async def test_visits_are_counted_by_place_and_day_without_any_person(
    house: House, members: Cast, rows: Rows
) -> None:
    thing = await members.thing("Alice", "Lighthouse")
    one, other = await members.placement(thing), await members.placement(thing)
    seen = [one] * 30 + [other] * 2
    await asyncio.gather(*(placements.visit(house, p.code, now=NOW) for p in seen))
    await placements.visit(house, one.code, now=NOW + timedelta(days=1))
    await placements.visit(house, mint(), now=NOW)
    counted = await rows("SELECT * FROM placement_days ORDER BY visits")
    assert [(row["visits"], row["day_on"]) for row in counted] == [
        (1, 20261124),
        (2, 20261123),
        (30, 20261123),
    ]
    assert set(counted[0]) == {"placement_id", "day_on", "visits", "flattrs"}


async def test_the_code_of_a_deleted_thing_is_over(house: House, members: Cast) -> None:
    placement = await members.placement(await members.thing("Alice", "Lighthouse"))
    alice = await members.member("Alice")
    await things.delete(house, alice.id, placement.thing.id, now=NOW)
    assert (await placements.by_code(house, placement.code)).revoked
