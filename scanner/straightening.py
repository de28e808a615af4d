"""Symbols on shirts, bottles and bent pages: found by a decoder, and read by none.

A decoder samples a symbol through one perspective view of a plane. Where the paper is not a plane,
the samples slip off their modules. But the edges of modules stand on a grid, however bent: seen
through a wave with the period of a module, their phase says at each place how far the grid is off.
This is how fringes are read in interferometry (Takeda, Ina and Kobayashi, J. Opt. Soc. Am. 72, 156,
1982). The phase is unwrapped from the finder patterns inwards, the picture is pulled straight, and
each module is sampled in its middle. Whether the result is a text is for a decoder and its error
correction to say.
"""

import heapq
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from scanner import symbols
from scanner.loading import Grey

Floats = NDArray[np.float32]
Bits = NDArray[np.uint8]

PULLS: Final = 2
"""Times that a symbol is pulled straight; the second mends what the first left."""

_MARGIN: Final = 2
"""Modules of the picture kept around a symbol, so that its outermost edges are seen."""

_REACH: Final = 1.4
"""Sigma in modules of the window in which the phase is taken. Wider ones slip at sharp folds."""

_FEWEST_PIXELS: Final = 6
_MOST_PIXELS: Final = 10
"""Pixels for one module of a flattened symbol."""

_NEARBY: Final = 7
"""Modules over which dark and light are told apart, besides over the whole symbol."""


@dataclass(frozen=True, slots=True)
class Outline:
    """Where a decoder found a symbol that it could not read.

    Attributes:
        corners: 4 x 2, x and y of its corners, clockwise from that of the first finder pattern.
        modules: on a side.
    """

    corners: Floats
    modules: int


def readings(grey: Grey, outline: Outline) -> Iterator[Bits]:
    """Give what the modules of a symbol may be, the likeliest first: as found, then straightened.

    Yields:
        `modules` x `modules` of 1 (dark) and 0 (light), function patterns as they have to be.
    """
    known = symbols.function_patterns(outline.modules)
    flat, pixels = _flattened(grey, outline)
    for pull in range(PULLS + 1):
        if pull:
            flat = _pulled(flat, outline.modules, pixels)
        values = _sampled(flat, outline.modules, pixels)
        for bits in (_darker_than_most(values), _darker_than_nearby(values)):
            yield np.where(known == symbols.UNKNOWN, bits, known).astype(np.uint8)


def drawn(bits: Bits) -> Grey:
    """Draw modules as a clean symbol: three pixels each, and a quiet zone of four."""
    quiet = cv2.copyMakeBorder((1 - bits) * 255, 4, 4, 4, 4, cv2.BORDER_CONSTANT, value=(255.0,))
    big = cv2.resize(quiet, None, fx=3, fy=3, interpolation=cv2.INTER_NEAREST)
    return np.asarray(big, np.uint8)


def _flattened(grey: Grey, outline: Outline) -> tuple[Floats, int]:
    """View a symbol from its front, upright, with some margin; and say how large a module is."""
    sides = outline.corners - np.roll(outline.corners, 1, axis=0)
    found = float(np.hypot(*sides.T).mean()) / outline.modules
    pixels = min(max(round(found), _FEWEST_PIXELS), _MOST_PIXELS)
    near, far = _MARGIN * pixels, (_MARGIN + outline.modules) * pixels
    square = np.array([(near, near), (far, near), (far, far), (near, far)], np.float32)
    view = cv2.getPerspectiveTransform(outline.corners.astype(np.float32), square)
    # Where pixels are left out, the others have to stand for them.
    smooth = cv2.GaussianBlur(grey, (0, 0), found / pixels / 2.5) if found > 1.6 * pixels else grey
    whole = near + far
    flat = cv2.warpPerspective(smooth, view, (whole, whole), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(flat, np.float32), pixels


def _pulled(flat: Floats, modules: int, pixels: int) -> Floats:
    """Pull the grid straight."""
    across, sure_across = _slips(flat, modules, pixels, axis=1)
    down, sure_down = _slips(flat, modules, pixels, axis=0)
    # The slip of each module, in pixels, as one for each pixel.
    middles = (np.arange(len(flat), dtype=np.float32) + 0.5) / pixels - _MARGIN - 0.5
    column, row = np.meshgrid(middles, middles)
    x, y = (
        cv2.remap(
            _unwrapped(slips, sure) * pixels,
            column,
            row,
            cv2.INTER_LINEAR,
            None,
            cv2.BORDER_REPLICATE,
        )
        for slips, sure in ((across, sure_across), (down, sure_down))
    )
    places = np.arange(len(flat), dtype=np.float32)
    pulled = cv2.remap(
        flat, places[None, :] + x, places[:, None] + y, cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE
    )
    return np.asarray(pulled, np.float32)


def _slips(flat: Floats, modules: int, pixels: int, *, axis: int) -> tuple[Floats, Floats]:
    """Say how far the grid is off along an axis, in modules and only up to whole ones, and how sure.

    Returns:
        Two arrays of `modules` x `modules`.
    """
    # The root keeps one strong edge, such as that of a sticker, from drowning the others.
    edges = np.sqrt(np.abs(cv2.Sobel(flat, cv2.CV_32F, axis, 1 - axis)))
    angle = (np.arange(len(flat), dtype=np.float32) + 0.5) * (2 * math.pi / pixels)
    side = modules + 2 * _MARGIN
    real, imaginary = (
        cv2.GaussianBlur(
            cv2.resize(
                edges * (wave if axis else wave[:, None]),
                (side, side),
                interpolation=cv2.INTER_AREA,
            ),
            (0, 0),
            _REACH,
        )[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN]
        for wave in (np.cos(angle), np.sin(angle))
    )
    return np.arctan2(imaginary, real) / (2 * math.pi), np.hypot(real, imaginary)


def _unwrapped(slips: Floats, sure: Floats) -> Floats:
    """Choose the whole modules, so that neighbours differ least: from the finder patterns, the surest first."""
    last = len(slips) - 1
    whole = slips.copy()
    wait = [(-math.inf, row, column, 0.0) for row, column in ((3, 3), (3, last - 3), (last - 3, 3))]
    seen = np.zeros(slips.shape, bool)
    values, weights = slips.tolist(), (-sure).tolist()
    while wait:
        _, row, column, before = heapq.heappop(wait)
        if seen[row, column]:
            continue
        seen[row, column] = True
        slip = values[row][column]
        slip += round(before - slip)
        whole[row, column] = slip
        for r, c in ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)):
            if 0 <= r <= last and 0 <= c <= last and not seen[r, c]:
                heapq.heappush(wait, (weights[r][c], r, c, slip))
    return whole


def _sampled(flat: Floats, modules: int, pixels: int) -> Floats:
    """Give the grey of each module, mostly from its middle."""
    soft = cv2.GaussianBlur(flat, (0, 0), max(0.5, 0.18 * pixels))
    middles = ((np.arange(modules) + _MARGIN + 0.5) * pixels).astype(int)
    return np.asarray(soft[np.ix_(middles, middles)], np.float32)


def _darker_than_most(values: Floats) -> Bits:
    whole = np.clip(values, 0, 255).astype(np.uint8)
    _, bits = cv2.threshold(whole, 0, 1, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)
    return np.asarray(bits, np.uint8)


def _darker_than_nearby(values: Floats) -> Bits:
    around = np.ones((_NEARBY, _NEARBY), np.uint8)
    light = cv2.GaussianBlur(cv2.dilate(values, around), (0, 0), _NEARBY / 2)
    dark = cv2.GaussianBlur(cv2.erode(values, around), (0, 0), _NEARBY / 2)
    return np.asarray(values < (light + dark) / 2, np.uint8)
