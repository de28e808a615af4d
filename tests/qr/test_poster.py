"""Labels: read back from paper, never overflowing, the same bytes for the same input."""

import shutil
import subprocess
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from qr import poster
from qr.code import Code, address, authority
from qr.lettering import TEXT_LIMIT, Faces, faces, fit, printable
from qr.poster import draw_symbol, label
from qr.render import runs, symbol

BASE = "https://flattr.example"
CODE = Code.from_number(123_456_789_123_456_789)
ADDRESS = address(CODE, base_url=BASE)
SYMBOL = symbol(ADDRESS)
WIDTH = poster._TEXT_WIDTH
LONG = "Donaudampfschiffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft "

needs_poppler = pytest.mark.skipif(
    shutil.which("pdftoppm") is None or shutil.which("pdftotext") is None,
    reason="pdftoppm and pdftotext of poppler-utils are not installed",
)
needs_dejavu = pytest.mark.skipif(
    faces() == faces(()), reason="the fonts of fonts-dejavu-core are not installed"
)


def plain_label(title: str = "Nachtstück", artist: str | None = "Anna Grünwald") -> bytes:
    return label(
        SYMBOL, title=title, artist=artist, code_groups=CODE.grouped, host="flattr.example"
    )


def printed(pdf: bytes, folder: Path, resolution: int = 200) -> np.ndarray:
    """The one page of a PDF as grey pixels."""
    (folder / "label.pdf").write_bytes(pdf)
    subprocess.run(
        ["pdftoppm", "-r", str(resolution), "-gray", "-png", "label.pdf", "page"],
        cwd=folder,
        check=True,
    )
    (page,) = folder.glob("page*.png")
    image = cv2.imread(str(page), cv2.IMREAD_GRAYSCALE)
    assert image is not None
    return image


def text_of(pdf: bytes) -> str:
    done = subprocess.run(["pdftotext", "-", "-"], input=pdf, capture_output=True, check=True)
    return done.stdout.decode()


@needs_poppler
@pytest.mark.parametrize(
    "base_url", [BASE, "http://localhost:8000", f"https://{'a' * 100}.example"]
)
def test_a_printed_label_reads_back(base_url: str, tmp_path: Path) -> None:
    sent = address(CODE, base_url=base_url)
    page = label(
        symbol(sent),
        title="Busker",
        artist=None,
        code_groups=CODE.grouped,
        host=authority(base_url),
    )
    image = printed(page, tmp_path)
    assert [found.text for found in zxingcpp.read_barcodes(image)] == [sent]


@needs_poppler
def test_a_label_says_code_host_title_and_artist_in_letters() -> None:
    text = text_of(plain_label())
    for line in (CODE.grouped, "flattr.example", "Nachtstück", "Anna Grünwald"):
        assert line in text


@needs_poppler
def test_nothing_overflows_however_long_the_texts_are(tmp_path: Path) -> None:
    page = label(
        SYMBOL,
        title=LONG * 20,
        artist="W" * 500,
        code_groups=CODE.grouped,
        host=authority("https://" + "w" * 176),
    )
    image = printed(page, tmp_path)
    dark_rows, dark_columns = np.nonzero(image < 128)
    millimetre = 200 / 25.4
    assert dark_columns.min() >= 9.5 * millimetre
    assert dark_columns.max() <= image.shape[1] - 9.5 * millimetre
    assert dark_rows.max() <= image.shape[0] - 9.5 * millimetre
    assert [found.text for found in zxingcpp.read_barcodes(image)] == [ADDRESS]


@needs_poppler
def test_the_longest_host_is_printed_in_full() -> None:
    host = authority("https://" + "w" * 170 + ":65535")
    page = label(SYMBOL, title="", artist=None, code_groups=CODE.grouped, host=host)
    assert host in "".join(text_of(page).split())


@settings(deadline=None, max_examples=30)
@given(st.text(), st.none() | st.text())
def test_no_title_whatever_breaks_a_label(title: str, artist: str | None) -> None:
    assert plain_label(title, artist).startswith(b"%PDF-")


def test_title_and_code_never_meet() -> None:
    # The worst case of each block, added up, against the room between symbol and margin.
    def tallest(tries: tuple[tuple[float, int], ...]) -> float:
        return max(size * lines for size, lines in tries) * 1.2

    blocks = [poster._TITLE, poster._ARTIST, poster._CODE, poster._HOST]
    needed = sum(tallest(tries) for tries in blocks) + poster._GAP * len(blocks)
    assert needed <= poster._SYMBOL_BOTTOM - poster._MARGIN


def test_the_same_input_gives_the_same_bytes() -> None:
    assert plain_label() == plain_label()
    assert plain_label() != plain_label("Another title")


def test_a_label_is_one_small_page_in_black_ink_with_embedded_fonts() -> None:
    page = plain_label()
    assert page.count(b"/Type /Page\n") == 1
    assert b"/MediaBox [ 0 0 297.6378 419.5276 ]" in page
    assert page.count(b"/FontFile2") == 3
    assert b"Helvetica" not in page
    assert len(page) < 100_000


def test_a_symbol_is_drawn_as_one_filled_path_of_black_ink() -> None:
    buffer = BytesIO()
    canvas = Canvas(buffer, pageCompression=0, invariant=1)
    draw_symbol(canvas, SYMBOL, left=10, bottom=20, side=33)
    canvas.save()
    drawing = buffer.getvalue().partition(b"endstream")[0]
    assert drawing.count(b" re") == len(runs(SYMBOL))
    assert [word for word in drawing.split() if word in {b"f", b"f*", b"S", b"B", b"s"}] == [b"f*"]
    assert b"0 g" in drawing
    assert b" rg" not in drawing
    assert b" k" not in drawing


@needs_poppler
def test_a_label_is_named_after_the_thing(tmp_path: Path) -> None:
    (tmp_path / "label.pdf").write_bytes(plain_label("Nacht\x00stück \ud800 🎨"))
    done = subprocess.run(
        ["pdfinfo", "label.pdf"], cwd=tmp_path, capture_output=True, check=True, text=True
    )
    assert "Nachtstück 🎨" in done.stdout
    assert "Anna Grünwald" in done.stdout


@needs_poppler
def test_a_label_without_title_is_named_after_its_code(tmp_path: Path) -> None:
    (tmp_path / "label.pdf").write_bytes(plain_label("", None))
    done = subprocess.run(
        ["pdfinfo", "label.pdf"], cwd=tmp_path, capture_output=True, check=True, text=True
    )
    assert CODE.grouped in done.stdout.partition("\n")[0]


@needs_dejavu
def test_latin_greek_and_cyrillic_letters_are_printed_as_they_are() -> None:
    text = "Łódź, Ελληνικά, Кириллица: Ångström"
    assert printable(text, faces().bold) == text


def test_letters_that_vera_lacks_become_their_base_letter_or_a_question_mark() -> None:
    vera = faces(())
    assert vera == Faces(plain="Vera", bold="VeraBd", code="VeraBd")
    assert printable("Ölbild ễ ﬃ 日本 e\u20e3", vera.plain) == "Ölbild e ffi ?? e"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("  two\n\tlines \u00a0", "two lines"),
        ("a\u0000b\u202ec\u200dd\ud800e", "abcde"),
        ("e\u0301", "é"),
        ("日本 🎨", "日本 🎨"),
        ("x" * 10_000, "x" * TEXT_LIMIT),
        ("", ""),
    ],
)
def test_a_text_becomes_one_printable_line(text: str, shown: str) -> None:
    assert printable(text) == shown


@pytest.mark.parametrize("directories", [(), (Path("/nowhere"),)])
def test_without_the_systems_fonts_labels_are_set_in_vera(directories: tuple[Path, ...]) -> None:
    assert faces(directories).plain == "Vera"


TRIES = ((20.0, 1), (14.0, 2), (10.0, 3))


@pytest.mark.parametrize(
    ("text", "size", "lines"),
    [
        ("", 20.0, 0),
        ("Short", 20.0, 1),
        ("A title that is a little longer than the first", 14.0, 2),
        (
            "A title of several words that needs three lines of small letters to be set " * 2,
            10.0,
            3,
        ),
        ("Donaudampfschiffahrtsgesellschaft", 10.0, 1),
        (LONG * 4, 10.0, 3),
    ],
)
def test_longer_texts_are_set_smaller_then_in_more_lines(
    text: str, size: float, lines: int
) -> None:
    fitted = fit(text, font=faces(()).bold, width=WIDTH, tries=TRIES)
    assert (fitted.size, len(fitted.lines)) == (size, lines)
    assert fitted.height == pytest.approx(fitted.leading * lines)


def test_what_is_cut_ends_in_an_ellipsis_and_what_is_whole_does_not() -> None:
    font = faces(()).bold
    assert fit(LONG * 4, font=font, width=WIDTH, tries=TRIES).lines[-1].endswith("…")
    whole = fit("Donaudampfschiffahrt auf der Donau", font=font, width=WIDTH, tries=TRIES)
    assert " ".join(whole.lines) == "Donaudampfschiffahrt auf der Donau"


@settings(deadline=None)
@given(st.text(), st.floats(20, 300))
def test_every_line_fits_its_width(text: str, width: float) -> None:
    fitted = fit(text, font=faces(()).bold, width=width, tries=TRIES)
    assert all(stringWidth(line, fitted.font, fitted.size) <= width for line in fitted.lines)
    assert len(fitted.lines) <= 3


def test_no_line_is_broken_at_a_blank_that_keeps_together() -> None:
    face = faces().plain
    text = "Combien\N{NO-BREAK SPACE}?"
    whole_width = stringWidth(text, face, 10)
    lines = fit(f"Pour tous {text}", font=face, width=whole_width + 1, tries=[(10.0, 3)])
    assert lines.lines == ("Pour tous", text)
