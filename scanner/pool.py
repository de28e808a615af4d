"""Workers under supervision: a queue with an end, a deadline, a warm spare.

A photo is guarded here, waits its turn, and is handed to one worker. A worker that is late, dies,
talks nonsense or is deserted by a cancelled caller is killed; the spare takes its place at once, and
a new spare is started behind. So a worker in the pool is always in a known state.

Where more photos come than there are workers, the spare reads as well: while one worker waits for
its next megabytes, or is being replaced, another one has the processor.

Frames of a viewfinder are worth nothing a moment later, and another one is behind each. So they
never wait, never take the last worker, and give way to every photo.
"""

import asyncio
import math
from collections import deque
from collections.abc import Coroutine, Sequence
from typing import Any, Final, Self, TypedDict, TypeVar

from scanner import guards
from scanner.child import Child, WorkerGone, command
from scanner.drawn import Picture
from scanner.errors import PhotoRefused, PhotoTooHard, ScannerBusy, ScannerDown
from scanner.sighting import Look, Sighting
from scanner.wire import BadAnswer

A = TypeVar("A")

DEADLINE_S: Final = 2.0
"""Seconds of one photo in a worker, then SIGKILL."""

DRAW_DEADLINE_S: Final = 6.0
"""The same for a picture that is drawn anew: a maker waits for it, and nobody stands in a street."""

FRAME_DEADLINE_S: Final = 1.0
"""The same for a frame, which takes some milliseconds. Not less: a start of a worker costs a busy
machine more than the end of this one spares it."""

GUARDED_HERE_BYTES: Final = 256 * 1024
"""Above this the worker guards a photo alone, as it does with every one first of all: a walk over
12 MiB would hold up the event loop for 10 ms."""

MAX_FRAME_PIXELS: Final = 1280 * 960
"""Four times what a page sends; a frame is looked at in full size."""

MAX_WAITING: Final = 8
"""Photos that wait for a worker; one more is turned away."""

MAX_WAIT_S: Final = 1.5
"""Seconds that a photo waits for a worker."""

START_S: Final = 30.0
"""Seconds that a worker may take to load its libraries; on an idle machine it is half a one."""

PHOTOS_EACH: Final = 1000
"""Photos after which a worker is replaced, whatever leaks."""

RETRY_S: Final = 1.0
"""Pause before another start when a worker did not come up."""


class Health(TypedDict):
    """What a pool says about itself. Decoders and sandbox: what holds in every worker."""

    workers: int
    ready: int
    busy: int
    waiting: int
    restarts: int
    decoders: dict[str, bool]
    sandbox: dict[str, bool]


class Pool:
    """Reads and draws photos in `workers` child processes, and keeps one more warm.

    Args:
        workers: processors that reading may take; of photos one more is in work when others wait.
        deadline_s: seconds that a worker has for one photo.
        frame_deadline_s: the same for a frame.
        draw_deadline_s: the same for a picture that is drawn anew.
        max_waiting: photos that may wait.
        max_wait_s: seconds that they may wait.
        photos_each: photos after which a worker is replaced.
        program: the worker's command line, for tests.
        start_s: seconds that a worker has to start.
    """

    def __init__(
        self,
        workers: int,
        *,
        deadline_s: float = DEADLINE_S,
        frame_deadline_s: float = FRAME_DEADLINE_S,
        draw_deadline_s: float = DRAW_DEADLINE_S,
        max_waiting: int = MAX_WAITING,
        max_wait_s: float = MAX_WAIT_S,
        photos_each: int = PHOTOS_EACH,
        program: Sequence[str] | None = None,
        start_s: float = START_S,
    ) -> None:
        if workers < 1:
            raise ValueError("a pool has at least one worker")
        self._workers = workers
        self._deadline_s = deadline_s
        self._frame_deadline_s = frame_deadline_s
        self._draw_deadline_s = draw_deadline_s
        self._max_waiting = max_waiting
        self._max_wait_s = max_wait_s
        self._photos_each = photos_each
        self._program = program
        self._start_s = start_s
        self._frames = 0
        self._idle: deque[Child] = deque()
        self._busy: set[Child] = set()
        self._queue: deque[asyncio.Future[Child]] = deque()
        self._starts: set[asyncio.Task[None]] = set()
        self._farewells: set[asyncio.Task[None]] = set()
        self._restarts = 0
        self._open = False

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def start(self) -> None:
        """Start the workers and the spare, and return when all are ready.

        Raises:
            ScannerDown: they cannot be started.
        """
        self._open = True
        starts = [self._begin() for _ in range(self._workers + 1)]
        outcomes = await asyncio.gather(*starts, return_exceptions=True)
        self._idle.extend(child for child in outcomes if isinstance(child, Child))
        failed = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
        if failed:
            await self.close()
            raise ScannerDown(f"the scanner's workers do not start: {failed[0]!r}") from failed[0]

    async def close(self) -> None:
        """Kill all workers and wait until they are gone; photos in work end as ScannerBusy."""
        self._open = False
        for turn in self._queue:
            if not turn.done():
                turn.set_exception(self._busy_error())
        self._queue.clear()
        for start in self._starts:
            start.cancel()
        await asyncio.gather(*self._starts, *self._farewells, return_exceptions=True)
        children = [*self._idle, *self._busy]
        self._idle.clear()
        await asyncio.gather(*(child.end() for child in children))

    def health(self) -> Health:
        """Say how many workers there are, how many photos wait, and what the workers can do."""
        children = [*self._idle, *self._busy]
        hellos = [child.hello for child in children if child.hello]
        return Health(
            workers=self._workers,
            ready=len(children),
            busy=len(self._busy),
            waiting=len(self._queue),
            restarts=self._restarts,
            decoders=_in_all([hello.decoders for hello in hellos]),
            sandbox=_in_all([hello.sandbox for hello in hellos]),
        )

    async def read(self, photo: bytes, *, look: Look = Look.PHOTO) -> tuple[Sighting, ...]:
        """Read every code in a photo, in a worker.

        A frame (`Look.FRAME`) is read at once or not at all: when a worker is free that no photo
        needs.

        Args:
            photo: as for `scanner.read`.
            look: as for `scanner.read`.

        Returns:
            What was seen, at most 64 sightings; empty when no code was found.

        Raises:
            PhotoRefused: the file is not a photo that is worth trying.
            PhotoTooHard: the deadline passed, or the worker died.
            ScannerBusy: too many photos wait, or this one waited too long, or a frame gives way.
        """
        if look is not Look.FRAME:
            _guard(photo)
            child = await self._turn()
            return await self._ask(child, child.ask(photo, look), within_s=self._deadline_s)
        header = guards.inspect(photo)
        if header.width * header.height > MAX_FRAME_PIXELS:
            raise PhotoRefused("too_many_pixels")
        child = self._spared()
        self._frames += 1
        try:
            within_s = self._frame_deadline_s
            return await self._ask(child, child.ask(photo, look), within_s=within_s)
        finally:
            self._frames -= 1

    async def picture(self, photo: bytes) -> Picture:
        """Draw a photo anew, in a worker; it waits its turn as photos do.

        Args:
            photo: as for `scanner.picture`.

        Returns:
            As `scanner.picture`.

        Raises:
            PhotoRefused, PhotoTooHard, ScannerBusy: as `read`.
        """
        _guard(photo)
        child = await self._turn()
        return await self._ask(child, child.draw(photo), within_s=self._draw_deadline_s)

    async def _ask(self, child: Child, asked: Coroutine[Any, Any, A], *, within_s: float) -> A:
        """Have this worker answer, then give it back or replace it."""
        try:
            async with asyncio.timeout(within_s):
                answer = await asked
        except (PhotoRefused, PhotoTooHard):
            self._give_back(child)
            raise
        except (TimeoutError, WorkerGone, BadAnswer):
            self._replace(child)
            raise (PhotoTooHard() if self._open else self._busy_error()) from None
        except BaseException:
            self._replace(child)  # The caller was cancelled, and nobody would hear the answer.
            raise
        self._give_back(child)
        return answer

    async def _turn(self) -> Child:
        """Wait for a worker, which then is the caller's to give back or to replace."""
        if not self._open or len(self._queue) >= self._max_waiting + len(self._idle):
            raise self._busy_error()
        turn: asyncio.Future[Child] = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        self._serve()
        try:
            async with asyncio.timeout(self._max_wait_s):
                return await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self._give_back(turn.result())  # It came in the moment in which we left.
            elif turn in self._queue:
                self._queue.remove(turn)
            if isinstance(error, TimeoutError):
                raise self._busy_error() from None
            raise

    def _spared(self) -> Child:
        """Take a worker for a frame, but never the last; photos that wait have the free ones."""
        if self._open and self._frames < max(1, self._workers - 1):
            child = self._take(most=self._workers)
            if child is not None:
                return child
        raise ScannerBusy(retry_after_s=1)

    def _take(self, *, most: int) -> Child | None:
        """Take a free worker, if fewer than `most` work; one that died is no photo's fault."""
        while self._idle and len(self._busy) < most:
            child = self._idle.popleft()
            self._busy.add(child)
            if child.is_alive():
                return child
            self._let_go(child)
        return None

    def _serve(self) -> None:
        while self._queue:
            if not self._queue[0].done():
                child = self._take(most=self._workers + 1)
                if child is None:
                    return
                self._queue[0].set_result(child)
            self._queue.popleft()

    def _give_back(self, child: Child) -> None:
        if child.asked >= self._photos_each:
            self._replace(child)
            return
        if child in self._busy:
            self._busy.discard(child)
            self._idle.append(child)
        self._serve()

    def _replace(self, child: Child) -> None:
        self._let_go(child)
        self._serve()

    def _let_go(self, child: Child) -> None:
        """Kill a worker, and start another one if it was one of the pool's."""
        child.kill()
        known = child in self._busy or child in self._idle
        self._busy.discard(child)
        if child in self._idle:
            self._idle.remove(child)
        if known:
            _send(child.end(), self._farewells)
        if known and self._open:
            self._restarts += 1
            # One that died before its first photo may do so again and again.
            _send(self._renew(0.0 if child.asked else RETRY_S), self._starts)

    async def _renew(self, pause_s: float) -> None:
        """Start another worker, until one comes up."""
        await asyncio.sleep(pause_s)
        while self._open:
            try:
                self._idle.append(await self._begin())
            except (WorkerGone, BadAnswer, TimeoutError, OSError):
                await asyncio.sleep(RETRY_S)
            else:
                self._serve()
                return

    async def _begin(self) -> Child:
        program = self._program or command()
        return await Child.start(program, self._replace, within_s=self._start_s)

    def _busy_error(self) -> ScannerBusy:
        return ScannerBusy(retry_after_s=math.ceil(self._max_wait_s))


def _guard(photo: bytes) -> None:
    """Refuse here what can be refused in a moment."""
    if not GUARDED_HERE_BYTES < len(photo) <= guards.MAX_PHOTO_BYTES:
        guards.inspect(photo)


def _send(errand: Coroutine[Any, Any, None], tasks: set[asyncio.Task[None]]) -> None:
    task = asyncio.get_running_loop().create_task(errand)
    tasks.add(task)
    task.add_done_callback(tasks.discard)


def _in_all(said: list[dict[str, bool]]) -> dict[str, bool]:
    names = dict.fromkeys(name for one in said for name in one)
    return {name: all(one.get(name, False) for one in said) for name in names}
