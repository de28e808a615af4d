"""Nothing that is sent as a photo knocks the service over, and nobody beside it waits for it."""

from __future__ import annotations

import asyncio
import logging
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import httpx2
import pytest

from scanner import PhotoRefused, PhotoTooHard, Pool, ScannerBusy, guards
from scanner.child import command
from scanner.headers import Header
from scanner.pool import PHOTOS_EACH
from tests.scanner.actors import alive, open_files, pids, until
from tests.service import Service, running
from tests.trials.conftest import Trial
from tests.trials.siege import (
    Siege,
    Told,
    Vitals,
    good_photos,
    hostile_beside,
    hostile_made,
    mutant,
    outcome,
    vitals,
)
from tests.trials.street import LONG, Street

pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(600 if LONG else 120),
    pytest.mark.skipif(sys.platform != "linux", reason="processes are watched by /proc"),
]

SAMPLE = 60
"""Hostile files beside the project that an ordinary run takes; the long one takes all."""
MUTANTS, MUTANT_PARTS = (1000, 10) if LONG else (300, 1)
KILLS, KILL_PARTS = (100, 10) if LONG else (20, 1)
GROWN_MB = 50

ANSWERED_S = 4 if LONG else 30
"""What the house promises; an ordinary run only sees that nothing hangs, on whatever machine."""
P99_MS = 300
"""The same for scans by code beside the photos; asserted in a long run only."""

# A worker without the guards: whatever comes is opened, as what it looks like.
UNGUARDED = """\
import sys
sys.path.insert(0, sys.argv[1])
from scanner import guards
from scanner.headers import Header
def inspect(photo):
    kind = "heic" if photo[4:8] == b"ftyp" else "png"
    return Header(kind=kind, width=64, height=64)
guards.inspect = inspect
from scanner.worker import main
main(int(sys.argv[2]))
"""


def _hostile() -> list[bytes]:
    beside = hostile_beside()
    if not LONG and beside:
        beside = random.Random(1).sample(beside, SAMPLE)
    return [*hostile_made(), *(path.read_bytes() for path in beside)]


def _log(name: str, text: str, *figures: object) -> None:
    logging.getLogger(name).warning(text, *figures)


# --- through the service -------------------------------------------------------------------------


def test_hostile_files_are_answered_and_leave_nothing_behind(
    filled_sqlite: Trial, tmp_path: Path
) -> None:
    _besieged(filled_sqlite, tmp_path, _hostile())


@pytest.mark.parametrize("part", range(MUTANT_PARTS))
def test_mutants_of_good_photos_are_answered_and_leave_nothing_behind(
    filled_sqlite: Trial, tmp_path: Path, part: int
) -> None:
    photos = good_photos()
    numbers = range(part * MUTANTS, (part + 1) * MUTANTS)
    _besieged(filled_sqlite, tmp_path, [mutant(number, photos) for number in numbers])


def _besieged(trial: Trial, folder: Path, files: list[bytes]) -> None:
    """Send these files to the service; it must answer all, and be afterwards as it was before."""
    with running(folder, trial.fresh()) as service:
        assert service.process is not None
        # Whatever is opened and kept once, by the same load, is there before it is counted.
        _lay(service, trial.street, good_photos() * 5)
        before = _settled(service, None)
        restarts = _workers(service)["restarts"]
        told = _lay(service, trial.street, files)
        after = _settled(service, before)
        restarts = _workers(service)["restarts"] - restarts
        grown = after.memory_mb - before.memory_mb
        _log(
            "siege",
            "%d files: %s; %d restarts of workers, slowest %.2f s, %+.1f MB;"
            " %d scans beside, p99 %.0f ms",
            *(len(files), dict(told.photos), restarts, told.slowest_s, grown),
            *(len(told.scans_ms), told.p99_ms()),
        )
        assert service.process.poll() is None
        assert told.photos.total() == len(files)
        assert told.slowest_s <= ANSWERED_S
        assert restarts <= told.photos["photo-too-hard"] + len(files) // PHOTOS_EACH + 1
        assert grown < GROWN_MB
        assert told.p99_ms() <= P99_MS or not LONG
        assert len(after.children) == _workers(service)["workers"] + 1
    assert not any(alive(pid) for pid in before.children | after.children)


def _lay(service: Service, street: Street, files: Iterable[bytes]) -> Told:
    return asyncio.run(Siege(service, street).lay(files))


def _workers(service: Service) -> dict[str, int]:
    health = httpx2.get(f"{service.url}/healthz", timeout=20)  # 503 where none is ready just now
    workers: dict[str, int] = health.json()["workers"]
    return workers


def _settled(service: Service, before: Vitals | None) -> Vitals:
    """Wait until all workers are there, and no more is open than before; give what is held."""
    assert service.process is not None
    pid, end = service.process.pid, time.monotonic() + 40
    while True:
        workers = _workers(service)
        held = vitals(pid)
        is_whole = workers["ready"] == len(held.children) == workers["workers"] + 1
        if is_whole and (before is None or len(held.open_files) <= len(before.open_files)):
            return held
        assert time.monotonic() < end, (workers, held, before)
        time.sleep(0.1)


@pytest.mark.parametrize("part", range(KILL_PARTS))
def test_workers_killed_at_any_moment_cost_no_more_than_their_photo(
    filled_sqlite: Trial, tmp_path: Path, part: int
) -> None:
    with running(tmp_path, filled_sqlite.fresh()) as service:
        told, killed = asyncio.run(_killed_again_and_again(service, filled_sqlite.street, part))
        _settled(service, None)
        _log("siege", "%d workers killed, photos: %s", killed, dict(told))
        assert set(told) <= {"foreign_code", "photo-too-hard", "scanner-busy"}
        assert told["photo-too-hard"] <= killed
        assert told["foreign_code"] > 0
        assert service.process is not None
        assert service.process.poll() is None


async def _killed_again_and_again(
    service: Service, street: Street, part: int
) -> tuple[Counter[str], int]:
    """Send good photos, and kill a worker now and then; the answers, and how many were killed."""
    assert service.process is not None
    chance = random.Random(f"kill {part}")
    photo, told = good_photos()[1], Counter[str]()
    stopped, was_read = asyncio.Event(), asyncio.Event()
    headers = {"Authorization": f"Bearer {street.givers[0].token}"}

    async def send(web: httpx2.AsyncClient) -> None:
        while not stopped.is_set():
            answer = await web.post("/api/v1/scans", files={"photo": ("a.jpg", photo)})
            told[outcome(answer)] += 1
            if answer.status_code == 200:
                was_read.set()

    killed = 0
    async with (
        httpx2.AsyncClient(base_url=service.url, headers=headers, timeout=60) as web,
        asyncio.TaskGroup() as senders,
    ):
        for _ in range(3):
            senders.create_task(send(web))
        while killed < KILLS:
            # While photos are read, or the next kills would only meet workers that start.
            was_read.clear()
            await was_read.wait()
            await asyncio.sleep(chance.uniform(0, 0.05))
            children = sorted(vitals(service.process.pid).children)
            for pid in chance.sample(children, min(len(children), chance.randint(1, 2))):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    killed += 1
        stopped.set()
    return told, killed


# --- straight to the workers ---------------------------------------------------------------------


def test_without_guards_workers_may_die_and_the_pool_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(guards, "inspect", lambda _: Header(kind="png", width=64, height=64))
    files = [file for file in _hostile() if file]
    told, restarts = asyncio.run(_unguarded(files))
    _log("siege", "%d files without guards: %s; %d restarts", len(files), dict(told), restarts)
    assert told.total() == len(files)
    assert restarts <= told["PhotoTooHard"] + len(files) // PHOTOS_EACH + 1


async def _unguarded(files: list[bytes]) -> tuple[Counter[str], int]:
    executable, *options, _, root, parent = command()
    program = (executable, *options, UNGUARDED, root, parent)
    told, waiting, before = Counter[str](), iter(files), open_files()
    async with Pool(2, program=program, max_wait_s=30) as pool:
        at_start = open_files()

        async def send() -> None:
            for file in waiting:
                try:
                    told["read" if await pool.read(file) else "nothing"] += 1
                except (PhotoRefused, PhotoTooHard, ScannerBusy) as error:
                    told[type(error).__name__] += 1

        async with asyncio.TaskGroup() as senders:
            for _ in range(4):
                senders.create_task(send())
        await until(lambda: pool.health()["ready"] == 3)
        await until(lambda: open_files() <= at_start)
        known = pids(pool)
        assert len(known) == 3
        assert await pool.read(good_photos()[0])
        restarts = pool.health()["restarts"]
    assert not any(alive(pid) for pid in known)
    await until(lambda: open_files() <= before)
    return told, restarts
