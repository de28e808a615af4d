"""The photos to read: a set with known texts beside the project where there is one, and made ones."""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import cv2
import numpy as np
from numpy.typing import NDArray

import qr
from qr import render
from scanner import MAX_PHOTO_BYTES
from scripts.benchmarks.rows import note
from tests.camera import photograph
from tests.damage import hard

ROOT = Path(__file__).parents[2]
SET = ROOT.parent / "shared" / "photos"
MADE = "made"
BASE_URL = "https://flattr.example"
GRAIN = 14  # greys either way; with it the big JPEGs weigh about what those of a phone do

# How the camera of the tests takes the made photos, in turn.
LIGHTS: tuple[dict[str, float], ...] = (
    {"share": 0.5},
    {"share": 0.35, "blur": 1.5},
    {"share": 0.5, "blur": 2.5},
    {"share": 0.25, "noise": 10.0},
    {"share": 0.4, "shading": 0.8, "noise": 8.0},
    {"share": 0.18, "blur": 1.2},
)


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo and the texts that it is known to show; none are known when `texts` is empty."""

    source: str
    data: bytes
    texts: frozenset[str]


def plain(text: str) -> str:
    """Write a text as it is compared: composed letters, one kind of line end, no blanks around."""
    return unicodedata.normalize("NFC", text).replace("\r\n", "\n").strip()


def beside(*, each: int | None = None) -> Iterator[Photo]:
    """Give the photos of the set beside the project, at most `each` of a source; else nothing."""
    manifest = SET / "manifest.jsonl"
    if not manifest.exists():
        note("there is no ../shared/photos beside the project: only made photos are read")
        return
    taken = Counter[str]()
    # Texts hold line separators of their own, so lines are split at line feeds only.
    for line in manifest.read_text().rstrip("\n").split("\n"):
        known = json.loads(line)
        source = known["file"].partition("/")[0]
        taken[source] += 1
        if each is None or taken[source] <= each:
            texts = frozenset(plain(text) for text in known["texts"]) - {""}
            yield Photo(source, (SET / known["file"]).read_bytes(), texts)


def made(count: int) -> Iterator[Photo]:
    """Make photos of codes, the same ones each time, some of them hard."""
    random = Random(7)
    for number in range(count):
        address = _address(random)
        light = LIGHTS[number % len(LIGHTS)]
        data = photograph(_pixels(address), seed=number, **light)  # type: ignore[arg-type]
        yield Photo(MADE, data, frozenset({address}))


def damaged(kinds: Iterable[str], *, each: int) -> Iterator[Photo]:
    """Make so many hard photos of each of these kinds of damage, the same ones each time."""
    for kind in kinds:
        for seed in range(each):
            taken = hard(kind, seed)
            texts = frozenset(plain(text) for text in taken.texts)
            yield Photo(f"{MADE}: {kind}", taken.jpeg, texts)


def viewfinder(seed: int, *, code: bool) -> bytes:
    """Make a frame of a viewfinder as a page sends it, of a code or of a bare wall."""
    symbol = _pixels(_address(Random(seed))) if code else np.full((330, 330), 255, np.uint8)
    return photograph(symbol, seed=seed, width=640, height=480, share=0.4, quality=70)


def phone_jpeg(megapixels: int, *, code: bool) -> bytes:
    """Make a JPEG in colour and in the shape of a phone's, with a code or with a bare wall."""
    random = np.random.default_rng(megapixels)
    side = round((megapixels * 1_016_064 / 12) ** 0.5)
    width, height = 4 * side, 3 * side
    symbol = _pixels(_address(Random(7))) if code else np.full((330, 330), 255, np.uint8)
    # Taken at a third of the size and enlarged: the camera counts in floats, and 48 million of
    # them for each step are more than a small machine has.
    taken = photograph(symbol, seed=megapixels, width=width // 3, height=height // 3, quality=95)
    grey = cv2.imdecode(np.frombuffer(taken, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert grey is not None
    photo = cv2.resize(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), (width, height))
    # Warm light, so that there is colour.
    photo = (photo * np.array([0.80, 0.92, 1.0], np.float32)).astype(np.uint8)
    grain = random.integers(-GRAIN, GRAIN + 1, (512, 512, 3), np.int16)
    for top in range(0, height, 512):
        for left in range(0, width, 512):
            tile = photo[top : top + 512, left : left + 512]
            grained = tile + np.roll(grain[: tile.shape[0], : tile.shape[1]], left, axis=1)
            tile[:] = np.clip(grained, 0, 255)
    written, jpeg = cv2.imencode(".jpg", photo, [cv2.IMWRITE_JPEG_QUALITY, 88])
    assert written
    assert len(jpeg) <= MAX_PHOTO_BYTES, f"{len(jpeg)} bytes are more than a photo may have"
    return jpeg.tobytes()


def _address(random: Random) -> str:
    return qr.address(qr.mint(random.getrandbits), base_url=BASE_URL)


def _pixels(address: str) -> NDArray[np.uint8]:
    picture = np.frombuffer(render.png(render.symbol(address)), np.uint8)
    return np.asarray(cv2.imdecode(picture, cv2.IMREAD_GRAYSCALE), np.uint8)
