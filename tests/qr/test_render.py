"""Symbols: the same mask always, small for short hosts, and read back by a decoder."""

import re
import struct
import xml.etree.ElementTree as ET
import zlib

import cv2
import numpy as np
import pytest
import segno
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st

from qr.code import Code, address
from qr.render import ERROR_LEVEL, MASK, QUIET_ZONE, Symbol, png, runs, svg, symbol

CODES = st.integers(0, (1 << 60) - 1).map(Code.from_number)
HOSTS = st.from_regex(r"[a-z]([a-z0-9-]{0,20}[a-z0-9])?(\.[a-z]{2,5})?", fullmatch=True)
ADDRESS = address(Code.from_number(4711), base_url="https://flattr.example")


def decoded(picture: bytes) -> tuple[np.ndarray, list[zxingcpp.Barcode]]:
    image = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_UNCHANGED)
    assert image is not None
    return image, list(zxingcpp.read_barcodes(image))


def drawn_by(picture: bytes) -> list[list[int]]:
    """The modules that the SVG's second path fills, quiet zone included, by its own numbers."""
    root = ET.fromstring(picture)
    side = int(root.attrib["viewBox"].split()[-1])
    paths = root.findall("{http://www.w3.org/2000/svg}path")
    assert [path.attrib["fill"] for path in paths] == ["#fff", "#000"]
    assert paths[0].attrib["d"] == f"M0 0h{side}v{side}h-{side}z"
    rectangle = re.compile(r"M(\d+) (\d+)h(\d+)v1h-(\d+)z")
    assert rectangle.sub("", paths[1].attrib["d"]) == ""
    rows = [[0] * side for _ in range(side)]
    for x, y, right, left in (map(int, found) for found in rectangle.findall(paths[1].attrib["d"])):
        assert right == left
        for column in range(x, x + right):
            rows[y][column] += 1
    return rows


def with_quiet_zone(of: Symbol) -> list[list[int]]:
    blank = [[0] * of.full_size] * QUIET_ZONE
    margin = [0] * QUIET_ZONE
    return [*blank, *([*margin, *row, *margin] for row in of.rows), *blank]


@settings(deadline=None, max_examples=40)
@given(CODES, HOSTS, st.sampled_from(["http", "https"]), st.integers(2, 12))
def test_a_png_reads_back_as_the_address(code: Code, host: str, scheme: str, scale: int) -> None:
    printed = address(code, base_url=f"{scheme}://{host}")
    made = symbol(printed)
    image, found = decoded(png(made, scale=scale))
    assert image.shape == (made.full_size * scale, made.full_size * scale)
    assert [barcode.text for barcode in found] == [printed]
    assert found[0].ec_level == ERROR_LEVEL


@settings(deadline=None, max_examples=40)
@given(CODES, HOSTS)
def test_png_and_svg_draw_exactly_the_modules_of_the_symbol(code: Code, host: str) -> None:
    made = symbol(address(code, base_url=f"https://{host}"))
    expected = with_quiet_zone(made)
    image, _ = decoded(png(made, scale=3))
    assert (image[1::3, 1::3] == np.where(np.array(expected) == 1, 0, 255)).all()
    assert set(np.unique(image)) == {0, 255}
    assert drawn_by(svg(made)) == expected


def test_the_modules_of_an_svg_read_back() -> None:
    pixels = np.where(np.array(drawn_by(svg(symbol(ADDRESS)))) == 1, 0, 255).astype(np.uint8)
    found = zxingcpp.read_barcodes(np.kron(pixels, np.ones((4, 4), np.uint8)))
    assert [barcode.text for barcode in found] == [ADDRESS]


@settings(deadline=None, max_examples=30)
@given(CODES, st.integers(1, 30), st.sampled_from(["http", "https"]))
def test_hosts_of_up_to_fourteen_characters_need_25_modules(
    code: Code, length: int, scheme: str
) -> None:
    made = symbol(address(code, base_url=f"{scheme}://{'a' * length}"))
    fits = length + len(scheme) <= 14 + len("https")
    assert made.size == (25 if fits else 29)
    assert made.version == (2 if fits else 3)


def test_our_example_host_has_fourteen_characters() -> None:
    assert symbol(ADDRESS).size == 25


@settings(deadline=None, max_examples=30)
@given(CODES)
def test_every_symbol_has_the_same_mask_and_level(code: Code) -> None:
    made = symbol(address(code, base_url="https://flattr.example"))
    assert (made.mask, made.error_level) == (MASK, "M")
    # Format information, ISO/IEC 18004, 7.9: level M is 00, then the mask, under XOR 10101…
    first_five = [made.rows[8][x] for x in range(5)]
    assert [bit ^ hidden for bit, hidden in zip(first_five, (1, 0, 1, 0, 1), strict=True)] == [
        0,
        0,
        *(MASK >> shift & 1 for shift in (2, 1, 0)),
    ]


def test_a_symbol_is_that_of_segno_in_alphanumeric_mode() -> None:
    made = segno.make_qr(
        ADDRESS, error="m", version=2, mask=MASK, mode="alphanumeric", boost_error=False
    )
    assert symbol(ADDRESS).rows == tuple(bytes(row) for row in made.matrix)


@pytest.mark.parametrize("mask", range(8))
def test_an_older_print_keeps_its_own_mask(mask: int) -> None:
    made = symbol(ADDRESS, mask=mask)
    assert made.mask == mask
    assert [barcode.text for barcode in decoded(png(made))[1]] == [ADDRESS]


def test_the_brackets_of_an_ipv6_host_still_make_a_symbol() -> None:
    printed = address(Code.from_number(1), base_url="http://[::1]:8000")
    assert [barcode.text for barcode in decoded(png(symbol(printed)))[1]] == [printed]


def test_what_no_symbol_holds_is_an_error_of_use() -> None:
    with pytest.raises(ValueError, match="too large"):
        symbol("A" * 4000)


def test_runs_cover_each_dark_module_once() -> None:
    made = symbol(ADDRESS)
    covered = [(x + i, y) for x, y, length in runs(made) for i in range(length)]
    dark = {(x, y) for y, row in enumerate(made.rows) for x, module in enumerate(row) if module}
    assert len(covered) == len(set(covered))
    assert set(covered) == dark


def test_a_title_of_an_svg_is_escaped_and_never_breaks_the_document() -> None:
    title = "<script>alert('1')</script> & \"quotes\" \x00\x0b\ud800\uffff Ölbild 🎨"
    found = ET.fromstring(svg(symbol(ADDRESS), title=title)).find(
        "{http://www.w3.org/2000/svg}title"
    )
    assert found is not None
    assert found.text == "<script>alert('1')</script> & \"quotes\"  Ölbild 🎨"


def test_an_svg_without_a_title_has_none() -> None:
    assert b"<title>" not in svg(symbol(ADDRESS))


def test_a_module_of_both_pictures_is_a_millimetre_wide() -> None:
    made = symbol(ADDRESS)
    assert b' width="33mm" height="33mm"' in svg(made)
    assert b"pHYs" + struct.pack(">IIB", 8000, 8000, 1) in png(made, scale=8)


def test_a_png_is_330_pixels_wide_without_asking() -> None:
    assert decoded(png(symbol(ADDRESS)))[0].shape == (330, 330)


def test_a_png_holds_nothing_but_its_four_chunks() -> None:
    picture, kinds, at = png(symbol(ADDRESS)), [], 8
    while at < len(picture):
        (length,) = struct.unpack(">I", picture[at : at + 4])
        body = picture[at + 4 : at + 8 + length]
        assert struct.unpack(">I", picture[at + 8 + length : at + 12 + length])[0] == zlib.crc32(
            body
        )
        kinds.append(body[:4])
        at += 12 + length
    assert kinds == [b"IHDR", b"pHYs", b"IDAT", b"IEND"]


@pytest.mark.parametrize("scale", [0, -1, 101])
def test_a_scale_out_of_range_is_an_error_of_use(scale: int) -> None:
    with pytest.raises(ValueError, match="1 to 100"):
        png(symbol(ADDRESS), scale=scale)
