"""How fast codes and labels are made, beside the plain way with the same libraries.

`codes` mints a code and renders its symbol; the plain way lets segno try all eight masks and write
the picture. `labels` makes single labels, each a PDF of its own; the plain way draws each dark
module as a rectangle on reportlab's canvas, once in fonts that are not embedded and once in ours.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from random import Random

import segno
from reportlab.lib.pagesizes import A6
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

import qr
import scanner
from qr import code, poster, render
from qr.lettering import faces
from scripts.benchmarks.figures import peak_mb
from scripts.benchmarks.photoset import BASE_URL, ROOT
from scripts.benchmarks.rows import Row, note

TITLE, ARTIST = "Nachtstück mit Laterne", "Anna Grünwald"
SCALE = 10
BATCH = 50
STANDARD = ("Helvetica", "Helvetica-Bold", "Courier-Bold")


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is made; a test makes less."""

    codes: int = 1_000
    labels: int = 1_000


def run(name: str, size: Size = Size()) -> Iterator[Row]:
    """Measure `codes` or `labels`."""
    yield from _codes(size.codes) if name == "codes" else _labels(size.labels)


# --- codes ---------------------------------------------------------------------------------------

Make = Callable[[str], bytes]


def _plain_symbol(address: str) -> segno.QRCode:
    # The same level and version as ours, so that only the search for the best mask is more.
    return segno.make_qr(address, error=render.ERROR_LEVEL, boost_error=False)


def _plain_picture(address: str, kind: str) -> bytes:
    out = io.BytesIO()
    _plain_symbol(address).save(out, kind=kind, scale=SCALE if kind == "png" else 1)
    return out.getvalue()


WAYS: dict[str, tuple[Make, Make]] = {
    "symbol only": (
        lambda address: b"".join(bytes(row) for row in _plain_symbol(address).matrix),
        lambda address: b"".join(render.symbol(address).rows),
    ),
    "SVG": (
        lambda address: _plain_picture(address, "svg"),
        lambda address: render.svg(render.symbol(address)),
    ),
    "PNG": (
        lambda address: _plain_picture(address, "png"),
        lambda address: render.png(render.symbol(address), scale=SCALE),
    ),
}
"""What is made, by the plain way and by ours."""


def _codes(count: int) -> Iterator[Row]:
    note(f"{count} codes of each kind, minted and rendered; batches of both ways in turn")
    for what, (plain, ours) in WAYS.items():
        if what == "PNG":
            _check(plain, ours)
        plain_s = ours_s = 0.0
        for begin in range(0, count, BATCH):
            batch = min(BATCH, count - begin)
            plain_s += _seconds(plain, batch)
            ours_s += _seconds(ours, batch)
        case = f"{what}, segno trying all masks"
        yield Row(bench="codes", case=case, value=round(count / plain_s), unit="codes/s")
        yield Row(
            bench="codes",
            case=what,
            value=round(count / ours_s),
            unit="codes/s",
            of=case,
            ratio=round(plain_s / ours_s, 2),
        )


def _seconds(make: Make, count: int) -> float:
    begun = time.perf_counter()
    for _ in range(count):
        make(code.address(code.mint(), base_url=BASE_URL))
    return time.perf_counter() - begun


def _check(plain: Make, ours: Make) -> None:
    """End the run when the pictures of the two ways do not say the same."""
    sent = code.address(code.mint(), base_url=BASE_URL)
    for picture in (plain(sent), ours(sent)):
        if [seen.text for seen in scanner.read(picture)] != [sent]:
            raise SystemExit("bench: a picture does not say what was put into it")


# --- labels --------------------------------------------------------------------------------------


def _labels(count: int) -> Iterator[Row]:
    note(f"{count} single labels, each a PDF of its own; each way in a process of its own")
    told = {way: _in_a_process_of_its_own(way, count) for way in DRAWN}
    for figure, what, unit in (("s", "time", "s"), ("kb_each", "size of one", "KB")):
        baseline = told[PLAIN]
        for way, figures in told.items():
            row = Row(
                bench="labels",
                case=f"{count} single labels, {way}, {what}",
                value=round(figures[figure], 3),
                unit=unit,
                peak_mb=figures["peak_mb"],
            )
            if figures is not baseline:
                against = f"{count} single labels, {PLAIN}, {what}"
                ratio = round(figures[figure] / baseline[figure], 3)
                row = replace(row, of=against, ratio=ratio)
            yield row


def _in_a_process_of_its_own(way: str, count: int) -> dict[str, float]:
    command = [sys.executable, "-m", "scripts.benchmarks.printing", way, str(count)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True)
    told: dict[str, float] = json.loads(done.stdout)
    return told


def _tell(way: str, count: int) -> None:
    """Make labels in this process and print how long it took and how large they are."""
    random = Random(7)
    codes = [qr.mint(random.getrandbits) for _ in range(count)]
    label = DRAWN[way]
    label(codes[0])  # fonts are loaded once in the life of a process
    begun = time.perf_counter()
    size = sum(len(label(one)) for one in codes)
    took = time.perf_counter() - begun
    print(json.dumps({"s": took, "kb_each": size / 1000 / count, "peak_mb": peak_mb()}))


def _label(one: qr.Code) -> bytes:
    return poster.label(
        render.symbol(code.address(one, base_url=BASE_URL)),
        title=TITLE,
        artist=ARTIST,
        code_groups=one.grouped,
        host=code.authority(BASE_URL),
    )


def _plain_label(one: qr.Code, fonts: tuple[str, str, str] = STANDARD) -> bytes:
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A6, pageCompression=1, invariant=1)
    matrix = _plain_symbol(code.address(one, base_url=BASE_URL)).matrix
    module = 86 * mm / (len(matrix) + 2 * render.QUIET_ZONE)
    left, top = (A6[0] - len(matrix) * module) / 2, 143 * mm - render.QUIET_ZONE * module
    for y, row in enumerate(matrix):
        for x, dark in enumerate(row):
            if dark:
                down = top - (y + 1) * module
                canvas.rect(left + x * module, down, module, module, stroke=0, fill=1)
    plain, bold, mono = fonts
    lines = (
        (TITLE, bold, 20),
        (ARTIST, plain, 12),
        (one.grouped, mono, 19),
        (code.authority(BASE_URL), plain, 11),
    )
    for number, (text, font, size) in enumerate(lines):
        canvas.setFont(font, size)
        canvas.drawCentredString(A6[0] / 2, (48 - 10 * number) * mm, text)
    canvas.save()
    return out.getvalue()


def _embedded_label(one: qr.Code) -> bytes:
    fonts = faces()
    return _plain_label(one, (fonts.plain, fonts.bold, fonts.code))


PLAIN = "plain reportlab and segno"
DRAWN: dict[str, Callable[[qr.Code], bytes]] = {
    PLAIN: _plain_label,
    f"{PLAIN}, fonts embedded": _embedded_label,
    "qr.poster": _label,
}
"""The ways to draw a label, by name."""


if __name__ == "__main__":
    _tell(sys.argv[1], int(sys.argv[2]))
