"""Bent symbols: drawn on cloth that is pulled about, and read."""

import math
from itertools import product

import cv2
import numpy as np
import pytest
import segno
from numpy.typing import NDArray

from scanner import straightening
from scanner.decoders import DECODERS, Straightened
from scanner.straightening import Outline
from tests.scanner.pictures import TEXT, Grey, drawn, matrix, symbol

MODULE, BORDER = 8, 4


def bent(pixels: Grey, *, by: float) -> Grey:
    """Shift each pixel by up to `by` pixels: most in the middle, hardly at the finder patterns."""
    side = len(pixels)
    place = np.arange(side, dtype=np.float32)
    column, row = np.meshgrid(place, place)
    bulge = by * (np.sin(math.pi * row / side) * np.sin(math.pi * column / side)) ** 2
    map_x, map_y = (column + bulge).astype(np.float32), (row - bulge).astype(np.float32)
    done = cv2.remap(pixels, map_x, map_y, cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE)
    return np.asarray(done, np.uint8)


def outline(pixels: Grey, modules: int) -> Outline:
    near, far = BORDER * MODULE, len(pixels) - BORDER * MODULE
    corners = np.array([(near, near), (far, near), (far, far), (near, far)], np.float32)
    return Outline(corners, modules)


def wrong(bits: NDArray[np.uint8], code: segno.QRCode) -> int:
    return int((bits != matrix(code)).sum())


@pytest.mark.parametrize(("version", "shift"), [(2, 3), (2, 9), (3, 12), (7, 12), (14, 12)])
def test_a_bulge_is_taken_out(version: int, shift: float) -> None:
    code = segno.make(TEXT, version=version, error="m", boost_error=False, micro=False)
    picture = bent(drawn(matrix(code), module=MODULE, border=BORDER), by=shift)
    readings = list(straightening.readings(picture, outline(picture, 17 + 4 * version)))
    assert len(readings) == 2 * (1 + straightening.PULLS)
    assert wrong(readings[-1], code) < 0.01 * readings[-1].size
    # What the straightening is there for: a plane's grid slips off the modules.
    if shift > MODULE:
        assert wrong(readings[0], code) > 10 * max(wrong(readings[-1], code), 1)


def test_what_is_flat_stays_flat() -> None:
    code = segno.make(TEXT, version=4, error="m", boost_error=False, micro=False)
    picture = drawn(matrix(code), module=MODULE, border=BORDER)
    readings = straightening.readings(picture, outline(picture, 33))
    assert [wrong(bits, code) for bits in readings] == 2 * (1 + straightening.PULLS) * [0]


def decoder() -> Straightened:
    found = DECODERS["zxing-cpp/straightened"]
    assert isinstance(found, Straightened)
    return found


def test_a_bent_symbol_is_read_that_is_not_read_as_it_is() -> None:
    plain = DECODERS["zxing-cpp"]
    assert plain is not None
    read = {"plain": 0, "straightened": 0}
    for text, by in product(("A", "B", "C", "D"), (7, 9, 11)):
        picture = bent(symbol(TEXT + text, module=MODULE, border=BORDER), by=by)
        read["plain"] += [one.text for one in plain(picture)] == [TEXT + text]
        read["straightened"] += [one.text for one in decoder()(picture)] == [TEXT + text]
    assert read["straightened"] == 12
    assert read["plain"] < 6


def test_a_symbol_that_is_read_as_it_is_keeps_its_corners() -> None:
    picture = symbol(module=MODULE, border=BORDER)
    (found,) = decoder()(picture)
    assert found.text == TEXT
    near, far = BORDER * MODULE, len(picture) - BORDER * MODULE
    assert np.allclose(found.corners[0], (near, near), atol=3)
    assert np.allclose(found.corners[2], (far, far), atol=3)


def test_only_some_unreadable_symbols_are_straightened() -> None:
    torn = symbol(module=4, border=BORDER)
    torn[70:110, 40:110] = 255 - torn[70:110, 40:110]
    wall = np.tile(torn, (4, 4))
    few = Straightened(decoder().zxing, most=0)
    assert list(few(wall)) == []
