"""Things: what a maker may say about them, who finds them, and who may change them."""

from __future__ import annotations

from typing import Any

import pytest

from irl import things
from irl.errors import Invalid, NotFound
from irl.house import House
from irl.things import Draft, Thing
from tests.cast import Cast
from tests.conftest import NOW
from tests.irl.conftest import SQLITE_ALONE, Rows

pytestmark = pytest.mark.anyio


async def test_a_registered_thing_is_as_its_maker_said(house: House, members: Cast) -> None:
    alice = await members.member("Alice")
    draft = Draft(
        title=" Lighthouse ",
        artist="Alice A.",
        description="Oil on wood.\r\n2026",
        url="https://alice.example/lighthouse",
        category="images",
        tags=("Sea", "light", "sea"),
        language="de-CH",
    )
    thing = await things.register(house, alice.id, draft, now=NOW)
    assert thing == await things.of(house, thing.id)
    assert (thing.title, thing.artist) == ("Lighthouse", "Alice A.")
    assert thing.description == "Oil on wood.\n2026"
    assert (thing.category, thing.language) == ("images", "de-CH")
    assert thing.tags == ("light", "sea")
    assert (thing.maker, thing.flattrs, thing.created_at) == ("Alice", 0, NOW)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", ""),
        ("title", "a" * 201),
        ("title", "a\nb"),
        ("title", "gnp\u202egpj.exe"),
        ("artist", "a" * 201),
        ("artist", "a\u2066b"),
        ("description", "a" * 5001),
        ("description", "a\u202eb"),
        ("url", "javascript:alert(1)"),
        ("url", "https://a.example/" + "a" * 500),
        ("category", ""),
        ("category", "Images"),
        ("tags", ("a",) * 21),
        ("tags", ("two words",)),
        ("tags", ("",)),
        ("tags", ("a" * 41,)),
        ("language", "English"),
        ("language", ""),
    ],
)
def test_a_field_beyond_its_limits_is_refused_by_its_name(field: str, value: Any) -> None:
    with pytest.raises(Invalid) as refused:
        things.catalogue.checked(Draft(**{"title": "Lighthouse"} | {field: value}))
    assert refused.value.field == field


def test_every_field_is_taken_up_to_its_limit() -> None:
    draft = Draft(
        title="a" * 200,
        artist="a" * 200,
        description="a" * 5000,
        url="https://a.example/" + "a" * 482,
        category="rest",
        tags=tuple(str(i) for i in range(20)),
        language="en",
    )
    assert things.catalogue.checked(draft).title == draft.title


async def test_a_maker_changes_some_fields_and_the_others_stay(house: House, members: Cast) -> None:
    alice = await members.member("Alice")
    thing = await things.register(
        house, alice.id, Draft(title="Lighthouse", tags=("sea",)), now=NOW
    )
    changed = await things.change(house, alice.id, thing.id, {"title": "Tower", "tags": ("a", "b")})
    assert (changed.title, changed.tags, changed.category) == ("Tower", ("a", "b"), "rest")
    with pytest.raises(Invalid) as refused:
        await things.change(house, alice.id, thing.id, {"title": "", "tags": ()})
    assert refused.value.field == "title"
    assert await things.of(house, thing.id) == changed


async def test_nobody_else_changes_or_deletes_a_thing(house: House, members: Cast) -> None:
    thing = await members.thing("Alice", "Lighthouse")
    bob = await members.member("Bob")
    for said in (thing.id, "unknown", "", "\0", "\ud800", "0" * 13, "0" * 10_000):
        with pytest.raises(NotFound):
            await things.change(house, bob.id, said, {"title": "Mine"})
        with pytest.raises(NotFound):
            await things.delete(house, bob.id, said, now=NOW)
        with pytest.raises(NotFound):
            await things.of(house, said, maker_id=bob.id)
    assert (await things.of(house, thing.id)).title == "Lighthouse"


async def test_a_deleted_thing_is_gone_and_its_flattrs_stand(
    house: House, members: Cast, rows: Rows
) -> None:
    thing = await members.thing("Alice", "Lighthouse")
    code = (await members.placement(thing)).code.text
    await members.scan("Bob", code)
    await things.delete(house, thing.maker_id, thing.id, now=members.now)
    with pytest.raises(NotFound):
        await things.of(house, thing.id)
    with pytest.raises(NotFound):
        await things.delete(house, thing.maker_id, thing.id, now=members.now)
    assert await things.mine(house, thing.maker_id) == ()
    assert (await things.find(house)).things == ()
    [again] = await members.scan("Charlie", code)
    assert again.outcome == "revoked_code"
    assert len(await rows("SELECT * FROM flattrs")) == 1


async def found(house: House, **wanted: str) -> list[str]:
    return [thing.title for thing in (await things.find(house, **wanted)).things]


async def test_things_are_found_by_words_tag_category_and_address(
    house: House, members: Cast
) -> None:
    alice, bob = await members.member("Alice"), await members.member("Bob")
    tower = Draft(title="Tower", artist="A. Painter", tags=("sea",), category="images")
    song = Draft(title="Song", description="of the sea", url="https://bob.example/song")
    await things.register(house, alice.id, tower, now=NOW)
    await things.register(house, bob.id, song, now=NOW)
    assert await found(house) == ["Song", "Tower"]
    assert await found(house, q="PAINTER tow") == ["Tower"]
    assert await found(house, q="bob") == ["Song"]
    assert await found(house, q="sea") == ["Song"]
    assert await found(house, q="tower song") == []
    assert await found(house, tag=" Sea") == ["Tower"]
    assert await found(house, category="rest") == ["Song"]
    assert await found(house, category="images", tag="sea", q="tower") == ["Tower"]
    assert await found(house, url="https://bob.example/song") == ["Song"]
    assert await found(house, url="https://bob.example/") == []


async def test_signs_that_sql_knows_are_searched_as_they_are(house: House, members: Cast) -> None:
    alice = await members.member("Alice")
    for title in ("100% wool", "under_score", "back\\slash", "it's", "plain /"):
        await things.register(house, alice.id, Draft(title=title), now=NOW)
    assert await found(house, q="0% w") == ["100% wool"]
    assert await found(house, q="%") == ["100% wool"]
    assert await found(house, q="_") == ["under_score"]
    assert await found(house, q="\\") == ["back\\slash"]
    assert await found(house, q="/") == ["plain /"]
    assert await found(house, q="it's") == ["it's"]
    assert await found(house, q="' OR 1=1 --") == []


@SQLITE_ALONE
@pytest.mark.parametrize(
    ("field", "wanted"),
    [
        ("q", {"q": "a" * 201}),
        ("q", {"q": "a\0b"}),
        ("tag", {"tag": "two words"}),
        ("category", {"category": "everything"}),
        ("url", {"url": "no address"}),
        ("after", {"after": "unknown"}),
        ("after", {"after": "\0"}),
        ("after", {"after": "0" * 13}),
    ],
)
async def test_a_search_that_is_none_is_refused_by_its_field(
    house: House, field: str, wanted: dict[str, str]
) -> None:
    with pytest.raises(Invalid) as refused:
        await things.find(house, **wanted)
    assert refused.value.field == field


async def test_pages_follow_each_other_and_miss_nothing(
    house: House, members: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(things.catalogue, "PAGE", 5)
    alice = await members.member("Alice")
    made = [
        await things.register(house, alice.id, Draft(title=f"Work {i}"), now=NOW) for i in range(11)
    ]
    first = await things.find(house)
    await things.delete(house, alice.id, made[6].id, now=NOW)  # the page's last one
    second = await things.find(house, after=first.next)
    third = await things.find(house, after=second.next)
    assert [len(page.things) for page in (first, second, third)] == [5, 5, 1]
    seen: list[Thing] = [*first.things, *second.things, *third.things]
    assert [thing.id for thing in seen] == [thing.id for thing in reversed(made)]
    assert third.next is None


async def test_a_maker_sees_all_own_things_newest_first(house: House, members: Cast) -> None:
    await members.thing("Bob", "Song")
    for title in ("One", "Two"):
        thing = await members.thing("Alice", title)
    assert [t.title for t in await things.mine(house, thing.maker_id)] == ["Two", "One"]


async def test_the_flattrs_of_all_months_and_places_are_counted(
    house: House, members: Cast
) -> None:
    thing = await members.thing("Alice", "Lighthouse")
    one, other = [(await members.placement(thing, name)).code.text for name in ("a", "b")]
    await members.scan("Bob", one)
    await members.scan("Charlie", other)
    members.later(days=10)
    await members.scan("Bob", other)
    assert (await things.of(house, thing.id)).flattrs == 3
