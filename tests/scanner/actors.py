"""Workers that misbehave on purpose, and what the tests of the pool need to watch them."""

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

from scanner import Pool
from tests.scanner.pictures import encoded, symbol

PHOTO = encoded(symbol())

# A worker that says hello and then answers each photo by what is written for it.
ACTOR = """
import json, os, sys, time
def say(body):
    os.write(1, len(body).to_bytes(4) + body)
def hear():
    size = int.from_bytes(sys.stdin.buffer.read(4))
    return sys.stdin.buffer.read(size) if size else sys.exit()
say(json.dumps({"decoders": {"fake": True}, "sandbox": {}}).encode())
while True:
    photo = hear()
    {act}
"""
GOOD = "say(b'{\"sightings\":[]}')"


def actor(act: str) -> tuple[str, ...]:
    return (sys.executable, "-I", "-S", "-c", ACTOR.replace("{act}", act))


def play(story: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(story(), timeout=110))


def patient(workers: int, *, program: Sequence[str] | None = None, photos_each: int = 1000) -> Pool:
    """A pool whose deadlines no busy machine reaches, for tests that are about something else."""
    return Pool(
        workers,
        program=program,
        photos_each=photos_each,
        deadline_s=50,
        frame_deadline_s=50,
        max_wait_s=50,
    )


def pids(pool: Pool) -> set[int]:
    return {child.pid for child in (*pool._idle, *pool._busy) if child.pid is not None}


def alive(pid: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


def open_files() -> int:
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.exists() else 0


async def until(fact: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not fact():  # noqa: ASYNC110  # the facts are of processes, which set no event
            await asyncio.sleep(0.01)
