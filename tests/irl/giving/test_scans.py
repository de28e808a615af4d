from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from irl.giving import scans
from irl.house import House
from tests.cast import Cast

pytestmark = pytest.mark.anyio


async def test_a_scan_of_somebody_elses_thing_is_a_flattr(house: House, members: Cast) -> None:
    payload = await members.payload("Alice", "Lighthouse")
    [answer] = await members.scan("Bob", payload)
    assert answer.outcome == "flattred"
    assert answer.thing is not None
    assert answer.thing.title == "Lighthouse"
    assert answer.thing.maker == "Alice"
    assert answer.month == 202611
    assert answer.funded is False


async def test_a_second_scan_of_a_thing_in_a_month_is_the_same_flattr(members: Cast) -> None:
    payload = await members.payload("Alice", "Lighthouse")
    [first] = await members.scan("Bob", payload, nonce="a")
    [second] = await members.scan("Bob", payload, nonce="b")
    assert (first.outcome, second.outcome) == ("flattred", "already_flattred")
    assert first.flattr_id == second.flattr_id


async def test_fifty_identical_scans_at_once_are_one_flattr_and_fifty_equal_answers(
    house: House, members: Cast
) -> None:
    payload = await members.payload("Alice", "Lighthouse")
    bob = await members.member("Bob")
    scan = scans.Scan(payload=payload, nonce="the same")
    giver = scans.Giver(member_id=bob.id)
    answers = await asyncio.gather(
        *(scans.record(house, giver=giver, scans=[scan], now=members.now) for _ in range(50))
    )
    assert len(set(answers)) == 1
    assert answers[0].outcomes[0].outcome == "flattred"


async def test_nonces_are_forgotten_after_their_days_and_not_before(
    house: House, members: Cast
) -> None:
    payload = await members.payload("Alice", "Lighthouse")
    bob = await members.member("Bob")
    scan = scans.Scan(payload=payload, nonce="an old one")
    giver = scans.Giver(member_id=bob.id)
    first = await scans.record(house, giver=giver, scans=[scan], now=members.now)
    for days, outcome in ((69, "flattred"), (71, "already_flattred")):
        await scans.forget_old(house, now=members.now + timedelta(days=days))
        again = await scans.record(house, giver=giver, scans=[scan], now=members.now)
        assert again.outcomes[0].outcome == outcome
        assert again.outcomes[0].flattr_id == first.outcomes[0].flattr_id
