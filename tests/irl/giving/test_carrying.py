"""Carrying a pocket to another device, once, by a word-code that is shown or mailed."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta

import pytest

from irl import language, outbox, things
from irl.errors import Invalid, Throttled
from irl.giving import carrying, pockets, scans
from irl.giving.carrying import Taken
from irl.giving.scans import Giver, Scan
from irl.house import House
from tests.cast import Cast
from tests.conftest import with_rules
from tests.irl.conftest import Rows

pytestmark = pytest.mark.anyio

HERE, THERE = "192.0.2.1", "198.51.100.1"


async def pocket(house: House, members: Cast, *titles: str, into: str | None = None) -> str:
    """Put things of Alice into a pocket and give its own word."""
    payloads = [await members.payload("Alice", title) for title in titles]
    recorded = await scans.record(
        house,
        giver=Giver(pocket=into),
        scans=[Scan(payload=p, nonce=p[-20:]) for p in payloads],
        now=members.now,
    )
    assert recorded.pocket is not None
    return recorded.pocket


async def titles(house: House, members: Cast, word: str) -> list[str]:
    inside = await pockets.inside(house, word, now=members.now)
    return sorted(kept.title for kept in inside.kept)


async def carried(house: House, members: Cast, word: str) -> str:
    return await carrying.word(house, word, address=HERE, now=members.now)


async def take(
    house: House,
    members: Cast,
    carried: str,
    *,
    into: str | None = None,
    member_id: int | None = None,
    address: str = THERE,
) -> Taken:
    return await carrying.take(
        house, carried, into=into, member_id=member_id, address=address, now=members.now
    )


async def test_a_pocket_tells_what_is_in_it_and_until_when(house: House, members: Cast) -> None:
    word = await pocket(house, members, "One")
    made = members.now
    members.later(days=1)
    await pocket(house, members, "Other", into=word)
    inside = await pockets.inside(house, word, now=members.now)
    assert [(kept.title, kept.maker) for kept in inside.kept] == [
        ("Other", "Alice"),
        ("One", "Alice"),
    ]
    assert [kept.scanned_at for kept in inside.kept] == [members.now, made]
    assert inside.until == made + timedelta(days=30)
    for gone in ("dada-dada-dada-dada", " ", "\ud800"):
        with pytest.raises(Invalid) as refused:
            await pockets.inside(house, gone, now=members.now)
        assert refused.value.field == "pocket"


async def test_one_thing_is_taken_out_and_the_others_stay(house: House, members: Cast) -> None:
    word = await pocket(house, members, "One", "Other")
    inside = await pockets.inside(house, word, now=members.now)
    one = next(kept for kept in inside.kept if kept.title == "One")
    stranger = await pocket(house, members, "Third")
    await pockets.remove(house, stranger, one.thing_id, now=members.now)
    assert await titles(house, members, word) == ["One", "Other"]
    for _ in range(2):
        await pockets.remove(house, word, one.thing_id, now=members.now)
        assert await titles(house, members, word) == ["Other"]
    for nothing in ("0123456789abc", "'; DROP TABLE things", ""):
        await pockets.remove(house, word, nothing, now=members.now)
    assert await titles(house, members, word) == ["Other"]


async def test_what_is_gone_is_not_shown(house: House, members: Cast) -> None:
    word = await pocket(house, members, "One", "Gone")
    inside = await pockets.inside(house, word, now=members.now)
    gone = next(kept for kept in inside.kept if kept.title == "Gone")
    alice = await members.member("Alice")
    await things.delete(house, alice.id, gone.thing_id, now=members.now)
    assert await titles(house, members, word) == ["One"]


async def test_a_word_carries_a_pocket_once(house: House, members: Cast, rows: Rows) -> None:
    old = await pocket(house, members, "One", "Other")
    word = await carried(house, members, old)
    assert re.fullmatch(r"[a-z]{4}(-[a-z]{4}){3}", word)
    assert word != old
    assert word not in str(await rows("SELECT * FROM pocket_words"))
    spare = await carried(house, members, old)
    taken = await take(house, members, word.upper().replace("-", "  "))
    assert (taken.came, taken.stayed) == (2, 0)
    assert taken.word is not None
    assert await titles(house, members, taken.word) == ["One", "Other"]
    assert await titles(house, members, old) == []
    for spent in (word, spare, old, "", "\ud800"):
        with pytest.raises(Invalid) as refused:
            await take(house, members, spent)
        assert refused.value.field == "word"
    assert await rows("SELECT * FROM pocket_words") == []
    await pocket(house, members, "Third", into=old)
    assert await titles(house, members, old) == ["Third"]


async def test_of_many_who_take_one_word_one_gets_it(house: House, members: Cast) -> None:
    word = await carried(house, members, await pocket(house, members, "One"))
    ends = await asyncio.gather(
        *(take(house, members, word) for _ in range(10)), return_exceptions=True
    )
    assert sum(isinstance(end, Taken) for end in ends) == 1
    assert sum(isinstance(end, Invalid) for end in ends) == 9


async def test_two_pockets_become_one_without_doubles(house: House, members: Cast) -> None:
    mine = await pocket(house, members, "Mine")
    payload = await members.payload("Alice", "Both")
    old = await pocket(house, members, "One")
    for word in (mine, old):
        await scans.record(
            house,
            giver=Giver(pocket=word),
            scans=[Scan(payload=payload, nonce="both")],
            now=members.now,
        )
    taken = await take(house, members, await carried(house, members, old), into=mine)
    assert taken == Taken(word=mine, came=1, stayed=0)
    assert await titles(house, members, mine) == ["Both", "Mine", "One"]
    assert await titles(house, members, old) == []


async def test_what_does_not_fit_stays_where_it_is(house: House, members: Cast) -> None:
    house = with_rules(house, pocket_most_scans=3)
    mine = await pocket(house, members, "A", "B")
    old = await pocket(house, members, "First")
    members.later(minutes=1)
    await pocket(house, members, "Latest", into=old)
    taken = await take(house, members, await carried(house, members, old), into=mine)
    assert taken == Taken(word=mine, came=1, stayed=1)
    assert await titles(house, members, mine) == ["A", "B", "Latest"]
    assert await titles(house, members, old) == ["First"]


async def test_a_pocket_cannot_be_carried_to_where_it_is(house: House, members: Cast) -> None:
    old = await pocket(house, members, "One")
    word = await carried(house, members, old)
    with pytest.raises(Invalid) as refused:
        await take(house, members, word, into=old)
    assert refused.value.field == "word"
    assert (await take(house, members, word)).came == 1  # nothing half-done: the word still works


async def test_carrying_makes_no_scan_live_longer(house: House, members: Cast, rows: Rows) -> None:
    old = await pocket(house, members, "One")
    members.later(days=29)
    young = await pocket(house, members, "Young")
    fresh = await take(house, members, await carried(house, members, old))
    assert fresh.word is not None
    inside = await pockets.inside(house, fresh.word, now=members.now)
    assert inside.until == members.now + timedelta(days=1)
    await take(house, members, await carried(house, members, fresh.word), into=young)
    assert await titles(house, members, young) == ["One", "Young"]
    members.later(days=1, hours=1)
    assert await titles(house, members, young) == ["Young"]
    bob = await members.member("Bob")
    assert await pockets.empty(house, bob.id, young, now=members.now) == 1
    await pockets.forget_old(house, now=members.now)
    assert await rows("SELECT * FROM pocket_scans") == []


async def test_a_word_lives_for_a_day(house: House, members: Cast, rows: Rows) -> None:
    old = await pocket(house, members, "One")
    word = await carried(house, members, old)
    members.later(hours=24)
    with pytest.raises(Invalid):
        await take(house, members, word)
    members.later(milliseconds=1)
    await pockets.forget_old(house, now=members.now)
    assert await rows("SELECT * FROM pocket_words") == []
    assert await titles(house, members, old) == ["One"]


async def test_a_member_takes_it_as_flattrs_and_a_second_account_gets_nothing(
    house: House, members: Cast, rows: Rows
) -> None:
    old = await pocket(house, members, "One")
    words = [await carried(house, members, old) for _ in range(2)]
    bob, charlie = [await members.member(name) for name in ("Bob", "Charlie")]
    taken = await take(house, members, words[0], member_id=bob.id)
    assert taken == Taken(word=None, came=1)
    with pytest.raises(Invalid):
        await take(house, members, words[1], member_id=charlie.id)
    with pytest.raises(Invalid):
        await pockets.empty(house, charlie.id, old, now=members.now)
    assert [row["member_id"] for row in await rows("SELECT * FROM flattrs")] == [bob.id]


async def test_words_are_guessed_at_a_few_times_an_hour(house: House, members: Cast) -> None:
    async def tries(address: str) -> int:
        ends = [
            await asyncio.gather(
                take(house, members, "bada-bada-bada-bada", address=address),
                return_exceptions=True,
            )
            for _ in range(31)
        ]
        return sum(isinstance(end[0], Throttled) for end in ends)

    assert await tries("203.0.113.1") == 1
    assert await tries("198.51.100.9") == 1
    assert [await tries(f"203.0.113.{host}") for host in range(2, 12)] == [1] * 9 + [31]
    assert await tries("198.51.100.10") == 1


async def test_a_mailed_link_carries_a_pocket_and_the_address_is_forgotten(
    house: House, members: Cast, rows: Rows
) -> None:
    old = await pocket(house, members, "One")
    german = language.of("de")
    for email in ("me@street.example", "ME@street.example"):
        await carrying.mail(house, old, email, speaks=german, address=HERE, now=members.now)
    [mail, _] = await rows("SELECT * FROM outbox WHERE recipient LIKE '%street%' ORDER BY id")
    found = re.search(rf"{house.settings.base_url}/pocket/take\?word=([a-z-]+)", mail["body"])
    assert found is not None
    assert "street" not in str(await rows("SELECT * FROM throttles"))
    assert "street" not in str(await rows("SELECT * FROM pocket_words"))
    await outbox.send_waiting(house, now=members.now)
    assert await rows("SELECT * FROM outbox WHERE recipient LIKE '%street%'") == []
    assert (await take(house, members, found[1])).came == 1


async def test_a_mail_that_comes_too_late_is_forgotten_unsent(
    house: House, members: Cast, rows: Rows
) -> None:
    old = await pocket(house, members, "One")
    await carrying.mail(
        house, old, "me@street.example", speaks=language.of("en"), address=HERE, now=members.now
    )
    await outbox.send_waiting(house, now=members.now + timedelta(hours=25))
    assert await rows("SELECT * FROM outbox WHERE recipient LIKE '%street%'") == []


async def test_a_recipient_gets_a_few_mails_a_day_and_nobody_is_told(
    house: House, members: Cast, rows: Rows
) -> None:
    house = with_rules(house, mails_a_day=10)
    old = await pocket(house, members, "One")
    for place in range(12):
        await carrying.mail(
            house,
            old,
            "victim@street.example",
            speaks=language.of("en"),
            address=f"203.0.{place}.1",
            now=members.now,
        )
    assert len(await rows("SELECT * FROM outbox WHERE recipient LIKE '%street%'")) == 10
    for email in ("", "nobody", "a@b\r\nBcc: c@d.example"):
        with pytest.raises(Invalid) as refused:
            await carrying.mail(
                house, old, email, speaks=language.of("en"), address=HERE, now=members.now
            )
        assert refused.value.field == "email"
    for place in range(21):
        tried = carrying.mail(
            house,
            old,
            f"other{place}@street.example",
            speaks=language.of("en"),
            address=HERE,
            now=members.now,
        )
        if place < 20:
            await tried
            continue
        with pytest.raises(Throttled):
            await tried
