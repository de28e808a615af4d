"""Scans: each is answered with the first outcome that fits, the same again for the same nonce."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import random
from datetime import datetime, timedelta

import pytest

from irl import settlement, things
from irl.db import Database
from irl.errors import Invalid, ScopeMissing, TokenRefused
from irl.giving import flattrs, scans
from irl.giving.scans import Giver, Outcome, Scan
from irl.house import House
from irl.members import tokens
from irl.money import wallet
from irl.month import Month
from irl.rules import EURO
from irl.things import placements
from qr.code import mint
from tests.cast import Cast
from tests.irl.conftest import Rows, day

pytestmark = pytest.mark.anyio


async def hand_in(
    members: Cast, name: str, *handed: Scan, now: datetime | None = None
) -> tuple[Outcome, ...]:
    member = await members.member(name)
    recorded = await scans.record(
        members.house, giver=Giver(member_id=member.id), scans=handed, now=now or members.now
    )
    assert recorded.pocket is None
    return recorded.outcomes


async def scan(
    members: Cast, name: str, payload: str, *, nonce: str = "n", at: datetime | None = None
) -> Outcome:
    [answer] = await hand_in(members, name, Scan(payload=payload, nonce=nonce, scanned_at=at))
    return answer


async def test_a_scan_of_somebody_elses_thing_is_a_flattr(members: Cast) -> None:
    payload = await members.payload("Alice", "Lighthouse")
    [answer] = await members.scan("Bob", payload)
    assert answer.outcome == "flattred"
    assert answer.thing is not None
    assert answer.thing.title == "Lighthouse"
    assert answer.thing.maker == "Alice"
    assert answer.month == 202611
    assert answer.funded is False
    assert answer.payload == payload


async def test_a_second_scan_of_a_thing_in_a_month_is_the_same_flattr(members: Cast) -> None:
    payload = await members.payload("Alice", "Lighthouse")
    [first] = await members.scan("Bob", payload, nonce="a")
    [second] = await members.scan("Bob", payload, nonce="b")
    assert (first.outcome, second.outcome) == ("flattred", "already_flattred")
    assert first.flattr_id == second.flattr_id
    members.later(days=8)
    [third] = await members.scan("Bob", payload)
    assert (third.outcome, third.month) == ("flattred", 202612)
    assert third.flattr_id != first.flattr_id


async def test_fifty_identical_scans_at_once_are_one_flattr_and_fifty_equal_answers(
    house: House, members: Cast, rows: Rows
) -> None:
    payload = await members.payload("Alice", "Lighthouse")
    bob = await members.member("Bob")
    scan = Scan(payload=payload, nonce="the same")
    giver = Giver(member_id=bob.id)
    async with Database.open(house.settings.database_url) as other:
        houses = [house, dataclasses.replace(house, db=other)]
        answers = await asyncio.gather(
            *(
                scans.record(houses[i % 2], giver=giver, scans=[scan], now=members.now)
                for i in range(50)
            )
        )
    assert len(set(answers)) == 1
    assert answers[0].outcomes[0].outcome == "flattred"
    assert len(await rows("SELECT * FROM flattrs")) == 1
    [counted] = await rows("SELECT * FROM placement_months")
    assert counted["flattrs"] == 1


async def test_the_first_outcome_that_fits_is_the_answer(house: House, members: Cast) -> None:
    thing = await members.thing("Alice", "Lighthouse")

    async def place(*, opens: float | None = None, closes: float | None = None) -> str:
        placement = await placements.make(
            house,
            thing.maker_id,
            thing.id,
            name="",
            opens_at=None if opens is None else members.now + timedelta(hours=opens),
            closes_at=None if closes is None else members.now + timedelta(hours=closes),
            mask=3,
            now=members.now,
        )
        return placement.code.text

    fine, revoked, later, over = (
        await place(),
        await place(opens=1),
        await place(opens=1),
        await place(closes=-1),
    )
    alice = await members.member("Alice")
    for placement in await placements.of_thing(house, alice.id, thing.id):
        if placement.code.text == revoked:
            await placements.revoke(house, alice.id, placement.code, now=members.now)
    handed = {
        "foreign": "https://elsewhere.example/t/" + fine,
        "unknown": mint().text,
        "nonsense": "good morning",
        "path": f"http://localhost:8000/x/{fine}",
        "revoked": revoked,
        "later": later,
        "over": over,
        "fine": fine.lower(),
        "again": f"{fine[:4]}-{fine[4:8]}-{fine[8:]}",
    }
    wanted = {
        "foreign": "foreign_code",
        "unknown": "unknown_code",
        "nonsense": "unknown_code",
        "path": "unknown_code",
        "revoked": "revoked_code",
        "later": "not_open",
        "over": "not_open",
        "fine": "flattred",
        "again": "already_flattred",
    }
    batch = [Scan(payload=payload, nonce=nonce) for nonce, payload in handed.items()]
    answers = await hand_in(members, "Bob", *batch)
    assert {answer.nonce: answer.outcome for answer in answers} == wanted
    # For the maker everything is the same, but that nothing is given.
    own = await hand_in(members, "Alice", *batch)
    assert {answer.nonce: answer.outcome for answer in own} == wanted | {
        "fine": "own_thing",
        "again": "own_thing",
    }
    opens = {answer.nonce: answer.opens_at for answer in answers if answer.opens_at is not None}
    assert opens == {"later": members.now + timedelta(hours=1)}
    for answer in answers:
        given = answer.outcome in {"flattred", "already_flattred"}
        assert (answer.flattr_id is not None) == given
        assert (answer.month is not None) == given
        assert (answer.funded is not None) == given
        assert (answer.thing is None) == (answer.outcome in {"foreign_code", "unknown_code"})


async def test_the_same_nonce_with_another_payload_is_told_so(members: Cast, rows: Rows) -> None:
    one, other = [await members.payload("Alice", title) for title in ("One", "Other")]
    first, second, third = await hand_in(
        members,
        "Bob",
        Scan(payload=one, nonce="n"),
        Scan(payload=other, nonce="n"),
        Scan(payload=one, nonce="n"),
    )
    assert [a.outcome for a in (first, second, third)] == ["flattred", "nonce_reused", "flattred"]
    assert second.thing is None
    assert (await scan(members, "Bob", "nonsense")).outcome == "nonce_reused"
    assert (await scan(members, "Bob", other)).outcome == "nonce_reused"
    assert (await scan(members, "Bob", one)) == first
    # A nonce is its sender's own.
    assert (await scan(members, "Charlie", other)).outcome == "flattred"
    assert len(await rows("SELECT * FROM flattrs")) == 2


async def test_the_same_nonce_gives_the_same_answer_even_after_an_undo(
    house: House, members: Cast, rows: Rows
) -> None:
    bob = await members.funds("Bob", euros=20, budget=5)
    payload = await members.payload("Alice", "Lighthouse")
    first = await scan(members, "Bob", payload)
    assert first.flattr_id is not None
    await flattrs.undo(house, bob.id, first.flattr_id, now=members.now)
    await wallet.set_budget(house, bob.id, None, now=members.now)
    members.later(days=10)
    assert await scan(members, "Bob", payload) == first
    assert await rows("SELECT * FROM flattrs") == []
    assert (await scan(members, "Bob", payload, nonce="new")).outcome == "flattred"


async def test_five_hundred_scans_with_bad_ones_between_are_answered_in_order(
    members: Cast, rows: Rows
) -> None:
    good = [await members.payload("Alice", f"Work {i}") for i in range(3)]
    handed = [
        Scan(payload=good[i // 2 % 3] if i % 2 else f"bad {i}", nonce=str(i)) for i in range(500)
    ]
    answers = await hand_in(members, "Bob", *handed)
    assert [answer.nonce for answer in answers] == [str(i) for i in range(500)]
    assert [answer.outcome for answer in answers] == [
        "unknown_code" if i % 2 == 0 else "flattred" if i < 6 else "already_flattred"
        for i in range(500)
    ]
    assert len(await rows("SELECT * FROM flattrs")) == 3
    assert len(await rows("SELECT * FROM nonces")) == 500
    assert await hand_in(members, "Bob", *handed) == answers


async def test_strange_payloads_are_unknown_codes_and_harm_nobody(members: Cast) -> None:
    for i, payload in enumerate(("", "\0", "\ud800", "a" * 100_000, "http://", "🎨", "'; --")):
        answer = await scan(members, "Bob", payload, nonce=f"{i}")
        assert (answer.outcome, answer.payload) == ("unknown_code", payload)


async def test_a_scan_counts_when_it_was_made_if_that_can_be_believed(members: Cast) -> None:
    members.now = day(20)
    payload = await members.payload("Alice", "Lighthouse")
    await members.member("Bob")
    members.now = day(2, 12)
    for at, month in (
        (None, 202612),
        (day(30), 202611),
        (day(1, 12), 202612),
        (members.now + timedelta(minutes=5), 202612),
        (members.now + timedelta(minutes=6), 202612),
        (members.now - timedelta(days=35, seconds=1), 202612),
        (members.now - timedelta(days=34), 202610),
    ):
        answer = await scan(members, "Bob", payload, nonce=f"{at}", at=at)
        assert answer.month == month, at


async def test_a_scan_of_a_closed_month_counts_in_the_running_one(
    house: House, members: Cast
) -> None:
    payload = await members.payload("Alice", "Lighthouse")
    await members.member("Bob")
    members.now = day(4, 12)
    ended = await scan(members, "Bob", payload, nonce="a", at=day(30))
    assert ended.month == 202611
    await settlement.settle(house, Month(202611), now=members.now)
    closed = await scan(members, "Bob", payload, nonce="b", at=day(30))
    assert (closed.outcome, closed.month) == ("flattred", 202612)
    older = await scan(members, "Bob", payload, nonce="c", at=day(31, 10))
    assert (older.outcome, older.month) == ("already_flattred", 202612)
    assert await scan(members, "Bob", payload, nonce="a", at=day(30)) == ended


async def test_hours_count_when_the_scan_was_made(house: House, members: Cast) -> None:
    thing = await members.thing("Alice", "Concert")
    placement = await placements.make(
        house,
        thing.maker_id,
        thing.id,
        name="",
        opens_at=day(20),
        closes_at=day(21),
        mask=3,
        now=day(19),
    )
    code = placement.code.text
    assert (await scan(members, "Bob", code, nonce="a")).outcome == "not_open"
    assert (await scan(members, "Bob", code, nonce="b", at=day(20))).outcome == "flattred"
    ahead = members.now + timedelta(days=1)
    assert (await scan(members, "Bob", code, nonce="c", at=ahead)).outcome == "not_open"


async def test_a_flattr_is_funded_while_there_is_a_budget_and_something_to_give(
    house: House, members: Cast
) -> None:
    payload = await members.payload("Alice", "Lighthouse")

    async def funded(nonce: str) -> bool | None:
        return (await scan(members, "Bob", payload, nonce=nonce)).funded

    assert await funded("a") is False
    bob = await members.funds("Bob", euros=20)
    assert await funded("b") is False
    await wallet.set_budget(house, bob.id, 5 * EURO, now=members.now)
    assert await funded("c") is True
    await wallet.set_budget(house, bob.id, None, now=members.now)
    assert await funded("d") is False


async def test_while_an_ended_month_waits_its_pot_is_not_there_to_give(
    house: House, members: Cast
) -> None:
    one, other = [await members.payload("Alice", title) for title in ("One", "Other")]
    bob = await members.funds("Bob", euros=10, budget=9)  # all of it
    await members.funds("Charlie", euros=20, budget=9)  # half of it
    await members.funds("Dora", euros=10, budget=9)  # nothing given in November
    await scan(members, "Bob", one, nonce="a")
    await scan(members, "Charlie", one, nonce="a")
    members.now = day(2, 12)
    for name, running in (("Bob", False), ("Charlie", True), ("Dora", True)):
        assert (await scan(members, name, other, nonce="b")).funded is running
        late = await scan(members, name, other, nonce="c", at=day(29))
        assert (late.month, late.funded) == (202611, True)
    await members.funds("Bob", euros=10)
    assert (await scan(members, "Bob", other, nonce="d")).funded is True
    await wallet.set_budget(house, bob.id, None, now=members.now)
    assert (await scan(members, "Bob", other, nonce="e", at=day(29))).funded is True
    assert (await scan(members, "Bob", other, nonce="f")).funded is False


async def test_nothing_is_funded_in_a_month_before_the_houses_first(members: Cast) -> None:
    payload = await members.payload("Alice", "Lighthouse")
    await members.funds("Bob", euros=20, budget=5)
    answer = await scan(members, "Bob", payload, at=day(31, 10))
    assert (answer.month, answer.funded) == (202610, False)
    assert (await scan(members, "Bob", payload, nonce="now")).funded is True


async def test_a_token_gives_if_it_may(house: House, members: Cast, rows: Rows) -> None:
    payload = await members.payload("Alice", "Lighthouse")
    bob = await members.member("Bob")

    async def record(token: str) -> str:
        recorded = await scans.record(
            house,
            giver=Giver(token=token),
            scans=[Scan(payload=payload, nonce=token[:8])],
            now=members.now,
        )
        return recorded.outcomes[0].outcome

    good = await tokens.issue(house, bob.id, name="a", scopes=["flattr"], now=members.now)
    weak = await tokens.issue(house, bob.id, name="b", scopes=["thing", "wallet"], now=members.now)
    # All at once, so that they share a transaction and harm each other not.
    ends = await asyncio.gather(
        *map(record, (good.token, weak.token, "made up", "\ud800")), return_exceptions=True
    )
    assert ends[0] == "flattred"
    assert [type(end) for end in ends[1:]] == [ScopeMissing, TokenRefused, TokenRefused]
    await tokens.revoke(house, bob.id, good.token_id)
    with pytest.raises(TokenRefused):
        await record(good.token)
    with pytest.raises(TokenRefused):
        await scans.record(
            house,
            giver=Giver(member_id=bob.id + 1000),
            scans=[Scan(payload=payload, nonce="n")],
            now=members.now,
        )
    assert len(await rows("SELECT * FROM flattrs")) == 1


async def test_an_unknown_pocket_records_nothing(house: House, members: Cast, rows: Rows) -> None:
    payload = await members.payload("Alice", "Lighthouse")
    with pytest.raises(Invalid) as refused:
        await scans.record(
            house,
            giver=Giver(pocket="bada-bada-bada-bada"),
            scans=[Scan(payload=payload, nonce="n")],
            now=members.now,
        )
    assert refused.value.field == "pocket"
    assert await rows("SELECT * FROM pocket_scans") == []


@pytest.mark.long
async def test_scans_in_any_order_and_split_anywhere_come_to_the_same(
    members: Cast, rows: Rows
) -> None:
    payloads = [await members.payload("Alice", f"Work {i}") for i in range(4)]
    await members.member("Bob")
    members.now = day(2, 12)
    choices = [None, day(29), day(30), day(1, 12)]
    handed = [
        Scan(
            payload=payloads[i % 4] if i % 5 else "bad", nonce=f"{i}", scanned_at=choices[i * 7 % 4]
        )
        for i in range(24)
    ]
    states = set()
    for seed in range(200 if os.environ.get("IRL_LONG") else 6):
        chance = random.Random(seed)
        mixed = handed + chance.sample(handed, 8)
        chance.shuffle(mixed)
        name = f"Giver{seed}"
        while mixed:
            size = chance.randint(1, len(mixed))
            await hand_in(members, name, *mixed[:size])
            mixed = mixed[size:]
        giver = members.joined[name].id
        states.add(
            str(
                await rows(
                    f"SELECT month, thing_id FROM flattrs WHERE member_id = {giver}"
                    " ORDER BY month, thing_id"
                )
            )
        )
    assert len(states) == 1


async def test_scans_of_many_at_once_on_two_workers_are_each_answered_and_counted(
    house: House, members: Cast, rows: Rows
) -> None:
    payloads = [await members.payload("Alice", f"Work {i}") for i in range(4)]
    givers = [await members.member(f"Giver{i}") for i in range(5)]
    async with Database.open(house.settings.database_url) as other:
        houses = [house, dataclasses.replace(house, db=other)]
        answers = await asyncio.gather(
            *(
                scans.record(
                    houses[(i + j) % 2],
                    giver=Giver(member_id=giver.id),
                    scans=[Scan(payload=payload, nonce=f"{repeat}{j}")],
                    now=members.now,
                )
                for i, giver in enumerate(givers)
                for j, payload in enumerate(payloads)
                for repeat in ("a", "b", "a")
            )
        )
    outcomes = [answer.outcomes[0].outcome for answer in answers]
    assert set(outcomes) == {"flattred", "already_flattred"}
    assert len(await rows("SELECT * FROM flattrs")) == 20
    counted = await rows("SELECT * FROM placement_months")
    assert [row["flattrs"] for row in counted] == [5] * 4
    assert len(await rows("SELECT * FROM nonces")) == 40


async def test_nonces_are_forgotten_after_their_days_and_not_before(
    house: House, members: Cast
) -> None:
    payload = await members.payload("Alice", "Lighthouse")
    first = await scan(members, "Bob", payload)
    for days, outcome in ((69, "flattred"), (71, "already_flattred")):
        await scans.forget_old(house, now=members.now + timedelta(days=days))
        again = await scan(members, "Bob", payload)
        assert again.outcome == outcome
        assert again.flattr_id == first.flattr_id


async def test_the_code_of_a_deleted_thing_still_tells_whose_it_was(
    house: House, members: Cast
) -> None:
    thing = await members.thing("Alice", "Lighthouse")
    code = (await members.placement(thing)).code.text
    await things.delete(house, thing.maker_id, thing.id, now=members.now)
    answer = await scan(members, "Bob", code)
    assert answer.outcome == "revoked_code"
    assert answer.thing is not None
    assert answer.thing.id == thing.id
