"""Processes that all do the same at the same moment, again and again."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from typing import Any

from irl.errors import IrlError
from irl.house import House, opened
from irl.settings import Settings

WAIT_S = 60
Deed = Callable[[House, Any], Awaitable[Any]]
"""What is done; given what the race is about."""


@dataclass
class Race:
    """Racers that are ready, each with the house open in a process of its own."""

    start: Barrier
    told: list[Queue[Any]]
    results: Queue[Any]

    def run(self, abouts: list[Any]) -> list[Any]:
        """Let each racer do its deed at once; give what each got, errors of the house as None."""
        for queue, about in zip(self.told, abouts, strict=True):
            queue.put(about)
        self.start.wait(WAIT_S)
        found = [self.results.get(timeout=WAIT_S) for _ in abouts]
        for each in found:
            assert not isinstance(each, BaseException), each
        return found


@contextmanager
def racers(url: str, deed: Deed, count: int) -> Iterator[Race]:
    """Start so many processes that do a deed; it must be a function of a module."""
    context = multiprocessing.get_context("spawn")
    race = Race(
        context.Barrier(count + 1), [context.Queue() for _ in range(count)], context.Queue()
    )
    processes = [
        context.Process(target=_race, args=(url, deed, race.start, told, race.results))
        for told in race.told
    ]
    for process in processes:
        process.start()
    try:
        for _ in processes:
            assert race.results.get(timeout=WAIT_S) == "ready"
        yield race
    finally:
        for told in race.told:
            told.put(None)
        for process in processes:
            process.join(WAIT_S)
            process.kill()
            process.close()


def _race(url: str, deed: Deed, start: Barrier, told: Queue[Any], results: Queue[Any]) -> None:
    asyncio.run(_races(url, deed, start, told, results))


async def _races(
    url: str, deed: Deed, start: Barrier, told: Queue[Any], results: Queue[Any]
) -> None:
    async with opened(Settings(database_url=url, sandbox=True)) as house:
        results.put("ready")
        while (about := await asyncio.to_thread(told.get)) is not None:
            start.wait(WAIT_S)
            try:
                results.put(await deed(house, about))
            except IrlError:
                results.put(None)
            except Exception as trouble:  # noqa: BLE001 - the race tells it
                results.put(AssertionError(repr(trouble)))
