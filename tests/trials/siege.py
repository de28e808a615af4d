"""A siege of the service: files that nobody should send, four at a time, and people beside them."""

from __future__ import annotations

import asyncio
import itertools
import math
import random
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from api import problems
from tests.camera import photograph
from tests.scanner import pictures
from tests.scanner.pictures import SHARED
from tests.service import Service
from tests.trials.street import Street

AT_A_TIME = 4
SCANS_A_SECOND = 50


@dataclass(frozen=True, slots=True)
class Vitals:
    """What a server holds: processes, memory, open files.

    Without those of the database, which opens a few connections as it needs them and keeps them.
    """

    children: frozenset[int]
    open_files: tuple[str, ...]
    memory_mb: float


def vitals(pid: int) -> Vitals:
    """Look at a process as the system sees it."""
    proc = Path(f"/proc/{pid}")
    status = dict(line.split(":", 1) for line in (proc / "status").read_text().splitlines())
    return Vitals(
        children=frozenset(map(int, (proc / f"task/{pid}/children").read_text().split())),
        open_files=tuple(_open_files(proc / "fd")),
        memory_mb=int(status["VmRSS"].split()[0]) / 1024,
    )


def _open_files(folder: Path) -> Iterator[str]:
    for link in sorted(folder.iterdir()):
        with suppress(FileNotFoundError):  # it was closed just now
            if ".db" not in link.readlink().name:
                yield str(link.readlink())


@dataclass(slots=True)
class Told:
    """What was answered: photos by their outcome, and how long everything took."""

    photos: Counter[str] = field(default_factory=Counter)
    slowest_s: float = 0.0
    scans_ms: list[float] = field(default_factory=list)

    def p99_ms(self) -> float:
        """Give the time that 99 of 100 scans by code did not exceed (nearest rank)."""
        return sorted(self.scans_ms)[math.ceil(0.99 * len(self.scans_ms)) - 1]


@dataclass(slots=True)
class Siege:
    """Sends files to a service while people scan codes beside them."""

    service: Service
    street: Street
    told: Told = field(default_factory=Told)

    async def lay(self, files: Iterable[bytes]) -> Told:
        """Send all files, `AT_A_TIME` at a time, and wait for all answers."""
        stopped = asyncio.Event()
        waiting = iter(files)
        limits = httpx2.Limits(max_connections=200)
        async with (
            httpx2.AsyncClient(base_url=self.service.url, limits=limits, timeout=60) as web,
            asyncio.TaskGroup() as people,
        ):
            people.create_task(self._scan_on(web, stopped))
            async with asyncio.TaskGroup() as senders:
                for _ in range(AT_A_TIME):
                    senders.create_task(self._send_on(web, waiting))
            stopped.set()
        return self.told

    async def _send_on(self, web: httpx2.AsyncClient, files: Iterator[bytes]) -> None:
        for file in files:
            begun = time.monotonic()
            answer = await web.post(
                "/api/v1/scans", files={"photo": ("photo.jpg", file)}, headers=self._headers(0)
            )
            self.told.slowest_s = max(self.told.slowest_s, time.monotonic() - begun)
            self.told.photos[outcome(answer)] += 1

    async def _scan_on(self, web: httpx2.AsyncClient, stopped: asyncio.Event) -> None:
        """Scan at a steady pace, whether or not the last scans were answered."""
        began = time.monotonic()
        async with asyncio.TaskGroup() as people:
            for number in itertools.count():
                due = began + number / SCANS_A_SECOND
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                if stopped.is_set():
                    return
                people.create_task(self._scan(web, len(self.told.scans_ms), number, due))

    async def _scan(self, web: httpx2.AsyncClient, told: int, number: int, due: float) -> None:
        code = self.street.codes[number % len(self.street.codes)]
        scan = {"payload": code, "nonce": f"{told} {number} {due}"}
        answer = await web.post(
            "/api/v1/scans", json={"scans": [scan]}, headers=self._headers(number)
        )
        assert answer.status_code == 200, answer.text
        assert answer.json()["scans"][0]["outcome"] in {"flattred", "already_flattred"}
        # From the moment at which it was to be sent, so that a stall counts for all it held up.
        self.told.scans_ms.append((time.monotonic() - due) * 1000)

    def _headers(self, number: int) -> dict[str, str]:
        giver = self.street.givers[number % len(self.street.givers)]
        return {"Authorization": f"Bearer {giver.token}"}


def outcome(answer: httpx2.Response) -> str:
    """Say how a photo was answered; whatever is not a clean answer fails."""
    if answer.status_code == 200:
        return str(answer.json()["scans"][0]["outcome"])
    assert answer.headers["content-type"] == problems.MEDIA_TYPE, answer.text
    name = str(answer.json()["type"]).removeprefix("/problems/")
    if answer.status_code == 503:
        assert name == "scanner-busy", answer.text
        assert int(answer.headers["retry-after"]) >= 1
    else:
        assert 400 <= answer.status_code < 500, answer.text
    return name


# --- what is sent --------------------------------------------------------------------------------


def hostile_made() -> list[bytes]:
    """Give hostile files that are made here: claims, floods, bombs, rubbish."""
    good = pictures.encoded(pictures.symbol(), ".jpg")
    text = pictures.chunk(b"zTXt", b"k\0\0" + bytes(1000))
    return [
        b"",
        b"text",
        b"\xff\xd8\xff",
        b"\xff\xd8" * 5000,
        good[:-700],
        good.replace(b"\xff\xda", b"\xff\xd9"),
        pictures.jpeg_of_scans(60),
        pictures.jpeg_of_scans(500),
        pictures.png(30_000, 30_000),
        pictures.png(12_320, 32),
        pictures.png(4000, 4000, idat=b"nonsense"),
        pictures.png(64, 64, *[text] * 50),
        pictures.png(64, 64, *[pictures.chunk(b"acTL", bytes(8))]),
        pictures.png(4800, 4800),
        pictures.riff((b"VP8 ", bytes(30))),
        pictures.riff((b"VP8X", b"\x02" + bytes(9)), (b"ANIM", bytes(6))),
        pictures.heif(),
        pictures.heif(sizes=((4000, 4000),) * 200),
        pictures.heif(brand=b"hevc"),
        pictures.encoded(pictures.finder_flood(40, 40)),
        pictures.encoded(pictures.finder_flood(150, 150)),
        pictures.encoded(pictures.finder_flood(250, 250), ".jpg"),
    ]


def hostile_beside() -> list[Path]:
    """Give the hostile files beside the project; none where there are none."""
    manifest = SHARED / "hostile" / "manifest.tsv"
    if not manifest.exists():
        return []
    lines = manifest.read_text().splitlines()[1:]
    return [manifest.parent / line.split("\t")[0] for line in lines]


def good_photos() -> list[bytes]:
    """Give a small good photo of each format."""
    grey = pictures.symbol(module=4)
    return [
        photograph(grey, seed=1, width=480, height=360),
        photograph(grey, seed=2, width=640, height=480, share=0.6),
        pictures.progressive(grey),
        pictures.encoded(grey, ".png"),
        pictures.encoded(grey, ".webp"),
        pictures.heic(grey),
    ]


def mutant(number: int, photos: list[bytes]) -> bytes:
    """Give a good photo with flipped bits, cut short, or with a piece missing or doubled."""
    chance = random.Random(f"mutant {number}")
    photo = bytearray(chance.choice(photos))
    one, two = sorted(chance.sample(range(len(photo)), 2))
    kind = chance.choice(("bits", "bits", "bits of the header", "cut", "hole", "doubled"))
    if kind == "cut":
        return bytes(photo[:one])
    if kind == "hole":
        return bytes(photo[:one] + photo[two:])
    if kind == "doubled":
        return bytes(photo[:two] + photo[one:])
    reach = min(len(photo), 600) if kind == "bits of the header" else len(photo)
    for _ in range(chance.randint(1, 24)):
        photo[chance.randrange(reach)] ^= 1 << chance.randrange(8)
    return bytes(photo)
