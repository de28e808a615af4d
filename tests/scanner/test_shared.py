"""The scanner against real photos and hostile files, where a machine has them beside the project."""

import asyncio
import json
import os
import random
import time
import unicodedata
from collections import Counter
from pathlib import Path

import pytest

import scanner
from scanner import PhotoRefused, PhotoTooHard, Pool, ScannerBusy
from tests.scanner.pictures import SHARED

PHOTOS, HOSTILE = SHARED / "photos", SHARED / "hostile"
LONG = bool(os.environ.get("IRL_LONG"))

needs_photos = pytest.mark.skipif(
    not (PHOTOS / "manifest.jsonl").exists(), reason="the photo set is not beside the project"
)
needs_hostile = pytest.mark.skipif(
    not (HOSTILE / "manifest.tsv").exists(), reason="the hostile files are not beside the project"
)


def plain(text: str) -> str:
    return unicodedata.normalize("NFC", text).replace("\r\n", "\n").strip()


@needs_photos
def test_the_read_rate_holds_and_no_text_is_wrong() -> None:
    wrong, read, known = [], Counter[str](), 0
    for line in (PHOTOS / "manifest.jsonl").read_text().rstrip("\n").split("\n"):
        photo = json.loads(line)
        # Two files of the set have an empty text as theirs, which is none.
        truth = {plain(text) for text in photo["texts"]} - {""}
        if not truth:
            continue
        known += 1
        seen = scanner.read((PHOTOS / photo["file"]).read_bytes())
        texts = {plain(one.text) for one in seen}
        if texts & truth:
            read[seen[0].attempt] += 1
        elif texts and photo["truth"] == "file":
            wrong.append((photo["file"], texts))
    assert wrong == []
    assert known > 400
    assert read.total() / known >= 0.955, read


async def _brave(files: list[Path]) -> tuple[Counter[str], float, int]:
    """Send files to a pool, four at a time; the outcomes, the longest seconds, the restarts."""
    outcomes, slowest = Counter[str](), 0.0
    gate = asyncio.Semaphore(4)
    async with Pool(2) as pool:

        async def send(photo: bytes) -> None:
            nonlocal slowest
            async with gate:
                begin = time.monotonic()
                try:
                    outcomes["read" if await pool.read(photo) else "nothing"] += 1
                except (PhotoRefused, PhotoTooHard, ScannerBusy) as error:
                    outcomes[type(error).__name__] += 1
                slowest = max(slowest, time.monotonic() - begin)

        await asyncio.gather(*(send(path.read_bytes()) for path in files))
        return outcomes, slowest, pool.health()["restarts"]


def _hostile_files() -> list[Path]:
    lines = (HOSTILE / "manifest.tsv").read_text().splitlines()[1:]
    return [HOSTILE / line.split("\t")[0] for line in lines]


@needs_hostile
@pytest.mark.long
@pytest.mark.timeout(600 if LONG else 120)
def test_hostile_files_get_clear_answers() -> None:
    files = _hostile_files() if LONG else random.Random(1).sample(_hostile_files(), 120)
    outcomes, slowest, restarts = asyncio.run(_brave(files))
    assert outcomes.total() == len(files)
    assert slowest <= 4
    assert restarts == outcomes["PhotoTooHard"] <= 2, outcomes
