"""From the bytes of a photo to grey pixels."""

import io
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import cv2
import numpy as np
import pillow_heif
from numpy.typing import NDArray

from scanner.errors import PhotoRefused, PhotoTooHard
from scanner.headers import Header

Grey = NDArray[np.uint8]

FULL_SIZE_PIXELS: Final = 12_500_000
"""Up to here a JPEG is loaded in full size: a 12-megapixel phone has 4032 x 3024 pixels. Beyond,
half the sides keep more detail than a decoder needs, in half the time and memory."""

# Each thread of its own costs address space: four need 1 GB for the tiles of a 24-megapixel HEIC,
# and none is no slower.
pillow_heif.options.DECODE_THREADS = 0

# The orientation in the EXIF data is of no use to a decoder, and turning costs time.
_AS_STORED: Final = cv2.IMREAD_IGNORE_ORIENTATION


@dataclass(slots=True)
class Picture:
    """Grey pixels, and how many pixels of the photo's side one of them stands for."""

    grey: Grey
    shrunk: int = 1
    _halves: list[Grey] = field(default_factory=list)

    def scaled(self, scale: float) -> Grey:
        """Give the pixels with sides of `scale` times the length.

        Halves, quarters and so on are kept, since making a picture much smaller costs more than
        many a decoder.
        """
        if scale == 1.0:
            return self.grey
        size = [max(1, round(side * scale)) for side in (self.grey.shape[1], self.grey.shape[0])]
        whole = self.grey if scale > 0.5 else self._halved(int(math.log2(1 / scale)))
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        return np.asarray(cv2.resize(whole, size, interpolation=how), np.uint8)

    def _halved(self, times: int) -> Grey:
        while len(self._halves) < times:
            last = self._halves[-1] if self._halves else self.grey
            half = [max(1, side // 2) for side in (last.shape[1], last.shape[0])]
            self._halves.append(
                np.asarray(cv2.resize(last, half, interpolation=cv2.INTER_AREA), np.uint8)
            )
        return self._halves[times - 1]


def load(photo: bytes, header: Header) -> Picture:
    """Load a guarded photo as grey pixels, big JPEGs at a half or a quarter of their size.

    Transparent pixels are laid on white where that shows more.

    Raises:
        PhotoRefused: broken, when the file cannot be opened as what it says it is.
        PhotoTooHard: there is not enough memory.
    """
    with failures():
        return _load(photo, header)


@contextmanager
def failures() -> Iterator[None]:
    """Say of what the libraries raise whether it is the file's fault or for want of memory.

    Raises:
        PhotoRefused: broken.
        PhotoTooHard: there is not enough memory.
    """
    try:
        yield
    except MemoryError:
        raise PhotoTooHard from None
    except cv2.error as error:
        if error.code == cv2.Error.StsNoMem:
            raise PhotoTooHard from None
        raise PhotoRefused("broken") from None
    except (ValueError, OSError, RuntimeError, SyntaxError, EOFError, LookupError):
        # What pillow-heif and Pillow raise on damaged files.
        raise PhotoRefused("broken") from None


def _load(photo: bytes, header: Header) -> Picture:
    if header.kind == "heic":
        return Picture(_load_heic(photo))
    data = np.frombuffer(photo, np.uint8)
    if header.alpha:
        return Picture(_shown(_opened(data, cv2.IMREAD_UNCHANGED)))
    flag, shrunk = _jpeg_scale(header) if header.kind == "jpeg" else (cv2.IMREAD_GRAYSCALE, 1)
    return Picture(_opened(data, flag | _AS_STORED), shrunk)


def _jpeg_scale(header: Header) -> tuple[int, int]:
    pixels = header.width * header.height
    if pixels <= FULL_SIZE_PIXELS:
        return cv2.IMREAD_GRAYSCALE, 1
    if pixels <= 4 * FULL_SIZE_PIXELS:
        return cv2.IMREAD_REDUCED_GRAYSCALE_2, 2
    return cv2.IMREAD_REDUCED_GRAYSCALE_4, 4


def _opened(data: Grey, flag: int) -> Grey:
    pixels = cv2.imdecode(data, flag)
    if pixels is None:
        raise PhotoRefused("broken")
    if pixels.dtype != np.uint8:  # A PNG of 16 bits a channel.
        pixels = cv2.convertScaleAbs(pixels, alpha=1 / 257)
    return np.asarray(pixels, np.uint8)


def _shown(pixels: Grey) -> Grey:
    if pixels.ndim == 2:
        return pixels
    if pixels.shape[2] == 3:
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY), np.uint8)
    # Symbols are drawn in black on nothing as well as in nothing on white: with or without their
    # white background, what has the greater contrast is what a person would see.
    stored = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGRA2GRAY), np.uint8)
    shade = cv2.multiply(255 - stored, np.ascontiguousarray(pixels[:, :, 3]), scale=1 / 255)
    on_white = np.asarray(255 - shade, np.uint8)
    return max((stored, on_white), key=lambda grey: float(cv2.meanStdDev(grey)[1].item()))


def _load_heic(photo: bytes) -> Grey:
    opened = pillow_heif.open_heif(io.BytesIO(photo), convert_hdr_to_8bit=True)
    pixels = np.asarray(opened)
    if pixels.ndim == 2:
        return pixels
    code = cv2.COLOR_RGBA2GRAY if pixels.shape[2] == 4 else cv2.COLOR_RGB2GRAY
    return np.asarray(cv2.cvtColor(pixels, code), np.uint8)
