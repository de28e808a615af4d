"""The server is killed under load, again and again; what it acknowledged is there, once."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from pathlib import Path

import pytest

from tests.service import Service, running
from tests.trials.conftest import Trial
from tests.trials.street import LONG, App, apps, assert_kept, in_house

pytestmark = pytest.mark.long

PARTS, RESTARTS = (4, 25) if LONG else (1, 5)
"""On each engine so many trials, each with so many restarts."""

READY_S = 20
"""Far above the second or two that it takes, since the machine may be busy with other tests."""


@pytest.mark.timeout(600 if LONG else 120)
@pytest.mark.parametrize("part", range(PARTS))
def test_a_killed_server_has_lost_and_doubled_nothing(
    trial: Trial, tmp_path: Path, part: int
) -> None:
    url = trial.fresh()
    used = apps(trial.street, seed=part)
    with running(tmp_path, url) as service:
        ready = asyncio.run(_killed_again_and_again(service, used, seed=part))
        asyncio.run(_sent_again(service, used))
    in_house(url, lambda house: assert_kept(house, trial.street, used))
    acknowledged = sum(len(app.answers) for app in used)
    assert acknowledged > 20 * RESTARTS
    assert sum(app.sent_again for app in used) > 0, "no kill met a request"
    assert max(ready) < READY_S
    told = "%d acknowledged, %d restarts, ready after %.1f s at most"
    logging.getLogger(__name__).info(told, acknowledged, RESTARTS, max(ready))


async def _killed_again_and_again(service: Service, used: list[App], *, seed: int) -> list[float]:
    """Kill and start while all scan; give after how many seconds it was ready each time."""
    chance = random.Random(seed)
    stopped = asyncio.Event()
    ready = []
    async with asyncio.TaskGroup() as group:
        for app in used:
            group.create_task(app.run(service.url, stopped))
        for _ in range(RESTARTS):
            await asyncio.sleep(chance.uniform(0.1, 0.6))
            await asyncio.to_thread(service.kill)
            begun = time.monotonic()
            await asyncio.to_thread(service.start)
            ready.append(time.monotonic() - begun)
        stopped.set()
    return ready


async def _sent_again(service: Service, used: list[App]) -> None:
    """Hand in acknowledged scans once more: the app asserts that the answers are the same."""
    for app in used:
        async with app.client(service.url) as web:
            scans = [{"payload": app.sent[nonce], "nonce": nonce} for nonce in app.answers]
            await app.hand_in(web, scans[:500])
