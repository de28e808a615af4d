"""The benchmarks say well-formed figures. How good these are is no matter of a test."""

from __future__ import annotations

import importlib
import json
import math
import os
import shutil
from collections.abc import Iterable

import pytest

from scripts.benchmarks import __main__ as front
from scripts.benchmarks import photos, photoset, printing, settle, throughput, web
from scripts.benchmarks.figures import p95
from scripts.benchmarks.rows import Row
from tests import postgres

NAMES = ("scan", "page", "decode", "photos", "settle-840k", "settle-30m", "codes", "labels")
FIELDS = {"bench", "case", "value", "unit", "of", "ratio", "peak_mb"}
FEW = photos.Size(
    each=1, made=2, damaged=1, kinds=("nominal", "curved"), tries=1, megapixels=(1,), over_http=None
)

nightly = pytest.mark.skipif(
    not os.environ.get("IRL_LONG"), reason="a server or a database: in scripts/nightly only"
)


def assert_well_formed(name: str, rows: Iterable[Row]) -> dict[str, Row]:
    """Check each line, and that a ratio is against something measured in the same run."""
    measured: dict[str, Row] = {}
    for row in rows:
        said = json.loads(row.line())
        assert {"bench", "case", "value", "unit"} <= set(said) <= FIELDS
        assert said["bench"] == name
        assert math.isfinite(said["value"])
        assert said["value"] >= 0
        assert said["unit"]
        assert row.case not in measured
        assert (row.of is None) == (row.ratio is None)
        if row.of is not None:
            assert measured[row.of].unit == row.unit
        assert row.peak_mb is None or 1 < row.peak_mb < 100_000
        measured[row.case] = row
    assert measured
    return measured


def test_the_benchmarks_are_those_that_are_promised() -> None:
    assert tuple(front.MODULES) == NAMES
    for module in set(front.MODULES.values()):
        assert callable(importlib.import_module(f"scripts.benchmarks.{module}").run)


def test_an_unknown_name_ends_with_those_that_there_are(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["bench", "speed"])
    assert front.main() == 2
    said = capsys.readouterr().err
    assert [name for name in NAMES if name not in said] == []


def test_decode_tells_of_each_decoder_and_of_big_photos() -> None:
    told = assert_well_formed("decode", photos.run("decode", FEW))
    assert told["ladder, median"].of == "zxing-cpp, median"
    assert told["1 MP JPEG with a code, ladder"].of == "1 MP JPEG with a code, plain OpenCV"


def test_decode_tells_of_photos_over_http_beside_bare_decoding() -> None:
    few = throughput.Size(each=1, repeats=1, rounds=1, sides=((640, 480),))
    bare, over, *costs = assert_well_formed("decode", throughput.run(few)).values()
    assert over.of == bare.case
    assert [cost.unit for cost in costs] == ["ms", "ms"]


def test_photos_tells_of_sources_and_attempts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(photoset, "SET", tmp_path)
    told = assert_well_formed("photos", photos.run("photos", FEW))
    read, alone = told["made: ladder, read"], told["made: zxing-cpp, read"]
    assert alone.value <= read.value <= 2
    assert told["made: ladder, wrong"].value == 0
    assert told["made, attempts: all, read"].value == read.value
    assert "no ../shared/photos beside the project" in capsys.readouterr().err


@pytest.mark.skipif(
    not (photoset.SET / "manifest.jsonl").exists(), reason="the photo set is not beside the project"
)
def test_photos_of_the_set_are_counted_together_and_by_source() -> None:
    told = assert_well_formed("photos", photos.run("photos", FEW))
    sources = [
        row.value
        for case, row in told.items()
        if case.endswith("known texts") and not case.startswith(("all", "made"))
    ]
    assert told["all: known texts"].value == sum(sources)


def test_a_photo_is_read_when_one_of_its_texts_was_seen_and_wrong_when_only_others_were() -> None:
    photo = photoset.Photo("here", b"", frozenset({"a", "b"}))
    tally = photos.Tally()
    for texts in ({"a", "c"}, {"c"}, set[str]()):
        tally.add(photo, frozenset(texts), 1.0)
    tally.add(photoset.Photo("here", b"", frozenset()), frozenset({"c"}), 1.0)
    assert (tally.read, tally.wrong, tally.codes, len(tally.ms)) == (1, 1, 1, 4)


def test_codes_and_labels_are_beside_the_plain_way() -> None:
    few = printing.Size(codes=2, labels=2)
    told = assert_well_formed("codes", printing.run("codes", few))
    assert {"symbol only", "SVG", "PNG"} <= set(told)
    told = assert_well_formed("labels", printing.run("labels", few))
    assert "2 single labels, qr.poster, time" in told


def test_made_photos_are_the_same_each_time() -> None:
    assert list(photoset.made(2)) == list(photoset.made(2))


@pytest.mark.parametrize(("values", "value"), [([3.0], 3.0), ([*map(float, range(1, 101))], 95.0)])
def test_p95_is_the_value_that_95_of_100_do_not_exceed(values: list[float], value: float) -> None:
    assert p95(values) == value


@nightly
@pytest.mark.long
@pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed")
@pytest.mark.parametrize("name", ["scan", "page"])
def test_the_service_is_beside_an_echo(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for size, value in (("GIVERS", 20), ("SCANS", 200), ("PAGES", 200)):
        monkeypatch.setattr(web, size, value)
    assert "echo" in assert_well_formed(name, web.run(name))


@nightly
@pytest.mark.long
def test_a_settled_month_is_beside_a_bare_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settle, "MEMBERS", {"settle-840k": 200})
    monkeypatch.setattr(postgres, "available", lambda: False)
    told = assert_well_formed("settle-840k", settle.run("settle-840k"))
    assert told["sqlite settle"].of == "sqlite scan"
