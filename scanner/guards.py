"""What is refused before any decoder sees a photo.

Pure Python and without memory of its own, so that a server can do it in its own process: a header
that lies, floods or thins out never reaches a library written in C.
"""

from typing import Final

from scanner import headers
from scanner.errors import PhotoRefused
from scanner.headers import Header

MAX_PHOTO_BYTES: Final = 12 * 1024 * 1024
"""Largest file in bytes: a 48-megapixel JPEG of a phone has 8 to 12 MB."""

MAX_PIXELS: Final = 24_000_000
"""Largest picture in pixels, where it has to be loaded in full size."""

MAX_PIXELS_JPEG: Final = 64_000_000
"""Largest JPEG in pixels: JPEG can be loaded at a half or a quarter of its size."""

MIN_SIDE: Final = 21
"""Shortest side in pixels: a version 1 symbol has 21 modules (ISO/IEC 18004)."""

MAX_ASPECT: Final = 10
"""Longest side over shortest side: detectors take seconds on thinner pictures."""


def inspect(photo: bytes) -> Header:
    """Decide by its first bytes and its structure whether a file is worth decoding.

    Returns:
        The format and the size in pixels that the file claims.

    Raises:
        PhotoRefused: with the reason.
    """
    if not photo:
        raise PhotoRefused("empty")
    if len(photo) > MAX_PHOTO_BYTES:
        raise PhotoRefused("too_large")
    header = headers.walk(photo)
    _check_size(header)
    return header


def _check_size(header: Header) -> None:
    long, short = max(header.width, header.height), min(header.width, header.height)
    most = MAX_PIXELS_JPEG if header.kind == "jpeg" else MAX_PIXELS
    if short == 0:
        raise PhotoRefused("broken")
    if long * short > most:
        raise PhotoRefused("too_many_pixels")
    if short < MIN_SIDE:
        raise PhotoRefused("too_small")
    if long > MAX_ASPECT * short:
        raise PhotoRefused("too_thin")
