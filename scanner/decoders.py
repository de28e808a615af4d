"""The foreign libraries that read a symbol out of grey pixels, each behind the same two lines.

Each library is loaded when this module is, and each may be missing: the others go on without it.
"""

import ctypes
import ctypes.util
import importlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Final, Protocol

import cv2
import numpy as np

from scanner import straightening, symbols
from scanner.loading import Grey
from scanner.straightening import Outline

FloatPoint = tuple[float, float]
FloatCorners = tuple[FloatPoint, FloatPoint, FloatPoint, FloatPoint]

ZBAR_NAMES: Final = ("libzbar.so.0", "libzbar.so", "libzbar.dylib", "libzbar-0.dll")
ZBAR_FOLDERS: Final = ("", "/opt/homebrew/lib", "/opt/local/lib", "/usr/local/lib", "/usr/lib")

_ZBAR_CFG_BINARY: Final = 4
"""ZBAR_CFG_BINARY of zbar.h, which pyzbar does not name."""


@dataclass(frozen=True, slots=True)
class Found:
    """One symbol: its text, and its corners in pixels of what the decoder was given."""

    text: str
    corners: FloatCorners


class Decoder(Protocol):
    """The seam: what the ladder needs of a library. It may raise anything; that is "not read"."""

    def __call__(self, grey: Grey, /) -> Sequence[Found]:
        """Read all symbols in grey pixels."""
        ...


@dataclass(frozen=True, slots=True)
class Zxing:
    """zxing-cpp, for QR codes only: its other formats see codes where there are none."""

    zxingcpp: ModuleType
    binarizer: str = "LocalAverage"

    def __call__(self, grey: Grey, /) -> Sequence[Found]:
        """Read all symbols, the text as it is and not escaped."""
        return [_zxing_found(barcode) for barcode in self.barcodes(grey) if barcode.valid]

    def barcodes(self, grey: Grey, **options: Any) -> list[Any]:
        """Give the library's own findings, but for Micro QR codes.

        Their checks are so weak that damage makes one out of the corner of a whole symbol.
        """
        barcodes = self.zxingcpp.read_barcodes(
            grey,
            formats=self.zxingcpp.BarcodeFormat.QRCode,
            text_mode=self.zxingcpp.TextMode.Plain,
            **{"binarizer": getattr(self.zxingcpp.Binarizer, self.binarizer)} | options,
        )
        return [barcode for barcode in barcodes if _version(barcode)]


@dataclass(frozen=True, slots=True)
class Straightened:
    """zxing-cpp once more, on symbols that it finds and cannot read because they are bent."""

    zxing: Zxing
    most: int = 6

    def __call__(self, grey: Grey, /) -> Sequence[Found]:
        """Read the symbols that are read as they are, and up to `most` others straightened."""
        barcodes = self.zxing.barcodes(grey, return_errors=True)
        bent = [barcode for barcode in barcodes if not barcode.valid][: self.most]
        mended = [self._read(grey, barcode) for barcode in bent]
        read = [_zxing_found(barcode) for barcode in barcodes if barcode.valid]
        return read + [found for found in mended if found]

    def _read(self, grey: Grey, bent: Any) -> Found | None:
        corners = _zxing_corners(bent.position)
        outline = Outline(np.array(corners, np.float32), symbols.dimension(_version(bent)))
        for bits in straightening.readings(grey, outline):
            for barcode in self.zxing.barcodes(
                straightening.drawn(bits),
                binarizer=self.zxing.zxingcpp.Binarizer.BoolCast,
                is_pure=True,
            ):
                if barcode.valid and barcode.text:
                    return Found(barcode.text, corners)
        return None


def _version(barcode: Any) -> int:
    """Give the version of a QR code, 1 to 40; 0 for what is none, such as a Micro QR code."""
    version = (barcode.extra or {}).get("Version", "")
    return int(version) if version.isdecimal() else 0


def _zxing_found(barcode: Any) -> Found:
    return Found(barcode.text, _zxing_corners(barcode.position))


def _zxing_corners(position: Any) -> FloatCorners:
    corners = position.top_left, position.top_right, position.bottom_right, position.bottom_left
    one, two, three, four = ((corner.x, corner.y) for corner in corners)
    return one, two, three, four


@dataclass(frozen=True, slots=True)
class Zbar:
    """zbar, by pyzbar. It guesses character sets wrongly, so only plain ASCII is believed."""

    pyzbar: ModuleType

    def __call__(self, grey: Grey, /) -> Sequence[Found]:
        """Read all symbols whose text is plain ASCII."""
        symbols = self.pyzbar.decode(grey, symbols=[self.pyzbar.ZBarSymbol.QRCODE])
        return [
            Found(symbol.data.decode("ascii"), _four(symbol.polygon, symbol.rect))
            for symbol in symbols
            if _is_plain(symbol.data)
        ]


def _is_plain(data: bytes) -> bool:
    """Whether these bytes can be only one text: in every character set of one byte they are it.

    A NUL is the trace of UTF-16, which neither zbar nor OpenCV knows.
    """
    return bool(data) and data.isascii() and 0 not in data


def _four(polygon: Sequence[tuple[int, int]], rect: tuple[int, int, int, int]) -> FloatCorners:
    # zbar gives the hull of the points it knows: four as a rule, and less for a torn symbol.
    if len(polygon) == 4:
        one, two, three, four = ((point[0], point[1]) for point in polygon)
        return one, two, three, four
    left, top, width, height = rect
    right, bottom = left + width, top + height
    return (left, top), (right, top), (right, bottom), (left, bottom)


@dataclass(frozen=True, slots=True)
class OpenCv:
    """OpenCV's own detector: slow, and without notion of character sets, so only for ASCII."""

    min_side: int = 64

    def __call__(self, grey: Grey, /) -> Sequence[Found]:
        """Read one symbol; nothing in a picture with a side below `min_side`, where it hangs."""
        if min(grey.shape) < self.min_side:
            return []
        # As bytes: a text would end at a NUL, and raise where the bytes are no UTF-8.
        data, points, _ = cv2.QRCodeDetector().detectAndDecodeBytes(grey)
        if not _is_plain(data):
            return []
        one, two, three, four = ((float(x), float(y)) for x, y in points.reshape(4, 2))
        return [Found(data.decode("ascii"), (one, two, three, four))]


def load_libzbar(
    names: Iterable[str] = ZBAR_NAMES,
    folders: Iterable[str] = ZBAR_FOLDERS,
    find: Callable[[str], str | None] = ctypes.util.find_library,
) -> ctypes.CDLL | None:
    """Load the zbar library by its names in its usual folders, then by asking the system.

    pyzbar only asks the system, which means running a compiler where there is no `ldconfig`,
    and not finding what a package manager put into a folder of its own.
    """
    folders = tuple(folders)
    for path in [str(Path(folder, name)) for name in names for folder in folders]:
        try:
            return ctypes.CDLL(path)
        except OSError:
            continue
    found = find("zbar")
    return ctypes.CDLL(found) if found else None


def _load_zbar(load: Callable[[], ctypes.CDLL | None] = load_libzbar) -> Decoder | None:
    library = load()
    if library is None:
        return None
    # pyzbar calls this while it is imported, and cannot be told otherwise where its library lies.
    loader = importlib.import_module("pyzbar.zbar_library")
    setattr(loader, "load", lambda: (library, []))  # noqa: B010  # an untyped module
    return Zbar(_told_to_leave_bytes(importlib.import_module("pyzbar.pyzbar")))


def _told_to_leave_bytes(pyzbar: ModuleType) -> ModuleType:
    """Have zbar leave the bytes of a symbol as they are, where it would guess a character set.

    Else it drops a byte order mark, and what is left looks like ASCII. Versions before 0.23.1 do
    not know the setting, and go on without.
    """
    create = pyzbar.zbar_image_scanner_create

    def create_told() -> Any:
        if scanner := create():
            pyzbar.zbar_image_scanner_set_config(
                scanner, pyzbar.ZBarSymbol.QRCODE, _ZBAR_CFG_BINARY, 1
            )
        return scanner

    # pyzbar.decode makes its scanner by this name, and takes no settings for it.
    setattr(pyzbar, "zbar_image_scanner_create", create_told)  # noqa: B010  # an untyped module
    return pyzbar


def _load_zxing(binarizer: str = "LocalAverage") -> Zxing:
    return Zxing(importlib.import_module("zxingcpp"), binarizer)


def _or_none(load: Callable[[], Decoder | None]) -> Decoder | None:
    try:
        return load()
    except (ImportError, OSError, AttributeError):
        return None


DECODERS: Final[dict[str, Decoder | None]] = {
    "zxing-cpp": _or_none(_load_zxing),
    "zxing-cpp/histogram": _or_none(lambda: _load_zxing("GlobalHistogram")),
    "zxing-cpp/straightened": _or_none(lambda: Straightened(_load_zxing())),
    "pyzbar": _or_none(_load_zbar),
    "opencv": OpenCv(),
}
"""By name; what follows a slash is a setting of the same library. None: it could not be loaded."""


def live() -> dict[str, bool]:
    """Which libraries could be loaded, by name."""
    return {name: decoder is not None for name, decoder in DECODERS.items() if "/" not in name}


def use_one_thread() -> None:
    """Keep OpenCV from starting a thread for each processor; each would cost address space."""
    cv2.setNumThreads(1)
