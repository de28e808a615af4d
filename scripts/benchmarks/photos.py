"""How fast photos are read, and how many: the ladder beside each of its decoders alone.

`decode` tells times, `photos` tells read and wrong texts of each source and what each attempt adds.
Every way is walked whole (guards, loading, attempts), in one thread as a worker does.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median

import cv2
import numpy as np

from scanner import decoders, guards, ladder, loading, reading
from scanner.errors import ScannerError
from scanner.ladder import LADDER, Attempt, as_it_is
from scanner.sighting import Look
from scripts.benchmarks import throughput
from scripts.benchmarks.figures import p95, peak_mb
from scripts.benchmarks.photoset import (
    MADE,
    ROOT,
    Photo,
    beside,
    damaged,
    made,
    phone_jpeg,
    plain,
    viewfinder,
)
from scripts.benchmarks.rows import Row, note
from tests.damage import KINDS

ALL = "all"
"""The sources of the set together; the made photos are counted apart, also together."""

LADDER_NAME = "ladder"
BASELINE = "zxing-cpp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is measured; a test takes less than the default, which takes all."""

    each: int | None = None
    made: int = 120
    damaged: int = 20
    kinds: tuple[str, ...] = tuple(KINDS)
    tries: int = 3
    megapixels: tuple[int, ...] = (12, 48)
    over_http: throughput.Size | None = field(default_factory=throughput.Size)


@dataclass(slots=True)
class Tally:
    """What one way of reading did with the photos of one source; `codes` counts those of a wall each."""

    read: int = 0
    wrong: int = 0
    codes: int = 0
    ms: list[float] = field(default_factory=list)

    def add(self, photo: Photo, texts: frozenset[str], ms: float) -> None:
        """Count one photo. It is read when one of its texts was seen, and wrong when others were."""
        self.ms.append(ms)
        self.codes += len(photo.texts & texts)
        if photo.texts & texts:
            self.read += 1
        elif photo.texts and texts:
            self.wrong += 1


def run(name: str, size: Size = Size()) -> Iterator[Row]:
    """Measure `decode` or `photos`."""
    decoders.use_one_thread()
    for decoder, live in decoders.live().items():
        if not live:
            note(f"{decoder} could not be loaded and is left out")
    note(f"{size.tries} tries a photo, the median of them counts; one thread")
    yield from (_decode if name == "decode" else _photos)(size)
    if name == "decode" and size.over_http is not None:
        yield from throughput.run(size.over_http)


# --- decode --------------------------------------------------------------------------------------


def _decode(size: Size) -> Iterator[Row]:
    photos = list(beside(each=size.each)) or list(made(size.made))
    note(f"{len(photos)} photos, {sum(bool(photo.texts) for photo in photos)} of known text")
    baselines: dict[str, Row] = {}
    for way, attempts in _ways().items():
        ms = [_timed(photo.data, attempts, size.tries)[1] for photo in photos]
        for figure, value in (("median", median(ms)), ("p95", p95(ms))):
            baseline = baselines.get(figure) if way == LADDER_NAME else None
            row = _row("decode", f"{way}, {figure}", value, "ms", baseline)
            if way == BASELINE:
                baselines[figure] = row
            yield row
    yield from _frames(size)
    yield from _big_photos(size)


def _frames(size: Size) -> Iterator[Row]:
    """Tell of frames of a viewfinder, as a page sends them: half with a code, half without."""
    frames = [viewfinder(seed, code=seed % 2 == 0) for seed in range(size.made)]
    for way, look in (("every attempt", Look.PHOTO), ("as a frame", Look.FRAME)):
        ms = []
        for frame in frames:
            begun = time.perf_counter()
            reading.read(frame, look)
            ms.append((time.perf_counter() - begun) * 1000)
        yield _row("decode", f"640-pixel frames, {way}, median", median(ms), "ms")
        yield _row("decode", f"640-pixel frames, {way}, p95", p95(ms), "ms")


def _big_photos(size: Size) -> Iterator[Row]:
    with tempfile.TemporaryDirectory(prefix="irl-bench-") as folder:
        file = Path(folder, "photo.jpg")
        for megapixels in size.megapixels:
            for code in (True, False):
                file.write_bytes(phone_jpeg(megapixels, code=code))
                case = f"{megapixels} MP JPEG {'with a code' if code else 'of a bare wall'}"
                note(f"the {case} has {file.stat().st_size / 1e6:.1f} MB")
                yield from _big_photo(case, file, size.tries, code=code)


def _big_photo(case: str, file: Path, tries: int, *, code: bool) -> Iterator[Row]:
    baseline: Row | None = None
    for way in PROCESSES:
        # The plain way takes up to half a minute, so it is tried once.
        told = _in_a_process_of_its_own(way, file, tries if baseline else 1)
        if told["read"] != code:
            note(f"{way} {'did not read' if code else 'saw a text in'} the {case}")
        row = replace(
            _row("decode", f"{case}, {way}", told["ms"], "ms", baseline), peak_mb=told["peak_mb"]
        )
        baseline = baseline or row
        yield row


def _in_a_process_of_its_own(way: str, file: Path, tries: int) -> dict[str, float]:
    command = [sys.executable, "-m", "scripts.benchmarks.photos", way, str(file), str(tries)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True)
    told: dict[str, float] = json.loads(done.stdout)
    return told


def _tell(way: str, file: Path, tries: int) -> None:
    """Read one photo in this process and print how long it took and what memory."""
    decoders.use_one_thread()
    photo = file.read_bytes()
    read, ms, seen = PROCESSES[way], [], False
    for _ in range(tries):
        begun = time.perf_counter()
        seen = read(photo)
        ms.append((time.perf_counter() - begun) * 1000)
    print(json.dumps({"ms": median(ms), "peak_mb": peak_mb(), "read": seen}))


def _plain_opencv(photo: bytes) -> bool:
    """Load the whole picture and let OpenCV's detector look, as its examples do."""
    pixels = cv2.imdecode(np.frombuffer(photo, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    return bool(cv2.QRCodeDetector().detectAndDecode(pixels)[0])


PROCESSES: dict[str, Callable[[bytes], bool]] = {
    "plain OpenCV": _plain_opencv,
    LADDER_NAME: lambda photo: bool(reading.read(photo)),
}
"""Ways to read a big photo, each measured in a process of its own; the first is the baseline."""


# --- photos --------------------------------------------------------------------------------------


def _photos(size: Size) -> Iterator[Row]:
    photos = {ALL: list(beside(each=size.each)), MADE: list(damaged(size.kinds, each=size.damaged))}
    known: dict[str, int] = {}
    for together, some in photos.items():
        for source in [*sorted({photo.source for photo in some}), *([together] if some else [])]:
            known[source] = sum(
                bool(photo.texts) for photo in some if source in {photo.source, together}
            )
    of = {
        source: Row(bench="photos", case=f"{source}: known texts", value=count, unit="photos")
        for source, count in known.items()
    }
    yield from of.values()
    for way, attempts in _ways().items():
        tallies = {source: Tally() for source in known}
        for together, some in photos.items():
            for photo in some:
                texts, ms = _timed(photo.data, attempts, size.tries)
                for source in (photo.source, together):
                    tallies[source].add(photo, texts, ms)
        for source, tally in tallies.items():
            yield from _told(f"{source}: {way}", tally, of[source])
    for together, some in photos.items():
        if some:
            yield from _gains(together, some)


def _told(case: str, tally: Tally, known: Row) -> Iterator[Row]:
    yield _row("photos", f"{case}, read", tally.read, "photos", known)
    yield _row("photos", f"{case}, wrong", tally.wrong, "photos", known)
    yield _row("photos", f"{case}, codes", tally.codes, "codes")
    yield _row("photos", f"{case}, median", median(tally.ms), "ms")
    yield _row("photos", f"{case}, p95", p95(tally.ms), "ms")


def _gains(source: str, photos: Sequence[Photo]) -> Iterator[Row]:
    """Tell of each attempt how many it reads first, how many the ladder loses without it, its ms."""
    attempts = [one for one in LADDER if decoders.DECODERS.get(one.decoder)]
    outcomes: list[dict[str, bool]] = []
    ms: dict[str, list[float]] = {attempt.name: [] for attempt in attempts}
    for photo in photos:
        right: dict[str, bool] = {}
        for attempt in attempts if photo.texts else ():
            texts, took = _timed(photo.data, (attempt,), 1)
            ms[attempt.name].append(took)
            if texts:
                right[attempt.name] = bool(texts & photo.texts)
        outcomes.append(right)
    names = [attempt.name for attempt in attempts]
    first = [next((name for name in names if right.get(name)), None) for right in outcomes]
    case = f"{source}, attempts: "
    whole = _row("photos", f"{case}all, read", _climbed(outcomes, names), "photos")
    yield whole
    for name in names:
        less = _climbed(outcomes, [other for other in names if other != name])
        yield _row("photos", f"{case}{name}, read first", first.count(name), "photos", whole)
        yield _row("photos", f"{case}{name}, lost without", whole.value - less, "photos", whole)
        yield _row("photos", f"{case}{name}, alone, median", median(ms[name]), "ms")


def _climbed(outcomes: Iterable[dict[str, bool]], names: Sequence[str]) -> int:
    """Count the photos that these attempts read: the first that sees a text ends the climb."""
    return sum(next((right[name] for name in names if name in right), False) for right in outcomes)


# --- both ----------------------------------------------------------------------------------------


def _ways() -> dict[str, tuple[Attempt, ...]]:
    """Give each decoder alone, on the picture as it is, and the ladder."""
    alone = {
        name: (Attempt(name, name, as_it_is),)
        for name, decoder in decoders.DECODERS.items()
        if decoder is not None
    }
    return {**alone, LADDER_NAME: LADDER}


def _timed(photo: bytes, attempts: Sequence[Attempt], tries: int) -> tuple[frozenset[str], float]:
    ms = []
    texts: frozenset[str] = frozenset()
    for _ in range(tries):
        begun = time.perf_counter()
        texts = _texts(photo, attempts)
        ms.append((time.perf_counter() - begun) * 1000)
    return texts, median(ms)


def _texts(photo: bytes, attempts: Sequence[Attempt]) -> frozenset[str]:
    try:
        picture = loading.load(photo, guards.inspect(photo))
    except ScannerError:
        return frozenset()
    seen = ladder.climb(picture, ladder=attempts)
    return frozenset(plain(one.text) for one in seen)


def _row(bench: str, case: str, value: float, unit: str, of: Row | None = None) -> Row:
    value = round(value, 2) if unit == "ms" else value
    if of is None or not of.value:
        return Row(bench=bench, case=case, value=value, unit=unit)
    ratio = round(value / of.value, 4)
    return Row(bench=bench, case=case, value=value, unit=unit, of=of.case, ratio=ratio)


if __name__ == "__main__":
    _tell(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
