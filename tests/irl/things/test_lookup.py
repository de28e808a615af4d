"""The look-up: from a web address to a code that anybody may print."""

from __future__ import annotations

import asyncio

import pytest

from irl import things
from irl.errors import Invalid, NotFound, Throttled
from irl.house import House
from irl.text import spellings
from irl.things import Draft, lookup, placements
from irl.things.lookup import Found
from tests.cast import Cast
from tests.conftest import NOW
from tests.irl.conftest import SQLITE_ALONE

pytestmark = pytest.mark.anyio

SONG = "https://Songs.example/Tide"


async def song(members: Cast, url: str = SONG, title: str = "Tide") -> things.Thing:
    alice = await members.member("Alice")
    draft = Draft(title=title, url=url, category="audio")
    return await things.register(members.house, alice.id, draft, now=NOW)


async def look_up(house: House, url: str, address: str = "192.0.2.1") -> tuple[Found, ...]:
    return await lookup.look_up(house, url, address=address, now=NOW)


@pytest.mark.parametrize(
    "typed",
    [SONG, "songs.example/Tide", "http://songs.example/Tide/", " https://SONGS.example/Tide "],
)
async def test_a_thing_is_found_however_its_address_is_typed(
    house: House, members: Cast, typed: str
) -> None:
    thing = await song(members, "https://songs.example/Tide")
    await song(members, "https://songs.example/tide", "Another")
    [found] = await look_up(house, typed)
    assert (found.thing, found.code, found.taken_back) == (thing, None, False)


async def test_as_it_was_registered_it_is_found_always(house: House, members: Cast) -> None:
    thing = await song(members)
    assert [found.thing for found in await look_up(house, SONG)] == [thing]
    assert await look_up(house, "https://songs.example/") == ()


async def test_what_is_hidden_or_deleted_is_not_looked_up(house: House, members: Cast) -> None:
    thing = await song(members)
    await things.delete(house, thing.maker_id, thing.id, now=NOW)
    assert await look_up(house, SONG) == ()


async def test_anybody_has_the_code_made_once_and_gets_the_same_again(
    house: House, members: Cast
) -> None:
    thing = await song(members)
    wall = await members.placement(thing, "Wall")
    made = await asyncio.gather(
        *(placements.for_web(house, thing.id, mask=3, now=NOW) for _ in range(4))
    )
    [code] = {placement.code for placement in made}
    assert code != wall.code
    assert made[0].name == placements.WEB
    mine = await placements.for_web(house, thing.id, maker_id=thing.maker_id, mask=3, now=NOW)
    assert mine.code == code
    [found] = await look_up(house, SONG)
    assert found.code == code


async def test_what_the_maker_took_back_only_the_maker_gives_out_again(
    house: House, members: Cast
) -> None:
    thing = await song(members)
    first = await placements.for_web(house, thing.id, mask=3, now=NOW)
    await placements.revoke(house, thing.maker_id, first.code, now=NOW)
    [found] = await look_up(house, SONG)
    assert (found.code, found.taken_back) == (None, True)
    with pytest.raises(NotFound):
        await placements.for_web(house, thing.id, mask=3, now=NOW)
    again = await placements.for_web(house, thing.id, maker_id=thing.maker_id, mask=3, now=NOW)
    assert again.code != first.code
    [found] = await look_up(house, SONG)
    assert found.code == again.code


async def test_a_code_for_everybody_needs_a_thing(
    house: House, members: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    thing = await song(members)
    bob = await members.member("Bob")
    for thing_id, maker_id in (("0" * 13, None), ("?", None), (thing.id, bob.id)):
        with pytest.raises(NotFound):
            await placements.for_web(house, thing_id, maker_id=maker_id, mask=3, now=NOW)
    monkeypatch.setattr(placements, "PLACEMENTS_MOST", 0)
    with pytest.raises(Invalid) as refused:
        await placements.for_web(house, thing.id, mask=3, now=NOW)
    assert refused.value.field == "placement"


async def test_looking_up_has_an_end_for_each_address(
    house: House, members: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookup, "_MOST", 2)
    await song(members)
    for _ in range(2):
        assert await look_up(house, SONG)
    with pytest.raises(Throttled):
        await look_up(house, SONG)
    thing = (await look_up(house, SONG, "192.0.2.2"))[0].thing
    with pytest.raises(Throttled):
        await lookup.make(house, thing.id, address="192.0.2.1", mask=3, now=NOW)
    made = await lookup.make(house, thing.id, address="192.0.2.2", mask=3, now=NOW)
    assert made.name == placements.WEB


@SQLITE_ALONE
@pytest.mark.parametrize("typed", ["", "ftp://a.example", "javascript:alert(1)", "a b", "x" * 600])
async def test_what_is_no_web_address_is_refused(house: House, typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        await look_up(house, typed)
    assert refused.value.field == "url"


def test_an_address_has_few_spellings_and_its_own_among_them() -> None:
    assert spellings("A.example/B/?c=/", field="url") == (
        "http://a.example/B/?c=",
        "http://a.example/B/?c=/",
        "https://A.example/B/?c=/",
        "https://a.example/B/?c=",
        "https://a.example/B/?c=/",
    )
