"""Where a print hangs or lies: what is behind it, in linear light, never empty."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from tests.studio.dice import Dice, Floats, cloud
from tests.studio.letters import write

Place = Callable[[Dice, int, int], Floats]


def plaster(dice: Dice, height: int, width: int) -> Floats:
    """Give a wall with stains and grain."""
    stains = cloud(dice, height, width, width / 4) * 0.25
    stains += cloud(dice, height, width, 40) * 0.1
    stains += cloud(dice, height, width, 3) * 0.12
    return tinted(dice, stains + dice.among(0.2, 0.5))


def wood(dice: Dice, height: int, width: int) -> Floats:
    """Give a table top: grain along one side, with knots' waves in it."""
    waves = cloud(dice, height, width, width / 3) * 9
    down = np.linspace(0, dice.among(12, 40), height, dtype=np.float32)[:, None]
    grain = np.sin((waves + down) * 2.6) * 0.06
    grain += cloud(dice, height, 8, 2)[:, :1] * 0.1
    grain += dice.among(0.16, 0.35)
    return np.asarray(cv2.merge([grain * np.float32(tone) for tone in (0.45, 0.72, 1.0)]))


def cloth(dice: Dice, height: int, width: int) -> Floats:
    """Give woven cloth with folds."""
    thread = dice.among(3, 6)
    across = np.sin(np.arange(width, dtype=np.float32) * (2 * np.pi / thread))
    down = np.sin(np.arange(height, dtype=np.float32) * (2 * np.pi / thread))[:, None]
    woven = across * down * 0.06 + cloud(dice, height, width, width / 5) * 0.3
    return tinted(dice, np.asarray(woven + dice.among(0.12, 0.4), np.float32))


def brick(dice: Dice, height: int, width: int) -> Floats:
    """Give a brick wall: dark and light bricks between light joints."""
    high = max(12, round(height / dice.among(12, 24)))
    long = round(high * dice.among(2.2, 3.2))
    y, x = np.arange(height)[:, None], np.arange(width)[None, :]
    row = y // high
    shifted = x + (row % 2) * (long // 2)
    tones = dice.random.uniform(0.08, 0.35, (height // high + 1, width // long + 2))
    tone = tones[row, shifted // long].astype(np.float32)
    joint = ((y % high) < high * 0.14) | ((shifted % long) < high * 0.14)
    tone[joint] = 0.45
    tone *= cloud(dice, height, width, 4) * 0.6 + 0.7
    return np.asarray(tone[..., None] * np.array((0.4, 0.5, 1.0), np.float32), np.float32)


def foliage(dice: Dice, height: int, width: int) -> Floats:
    """Give leaves: blotches with hard edges in all sizes."""
    leaves = np.zeros((height, width), np.float32)
    for cell in (width / 10, width / 30, width / 80, 8):
        leaves += (cloud(dice, height, width, cell) > dice.among(0.4, 0.6)) * np.float32(0.13)
    leaves += cloud(dice, height, width, 5) * 0.12 + 0.02
    green = np.array((0.35, 1.0, dice.among(0.4, 0.9)), np.float32)
    return np.asarray(leaves[..., None] * green, np.float32)


def posters(dice: Dice, height: int, width: int) -> Floats:
    """Give a wall of papers with letters, boxes, stripes, and squares in squares."""
    wall = plaster(dice, height, width)
    for _ in range(dice.whole(8, 16)):
        left, top = dice.whole(-80, width), dice.whole(-80, height)
        wide = round(width * dice.among(0.15, 0.45))
        high = round(height * dice.among(0.12, 0.4))
        paper = tuple(dice.among(0.3, 0.85) for _ in range(3))
        cv2.rectangle(wall, (left, top), (left + wide, top + high), paper, -1)
        dice.one_of((_letters, _squares, _stripes))(wall, (left, top, wide, high), dice)
    return wall


def finders(dice: Dice, height: int, width: int) -> Floats:
    """Give tiles that hold squares in squares: false finder patterns everywhere."""
    wall = plaster(dice, height, width)
    for _ in range(dice.whole(60, 140)):
        _finder(wall, (dice.whole(0, width), dice.whole(0, height)), dice.among(10, 70), dice)
    return wall


def tinted(dice: Dice, grey: Floats) -> Floats:
    """Colour greys a little."""
    return np.asarray(cv2.merge([grey * np.float32(dice.among(0.75, 1.1)) for _ in range(3)]))


CALM: tuple[Place, ...] = (plaster, wood, cloth)
BUSY: tuple[Place, ...] = (posters, brick, foliage, finders)
Box = tuple[int, int, int, int]


def _letters(wall: Floats, box: Box, dice: Dice) -> None:
    left, top, wide, high = box
    tall = dice.among(9, 55)
    step = max(12, round(1.6 * tall))
    ink = tuple(dice.among(0.02, 0.15) for _ in range(3))
    for y in range(top + step, top + high, step):
        text = "".join(chr(dice.whole(65, 90)) for _ in range(max(2, round(wide / tall))))
        write(wall, text, (left + 6, y), high=tall, ink=ink)


def _squares(wall: Floats, box: Box, dice: Dice) -> None:
    left, top, wide, high = box
    for _ in range(dice.whole(3, 9)):
        middle = left + dice.whole(0, wide), top + dice.whole(0, high)
        _finder(wall, middle, dice.among(10, max(12, high / 4)), dice)


def _stripes(wall: Floats, box: Box, dice: Dice) -> None:
    left, top, wide, high = box
    x = left
    while x < left + wide:
        thick = dice.whole(2, 14)
        cv2.rectangle(wall, (x, top), (x + thick, top + high), (0.05, 0.05, 0.05), -1)
        x += thick + dice.whole(2, 16)


def _finder(wall: Floats, middle: tuple[int, int], half: float, dice: Dice) -> None:
    turn = dice.among(0, 90)
    light = dice.among(0.5, 0.85)
    for share, tone in ((1.0, 0.05), (5 / 7, light), (3 / 7, 0.05)):
        side = 2 * half * share
        corners = cv2.boxPoints((middle, (side, side), turn)).round().astype(np.int32)
        cv2.fillConvexPoly(wall, corners, (tone, tone, tone), cv2.LINE_AA)
