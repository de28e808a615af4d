"""What the scanner saw."""

from dataclasses import dataclass

Point = tuple[int, int]
Corners = tuple[Point, Point, Point, Point]


@dataclass(frozen=True, slots=True)
class Sighting:
    """One symbol that a decoder read in a photo.

    Attributes:
        text: the symbol's text, unverified and of any content.
        corners: the symbol's corners as (x, y) in pixels of the picture as it is stored (an EXIF
            orientation is not applied), beginning with the corner that the decoder calls the first.
        attempt: the name of the attempt on the ladder that read it.
    """

    text: str
    corners: Corners
    attempt: str
