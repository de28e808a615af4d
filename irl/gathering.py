"""Gathering: what many callers want done is handed to one task, all that waits at once.

The longer one round takes, the more wait for the next, so a busy house does more in each round
and not more rounds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

MOST_TOGETHER: Final = 512
"""How many one round takes at the most, so that the first does not wait for the last."""


@dataclass(slots=True, eq=False)
class Waiting:
    """Work that waits: its own, or one item of work that is done for many together."""

    work: Callable[..., Awaitable[Any]]
    item: Any
    together: bool
    answer: asyncio.Future[Any]

    def give(self, result: object) -> None:
        """Answer who waits; a `Failed` is raised there."""
        if self.answer.done():
            return
        if isinstance(result, Failed):
            self.answer.set_exception(result.trouble)
        else:
            self.answer.set_result(result)


@dataclass(frozen=True, slots=True)
class Failed:
    """What went wrong, on its way to who waits."""

    trouble: Exception


@dataclass(frozen=True, slots=True)
class Unit:
    """Waiting work that runs as one: items of the same work, or one work of its own."""

    work: Callable[..., Awaitable[Any]]
    members: list[Waiting]
    together: bool

    async def run(self, *arguments: Any) -> list[Any]:
        """Do the work; give a result for each member."""
        if not self.together:
            return [await self.work(*arguments)]
        results = await self.work(*arguments, [waiting.item for waiting in self.members])
        assert len(results) == len(self.members), "one result an item"
        return list(results)

    def alone(self) -> list[Unit]:
        """Give the same with each member for itself."""
        return [Unit(self.work, [waiting], self.together) for waiting in self.members]


def units(batch: list[Waiting]) -> list[Unit]:
    """Put items of the same work together, in the order in which they came."""
    found: dict[object, Unit] = {}
    for waiting in batch:
        key = waiting.work if waiting.together else waiting
        unit = found.setdefault(key, Unit(waiting.work, [], waiting.together))
        unit.members.append(waiting)
    return list(found.values())


class Gathering:
    """Collects what waits and hands it to `do`, one batch at a time, until stopped.

    Args:
        do: answers every member of a batch; it never raises.
        name: of the task, for people who look at a hanging process.
    """

    def __init__(self, do: Callable[[list[Waiting]], Awaitable[None]], *, name: str) -> None:
        self._do = do
        self._name = name
        self._queue: asyncio.Queue[Waiting | None] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to take work."""
        self._task = asyncio.create_task(self._forever(), name=self._name)

    async def stop(self) -> None:
        """Finish what waits, then end; safe to call twice."""
        if self._task is not None:
            self._queue.put_nowait(None)
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def done(
        self, work: Callable[..., Awaitable[Any]], item: Any = None, *, together: bool
    ) -> Any:
        """Have work done and give its result, or raise what it raised."""
        assert self._task is not None, "the database is not open"
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._queue.put_nowait(Waiting(work, item, together, answer))
        return await answer

    async def _forever(self) -> None:
        while (first := await self._queue.get()) is not None:
            batch = [first]
            while len(batch) < MOST_TOGETHER and not self._queue.empty():
                waiting = self._queue.get_nowait()
                if waiting is None:
                    self._queue.put_nowait(None)
                    break
                batch.append(waiting)
            # What nobody waits for any more is not begun.
            batch = [waiting for waiting in batch if not waiting.answer.done()]
            if batch:
                await self._do(batch)
