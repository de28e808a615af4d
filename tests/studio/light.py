"""Light that spoils a photo: shadows, veils, bright spots, too much and too little of it."""

from __future__ import annotations

import cv2
import numpy as np

from tests.studio.dice import Dice, Floats, cloud
from tests.studio.lens import Aim


def shadows(light: Floats, aim: Aim, dice: Dice) -> None:
    """Lay shadows of a hand, a frame or leaves over the symbol, hard-edged or nearly so."""
    height, width = light.shape
    depth = dice.grown(0.5, 1.0)
    for _ in range(dice.whole(1, 3)):
        shade = dice.one_of((_edge, _bars, _leaves))(dice, height, width, aim)
        soft = dice.among(0.02, 0.5) * aim.module
        light *= 1 - depth * cv2.GaussianBlur(shade, (0, 0), max(0.6, soft))
        depth *= 0.7


def _edge(dice: Dice, height: int, width: int, aim: Aim) -> Floats:
    shade = np.zeros((height, width), np.float32)
    angle, far = dice.among(0, 2 * np.pi), float(height + width)
    along, off = np.array((np.cos(angle), np.sin(angle))), aim.side * dice.among(-0.25, 0.25)
    aside = np.array((-along[1], along[0]))
    start = aim.middle + aside * off
    corners = [start - along * far, start + along * far]
    corners += [corners[1] + aside * far, corners[0] + aside * far]
    cv2.fillPoly(shade, [np.array(corners).round().astype(np.int32)], (1.0,), cv2.LINE_AA)
    return shade


def _bars(dice: Dice, height: int, width: int, aim: Aim) -> Floats:
    step = aim.side * dice.among(0.15, 0.6)
    angle = dice.among(0, np.pi)
    x = np.arange(width, dtype=np.float32) * np.float32(np.cos(angle) / step)
    y = np.arange(height, dtype=np.float32)[:, None] * np.float32(np.sin(angle) / step)
    return np.asarray(((x + y) % 1.0) < dice.among(0.25, 0.6), np.float32)


def _leaves(dice: Dice, height: int, width: int, aim: Aim) -> Floats:
    blotches = cloud(dice, height, width, aim.side * dice.among(0.12, 0.4))
    return np.asarray(blotches > dice.among(0.4, 0.6), np.float32)


def spots(scene: Floats, aim: Aim, dice: Dice) -> None:
    """Add mirror images of lamps on the symbol: saturated, with bloom around them."""
    height, width = scene.shape[:2]
    small = np.zeros((height // 4 + 1, width // 4 + 1), np.float32)
    for _ in range(dice.whole(1, 3)):
        offset = dice.random.uniform(-0.5, 0.5, 2) * aim.side
        middle = ((aim.middle + offset) / 4).round().astype(int)
        long = aim.side * dice.grown(0.03, 0.17) * dice.among(0.6, 1.4) / 4
        size = (max(1, round(long)), max(1, round(long * dice.among(0.15, 1.0))))
        centre = (int(middle[0]), int(middle[1]))
        cv2.ellipse(small, centre, size, dice.among(0, 180), 0, 360, (6.0,), -1, cv2.LINE_AA)
    core = cv2.GaussianBlur(small, (0, 0), max(0.7, aim.module / 8))
    bloom = cv2.GaussianBlur(small, (0, 0), max(1.0, aim.side / 4 * dice.grown(0.05, 0.2)))
    added = cv2.resize(core + bloom * np.float32(dice.grown(0.15, 0.6)), (width, height))
    scene += added[..., None]


def veil(scene: Floats, aim: Aim, dice: Dice) -> None:
    """Mirror a window in the whole print: its light is added, the contrast goes."""
    height, width = scene.shape[:2]
    rows, columns = height // 8 + 1, width // 8 + 1
    near = Aim(aim.quad / 8, aim.module / 8)
    strength = dice.grown(0.3, 6.0) * dice.among(0.7, 1.3)
    window = cv2.GaussianBlur(_edge(dice, rows, columns, near), (0, 0), near.side * 0.12)
    soft = cloud(dice, rows, columns, near.side * dice.among(0.5, 1.5))
    added = np.float32(strength) * (0.25 + 0.35 * soft + 0.4 * window)
    scene += cv2.resize(added, (width, height))[..., None]
    # The camera measures the veil too and closes up.
    scene *= np.float32(dice.among(0.25, 0.5) / max(0.1, float(scene[::8, ::8].mean())))


def bands(light: Floats, aim: Aim, dice: Dice) -> None:  # noqa: ARG001  # the same for all
    """Let a lamp or a screen flicker: the shutter rolls, and dark bands lie across."""
    height = len(light)
    down = np.linspace(0, dice.among(2, 14) * np.pi, height, dtype=np.float32)[:, None]
    light *= 1 - dice.grown(0.05, 0.7) * (0.5 + 0.5 * np.sin(down + dice.among(0, 6)))


def mirrored_room(scene: Floats, aim: Aim, dice: Dice) -> None:
    """Mirror a dim room in a screen."""
    veil(scene, aim, dice.milder(dice.among(0, 0.12)))
