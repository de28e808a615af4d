"""A picture drawn anew from a photo: what a worker gives back instead of what it was given."""

from dataclasses import dataclass
from typing import Final

LARGE_SIDE: Final = 1280
"""Longer side of the large picture in pixels, at most."""

LARGE_BYTES: Final = 250_000

SMALL_SIDE: Final = 480
"""Longer side of the small picture in pixels, at most: a phone's width."""

SMALL_BYTES: Final = 25_000
"""With it the page of a code still shows within moments on a slow network."""


@dataclass(frozen=True, slots=True)
class Picture:
    """The same picture twice, as WebP without metadata.

    Attributes:
        large: at most `LARGE_SIDE` pixels on the longer side and `LARGE_BYTES` long.
        small: at most `SMALL_SIDE` and `SMALL_BYTES`.
        width: of the large one, in pixels.
        height: of the large one, in pixels.
    """

    large: bytes
    small: bytes
    width: int
    height: int
