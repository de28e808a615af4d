"""Photos a second: through HTTP, and read without any of it on the same processors.

The photos are ordinary ones, 12 megapixels and smaller, each with a code that was issued. Bare
means one process a processor that calls `scanner.read` and does nothing else. Through HTTP means
`irl serve` with its workers, and clients that hand photos in and wait for the outcome. Both ways
take turns.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from statistics import median

import cv2
import numpy as np

import qr
import scanner
from api.state import cores
from irl import migrations
from irl.house import House, opened
from irl.members import tokens
from irl.settings import Settings
from qr import render
from scanner import decoders
from scripts.benchmarks.photoset import BASE_URL, ROOT
from scripts.benchmarks.rows import Row, note
from tests.camera import photograph
from tests.cast import Cast
from tests.service import running

_SIDES = ((4032, 3024), (3264, 2448), (2592, 1944), (1920, 1440), (1600, 1200), (1280, 960))
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_BOUNDARY = b"a-photo-for-the-house"


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is measured; a test takes less. `each`: photos of each size.

    A round takes several seconds, so that the last photo of it, beside which processors are idle
    that would have work in a stream of photos, weighs little.
    """

    each: int = 3
    repeats: int = 12
    rounds: int = 5
    sides: tuple[tuple[int, int], ...] = _SIDES


def run(size: Size = Size()) -> Iterator[Row]:
    """Measure both ways in turn."""
    with tempfile.TemporaryDirectory(prefix="irl-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        url = f"sqlite:///{folder / 'irl.db'}"
        migrations.upgrade(url)
        token, photos = asyncio.run(_staged(url, folder, size))
        weight = sum(path.stat().st_size for path in photos) / len(photos)
        note(f"{len(photos)} photos of {weight / 1e6:.1f} MB on average, {size.rounds} rounds")
        service = stack.enter_context(running(folder, url, IRL_BASE_URL=BASE_URL))
        readers = [stack.enter_context(_reader(folder)) for _ in range(cores())]
        requests = [_request(path.read_bytes(), token) for path in photos] * size.repeats
        assert service.process is not None
        served = (service.process.pid, *_children(service.process.pid), os.getpid())
        bare, over = Way(tuple(reader.pid for reader in readers)), Way(served)
        for number in range(size.rounds + 1):
            with bare.measured(len(readers) * size.repeats * len(photos)):
                _bare(readers, size.repeats, len(photos))
            with over.measured(len(requests)):
                _over_http(service.port, requests)
            note(f"round {number}: {bare.rates[-1]:.1f} bare, {over.rates[-1]:.1f} over HTTP")
    yield from _told("", "photos/s", bare.rates, over.rates)
    # What other programs do beside it changes the rates, and hardly this.
    yield from _told(", processor time of a photo", "ms", bare.costs_ms, over.costs_ms)


def _told(what: str, unit: str, bare: Sequence[float], over: Sequence[float]) -> Iterator[Row]:
    # The first round warms up.
    case = f"bare decoding, {cores()} processes{what}"
    yield Row(bench="decode", case=case, value=round(median(bare[1:]), 2), unit=unit)
    ratio = median(two / one for one, two in zip(bare[1:], over[1:], strict=True))
    yield Row(
        bench="decode",
        case=f"photos over HTTP, {cores()} workers{what}",
        value=round(median(over[1:]), 2),
        unit=unit,
        of=case,
        ratio=round(ratio, 3),
    )


@dataclass(slots=True)
class Way:
    """One way to read photos: its processes, and by round photos a second and what one cost."""

    processes: tuple[int, ...]
    rates: list[float] = field(default_factory=list)
    costs_ms: list[float] = field(default_factory=list)

    @contextmanager
    def measured(self, photos: int) -> Iterator[None]:
        """Measure the reading of so many photos."""
        begun, used = time.perf_counter(), sum(map(_processor_s, self.processes))
        yield
        self.rates.append(photos / (time.perf_counter() - begun))
        used = sum(map(_processor_s, self.processes)) - used
        # Linux counts it in ticks, and a few small photos may take less than one.
        self.costs_ms.append(max(used, _TICK_S) / photos * 1000)


def _processor_s(pid: int) -> float:
    """Give the processor time that a process has taken, user and system, in all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * _TICK_S


def _children(pid: int) -> Iterator[int]:
    return map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())


async def _staged(url: str, folder: Path, size: Size) -> tuple[str, list[Path]]:
    """Issue codes, take photos of them, and give the token of who will flattr them."""
    async with opened(Settings(database_url=url, base_url=BASE_URL, sandbox=True)) as house:
        cast = Cast(house, datetime.now(UTC))
        giver = await cast.member("Giver")
        issued = await tokens.issue(house, giver.id, name="bench", scopes=["flattr"], now=cast.now)
        photos = []
        for seed, (width, height) in enumerate(size.sides * size.each):
            photos.append(folder / f"{seed}.jpg")
            photos[-1].write_bytes(await _photo(house, cast, seed, width, height))
    # In an order without a plan, and the same each time.
    Random(7).shuffle(photos)
    return issued.token, photos


async def _photo(house: House, cast: Cast, seed: int, width: int, height: int) -> bytes:
    placement = await cast.placement(await cast.thing("Maker", f"Work {seed}"))
    png = render.png(render.symbol(qr.address(placement.code, base_url=house.settings.base_url)))
    symbol = np.asarray(cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_GRAYSCALE), np.uint8)
    return photograph(symbol, seed=seed, width=width, height=height, share=0.3, noise=8, quality=92)


# --- bare ----------------------------------------------------------------------------------------


def _reader(folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "scripts.benchmarks.throughput", str(folder)]
    return subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def _bare(readers: Sequence[subprocess.Popen[str]], repeats: int, photos: int) -> None:
    """Have each process read all photos."""
    for reader in readers:
        assert reader.stdin is not None
        reader.stdin.write(f"{repeats}\n")
        reader.stdin.flush()
    for reader in readers:
        assert reader.stdout is not None
        if int(reader.stdout.readline()) != repeats * photos:
            raise SystemExit("bench: a photo was not read")


def _read_on_demand(folder: Path) -> None:
    """Read all photos as many times as each line of standard input says; tell how many were read."""
    decoders.use_one_thread()
    photos = [path.read_bytes() for path in sorted(folder.glob("*.jpg"))]
    for line in sys.stdin:
        read = sum(bool(scanner.read(photo)) for _ in range(int(line)) for photo in photos)
        print(read, flush=True)


# --- over HTTP -----------------------------------------------------------------------------------


def _request(photo: bytes, token: str) -> bytes:
    """Write a whole request beforehand: the client shares the processors with the server."""
    body = (
        b"--" + _BOUNDARY + b'\r\nContent-Disposition: form-data; name="photo"; filename="a.jpg"'
        b"\r\nContent-Type: image/jpeg\r\n\r\n" + photo + b"\r\n--" + _BOUNDARY + b"--\r\n"
    )
    head = (
        "POST /api/v1/scans HTTP/1.1\r\nHost: flattr.example\r\n"
        f"Authorization: Bearer {token}\r\n"
        f"Content-Type: multipart/form-data; boundary={_BOUNDARY.decode()}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _over_http(port: int, requests: Sequence[bytes]) -> None:
    """Hand all photos in, by twice as many clients as there are workers."""
    told: Counter[int] = Counter()
    turns = itertools.count()

    def hand_in() -> None:
        with socket.create_connection(("127.0.0.1", port)) as line:
            while (turn := next(turns)) < len(requests):
                line.sendall(requests[turn])
                told[_status(line)] += 1

    clients = [threading.Thread(target=hand_in) for _ in range(2 * cores())]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    if told != {200: len(requests)}:
        raise SystemExit(f"bench: photos over HTTP were answered {dict(told)}")


def _status(line: socket.socket) -> int:
    """Take one answer from the line and give its status."""
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += line.recv(65536)
    head, _, body = answer.partition(b"\r\n\r\n")
    fields = dict(field.lower().split(b": ", 1) for field in head.split(b"\r\n")[1:])
    while len(body) < int(fields[b"content-length"]):
        body += line.recv(65536)
    return int(head.split(b" ")[1]) if b'flattred"' in body else 0


if __name__ == "__main__":
    _read_on_demand(Path(sys.argv[1]))
