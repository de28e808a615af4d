from __future__ import annotations

import asyncio
import dataclasses
from datetime import timedelta

import pytest

from irl.db import Database
from irl.errors import Throttled
from irl.house import House
from irl.members import throttles
from tests.conftest import NOW
from tests.irl.conftest import Rows

pytestmark = pytest.mark.anyio

HOUR = timedelta(hours=1)


async def test_a_throttle_is_exact_over_several_workers(house: House) -> None:
    async with Database.open(house.settings.database_url) as other:
        houses = [house, dataclasses.replace(house, db=other)]
        ends = await asyncio.gather(
            *(
                throttles.count(houses[i % 2], "door", most=17, window=HOUR, now=NOW)
                for i in range(60)
            ),
            return_exceptions=True,
        )
    assert sum(end is None for end in ends) == 17
    assert sum(isinstance(end, Throttled) for end in ends) == 43


async def test_names_and_windows_are_counted_apart(house: House) -> None:
    for moment in (NOW, NOW + HOUR):
        for name in ("one", "other"):
            await throttles.count(house, name, most=1, window=HOUR, now=moment)
    with pytest.raises(Throttled) as refused:
        await throttles.count(house, "one", most=1, window=HOUR, now=NOW + 1.75 * HOUR)
    assert refused.value.retry_after_s == 901


async def test_old_windows_are_forgotten(house: House, rows: Rows) -> None:
    await throttles.count(house, "door", most=1, window=HOUR, now=NOW)
    await throttles.count(house, "door", most=1, window=HOUR, now=NOW + timedelta(days=3))
    assert len(await rows("SELECT * FROM throttles")) == 1
