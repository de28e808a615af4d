"""Codes as they are printed: one on a label, many on a sheet, and those that keep no rules.

A sheet is reflectance in linear light, blue-green-red, and how far it covers what lies behind it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import ceil
from typing import Final

import cv2
import numpy as np
import segno
from segno.encoder import DataOverflowError

import qr
from qr import render
from tests.studio.dice import Dice, Floats
from tests.studio.letters import write

QUIET: Final = 4
BASE_URLS: Final = ("https://flattr.example", "https://x.example", "https://a-long-host.example")
WORDS: Final = (
    *("painting", "river", "gallery", "tram", "concert", "märz", "straße", "音楽", "świat", "ноты"),
    *("café", "record", "window", "seven", "garden", "évidence", "stall", "träd", "ночь", "東京"),
)


@dataclass(frozen=True, slots=True)
class Code:
    """A text and its modules, 1 is dark, without the quiet zone."""

    text: str
    dark: Floats


@dataclass(frozen=True, slots=True)
class Sheet:
    """A print. `frame` holds all symbols without quiet zones: left, top, right, bottom."""

    ink: Floats
    cover: Floats
    texel: int
    frame: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How a sheet is printed; the default is what the standard asks for."""

    dark: tuple[float, float, float] = (0.04, 0.04, 0.04)
    light: tuple[float, float, float] = (0.8, 0.8, 0.8)
    quiet: int = QUIET
    round_dots: float = 0.0
    logo: float = 0.0
    mirrored: bool = False
    caption: bool = True


def plain(dice: Dice) -> Style:
    """Print black on white, more or less."""
    dark, paper = dice.among(0.02, 0.07), dice.among(0.65, 0.85)
    tone = (paper * dice.among(0.85, 1.0), paper * dice.among(0.94, 1.0), paper)
    return Style(dark=(dark, dark, dark), light=tone, caption=dice.chance(0.6))


def ours(dice: Dice) -> Code:
    """Draw a code of ours, as it would be printed."""
    address = qr.address(qr.mint(dice.bits().getrandbits), base_url=dice.one_of(BASE_URLS))
    return Code(address, _modules(render.symbol(address).rows))


def anybodys(dice: Dice, versions: tuple[int, int]) -> Code:
    """Draw a code that another house may have printed."""
    version, level = dice.whole(*versions), dice.one_of(("L", "M", "Q", "H"))
    text = dice.one_of((_link, _sentence, _digits))(dice, 18 + version * version)
    while True:
        try:
            made = segno.make_qr(
                text, version=version, error=level, mask=dice.whole(0, 7), boost_error=False
            )
        except DataOverflowError:
            text = text[: len(text) * 4 // 5].strip()
        else:
            return Code(text, _modules(tuple(bytes(row) for row in made.matrix)))


def label(codes: tuple[Code, ...], *, columns: int, texel: int, dice: Dice, style: Style) -> Sheet:
    """Print codes in a grid on one sheet, with lines of letters under each."""
    side = max(len(code.dark) for code in codes)
    below = 3 if style.caption else 0
    cell_wide, cell_high = side + 2 * style.quiet, side + 2 * style.quiet + below
    edge = dice.whole(0, 5) if style.quiet else 0
    rows = ceil(len(codes) / columns)
    dark = np.zeros((rows * cell_high + 2 * edge, columns * cell_wide + 2 * edge), np.float32)
    for number, code in enumerate(codes):
        row, column = divmod(number, columns)
        top = edge + row * cell_high + style.quiet
        left = edge + column * cell_wide + style.quiet
        pattern = code.dark[:, ::-1] if style.mirrored else code.dark
        dark[top : top + len(pattern), left : left + len(pattern)] = pattern
    drawn = _enlarged(dark, texel, style.round_dots)
    if style.caption:
        for number in range(len(codes)):
            row, column = divmod(number, columns)
            at = edge + column * cell_wide + style.quiet, edge + (row + 1) * cell_high - 2
            _write(drawn, at, texel=texel, wide=side, dice=dice)
    ink = _inked(drawn, style)
    first = edge + style.quiet
    wide, high = (columns - 1) * cell_wide + side, (rows - 1) * cell_high + side
    frame = (first * texel, first * texel, (first + wide) * texel, (first + high) * texel)
    if style.logo:
        _stamp(ink, frame, style.logo, dice)
    return Sheet(ink, np.ones(drawn.shape, np.float32), texel, frame)


def moved(sheet: Sheet, change: Callable[[Floats], Floats]) -> Sheet:
    """Change ink and cover alike, as bending does."""
    return replace(sheet, ink=change(sheet.ink), cover=change(sheet.cover))


def _modules(rows: tuple[bytes, ...]) -> Floats:
    return np.array([list(row) for row in rows], np.float32)


def _enlarged(dark: Floats, texel: int, round_dots: float) -> Floats:
    big = np.kron(dark, np.ones((texel, texel), np.float32))
    if not round_dots:
        return np.asarray(big, np.float32)
    across = (np.arange(texel) + 0.5) / texel - 0.5
    away = np.hypot(across, across[:, None]) * texel
    dot = np.clip(round_dots / 2 * texel - away + 0.5, 0, 1)
    rows, columns = dark.shape
    return np.asarray(big * np.tile(dot, (rows, columns)), np.float32)


def _inked(drawn: Floats, style: Style) -> Floats:
    dark, light = np.array(style.dark, np.float32), np.array(style.light, np.float32)
    channels = [light[one] + drawn * (dark[one] - light[one]) for one in range(3)]
    return np.asarray(cv2.merge(channels), np.float32)


def _write(drawn: Floats, at: tuple[int, int], *, texel: int, wide: int, dice: Dice) -> None:
    letters = "".join(dice.one_of(tuple("ABCDEFGHJKMNPQRSTVWXYZ0123456789")) for _ in range(15))
    high = min(wide / 15 * 0.9, 2.5) * texel  # the line below a large symbol has no more room
    write(drawn, letters, (at[0] * texel, at[1] * texel + texel), high=high, ink=(1.0,))


def _stamp(ink: Floats, frame: tuple[float, ...], share: float, dice: Dice) -> None:
    left, top, right, bottom = frame
    middle, half = ((left + right) / 2, (top + bottom) / 2), (right - left) * share / 2
    colour = tuple(dice.among(0.05, 0.8) for _ in range(3))
    near = tuple(round(value - half) for value in middle)
    far = tuple(round(value + half) for value in middle)
    cv2.rectangle(ink, near, far, (0.85, 0.85, 0.85), -1)
    cv2.circle(ink, (round(middle[0]), round(middle[1])), round(half * 0.8), colour, -1)


def _link(dice: Dice, length: int) -> str:
    letters = "abcdefghijklmnopqrstuvwxyz0123456789-_"
    path = "".join(letters[n] for n in dice.random.integers(len(letters), size=max(4, length - 22)))
    return f"https://shop.example/p/{path}"[:length]


def _sentence(dice: Dice, length: int) -> str:
    text = " ".join(dice.one_of(WORDS) for _ in range(length // 4 + 2))
    return text[:length].strip()


def _digits(dice: Dice, length: int) -> str:
    return "".join(map(str, dice.random.integers(10, size=length)))
