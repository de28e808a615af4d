"""A lock between processes beside a file."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


class FileLock:
    """An exclusive lock between processes, by flock(2) on a file of its own.

    A second file is a turnstile: who waits holds it, so a busy process that comes back at once
    queues behind and starves nobody.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        self._file = os.open(path, flags, 0o600)
        self._turnstile = os.open(path.with_name(path.name + ".next"), flags, 0o600)
        self._mine = asyncio.Lock()

    async def acquire(self) -> None:
        """Wait for the lock without holding up the event loop."""
        await self._mine.acquire()
        try:
            if self._taken_at_once():
                return
        except BaseException:
            self.release()
            raise
        taking = asyncio.ensure_future(asyncio.to_thread(self._wait))
        try:
            await asyncio.shield(taking)
        except BaseException:
            # The thread cannot be called off: what it still gets is given back.
            taking.add_done_callback(lambda _: self.release())
            raise

    def _taken_at_once(self) -> bool:
        try:
            fcntl.flock(self._turnstile, fcntl.LOCK_EX | fcntl.LOCK_NB)
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        fcntl.flock(self._turnstile, fcntl.LOCK_UN)
        return True

    def _wait(self) -> None:
        fcntl.flock(self._turnstile, fcntl.LOCK_EX)
        fcntl.flock(self._file, fcntl.LOCK_EX)
        fcntl.flock(self._turnstile, fcntl.LOCK_UN)

    def release(self) -> None:
        """Let the next one in."""
        fcntl.flock(self._file, fcntl.LOCK_UN)
        fcntl.flock(self._turnstile, fcntl.LOCK_UN)
        self._mine.release()

    @classmethod
    @contextmanager
    def held(cls, path: Path) -> Iterator[None]:
        """Hold the lock from code that has no event loop, for instance a migration."""
        lock = cls(path)
        try:
            lock._wait()
            yield
        finally:
            lock.close()

    def close(self) -> None:
        """Close the files; the lock goes with them."""
        for file in (self._file, self._turnstile):
            with suppress(OSError):
                os.close(file)
