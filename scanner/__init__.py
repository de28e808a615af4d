"""Photographs to texts or clean pictures: guards, attempts, decoders, supervised workers.

    photo ──▶ guards.inspect ──▶ loading.load ──▶ ladder.climb ──▶ Sighting, Sighting …
              (pure Python)      (grey pixels)    (decoders)

    photo ──▶ guards.inspect ──▶ drawing.draw ──▶ Picture

`read` and `picture` walk these ways in the calling process. A server and the shell use a `Pool`, which
walks them in child processes that may crash, hang or be taken over without harm. What comes out is
an unverified text: whoever asked has to judge it.
"""

from scanner.drawn import Picture
from scanner.errors import PhotoRefused, PhotoTooHard, ScannerBusy, ScannerDown, ScannerError
from scanner.guards import MAX_PHOTO_BYTES
from scanner.pool import Health, Pool
from scanner.sighting import Corners, Look, Point, Sighting

__all__ = [
    "MAX_PHOTO_BYTES",
    "Corners",
    "Health",
    "Look",
    "PhotoRefused",
    "PhotoTooHard",
    "Picture",
    "Point",
    "Pool",
    "ScannerBusy",
    "ScannerDown",
    "ScannerError",
    "Sighting",
    "decoders_live",
    "picture",
    "read",
]


def read(photo: bytes, *, look: Look = Look.PHOTO) -> tuple[Sighting, ...]:
    """Read every code in a photo, in this process.

    Args:
        photo: a whole JPEG, PNG, WebP or HEIC file of at most `MAX_PHOTO_BYTES`.
        look: how hard to look.

    Returns:
        What was seen, at most 64 sightings; empty when no code was found.

    Raises:
        PhotoRefused: the file is not a photo that is worth trying.
        PhotoTooHard: the picture needs more memory than there is.
    """
    # A server that reads by a Pool never loads OpenCV and the decoders into its own process.
    from scanner import reading  # noqa: PLC0415

    return reading.read(photo, look)


def picture(photo: bytes) -> Picture:
    """Draw a photo anew, in this process: the right way up, smaller, without metadata.

    Args:
        photo: a whole JPEG, PNG, WebP or HEIC file of at most `MAX_PHOTO_BYTES`.

    Returns:
        A large and a small picture as WebP, in the bounds of `scanner.drawn`.

    Raises:
        PhotoRefused: the file is not a photo that is worth trying, or cannot be opened.
        PhotoTooHard: the picture needs more memory than there is.
    """
    from scanner import drawing  # noqa: PLC0415  # for the reason that `read` has

    return drawing.draw(photo)


def decoders_live() -> dict[str, bool]:
    """Which decoders could be loaded in this process, by name.

    Returns:
        For example `{"zxing-cpp": True, "pyzbar": False, "opencv": True}`.
    """
    from scanner import decoders  # noqa: PLC0415  # for the same reason

    return decoders.live()
