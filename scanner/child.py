"""One worker as its pool sees it: a process to ask, and to kill when it does not answer."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, cast

from scanner import wire
from scanner.drawn import Picture
from scanner.sighting import Look, Sighting
from scanner.wire import BadAnswer, Hello

_ROOT: Final = Path(__file__).resolve().parent.parent

# An isolated interpreter looks for no module in the working directory, so it is told where we are.
_PROGRAM: Final = """\
import sys
sys.path.insert(0, sys.argv[1])
from scanner.worker import main
main(int(sys.argv[2]))
"""


class WorkerGone(Exception):  # it says what happened, and is never seen outside
    """The worker died instead of answering."""


def command() -> tuple[str, ...]:
    """How a worker is started: isolated, writing no byte code."""
    return (sys.executable, "-I", "-B", "-c", _PROGRAM, str(_ROOT), str(os.getpid()))


def environment() -> dict[str, str]:
    """Nothing of ours, so no secrets: only one thread for linear algebra, which costs memory."""
    one_thread = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    core = os.environ.get("OPENBLAS_CORETYPE")
    return one_thread | ({"OPENBLAS_CORETYPE": core} if core else {})


class Child(asyncio.SubprocessProtocol):
    """A worker process, from its start to its end. One question at a time.

    `when_gone` is called once, with this child, when the process has ended for whatever reason.
    """

    def __init__(self, when_gone: Callable[["Child"], None]) -> None:
        self.asked = 0
        self.hello: Hello | None = None
        self._when_gone = when_gone
        self._transport: asyncio.SubprocessTransport | None = None
        self._heard = bytearray()
        self._answer: asyncio.Future[bytes] | None = None
        self._ended = asyncio.Event()

    @classmethod
    async def start(
        cls, program: Sequence[str], when_gone: Callable[["Child"], None], *, within_s: float
    ) -> "Child":
        """Start a worker and hear its first words.

        Raises:
            WorkerGone, BadAnswer, TimeoutError, OSError: it does not start.
        """
        child = cls(when_gone)
        child._answer = asyncio.get_running_loop().create_future()
        await asyncio.get_running_loop().subprocess_exec(
            lambda: child,
            *program,
            stderr=asyncio.subprocess.DEVNULL,
            cwd="/",
            env=environment(),
            # A Ctrl-C in the terminal is for the server, which then closes its workers in order.
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(within_s):
                child.hello = wire.hear_hello(await child._hear())
        except BaseException:
            await child.end()
            raise
        return child

    @property
    def pid(self) -> int | None:
        """The process id."""
        return self._transport.get_pid() if self._transport else None

    def is_alive(self) -> bool:
        """Whether the process still runs; the event loop hears of its end some time later."""
        if self.pid is None or self._ended.is_set():
            return False
        if sys.platform != "linux":
            return True
        try:
            # Only a look: its end is for the event loop's own watcher to take.
            ended = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return False
        return ended is None

    async def ask(self, photo: bytes, look: Look) -> tuple[Sighting, ...]:
        """Hand in a photo and wait for what the worker says.

        Raises:
            PhotoRefused, PhotoTooHard: the worker says so.
            WorkerGone, BadAnswer: the worker is of no use any more.
        """
        return wire.hear_answer(await self._answered(photo, look))

    async def draw(self, photo: bytes) -> Picture:
        """Hand in a photo to be drawn anew, and wait for it.

        Raises:
            PhotoRefused, PhotoTooHard, WorkerGone, BadAnswer: as `ask`.
        """
        return wire.hear_picture(await self._answered(photo, wire.DRAW))

    async def _answered(self, photo: bytes, asked: int) -> bytes:
        if self._ended.is_set() or self._transport is None:
            raise WorkerGone
        self.asked += 1
        self._answer = asyncio.get_running_loop().create_future()
        stdin = cast("asyncio.WriteTransport", self._transport.get_pipe_transport(0))
        try:
            stdin.write(wire.photo_head(photo, asked))
            stdin.write(photo)  # apart, since putting them together would copy megabytes
        except RuntimeError:
            # So uvloop calls a pipe that it has closed, some steps before it tells of the end.
            raise WorkerGone from None
        return await self._hear()

    def kill(self) -> None:
        """End the process at once, by SIGKILL."""
        # Not by the transport: before it signals, it would take the exit status away from the
        # event loop's own watcher.
        if self.pid is not None and not self._ended.is_set():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    async def end(self) -> None:
        """Kill the process, wait until it is gone, and close its pipes."""
        self.kill()
        if self._transport is not None:
            await self._ended.wait()
            self._transport.close()

    async def _hear(self) -> bytes:
        assert self._answer is not None
        try:
            return await self._answer
        finally:
            self._answer = None

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the process."""
        self._transport = cast("asyncio.SubprocessTransport", transport)

    def pipe_data_received(self, fd: int, data: bytes) -> None:  # noqa: ARG002  # only one is read
        """Collect what the worker says until the answer is whole."""
        if self._answer is None or self._answer.done():
            self.kill()  # Nobody asked.
            return
        self._heard += data
        if len(self._heard) < wire.LENGTH_BYTES:
            return
        end = wire.LENGTH_BYTES + int.from_bytes(self._heard[: wire.LENGTH_BYTES])
        if end > wire.LENGTH_BYTES + wire.MAX_ANSWER_BYTES or len(self._heard) > end:
            self._fail(BadAnswer())
            self.kill()
        elif len(self._heard) == end:
            self._answer.set_result(bytes(self._heard[wire.LENGTH_BYTES :]))
            self._heard.clear()

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:  # noqa: ARG002
        """Take a worker that closes an end of the conversation for one that has given up."""
        self.kill()
        self._give_up()

    def process_exited(self) -> None:
        """Tell those who wait."""
        self._ended.set()
        self._give_up()
        self._when_gone(self)

    def _give_up(self) -> None:
        if self._answer is not None and not self._answer.done():
            self._fail(WorkerGone())

    def _fail(self, error: Exception) -> None:
        assert self._answer is not None
        self._answer.set_exception(error)
        self._answer.exception()  # Who waited may have been cancelled; nobody is told then.
