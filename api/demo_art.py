"""The works of the demo's gallery, painted by arithmetic, so that no picture of anybody is needed."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

WIDTH: Final = 560
HEIGHT: Final = 420

_Plane = NDArray[np.float64]
"""One number a pixel; as a mask, how much of a colour covers it, from 0 to 1."""

_Y, _X = np.mgrid[0 : 1 : HEIGHT * 1j, 0 : WIDTH / HEIGHT : WIDTH * 1j]


class _Canvas:
    """Colours as RGB from 0 to 1, laid over each other; the same strokes each time."""

    def __init__(self, top: str, bottom: str) -> None:
        self._chance = np.random.default_rng(7)
        self.pixels = _colour(top) * (1 - _Y[..., None]) + _colour(bottom) * _Y[..., None]

    def lay(self, mask: _Plane, colour: str) -> None:
        """Lay a colour where the mask says."""
        cover = np.clip(mask, 0, 1)[..., None]
        self.pixels = self.pixels * (1 - cover) + _colour(colour) * cover

    def cloth(self, *, coarse: int, strength: float) -> _Plane:
        """Give an uneven plane around 0, as of brushes, paper or clouds."""
        grid = self._chance.normal(0, strength, (HEIGHT // coarse + 2, WIDTH // coarse + 2))
        rows, columns = np.arange(HEIGHT) / coarse, np.arange(WIDTH) / coarse
        along = np.array([np.interp(columns, np.arange(grid.shape[1]), row) for row in grid])
        return np.array([np.interp(rows, np.arange(len(along)), line) for line in along.T]).T

    def png(self) -> bytes:
        """Write as PNG (ISO/IEC 15948): eight bits a channel, no filter."""
        grain = self.pixels + self.cloth(coarse=2, strength=0.02)[..., None]
        rows = (np.clip(grain, 0, 1) * 255).astype(np.uint8).reshape(HEIGHT, WIDTH * 3)
        head = WIDTH.to_bytes(4) + HEIGHT.to_bytes(4) + bytes([8, 2, 0, 0, 0])
        body = zlib.compress(np.pad(rows, ((0, 0), (1, 0))).tobytes(), 1)
        chunks = ((b"IHDR", head), (b"IDAT", body), (b"IEND", b""))
        return b"\x89PNG\r\n\x1a\n" + b"".join(
            len(said).to_bytes(4) + name + said + zlib.crc32(name + said).to_bytes(4)
            for name, said in chunks
        )


def _colour(code: str) -> NDArray[np.float64]:
    return np.array([int(code[at : at + 2], 16) / 255 for at in (0, 2, 4)])


def _edge(distance: _Plane, *, soft: float = 0.003) -> _Plane:
    """Cover where the distance is below zero, with a soft edge."""
    return np.asarray(np.clip(0.5 - distance / (2 * soft), 0, 1), np.float64)


def _ring(x: float, y: float, radius: float, width: float) -> _Plane:
    return _edge(np.abs(np.hypot(_X - x, _Y - y) - radius) - width / 2)


def _disc(x: float, y: float, radius: float) -> _Plane:
    return _edge(np.hypot(_X - x, _Y - y) - radius)


def _harbour() -> bytes:
    canvas = _Canvas("5b6f86", "c9c4b0")
    for coarse, colour in ((53, "39485c"), (26, "e3dcc6")):
        canvas.lay(canvas.cloth(coarse=coarse, strength=0.5) * (0.62 - _Y), colour)
    sea = 0.6 + canvas.cloth(coarse=70, strength=0.008)
    canvas.lay(_edge(sea - _Y), "2c4a57")
    canvas.lay((np.sin(_Y * 190 + _X * 9) - 0.55) * (_Y > 0.62) * 0.8, "6f8f92")
    for x, size in ((0.3, 1.0), (0.66, 0.75), (1.02, 1.2)):
        hull = np.maximum(np.abs(_X - x) - 0.11 * size + (_Y - 0.6) * 0.6, np.abs(_Y - 0.62) - 0.03)
        canvas.lay(_edge(hull), "271f24")
        canvas.lay(_edge(np.maximum(np.abs(_X - x) - 0.004, np.abs(_Y - 0.44) - 0.17)), "271f24")
        sail = np.maximum(
            (_X - x - 0.01) - (_Y - 0.3) * 0.34 * size, np.maximum(x + 0.012 - _X, _Y - 0.56)
        )
        canvas.lay(_edge(sail), "c8553d")
    canvas.lay((np.sin((_X * 3 + _Y) * 160) - 0.93) * 3, "eef0ee")
    return canvas.png()


def _kettle() -> bytes:
    canvas = _Canvas("e9e4da", "d8d1c3")
    for turn in range(5):
        wobble = canvas.cloth(coarse=35, strength=0.006)
        x, y = 0.5 + 0.004 * turn, 0.42 + 0.003 * turn
        face = np.abs(np.hypot((_X - x) * 1.25, _Y - y) - 0.27 + wobble) - 0.004
        pot = np.abs(np.hypot(_X - 1.0, (_Y - 0.74) * 1.2) - 0.16 + wobble) - 0.005
        for line in (face, pot, np.maximum(np.abs(_Y - 0.9 + wobble) - 0.004, 0.08 - _X)):
            canvas.lay(_edge(line, soft=0.006) * 0.6, "2a2828")
    for x in (0.42, 0.58):
        canvas.lay(_disc(x, 0.39, 0.022), "232122")
    canvas.lay(_edge(np.abs(np.hypot(_X - 0.5, _Y - 0.47) - 0.09) - 0.006) * (_Y > 0.53), "2a2828")
    canvas.lay(_edge(np.abs(np.hypot(_X - 1.0, _Y - 0.6) - 0.11) - 0.007) * (_Y < 0.6), "2a2828")
    shade = _edge(np.hypot((_X - 0.62) * 1.25, _Y - 0.44) - 0.24, soft=0.08)
    canvas.lay(shade * (0.35 + canvas.cloth(coarse=4, strength=0.25)), "6a6662")
    return canvas.png()


def _street() -> bytes:
    canvas = _Canvas("f3c98b", "f7e6c4")
    canvas.lay(_disc(0.88, 0.28, 0.1), "e8663c")
    for far, (height, colour) in enumerate(((0.46, "b8a0b4"), (0.52, "8f7f9e"), (0.58, "5f6a7c"))):
        ridge = height + canvas.cloth(coarse=90 - 24 * far, strength=0.03)
        canvas.lay(_edge(ridge - _Y, soft=0.01), colour)
    canvas.lay(_edge(0.62 - _Y), "b98d4f")
    depth = np.clip((_Y - 0.6) / 0.4, 0, 1)
    middle = 0.74 + 0.16 * np.sin(depth * 2.4) * (1 - depth)
    canvas.lay(_edge(np.abs(_X - middle) - 0.02 - 0.42 * depth**1.5) * (_Y > 0.6), "6d5f63")
    dashes = (np.sin(22 / (depth + 0.14)) > 0.1) * (_Y > 0.61)
    canvas.lay(_edge(np.abs(_X - middle) - 0.004 - 0.018 * depth) * dashes, "f7e6c4")
    for x in (0.16, 0.28, 1.2):
        tree = np.hypot((_X - x) * 3.4, _Y - 0.52) - 0.16
        canvas.lay(_edge(tree, soft=0.01), "3f5a4c")
    return canvas.png()


def _record() -> bytes:
    canvas = _Canvas("efe3cf", "e2cfae")
    canvas.lay(_edge(_X * 0.9 + _Y - 0.72), "d2452f")
    canvas.lay(_disc(0.72, 0.52, 0.4), "1b1a1d")
    for radius in np.arange(0.17, 0.39, 0.014):
        canvas.lay(_ring(0.72, 0.52, float(radius), 0.003) * 0.5, "4a474d")
    angle = np.arctan2(_Y - 0.52, _X - 0.72)
    canvas.lay((np.cos(2 * angle - 1.2) - 0.82) * 2 * _disc(0.72, 0.52, 0.39), "8d8992")
    canvas.lay(_disc(0.72, 0.52, 0.135), "efb23e")
    canvas.lay(_disc(0.72, 0.52, 0.014), "efe3cf")
    return canvas.png()


def _city() -> bytes:
    canvas = _Canvas("f4f1ea", "eae5da")
    side, colours = 0.155, ("2f5d8a", "e4b04a", "c9523b", "5b8f7b", "f4f1ea", "233044")
    across, down = (_X - 0.11) / side, (_Y - 0.1) / side
    column, row = np.floor(across), np.floor(down)
    right, below = across - column, down - row
    half = np.where((row + column) % 2 > 0, right > below, right + below > 1)
    which = np.where(half, row * 3 + column, row + column * 2 + 2) % len(colours)
    paper = (column >= 0) & (column < 7) & (row >= 0) & (row < 5)
    for number, colour in enumerate(colours):
        canvas.lay(np.asarray(paper & (which == number), float), colour)
    canvas.lay(np.abs(np.sin(across * np.pi / 2)) * 0.16 * paper, "ffffff")
    return canvas.png()


PAINTED: Final[Mapping[str, Callable[[], bytes]]] = {
    "Harbour before rain": _harbour,
    "Self-portrait with kettle": _kettle,
    "Straße nach Süden": _street,
    "Third platform waltz": _record,
    "How to fold a city": _city,
}
"""By title; each gives a PNG. The other things of the gallery show how it looks without."""
