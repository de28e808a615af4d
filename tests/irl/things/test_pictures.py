"""Pictures: one a thing, by an id that nobody guesses, gone with what was deleted or hidden."""

from __future__ import annotations

import dataclasses
from typing import Final

import pytest

from irl import things
from irl.errors import NotFound
from irl.house import House
from irl.things import pictures, placements, reports
from irl.things.pictures import Drawn
from irl.things.shown import Shown
from tests.cast import Cast
from tests.conftest import NOW
from tests.irl.conftest import Rows

pytestmark = pytest.mark.anyio

BYTES: Final = bytes(range(256)) * 900
PICTURE: Final = Drawn(large=BYTES, small=BYTES[::-1], width=1280, height=960)


async def test_a_picture_is_kept_byte_for_byte_and_shown_with_its_thing(
    house: House, members: Cast
) -> None:
    thing = await members.thing("Alice", "Lighthouse")
    placement = await members.placement(thing)
    assert thing.picture is placement.thing.picture is None
    shown = (await pictures.put(house, thing.maker_id, thing.id, PICTURE, now=NOW)).picture
    assert shown == Shown(shown.id, 1280, 960) if shown else False
    assert shown is not None
    assert await pictures.content(house, shown.id, "large") == PICTURE.large
    assert await pictures.content(house, shown.id, "small") == PICTURE.small
    assert (await placements.by_code(house, placement.code)).thing.picture == shown
    assert [one.picture for one in await things.mine(house, thing.maker_id)] == [shown]
    assert [one.picture for one in (await things.find(house)).things] == [shown]
    assert (await placements.of_thing(house, thing.maker_id, thing.id))[0].thing.picture == shown


async def test_a_new_picture_takes_the_place_and_has_another_id(
    house: House, members: Cast, rows: Rows
) -> None:
    thing = await members.thing("Alice", "Lighthouse")
    before = (await pictures.put(house, thing.maker_id, thing.id, PICTURE, now=NOW)).picture
    other = dataclasses.replace(PICTURE, large=b"other", height=7)
    after = (await pictures.put(house, thing.maker_id, thing.id, other, now=NOW)).picture
    assert before is not None
    assert after is not None
    assert before.id != after.id
    assert after.height == 7
    with pytest.raises(NotFound):
        await pictures.content(house, before.id, "large")
    assert await pictures.content(house, after.id, "large") == b"other"
    assert len(await rows("SELECT thing_id FROM pictures")) == 1


async def test_nobody_else_puts_or_drops_a_picture(house: House, members: Cast) -> None:
    thing = await members.thing("Alice", "Lighthouse")
    shown = (await pictures.put(house, thing.maker_id, thing.id, PICTURE, now=NOW)).picture
    bob = await members.member("Bob")
    for thing_id in (thing.id, "0" * 13, "../etc"):
        with pytest.raises(NotFound):
            await pictures.put(house, bob.id, thing_id, PICTURE, now=NOW)
        with pytest.raises(NotFound):
            await pictures.drop(house, bob.id, thing_id)
    assert (await things.of(house, thing.id)).picture == shown


async def test_a_picture_can_be_dropped_and_dropping_again_changes_nothing(
    house: House, members: Cast, rows: Rows
) -> None:
    thing = await members.thing("Alice", "Lighthouse")
    await pictures.put(house, thing.maker_id, thing.id, PICTURE, now=NOW)
    for _ in range(2):
        await pictures.drop(house, thing.maker_id, thing.id)
    assert (await things.of(house, thing.id)).picture is None
    assert await rows("SELECT thing_id FROM pictures") == []


async def test_the_picture_of_a_deleted_thing_is_gone_for_good(
    house: House, members: Cast, rows: Rows
) -> None:
    placement = await members.placement(await members.thing("Alice", "Lighthouse"))
    alice = await members.member("Alice")
    thing = await pictures.put(house, alice.id, placement.thing.id, PICTURE, now=NOW)
    assert thing.picture is not None
    await things.delete(house, alice.id, thing.id, now=NOW)
    with pytest.raises(NotFound):
        await pictures.content(house, thing.picture.id, "small")
    assert (await placements.by_code(house, placement.code)).thing.picture is None
    assert await rows("SELECT thing_id FROM pictures") == []


async def test_what_the_operator_hid_shows_no_picture_until_it_is_kept(
    house: House, members: Cast
) -> None:
    placement = await members.placement(await members.thing("Alice", "Copy"))
    alice = await members.member("Alice")
    thing = await pictures.put(house, alice.id, placement.thing.id, PICTURE, now=NOW)
    assert thing.picture is not None
    await reports.send(
        house,
        code=None,
        thing_id=thing.id,
        reason="not_the_work",
        text="",
        address="192.0.2.9",
        now=NOW,
    )
    [report] = await reports.waiting(house)
    await reports.decide(house, report.id, "hide", now=NOW)
    with pytest.raises(NotFound):
        await pictures.content(house, thing.picture.id, "large")
    assert (await placements.by_code(house, placement.code)).thing.picture is None
    hidden = await things.of(house, thing.id, maker_id=alice.id)
    assert (hidden.picture, hidden.hidden) == (None, True)
    await reports.decide(house, report.id, "keep", now=NOW)
    assert await pictures.content(house, thing.picture.id, "large") == PICTURE.large


async def test_an_id_that_is_none_is_not_found(house: House) -> None:
    for picture_id in ("", "0" * 13, "x" * 400, "'; DROP TABLE pictures"):
        with pytest.raises(NotFound):
            await pictures.content(house, picture_id, "large")
