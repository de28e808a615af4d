"""What the scanner is asked to look for, and what it saw."""

from dataclasses import dataclass
from enum import IntEnum

Point = tuple[int, int]
Corners = tuple[Point, Point, Point, Point]


class Look(IntEnum):
    """How hard to look at a picture. The number is what the pool and its workers say for it."""

    PHOTO = 0
    """A photo that somebody waits for: every attempt, until one reads a text. Further codes are
    looked for when the one that was read is small in the picture."""

    EVERY = 1
    """A photo of a sheet, a programme or a wall: every attempt, and all codes that it can give."""

    FRAME = 2
    """A frame of a viewfinder, with another one behind it: only the cheapest attempts."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One symbol that a decoder read in a photo.

    Attributes:
        text: the symbol's text, unverified and of any content.
        corners: the symbol's corners as (x, y) in pixels of the picture as it is stored (an EXIF
            orientation is not applied; a HEIC's own turn is), beginning with the corner that the decoder calls the first.
        attempt: the name of the attempt on the ladder that read it.
    """

    text: str
    corners: Corners
    attempt: str
