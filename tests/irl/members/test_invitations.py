"""Invitations: counted by the day on which they were made."""

from __future__ import annotations

from datetime import date

import pytest

from irl.house import House
from irl.members import invitations
from tests.cast import Cast
from tests.irl.conftest import day

pytestmark = pytest.mark.anyio


async def test_invitations_are_counted_by_day_and_by_how_many_are_spent(
    house: House, members: Cast
) -> None:
    assert await invitations.days(house) == ()
    await invitations.issue(house, 3, now=day(21, hour=0))
    await invitations.issue(house, 2, now=day(21, hour=23))
    await members.member("Alice")  # joins on the 23rd, with one made then
    found = [(each.on, each.made, each.spent) for each in await invitations.days(house)]
    assert found == [(date(2026, 11, 23), 1, 1), (date(2026, 11, 21), 5, 0)]
