"""The command that `irl scan` and `python -m scanner` both are."""

import asyncio
import json
import os
import statistics
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

import click

from scanner.errors import ScannerDown, ScannerError
from scanner.files import File, contents, listed
from scanner.pool import START_S, Pool
from scanner.sighting import Look

SOME_SHOW_NONE: Final = 1
REFUSED: Final = 2
INTERRUPTED: Final = 130
"""128 and the number of SIGINT, which is what shells say of a program that Ctrl-C ended."""

_AHEAD: Final = 4
"""Files begun for each worker while the first of them is not ready: one may take seconds."""

_ERASE_LINE: Final = "\r\x1b[2K"


@dataclass(frozen=True, slots=True)
class Line:
    """What one file shows.

    Attributes:
        file: its path as it was named.
        texts: every text that was read in it.
        ms: milliseconds from opening the file to the answer.
        attempt: the name of the attempt that read the first text; None without one.
        error: a sentence when the file could not be tried, else None.
    """

    file: str
    texts: tuple[str, ...] = ()
    ms: float = 0.0
    attempt: str | None = None
    error: str | None = None

    def for_programs(self) -> str:
        """One line of JSON; `error` only where there is one."""
        fields = asdict(self)
        if self.error is None:
            del fields["error"]
        return _visible(json.dumps(fields, ensure_ascii=False))

    def for_people(self) -> str:
        """One line for each text, or one that says why there is none."""
        if self.error is not None or not self.texts:
            return _visible(f"{self.file}: {self.error or 'no code'}")
        how = f"({self.attempt}, {self.ms:.1f} ms)"
        return "\n".join(_visible(f"{self.file}: {text}  {how}") for text in self.texts)


Show = Callable[[Line], None]


def _visible(text: str) -> str:
    """Write what cannot be seen as JSON's escapes.

    A symbol or the name of a file may hold what commands a terminal, turns the direction of
    writing, or ends a line; JSON alone escapes only the first 32 characters. The halves of
    surrogates that stand for the odd bytes of a file's name could not even be written.
    """
    return "".join(one if one.isprintable() else json.dumps(one)[1:-1] for one in text)


@dataclass(slots=True)
class Tally:
    """What there was to read, and what came of it."""

    files: int = 0
    read: int = 0
    ms: list[float] = field(default_factory=list)

    def add(self, line: Line) -> None:
        """Count one file."""
        self.files += 1
        self.read += bool(line.texts)
        if line.error is None:
            self.ms.append(line.ms)

    def sum(self) -> str:
        """One line; the median is of the files that could be tried."""
        files = "1 file" if self.files == 1 else f"{self.files} files"
        median = f", {statistics.median(self.ms):.1f} ms median" if self.ms else ""
        return f"{files}, {self.read} read{median}"


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("file", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--every", is_flag=True, help="Look for every code in a photo; takes longer.")
def scan(file: tuple[Path, ...], *, every: bool) -> None:
    """Read the codes in each FILE: a JPEG, PNG, WebP or HEIC, or a folder of them.

    On a terminal the texts come as lines for people, with a progress bar and a sum at the end;
    else each file gets one line of JSON. Both keep the order of the files.

    Exit code 0: every file shows a code. 1: some show none, or could not be tried. 2: wrong
    usage.
    """
    tally = Tally()
    code = SOME_SHOW_NONE
    try:
        todo = list(listed(file))
        with _shown(len(todo)) as show:
            asyncio.run(_read_all(todo, Look.EVERY if every else Look.PHOTO, tally, show))
        code = 0 if tally.read == len(todo) else SOME_SHOW_NONE
    except ScannerDown as error:
        click.echo(f"scan: {error}", err=True)
        code = REFUSED
    except KeyboardInterrupt:
        code = INTERRUPTED
    if sys.stdout.isatty():
        click.echo(tally.sum())
    sys.exit(code)


@contextmanager
def _shown(files: int) -> Iterator[Show]:
    """Give what shows a line: to programs as JSON, to people below a bar that moves on."""
    if not sys.stdout.isatty():
        # In bytes: JSON is UTF-8 (RFC 8259), whatever the locale is. Flushed with each line.
        yield lambda line: click.echo(line.for_programs().encode())
        return
    hidden = not sys.stderr.isatty()
    with click.progressbar(
        length=files, file=sys.stderr, width=24, show_pos=True, hidden=hidden
    ) as bar:

        def show(line: Line) -> None:
            if not hidden:
                click.echo(_ERASE_LINE, err=True, nl=False)
            click.echo(line.for_people())
            bar.update(1)

        yield show


async def _read_all(todo: Sequence[File], look: Look, tally: Tally, show: Show) -> None:
    """Read all files by as many workers as there are processors, and show them in their order.

    Workers and not this process, so that a file on which a decoder crashes or hangs costs its own
    line and no other. Never more photos are in memory than there are workers.
    """
    workers = min(_processors(), max(1, len(todo)))
    gate = asyncio.Semaphore(workers)
    ahead = deque[asyncio.Task[Line]]()
    try:
        # Nobody stands waiting here: a photo has the time that it takes to replace a worker.
        async with Pool(workers, max_wait_s=2 * START_S) as pool:

            async def one(file: File) -> Line:
                async with gate:
                    return await _read(pool, file, look)

            for file in todo:
                ahead.append(asyncio.create_task(one(file)))
                if len(ahead) > _AHEAD * workers:
                    _tell(await ahead.popleft(), tally, show)
            while ahead:
                _tell(await ahead.popleft(), tally, show)
    finally:
        # Only once the pool is closed, or it would replace the workers that these desert.
        for task in ahead:
            task.cancel()
        await asyncio.gather(*ahead, return_exceptions=True)


def _tell(line: Line, tally: Tally, show: Show) -> None:
    tally.add(line)
    show(line)


async def _read(pool: Pool, file: File, look: Look) -> Line:
    name, begin = str(file.path), time.perf_counter()
    if file.trouble is not None:
        return Line(name, error=file.trouble)
    try:
        # In a thread: while a slow disk is waited for, no deadline of another photo may pass.
        photo = await asyncio.to_thread(contents, file.path)
        sightings = await pool.read(photo, look=look)
    except (OSError, ScannerError) as error:
        trouble = error.strerror if isinstance(error, OSError) else None
        return Line(name, ms=_ms_since(begin), error=trouble or str(error))
    texts = tuple(sighting.text for sighting in sightings)
    attempt = sightings[0].attempt if sightings else None
    return Line(name, texts, _ms_since(begin), attempt)


def _ms_since(begin: float) -> float:
    return round((time.perf_counter() - begin) * 1000, 1)


def _processors() -> int:
    # Those that this process may use, where the system tells: a container may have fewer.
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
