"""The first pictures of a worker, its own, so that nothing is loaded once its rights are gone.

Python imports some modules, and libraries open some files and make some tables, when they are
first used. The first photo of a stranger then finds all of it done.
"""

import base64
import contextlib
import io
from collections.abc import Callable, Iterator
from typing import Final

import cv2
import numpy as np
from PIL import ExifTags, Image

from scanner.decoders import DECODERS
from scanner.drawn import Picture
from scanner.errors import PhotoRefused, PhotoTooHard
from scanner.loading import Grey
from scanner.sighting import Look, Sighting

# 64 x 64 white pixels, since there is nothing here that writes HEIC in a moment.
_HEIC: Final = base64.b64decode(
    "AAAAHGZ0eXBoZWl4AAAAAG1pZjFoZWl4bWlhZgAAAU5tZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAA"
    "AAAAAAAAAAAAACJpbG9jAAAAAERAAAEAAQAAAAABcgABAAAAAAAAABIAAAAjaWluZgAAAAAAAQAAABVpbmZlAgAA"
    "AAABAABodmMxAAAAAA5waXRtAAAAAAABAAAAzmlwcnAAAACvaXBjbwAAAHJodmNDAQQIAAAAn/gAAAAAHvAA/Pz4"
    "+AAADwNgAAEAF0ABDAH//wQIAAADAJ/4AAADAAAeugJAYQABACZCAQEECAAAAwCf+AAAAwAAHsCCBBZbqSSmubAg"
    "AAADAyAAAAMAIWIAAQAHRAHBcrAiQAAAABNjb2xybmNseAABAA0ABoAAAAAUaXNwZQAAAAAAAABAAAAAQAAAAA5w"
    "aXhpAAAAAAEIAAAAF2lwbWEAAAAAAAAAAQABBIECAwQAAAAabWRhdAAAAA4oAa4nw/Qp9Q/dMvV/xw=="
)


def warm_up(
    read: Callable[[bytes, Look], tuple[Sighting, ...]], draw: Callable[[bytes], Picture]
) -> None:
    """Read a small symbol with each decoder; read and draw a small picture of each format.

    Nothing that goes wrong here matters: a library that does not work is told by its photos.
    """
    symbol = _symbol()
    for decoder in filter(None, DECODERS.values()):
        with contextlib.suppress(Exception):  # as the ladder does
            decoder(symbol)
    for photo in _photos(symbol):
        with contextlib.suppress(PhotoRefused, PhotoTooHard):
            read(photo, Look.PHOTO)
            draw(photo)


def _symbol() -> Grey:
    modules = cv2.QRCodeEncoder.create().encode("WARM")
    return np.asarray(np.kron(np.pad(modules, 4, constant_values=255), np.ones((4, 4))), np.uint8)


def _photos(symbol: Grey) -> Iterator[bytes]:
    sixteen_bits = symbol.astype(np.uint16) * 257
    coloured = cv2.cvtColor(symbol, cv2.COLOR_GRAY2BGRA)
    progressive = [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]
    yield cv2.imencode(".jpg", symbol)[1].tobytes()
    yield cv2.imencode(".jpg", symbol, progressive)[1].tobytes()
    yield from (cv2.imencode(".png", one)[1].tobytes() for one in (symbol, sixteen_bits, coloured))
    yield from (cv2.imencode(".webp", one)[1].tobytes() for one in (symbol, coloured))
    yield _turned(symbol)
    yield _HEIC


def _turned(symbol: Grey) -> bytes:
    """Give a picture with transparency and an orientation, which Pillow has a module for."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    file = io.BytesIO()
    Image.fromarray(symbol).convert("LA").save(file, "PNG", exif=exif)
    return file.getvalue()
