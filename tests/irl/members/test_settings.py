"""Settings: the language, and whether makers may see who flattred."""

from __future__ import annotations

import pytest

from irl.errors import Invalid, NotFound
from irl.giving import flattrs
from irl.house import House
from irl.members import leaving, settings
from irl.members.settings import Chosen
from irl.month import Month
from tests.cast import PASSWORD, Cast

pytestmark = pytest.mark.anyio

NOVEMBER = Month(202611)


async def shows(house: House, members: Cast, name: str, *, on: bool = True) -> None:
    member = await members.member(name)
    await settings.choose(
        house, member.id, Chosen(language=None, shows_flattrs=on), now=members.now
    )


async def test_nothing_is_chosen_at_first(house: House, members: Cast) -> None:
    bob = await members.member("Bob")
    assert await settings.of(house, bob.id) == Chosen(language=None, shows_flattrs=False)


async def test_what_is_chosen_is_kept(house: House, members: Cast) -> None:
    bob = await members.member("Bob")
    chosen = Chosen(language="fr", shows_flattrs=True)
    await settings.choose(house, bob.id, chosen, now=members.now)
    assert await settings.of(house, bob.id) == chosen


async def test_a_language_that_the_house_does_not_speak_is_refused(
    house: House, members: Cast
) -> None:
    bob = await members.member("Bob")
    with pytest.raises(Invalid) as refused:
        await settings.choose(
            house, bob.id, Chosen(language="tlh", shows_flattrs=True), now=members.now
        )
    assert refused.value.field == "language"
    assert await settings.of(house, bob.id) == Chosen(language=None, shows_flattrs=False)


async def test_a_maker_sees_those_who_said_so_and_never_others(house: House, members: Cast) -> None:
    thing = await members.thing("Alice", "Sunset")
    placement = await members.placement(thing)
    payload = f"http://localhost:8000/t/{placement.code}"
    await members.scan("Early", payload)
    members.later(hours=1)
    for name in ("Early", "Bob", "Dora", "Emil"):
        await shows(house, members, name)
    members.later(hours=1)
    for name in ("Bob", "Charlie", "Dora", "Emil"):
        await members.scan(name, payload, now=members.now)
        members.later(hours=1)
    await shows(house, members, "Dora", on=False)
    await shows(house, members, "Bob")  # again, which changes nothing
    await leaving.leave(
        house,
        members.joined["Emil"].id,
        password=PASSWORD,
        gives_revenue=False,
        address="::1",
        now=members.now,
    )
    shown = await flattrs.shown_to_maker(house, thing.maker_id, thing.id, NOVEMBER)
    assert shown == ("Bob",)
    assert await flattrs.shown_to_maker(house, thing.maker_id, thing.id, Month(202612)) == ()


@pytest.mark.parametrize("thing_id", ["0000000000000", "Sunset", ""])
async def test_only_the_maker_sees_anybody(house: House, members: Cast, thing_id: str) -> None:
    thing = await members.thing("Alice", "Sunset")
    bob = await members.member("Bob")
    for maker_id, asked in ((bob.id, thing.id), (thing.maker_id, thing_id)):
        with pytest.raises(NotFound):
            await flattrs.shown_to_maker(house, maker_id, asked, NOVEMBER)
