"""The scanner against real photos, where a machine has them beside the project."""

import json
import unicodedata
from collections import Counter

import pytest

import scanner
from tests.scanner.pictures import SHARED

PHOTOS = SHARED / "photos"

needs_photos = pytest.mark.skipif(
    not (PHOTOS / "manifest.jsonl").exists(), reason="the photo set is not beside the project"
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
    assert read.total() / known >= 0.97, read
