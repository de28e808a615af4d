"""What the application opens at its start and closes at its end, typed."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final, Protocol, TypedDict

from starlette.requests import Request as StarletteRequest

import irl.house
from irl.house import House
from irl.settings import Settings
from scanner import Health, Look, Picture, Pool, Sighting

MOST_READERS: Final = 16
"""A worker may take up to 1 GiB, and one event loop can feed hardly more of them."""


def readers(*, servers: int, cores: int) -> int:
    """How many photos are read at the same time in each of several servers on so many cores.

    As many as there are cores, since reading is nothing but computing. At least two, since one
    photo that is hard to read would hold up all others otherwise, longer than they wait.
    """
    return max(2, min(MOST_READERS, math.ceil(cores / servers)))


def cores() -> int:
    """Count the processors that this process may use, which a container may limit."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Tell the time."""
    return datetime.now(UTC)


class Reader(Protocol):
    """What reads and draws photos: the pool of workers, and in tests a reader without processes."""

    async def read(self, photo: bytes, *, look: Look = Look.PHOTO) -> tuple[Sighting, ...]:
        """Read every code in a photo; raises as `scanner.Pool.read`."""

    async def picture(self, photo: bytes) -> Picture:
        """Draw a photo anew; raises as `scanner.Pool.picture`."""

    def health(self) -> Health:
        """Say how it is."""


class State(TypedDict):
    """The state of a running application, in the scope of each request."""

    house: House
    reader: Reader
    clock: Clock


Request = StarletteRequest[State]


@asynccontextmanager
async def opened(
    settings: Settings, *, reader: Reader | None = None, clock: Clock = utc_now
) -> AsyncIterator[State]:
    """Open the house and start the scanner's workers, if there is no other reader; close both.

    Raises:
        SettingsRefused: the rules cannot be read.
        Unavailable: the database cannot be opened.
        ScannerDown: the workers do not start.
    """
    async with irl.house.opened(settings) as house:
        if reader is not None:
            yield State(house=house, reader=reader, clock=clock)
            return
        async with Pool(readers(servers=settings.workers, cores=cores())) as pool:
            yield State(house=house, reader=pool, clock=clock)
