"""How a fake provider tells the house something: again and again until it answers 2xx."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx2

AGAIN_S = 0.3
MOST_TRIES = 400


@dataclass
class Told:
    """One piece of news; it is signed anew each time that it is sent."""

    url: str
    sign: Callable[[], tuple[dict[str, str], bytes]]
    answers: list[int] = field(default_factory=list)

    @property
    def is_heard(self) -> bool:
        return bool(self.answers) and 200 <= self.answers[-1] < 300


@dataclass
class Posting:
    """Tells in the background; `held` keeps everything back until it is released.

    `quiet` keeps it for ever: a test takes from `told` what it wants to be told.
    """

    held: bool = False
    quiet: bool = False
    told: list[Told] = field(default_factory=list)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def tell(self, told: Told) -> None:
        self.told.append(told)
        if self.quiet:
            return
        task = asyncio.get_running_loop().create_task(self._until_heard(told))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def once(self, told: Told) -> int:
        """Tell once; give the status, or 0 when there is no answer."""
        headers, body = told.sign()
        try:
            async with httpx2.AsyncClient(timeout=10, trust_env=False) as web:
                told.answers.append(
                    (await web.post(told.url, headers=headers, content=body)).status_code
                )
        except httpx2.HTTPError:
            told.answers.append(0)
        return told.answers[-1]

    async def close(self) -> None:
        for task in tuple(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def _until_heard(self, told: Told) -> None:
        for _ in range(MOST_TRIES):
            if not self.held and 200 <= await self.once(told) < 300:
                return
            await asyncio.sleep(AGAIN_S)
