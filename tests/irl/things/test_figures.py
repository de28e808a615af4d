"""Figures of a thing: what a maker sees, by place, by day and by month."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

import pytest

from irl import settlement
from irl.db import Database
from irl.errors import NotFound
from irl.giving import flattrs
from irl.house import House
from irl.month import Month
from irl.rules import EURO
from irl.settlement import audit
from irl.things import figures, placements
from irl.things.figures import OfMonth
from tests.cast import Cast
from tests.conftest import NOW
from tests.irl.conftest import Rows, day

pytestmark = pytest.mark.anyio


async def test_a_maker_sees_visits_and_flattrs_by_place_and_day(
    house: House, members: Cast
) -> None:
    thing = await members.thing("Alice", "Lighthouse")
    wall = await members.placement(thing, "Wall")
    poster = await members.placement(thing, "Poster")
    unseen = await members.placement(thing, "Unseen")
    for _ in range(3):
        await placements.visit(house, wall.code, now=NOW)
    await placements.visit(house, wall.code, now=NOW - timedelta(days=29))
    await placements.visit(house, wall.code, now=NOW - timedelta(days=30))
    await placements.visit(house, poster.code, now=NOW - timedelta(days=1))
    await members.scan("Bob", wall.code.text)
    await members.scan("Charlie", poster.code.text)
    other = await members.placement(await members.thing("Alice", "Other"))
    await members.scan("Bob", other.code.text)
    await placements.visit(house, other.code, now=NOW)
    seen = await figures.of_thing(house, thing.maker_id, thing.id, now=NOW)
    told = {
        place.name: (place.recent_visits, place.visits, place.recent_flattrs, place.flattrs)
        for place in seen.places
    }
    assert told == {"Unseen": (0, 0, 0, 0), "Poster": (1, 1, 1, 1), "Wall": (4, 5, 1, 1)}
    assert [place.code for place in seen.places] == [unseen.code, poster.code, wall.code]
    assert len(seen.days) == figures.DAYS
    counted = [(one.day, one.visits, one.flattrs) for one in seen.days if one.visits]
    assert counted == [(20261025, 1, 0), (20261122, 1, 0), (20261123, 3, 2)]
    assert seen.months == (OfMonth(month=Month(202611), flattrs=2, amount_micros=None),)


async def test_a_flattr_undone_is_uncounted_on_the_day_it_was_given(
    house: House, members: Cast, rows: Rows
) -> None:
    payload = await members.payload("Alice", "Lighthouse")
    [given] = await members.scan("Bob", payload)
    members.later(days=2)
    await members.scan("Charlie", payload)
    assert given.flattr_id is not None
    bob = await members.member("Bob")
    await flattrs.undo(house, bob.id, given.flattr_id, now=members.now)
    counted = await rows("SELECT day_on, flattrs, visits FROM placement_days ORDER BY day_on")
    assert [tuple(row.values()) for row in counted] == [(20261123, 0, 0), (20261125, 1, 0)]
    assert await audit.audit(house) == []


async def test_each_month_tells_its_flattrs_and_once_closed_what_they_brought(
    house: House, members: Cast
) -> None:
    await members.funds("Bob", euros=10, budget=5)
    await members.funds("Charlie", euros=10, budget=2)
    thing = await members.thing("Alice", "Lighthouse")
    wall, poster = await members.placement(thing), await members.placement(thing)
    others = [await members.payload("Alice", f"Work {i}") for i in range(2)]
    await members.scan("Bob", wall.code.text, *others)
    await members.scan("Charlie", poster.code.text)
    await settlement.settle(house, Month(202611), now=day(4, 12))
    members.now = day(5, 12)
    await members.scan("Bob", poster.code.text)
    seen = await figures.of_thing(house, thing.maker_id, thing.id, now=members.now)
    assert seen.months[0] == OfMonth(month=Month(202612), flattrs=1, amount_micros=None)
    assert (seen.months[1].month, seen.months[1].flattrs) == (202611, 2)
    of_bob = (seen.months[1].amount_micros or 0) - 2 * EURO
    assert abs(of_bob - 5 * EURO / 3) < 1
    assert len(seen.months) == 2
    assert await audit.audit(house) == []


async def test_nobody_else_sees_a_things_figures(house: House, members: Cast) -> None:
    thing = await members.thing("Alice", "Lighthouse")
    bob = await members.member("Bob")
    with pytest.raises(NotFound):
        await figures.of_thing(house, bob.id, thing.id, now=NOW)


async def test_visits_and_flattrs_of_two_processes_never_wait_crosswise(
    house: House, members: Cast, rows: Rows
) -> None:
    thing = await members.thing("Alice", "Lighthouse")
    places = [await members.placement(thing) for _ in range(6)]
    payloads = [await members.placement(await members.thing("Alice", f"{i}")) for i in range(6)]
    givers = [await members.member(f"Giver{i}") for i in range(4)]
    async with Database.open(house.settings.database_url) as database:
        other = dataclasses.replace(house, db=database)
        casts = [members, dataclasses.replace(members, house=other)]
        work: list[Coroutine[Any, Any, object]] = []
        for i, giver in enumerate(givers):
            for place in (*places, *payloads)[:: 1 if i % 2 else -1]:
                cast = casts[i % 2]
                work.append(cast.scan(giver.nickname, place.code.text))
                work.append(placements.visit(casts[1 - i % 2].house, place.code, now=NOW))
        await asyncio.gather(*work)
    [summed] = await rows(
        "SELECT sum(visits) AS visits, sum(flattrs) AS flattrs FROM placement_days"
    )
    assert (summed["visits"], summed["flattrs"]) == (48, 4 + 24)
    assert await audit.audit(house) == []
