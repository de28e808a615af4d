"""Pockets: a visitor's scans, kept for 30 days, given once by whoever verifies with them."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta

import pytest

from irl import things
from irl.errors import Invalid
from irl.giving import pockets, scans
from irl.giving.scans import Giver, Recorded, Scan
from irl.house import House
from tests.cast import Cast
from tests.conftest import with_rules
from tests.irl.conftest import Rows

pytestmark = pytest.mark.anyio


async def hand_in(
    house: House, members: Cast, *payloads: str, pocket: str | None = None, nonce: str = ""
) -> Recorded:
    return await scans.record(
        house,
        giver=Giver(pocket=pocket),
        scans=[Scan(payload=p, nonce=f"{nonce}{i}") for i, p in enumerate(payloads)],
        now=members.now,
    )


def outcomes(recorded: Recorded) -> list[str]:
    return [outcome.outcome for outcome in recorded.outcomes]


async def test_a_visitors_scans_become_flattrs_when_a_member_is_made_of_them(
    house: House, members: Cast, rows: Rows
) -> None:
    one, other = [await members.payload("Alice", title) for title in ("One", "Other")]
    first = await hand_in(house, members, one, "nonsense", one)
    assert outcomes(first) == ["pocketed", "unknown_code", "pocketed"]
    assert first.pocket is not None
    assert re.fullmatch(r"[a-z]{4}(-[a-z]{4}){3}", first.pocket)
    assert first.outcomes[0].thing is not None
    assert (first.outcomes[0].flattr_id, first.outcomes[0].month) == (None, None)
    second = await hand_in(house, members, other, pocket=first.pocket.upper(), nonce="b")
    assert second.pocket == first.pocket
    assert await rows("SELECT * FROM flattrs") == []
    assert first.pocket not in str(await rows("SELECT * FROM pockets"))
    bob = await members.member("Bob", pocket=first.pocket)
    given = await rows("SELECT * FROM flattrs")
    assert [(row["member_id"], row["month"]) for row in given] == [(bob.id, 202611)] * 2
    assert await rows("SELECT * FROM pocket_scans") == []
    counted = await rows("SELECT * FROM placement_months")
    assert [row["flattrs"] for row in counted] == [1, 1]


async def test_nothing_of_ours_makes_no_pocket(house: House, members: Cast, rows: Rows) -> None:
    recorded = await hand_in(house, members, "nonsense", "https://elsewhere.example/")
    assert recorded.pocket is None
    assert outcomes(recorded) == ["unknown_code", "foreign_code"]
    assert await rows("SELECT * FROM pockets") == []
    assert await rows("SELECT * FROM nonces") == []


async def test_a_pocket_answers_the_same_nonce_in_the_same_way(house: House, members: Cast) -> None:
    one, other = [await members.payload("Alice", title) for title in ("One", "Other")]
    first = await hand_in(house, members, one)
    assert await hand_in(house, members, one, pocket=first.pocket) == first
    assert outcomes(await hand_in(house, members, other, pocket=first.pocket)) == ["nonce_reused"]
    many = await asyncio.gather(
        *(hand_in(house, members, other, pocket=first.pocket, nonce="new") for _ in range(10))
    )
    assert len(set(many)) == 1


async def test_a_visitor_is_answered_for_revoked_and_closed_codes_too(
    house: House, members: Cast
) -> None:
    thing = await members.thing("Alice", "Lighthouse")
    placement = await members.placement(thing)
    await things.delete(house, thing.maker_id, thing.id, now=members.now)
    assert outcomes(await hand_in(house, members, placement.code.text)) == ["revoked_code"]


async def test_a_pocket_is_kept_for_30_days(house: House, members: Cast, rows: Rows) -> None:
    payload = await members.payload("Alice", "Lighthouse")
    word = (await hand_in(house, members, payload)).pocket
    made = members.now
    members.now = made + timedelta(days=30) - timedelta(milliseconds=1)
    await pockets.forget_old(house, now=members.now)
    assert outcomes(await hand_in(house, members, payload, pocket=word, nonce="b")) == ["pocketed"]
    members.now = made + timedelta(days=30)
    with pytest.raises(Invalid) as refused:
        await hand_in(house, members, payload, pocket=word, nonce="c")
    assert refused.value.field == "pocket"
    with pytest.raises(Invalid) as refused:
        await members.member("Bob", pocket=word)
    assert refused.value.field == "pocket"
    await pockets.forget_old(house, now=members.now + timedelta(milliseconds=1))
    assert await rows("SELECT * FROM pocket_scans") == []


async def test_a_pocket_holds_so_many_things_and_says_when_it_is_full(
    house: House, members: Cast
) -> None:
    house = with_rules(house, pocket_most_scans=3)
    payloads = [await members.payload("Alice", f"Work {i}") for i in range(4)]
    recorded = await hand_in(house, members, *payloads, payloads[0])
    assert outcomes(recorded) == ["pocketed"] * 3 + ["pocket_full", "pocketed"]
    again = await hand_in(
        house, members, payloads[3], payloads[2], pocket=recorded.pocket, nonce="b"
    )
    assert outcomes(again) == ["pocket_full", "pocketed"]


async def test_own_and_revoked_things_fall_out_of_the_pocket(
    house: House, members: Cast, rows: Rows
) -> None:
    own = await members.payload("Bob", "Song")
    gone = await members.thing("Alice", "Gone")
    gone_code = (await members.placement(gone)).code.text
    fine = await members.payload("Alice", "Lighthouse")
    word = (await hand_in(house, members, own, gone_code, fine)).pocket
    assert word is not None
    await things.delete(house, gone.maker_id, gone.id, now=members.now)
    bob = await members.member("Bob")
    assert await pockets.empty(house, bob.id, word, now=members.now) == 1
    assert len(await rows("SELECT * FROM flattrs")) == 1


async def test_a_second_account_gets_nothing_of_a_pocket(
    house: House, members: Cast, rows: Rows
) -> None:
    payload = await members.payload("Alice", "Lighthouse")
    word = (await hand_in(house, members, payload)).pocket
    assert word is not None
    both = [await members.member(name) for name in ("Bob", "Charlie")]
    ends = await asyncio.gather(
        *(pockets.empty(house, member.id, word, now=members.now) for member in both * 5),
        return_exceptions=True,
    )
    assert sum(end == 1 for end in ends) == 1
    assert all(end in {0, 1} or isinstance(end, Invalid) for end in ends)
    assert len(await rows("SELECT * FROM flattrs")) == 1
    for spent in (word, "bada-bada-bada-bada", "", "\ud800"):
        with pytest.raises(Invalid) as refused:
            await pockets.empty(house, both[0].id, spent, now=members.now)
        assert refused.value.field == "pocket"
    with pytest.raises(Invalid):
        await hand_in(house, members, payload, pocket=word, nonce="b")


async def test_of_two_who_bring_the_same_pocket_the_first_to_verify_has_it(
    house: House, members: Cast, rows: Rows
) -> None:
    payload = await members.payload("Alice", "Lighthouse")
    word = (await hand_in(house, members, payload)).pocket
    bob = await members.member("Bob", pocket=word)
    with pytest.raises(Invalid):
        await members.member("Charlie", pocket=word)
    assert [row["member_id"] for row in await rows("SELECT * FROM flattrs")] == [bob.id]


def test_words_can_be_read_aloud_and_are_never_the_same() -> None:
    words = {pockets.new_word() for _ in range(1000)}
    assert len(words) == 1000
    assert all(re.fullmatch(r"([bdfgjklmnprstvxz][aeiou]){2}(-\w{4}){3}", word) for word in words)
