"""From an uploaded file to a picture that may be shown: where the scanner and the catalogue meet."""

from __future__ import annotations

from api.errors import FieldsRefused
from api.state import Reader
from irl.things.pictures import Drawn
from scanner import Picture


async def drawn(reader: Reader, photo: bytes) -> Drawn:
    """Have a photo drawn anew by the scanner; nothing of the file itself is kept.

    Raises:
        FieldsRefused: there is no file.
        ScannerError: it is no good picture, or cannot be drawn now.
    """
    if not photo:
        raise FieldsRefused((("photo", "Please choose a picture."),))
    return to_keep(await reader.picture(photo))


def to_keep(picture: Picture) -> Drawn:
    """Give what the scanner drew as the catalogue keeps it."""
    return Drawn(
        large=picture.large, small=picture.small, width=picture.width, height=picture.height
    )
