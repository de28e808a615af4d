"""The lock between processes: one at a time, nobody starved, gone with its holder."""

from __future__ import annotations

import asyncio
import fcntl
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from irl.filelock import FileLock

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[2]

HOLDER = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from irl.filelock import FileLock

    with FileLock.held(Path(sys.argv[1])):
        print("held", flush=True)
        sys.stdin.read()
    """
)

GREEDY = textwrap.dedent(
    """
    import asyncio, sys
    from pathlib import Path
    from irl.filelock import FileLock

    async def main() -> None:
        lock = FileLock(Path(sys.argv[1]))
        print("begun", flush=True)
        while True:  # comes back at once, again and again
            await lock.acquire()
            await asyncio.sleep(0.002)
            lock.release()

    asyncio.run(main())
    """
)


@contextmanager
def another(program: str, path: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    with process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield process
        finally:
            process.kill()


def is_free(path: Path) -> bool:
    file = os.open(path, os.O_RDWR)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(file)
    return True


async def test_one_holds_it_at_a_time(tmp_path: Path) -> None:
    locks = [FileLock(tmp_path / "lock") for _ in range(3)]
    inside = 0

    async def enter(lock: FileLock) -> None:
        nonlocal inside
        for _ in range(20):
            await lock.acquire()
            inside += 1
            assert inside == 1
            await asyncio.sleep(0)
            inside -= 1
            lock.release()

    await asyncio.gather(*(enter(lock) for lock in locks for _ in range(2)))
    for lock in locks:
        lock.close()
        lock.close()
    assert is_free(tmp_path / "lock")


async def test_who_holds_it_in_another_process_is_waited_for(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock")
    with another(HOLDER, tmp_path / "lock") as holder:
        waiting = asyncio.create_task(lock.acquire())
        await asyncio.sleep(0.05)
        assert not waiting.done()
        holder.communicate()
        await asyncio.wait_for(waiting, 5)
    assert not is_free(tmp_path / "lock")
    lock.release()
    assert is_free(tmp_path / "lock")
    lock.close()


async def test_it_goes_with_a_process_that_is_killed(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock")
    with another(HOLDER, tmp_path / "lock") as holder:
        holder.kill()
        holder.wait()
        await asyncio.wait_for(lock.acquire(), 5)
    lock.close()


async def test_a_busy_process_starves_nobody(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock")
    with another(GREEDY, tmp_path / "lock"):
        for _ in range(20):
            await asyncio.wait_for(lock.acquire(), 2)
            lock.release()
    lock.close()


async def test_who_gives_up_waiting_leaves_it_free_for_others(tmp_path: Path) -> None:
    lock, other = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    await other.acquire()
    waiting = asyncio.create_task(lock.acquire())
    await asyncio.sleep(0.02)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    other.release()
    for _ in range(2):
        for one in (other, lock):
            await asyncio.wait_for(one.acquire(), 5)
            one.release()
    assert is_free(tmp_path / "lock")
    assert is_free(tmp_path / "lock.next")
    lock.close()
    other.close()


async def test_a_lock_that_was_closed_is_not_taken(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock")
    lock.close()
    with pytest.raises(OSError, match="Bad file"):
        await lock.acquire()


def test_a_plain_program_holds_it_for_a_while(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "lock"
    with FileLock.held(path):
        assert not is_free(path)
    assert is_free(path)
