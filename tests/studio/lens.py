"""From a sheet and a place to a JPEG: geometry, blur, exposure, grain, compression."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.studio.dice import Dice, Floats
from tests.studio.prints import Sheet

_GRAIN_SIDE: Final = 1024


@dataclass(frozen=True, slots=True)
class Aim:
    """Where the symbols came to lie: the corners of their frame, and pixels a module."""

    quad: NDArray[np.float64]
    module: float

    @property
    def middle(self) -> NDArray[np.float64]:
        return np.asarray(self.quad.mean(axis=0), np.float64)

    @property
    def side(self) -> float:
        """Give the square root of the frame's area, in pixels."""
        return float(cv2.contourArea(self.quad.astype(np.float32)) ** 0.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """How the sheet is held: degrees, and pixels a module where it is nearest its middle."""

    roll: float
    pitch: float
    yaw: float
    module: float


def hung(sheet: Sheet, place: Floats, pose: Pose, dice: Dice, *, sharp: bool) -> Aim:
    """Hang the sheet before the place (which is changed), its frame inside when it fits.

    Args:
        sharp: take it without averaging, so that fine grids make moiré.
    """
    height, width = place.shape[:2]
    warp = _homography(sheet, pose, focal=dice.among(0.85, 1.3) * max(width, height))
    quad = _projected(warp, sheet.frame)
    low, high = quad.min(axis=0), quad.max(axis=0)
    shift = [
        _placed(dice, low[axis], high[axis], room) for axis, room in enumerate((width, height))
    ]
    warp = np.array(((1, 0, shift[0]), (0, 1, shift[1]), (0, 0, 1))) @ warp
    quad = quad + shift
    ratio = sheet.texel / pose.module
    ink, cover = sheet.ink * sheet.cover[..., None], sheet.cover
    if ratio > 1 and not sharp:
        ink = np.asarray(cv2.GaussianBlur(ink, (0, 0), 0.42 * ratio), np.float32)
    _laid(place, ink, cover, warp)
    return Aim(quad, pose.module)


def _homography(sheet: Sheet, pose: Pose, *, focal: float) -> NDArray[np.float64]:
    scale = pose.module / sheet.texel
    left, top, right, bottom = sheet.frame
    to_px = np.array(
        (
            (scale, 0, -scale * (left + right) / 2),
            (0, scale, -scale * (top + bottom) / 2),
            (0, 0, 1),
        )
    )
    roll, pitch, yaw = (np.deg2rad(angle) for angle in (pose.roll, pose.pitch, pose.yaw))
    spin = np.array(((np.cos(roll), -np.sin(roll), 0), (np.sin(roll), np.cos(roll), 0), (0, 0, 1)))
    nod = np.array(
        ((1, 0, 0), (0, np.cos(pitch), -np.sin(pitch)), (0, np.sin(pitch), np.cos(pitch)))
    )
    sway = np.array(((np.cos(yaw), 0, np.sin(yaw)), (0, 1, 0), (-np.sin(yaw), 0, np.cos(yaw))))
    turned = sway @ nod @ spin
    view = np.column_stack((turned[:, 0], turned[:, 1], (0, 0, focal)))
    return np.asarray(np.diag((focal, focal, 1)) @ view @ to_px, np.float64)


def _projected(
    warp: NDArray[np.float64], frame: tuple[float, float, float, float]
) -> NDArray[np.float64]:
    left, top, right, bottom = frame
    corners = np.array(((left, top), (right, top), (right, bottom), (left, bottom)), np.float64)
    return np.asarray(cv2.perspectiveTransform(corners[None], warp)[0], np.float64)


def _placed(dice: Dice, low: float, high: float, room: float) -> float:
    free = room - (high - low)
    # A photographer aims: near the middle as a rule, and a symbol too big is cut on both sides.
    share = 0.5 + dice.among(-0.4, 0.4) if free > 0 else 0.5 + dice.among(-0.2, 0.2)
    return free * share - low


def _laid(place: Floats, ink: Floats, cover: Floats, warp: NDArray[np.float64]) -> None:
    height, width = place.shape[:2]
    rows, columns = cover.shape
    ends = _projected(warp, (0, 0, columns, rows))
    left, top = np.clip(np.floor(ends.min(axis=0)).astype(int) - 1, 0, (width, height))
    right, bottom = np.clip(np.ceil(ends.max(axis=0)).astype(int) + 2, 0, (width, height))
    size = (int(right - left), int(bottom - top))
    here = np.array(((1, 0, -left), (0, 1, -top), (0, 0, 1))) @ warp
    part = place[top:bottom, left:right]
    bare = 1 - cv2.warpPerspective(cover, here, size)
    cv2.multiply(part, cv2.merge([bare, bare, bare]), dst=part)
    cv2.add(part, cv2.warpPerspective(ink, here, size), dst=part)


def lit(scene: Floats, light: Floats, *, gains: tuple[float, float, float]) -> None:
    """Throw light on the scene and see it through the white balance, in place."""
    coloured = cv2.merge([light * np.float32(gain) for gain in gains])
    cv2.multiply(scene, coloured, dst=scene)


def even_light(dice: Dice, scene: Floats, uneven: float) -> Floats:
    """Give light that falls off to one side, with the lens' vignetting."""
    height, width = scene.shape[:2]
    angle = dice.among(0, 2 * np.pi)
    across = np.linspace(-1, 1, width, dtype=np.float32)
    down = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    falling = (across * np.cos(angle) + down * np.sin(angle) + 1.5) / 3
    away = across**2 + down**2
    return np.asarray((1 - uneven * falling) * (1 - 0.12 * away), np.float32)


def defocused(scene: Floats, radius: float) -> Floats:
    """Spread each point over a disk, as a lens out of focus does; radius in pixels."""
    return _filtered(scene, radius, _disk)


def smeared(scene: Floats, length: float, angle: float, bend: float) -> Floats:
    """Spread each point along the path that a hand shakes; length in pixels, angles in radians."""
    return _filtered(scene, length / 2, lambda half: _path(half, angle, bend))


def softened(scene: Floats, sigma: float) -> Floats:
    """Spread each point as a good lens does."""
    return np.asarray(cv2.GaussianBlur(scene, (0, 0), max(0.3, sigma)), np.float32)


def developed(
    scene: Floats, dice: Dice, *, grain: float, coarse: float = 0.0, sharpened: float = 0.3
) -> NDArray[np.uint8]:
    """Make eight-bit pixels: a tone curve, the sensor's grain, and the phone's own sharpening.

    The curve is a square root, near enough to sRGB's; after it, shot noise is the same in all
    tones (Anscombe), so that it can be added after it.

    Args:
        grain: standard deviation in greys.
        coarse: share of the grain in blotches of three pixels, as night modes leave it.
        sharpened: how much of the difference to a blurred picture is added.
    """
    np.clip(scene, 0, 4, out=scene)
    pixels = np.asarray(cv2.sqrt(scene), np.float32)
    pixels *= 255
    _grained(pixels, _grain(), dice, grain * (1 - coarse))
    if coarse:
        _grained(pixels, _blotches(), dice, grain * coarse)
    whole = np.asarray(cv2.convertScaleAbs(np.clip(pixels, 0, 255, out=pixels)), np.uint8)
    if sharpened:
        soft = cv2.GaussianBlur(whole, (0, 0), 1.5)
        whole = np.asarray(cv2.addWeighted(whole, 1 + sharpened, soft, -sharpened, 0), np.uint8)
    return whole


def jpeg(pixels: NDArray[np.uint8], quality: int) -> bytes:
    done, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert done
    return data.tobytes()


def white_balance(dice: Dice, strength: float = 0.1) -> tuple[float, float, float]:
    warm = dice.among(-strength, strength)
    return 1 - warm, 1.0, 1 + warm


def _filtered(scene: Floats, reach: float, kernel: object) -> Floats:
    # A wide blur is made on a smaller picture: nothing that is lost by it would be seen.
    assert callable(kernel)
    height, width = scene.shape[:2]
    small, times = scene, 1
    while reach / times > 7:
        times *= 2
    if times > 1:
        size = (max(8, width // times), max(8, height // times))
        small = np.asarray(cv2.resize(scene, size, interpolation=cv2.INTER_AREA), np.float32)
    spread = cv2.filter2D(small, -1, kernel(reach / times), borderType=cv2.BORDER_REFLECT)
    if times > 1:
        spread = cv2.resize(spread, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(spread, np.float32)


def _disk(radius: float) -> Floats:
    reach = int(radius) + 1
    across = np.arange(-reach, reach + 1, dtype=np.float32)
    disk = np.clip(radius + 0.5 - np.hypot(across, across[:, None]), 0, 1)
    return np.asarray(disk / disk.sum(), np.float32)


def _path(half: float, angle: float, bend: float) -> Floats:
    reach = int(half) + 2
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    for step in np.linspace(-1, 1, max(9, int(half * 8))):
        turned = angle + bend * step
        x, y = reach + half * step * np.cos(turned), reach + half * step * np.sin(turned)
        left, top = int(x), int(y)
        right, below = x - left, y - top
        kernel[top, left] += (1 - right) * (1 - below)
        kernel[top, left + 1] += right * (1 - below)
        kernel[top + 1, left] += (1 - right) * below
        kernel[top + 1, left + 1] += right * below
    return np.asarray(kernel / kernel.sum(), np.float32)


@cache
def _grain() -> Floats:
    # Made once: a new normal number for each of twelve million pixels would take seconds.
    random = np.random.default_rng(1)
    grey = random.standard_normal((_GRAIN_SIDE, _GRAIN_SIDE, 1), np.float32)
    colour = random.standard_normal((_GRAIN_SIDE, _GRAIN_SIDE, 3), np.float32)
    return np.asarray(0.8 * grey + 0.6 * colour, np.float32)


@cache
def _blotches() -> Floats:
    soft = cv2.GaussianBlur(_grain(), (0, 0), 1.3)
    return np.asarray(soft / soft.std(), np.float32)


def _grained(pixels: Floats, tile: Floats, dice: Dice, strength: float) -> None:
    height, width = pixels.shape[:2]
    down, across = dice.whole(0, _GRAIN_SIDE // 2), dice.whole(0, _GRAIN_SIDE // 2)
    part = tile[down:, across:]
    rows, columns = part.shape[:2]
    for top in range(0, height, rows):
        for left in range(0, width, columns):
            here = pixels[top : top + rows, left : left + columns]
            cv2.scaleAdd(part[: here.shape[0], : here.shape[1]], strength, here, dst=here)
