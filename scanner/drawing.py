"""From the bytes of a photo to pictures that hold nothing but what is to be seen.

Pixels are loaded in colour, turned as the EXIF orientation says, made smaller, and written anew as
WebP (RFC 9649). Place, time, camera, remarks, colour profile and whatever else the file carried
stay behind with it.
"""

import io
from collections.abc import Iterator
from typing import Final

import cv2
import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import Image, ImageOps

from scanner import drawn, guards, loading
from scanner.drawn import Picture
from scanner.errors import PhotoRefused, PhotoTooHard
from scanner.headers import Header

Coloured = NDArray[np.uint8]
"""Height x width x 3, in OpenCV's order: blue, green, red."""

LARGE_STEPS: Final = ((1280, 80), (1280, 50), (960, 35), (640, 20))
SMALL_STEPS: Final = ((480, 75), (480, 50), (480, 30), (360, 25), (240, 20))
"""Longer side in pixels and WebP's quality, the best first; even noise fits by the last."""

_REDUCED: Final = {
    8: cv2.IMREAD_REDUCED_COLOR_8,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    2: cv2.IMREAD_REDUCED_COLOR_2,
}
_LEAST_SIDE: Final = 2 * drawn.LARGE_SIDE
"""Pixels that a JPEG still has when it is loaded smaller, so that nothing is seen of it."""


def draw(photo: bytes) -> Picture:
    """Guard a photo and draw it anew. See `scanner.picture`."""
    header = guards.inspect(photo)
    with loading.failures():
        pixels = _loaded(photo, header)
        large, shown = _written(pixels, LARGE_STEPS, most=drawn.LARGE_BYTES)
        small, _ = _written(shown, SMALL_STEPS, most=drawn.SMALL_BYTES)
    height, width = shown.shape[:2]
    return Picture(large=large, small=small, width=width, height=height)


def _loaded(photo: bytes, header: Header) -> Coloured:
    """Load in colour and the right way up; transparent pixels are laid on white."""
    if header.kind == "heic":
        # The turn of a HEIC is part of it (ISO/IEC 23008-12, 6.5.10), and libheif does it.
        return _on_white(pillow_heif.open_heif(io.BytesIO(photo), convert_hdr_to_8bit=True))
    if header.alpha:
        # OpenCV gives transparent pixels only as they are stored, without the turn.
        with Image.open(io.BytesIO(photo), formats=("PNG", "WEBP")) as opened:
            turned = ImageOps.exif_transpose(opened)
            return _on_white(turned.convert("RGBA"))
    pixels = cv2.imdecode(np.frombuffer(photo, np.uint8), _flag(header))
    if pixels is None:
        raise PhotoRefused("broken")
    return np.asarray(pixels, np.uint8)


def _flag(header: Header) -> int:
    """Load a large JPEG at a half, a quarter or an eighth of its sides."""
    longer = max(header.width, header.height)
    fitting = (by for by in _REDUCED if header.kind == "jpeg" and longer >= by * _LEAST_SIDE)
    return _REDUCED.get(next(fitting, 1), cv2.IMREAD_COLOR)


def _on_white(stored: object) -> Coloured:
    """Give red, green, blue and perhaps alpha, or grey, as pixels without alpha."""
    pixels = np.asarray(stored, np.uint8)
    if pixels.ndim == 2:
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR), np.uint8)
    if pixels.shape[2] == 3:
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), np.uint8)
    colours = cv2.cvtColor(pixels, cv2.COLOR_RGBA2BGR)
    alpha = cv2.cvtColor(np.ascontiguousarray(pixels[:, :, 3]), cv2.COLOR_GRAY2BGR)
    lacking = cv2.multiply(255 - colours, alpha, scale=1 / 255)
    return np.asarray(255 - lacking, np.uint8)


def _written(
    pixels: Coloured, steps: tuple[tuple[int, int], ...], *, most: int
) -> tuple[bytes, Coloured]:
    """Write as WebP of at most so many bytes, and give the pixels that were written."""
    for smaller, quality in _smaller(pixels, steps):
        done, data = cv2.imencode(".webp", smaller, [cv2.IMWRITE_WEBP_QUALITY, quality])
        if done and len(data) <= most:
            return data.tobytes(), smaller
    raise PhotoTooHard


def _smaller(
    pixels: Coloured, steps: tuple[tuple[int, int], ...]
) -> Iterator[tuple[Coloured, int]]:
    height, width = pixels.shape[:2]
    for side, quality in steps:
        scale = min(1.0, side / max(height, width))
        size = [max(1, round(length * scale)) for length in (width, height)]
        smaller = pixels if scale == 1 else cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
        yield np.asarray(smaller, np.uint8), quality
