"""Two processes want the same revenue, and many the same invitation: exactly one has it."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

import pytest

from irl import settlement
from irl.giving import pockets
from irl.house import House
from irl.members import invitations, joining
from irl.money import payout_addresses, payouts, revenue
from irl.month import Month
from irl.rules import EURO
from irl.settlement import audit
from tests.cast import PASSWORD, Cast, link_to
from tests.conftest import NOW
from tests.trials.racers import racers
from tests.trials.street import LONG, in_house, read

PAYDAY = datetime.fromisoformat("2026-12-24T12:00:00Z")
PARTS, RACES = (10, 100) if LONG else (1, 12)
"""On each engine so many trials, each with so many races: a thousand when they are long."""


async def ask(house: House, member_id: int) -> str:
    """Ask for all that there is."""
    asked = await payouts.ask(house, member_id, amount_micros=None, now=PAYDAY)
    return asked.id


async def verify(house: House, tokens: list[str]) -> int:
    """Follow many links at once; give how many made a member."""
    ends = await asyncio.gather(
        *(pockets.verify(house, token, now=NOW) for token in tokens), return_exceptions=True
    )
    return sum(not isinstance(end, BaseException) for end in ends)


async def _received(house: House) -> int:
    """Let Alice receive 18 EUR; give her number."""
    cast = Cast(house, NOW)
    await cast.funds("Bob", euros=20, budget=20)
    await cast.scan("Bob", await cast.payload("Alice", "Work"))
    cast.later(seconds=1)
    await settlement.settle(house, Month(202611), early=True, now=cast.now)
    alice = cast.joined["Alice"]
    await payout_addresses.set_to(
        house,
        alice.id,
        method="sepa",
        holder="Alice",
        address="DE89370400440532013000",
        now=NOW,
    )
    return alice.id


@pytest.mark.long
@pytest.mark.timeout(600 if LONG else 120)
@pytest.mark.parametrize("part", range(PARTS))
def test_of_two_payouts_of_the_same_revenue_exactly_one_is_made(
    database_url: str, part: int
) -> None:
    del part
    member_id = in_house(database_url, _received)

    async def back(house: House) -> None:
        """Undo the payout of the race, after seeing that there is one and that all adds up."""
        [waiting] = [one for one in await payouts.undecided(house) if one.id in found]
        assert waiting.amount_micros == 18 * EURO
        assert (await revenue.of(house, member_id, now=PAYDAY)).revenue_micros == 0
        await payouts.returned(house, waiting.id, why="the next race", now=PAYDAY)

    with racers(database_url, ask, 2) as race:
        for number in range(RACES):
            found = race.run([member_id, member_id])
            assert sum(end is not None for end in found) == 1, (number, found)
            in_house(database_url, back)
    assert in_house(database_url, audit.audit) == []


@pytest.mark.long
@pytest.mark.timeout(300)
def test_of_200_sign_ups_with_one_invitation_exactly_one_is_a_member(database_url: str) -> None:
    count = 200 if LONG else 10

    async def asked(house: House) -> list[str]:
        [invitation] = await invitations.issue(house, 1, now=NOW)
        emails = [f"guest{number}@house.example" for number in range(count)]
        for number, email in enumerate(emails):
            await joining.ask(
                house,
                email=email,
                nickname=f"Guest {number}",
                password=PASSWORD,
                invitation=invitation,
                pocket=None,
                address=f"192.0.2.{number}",
                now=NOW,
            )
        return [await link_to(house, email) for email in emails]

    tokens = in_house(database_url, asked)
    with racers(database_url, verify, 4) as race:
        assert sum(race.run([tokens[place::4] for place in range(4)])) == 1

    async def joined(house: House) -> list[dict[str, Any]]:
        return await read(house, "SELECT id FROM members")

    assert len(in_house(database_url, joined)) == 1
    assert in_house(database_url, audit.audit) == []
