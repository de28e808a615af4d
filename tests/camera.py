"""A small camera: makes a photo of a symbol as a phone would take it, the same for the same seed.

    from tests.camera import photograph
    jpeg = photograph(symbol, seed=7, blur=1.5)

Not a test and not a decoder: only geometry, light and noise.
"""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]

LARGEST_TURN: Final = 30.0


def photograph(
    symbol: Grey,
    *,
    seed: int,
    width: int = 1200,
    height: int = 900,
    share: float = 0.4,
    turn: float = LARGEST_TURN,
    tilt: float = 0.15,
    blur: float = 0.8,
    noise: float = 4.0,
    shading: float = 0.35,
    quality: int = 85,
) -> bytes:
    """Take a JPEG of one symbol on a wall.

    Args:
        symbol: grey pixels of the symbol with its quiet zone, black on white.
        seed: decides the angle, the tilt, the place, the light and the noise.
        width, height: of the photo, in pixels.
        share: of the photo's shorter side that the symbol takes.
        turn: largest rotation in degrees, either way.
        tilt: how far a corner may move by perspective, as a share of the symbol's side.
        blur: sigma in pixels.
        noise: standard deviation in greys.
        shading: how much of the light is lost at the darkest edge, 0 to 1.
        quality: of the JPEG, 1 to 100.
    """
    random = np.random.default_rng(seed)
    wall = _wall(random, width, height)
    photo = _hung(
        symbol,
        wall,
        _corners(random, (width, height), side=share * min(width, height), turn=turn, tilt=tilt),
    )
    light = _light(random, width, height, shading)
    exposed = cv2.GaussianBlur(photo, (0, 0), blur) * light if blur else photo * light
    grained = exposed + random.normal(0, noise, exposed.shape)
    pixels = np.clip(grained, 0, 255).astype(np.uint8)
    done, jpeg = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert done
    return jpeg.tobytes()


def _wall(random: np.random.Generator, width: int, height: int) -> NDArray[np.float32]:
    spots = random.integers(120, 190, (height // 60 + 2, width // 60 + 2)).astype(np.float32)
    return np.asarray(cv2.resize(spots, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)


def _corners(
    random: np.random.Generator, size: tuple[int, int], *, side: float, turn: float, tilt: float
) -> NDArray[np.float32]:
    square = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], np.float64) * side / 2
    angle = np.deg2rad(random.uniform(-turn, turn))
    turned = square @ np.array([(np.cos(angle), np.sin(angle)), (-np.sin(angle), np.cos(angle))])
    tilted = turned + random.uniform(-tilt, tilt, (4, 2)) * side / 2
    # The symbol stays inside: half its diagonal from each edge, with room for the tilt.
    room = np.maximum(np.array(size) / 2 - side * (0.71 + tilt / 2), 0)
    middle = np.array(size) / 2 + random.uniform(-1, 1, 2) * room
    return np.asarray(tilted + middle, np.float32)


def _hung(
    symbol: Grey, wall: NDArray[np.float32], corners: NDArray[np.float32]
) -> NDArray[np.float32]:
    rows, columns = symbol.shape
    sheet = np.array([(0, 0), (columns, 0), (columns, rows), (0, rows)], np.float32)
    warp = cv2.getPerspectiveTransform(sheet, corners)
    size = (wall.shape[1], wall.shape[0])
    ink = cv2.warpPerspective(symbol.astype(np.float32), warp, size, flags=cv2.INTER_AREA)
    covered = cv2.warpPerspective(np.ones(symbol.shape, np.float32), warp, size)
    return np.asarray(ink * 0.85 + 20 * covered + wall * (1 - covered), np.float32)


def _light(
    random: np.random.Generator, width: int, height: int, shading: float
) -> NDArray[np.float32]:
    angle = random.uniform(0, 2 * np.pi)
    across = np.linspace(-1, 1, width) * np.cos(angle)
    down = np.linspace(-1, 1, height)[:, None] * np.sin(angle)
    falling = (across + down + 2) / 4
    return np.asarray(1 - shading * falling, np.float32)
