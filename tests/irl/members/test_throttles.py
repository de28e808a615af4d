from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from datetime import timedelta

import pytest

from irl.db import Database
from irl.errors import Throttled
from irl.house import House
from irl.members import throttles
from irl.members.throttles import Limit
from irl.rules import Rules
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
    await throttles.forget_old(house, now=NOW + timedelta(days=1))
    assert len(await rows("SELECT * FROM throttles")) == 1
    await throttles.forget_old(house, now=NOW + timedelta(days=3))
    assert await rows("SELECT * FROM throttles") == []


async def test_several_limits_are_exact_over_several_workers(house: House, rows: Rows) -> None:
    limits = [Limit(name="narrow", most=7), Limit(name="wide", most=50)]
    async with Database.open(house.settings.database_url) as other:
        houses = [house, dataclasses.replace(house, db=other)]
        ends = await asyncio.gather(
            *(throttles.count_all(houses[i % 2], limits[:: (-1) ** i], now=NOW) for i in range(40)),
            return_exceptions=True,
        )
    assert sum(end is None for end in ends) == 7
    assert sum(isinstance(end, Throttled) for end in ends) == 33
    # What one limit refused is not counted under the other.
    counted = await rows("SELECT name, tries FROM throttles ORDER BY name")
    assert counted == [{"name": "narrow", "tries": 7}, {"name": "wide", "tries": 7}]


async def test_a_try_that_was_none_is_given_back(house: House) -> None:
    limit = Limit(name="door", most=1)
    for _ in range(3):
        await throttles.count_all(house, [limit], now=NOW)
        await throttles.give_back(house, limit, now=NOW)
    await throttles.give_back(house, limit, now=NOW)
    await throttles.count_all(house, [limit], now=NOW)
    with pytest.raises(Throttled):
        await throttles.count_all(house, [limit], now=NOW)


@pytest.mark.parametrize(
    ("address", "names"),
    [
        ("192.0.2.7", ["door 192.0.2.7", "door 192.0.2.0/24"]),
        ("::ffff:192.0.2.7", ["door 192.0.2.7", "door 192.0.2.0/24"]),
        ("2001:db8:1:2:3::4", ["door 2001:db8:1:2::/64", "door 2001:db8:1::/48"]),
        ("fe80::1%eth0", ["door fe80::/64", "door fe80::/48"]),
        ("::1", ["door ::/64", "door ::/48"]),
        ("unknown", ["door unknown"]),
    ],
)
def test_who_sends_is_an_address_and_the_network_around_it(address: str, names: list[str]) -> None:
    limits = throttles.of_sender("door", address, most=30, rules=Rules(network_times=4))
    assert [limit.name for limit in limits] == names
    assert [limit.most for limit in limits] == [30, 120][: len(names)]


async def test_a_network_has_more_tries_than_an_address_and_not_endless_ones(house: House) -> None:
    rules = Rules(network_times=2)
    for address in ("192.0.2.1", "192.0.2.2"):
        for _ in range(3):
            limits = throttles.of_sender("door", address, most=3, rules=rules)
            await throttles.count_all(house, limits, now=NOW)
    for address, refused in (("192.0.2.3", True), ("192.0.3.3", False)):
        limits = throttles.of_sender("door", address, most=3, rules=rules)
        with pytest.raises(Throttled) if refused else contextlib.nullcontext():
            await throttles.count_all(house, limits, now=NOW)
