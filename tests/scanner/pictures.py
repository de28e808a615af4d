"""Pictures and broken files for the tests of the scanner, made in code."""

import io
import zlib
from pathlib import Path

import cv2
import numpy as np
import pillow_heif
import segno
from numpy.typing import NDArray
from PIL import Image

Grey = NDArray[np.uint8]

SHARED = Path(__file__).resolve().parents[3] / "shared"
"""Photos and hostile files that some machines have beside the project; they are not part of it."""

TEXT = "HTTPS://FLATTR.EXAMPLE/T/7K3QZ9MXABCDE"


def symbol(text: str | bytes = TEXT, *, module: int = 6, border: int = 4) -> Grey:
    code = segno.make(text, error="m", boost_error=False, micro=False)
    return drawn(matrix(code), module=module, border=border)


def matrix(code: segno.QRCode) -> NDArray[np.uint8]:
    return np.array([list(row) for row in code.matrix], np.uint8)


def drawn(matrix: NDArray[np.uint8], *, module: int = 6, border: int = 4) -> Grey:
    dark = np.pad(matrix, border)
    return np.asarray(np.kron(1 - dark, np.full((module, module), 255, np.uint8)), np.uint8)


def encoded(pixels: NDArray[np.uint8] | NDArray[np.uint16], kind: str = ".png") -> bytes:
    done, data = cv2.imencode(kind, pixels)
    assert done
    return data.tobytes()


def progressive(pixels: Grey) -> bytes:
    done, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])
    assert done
    return data.tobytes()


def heic(pixels: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(pixels)).save(file, quality=80)
    return file.getvalue()


def chunk(name: bytes, body: bytes) -> bytes:
    return len(body).to_bytes(4) + name + body + zlib.crc32(name + body).to_bytes(4)


def png(width: int, height: int, *extra: bytes, colour: int = 0, idat: bytes = b"") -> bytes:
    head = width.to_bytes(4) + height.to_bytes(4) + bytes([8, colour, 0, 0, 0])
    body = idat or zlib.compress(bytes(width + 1) * min(height, 64))
    parts = chunk(b"IHDR", head), *extra, chunk(b"IDAT", body), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def jpeg_of_scans(scans: int) -> bytes:
    """A JPEG whose scan is repeated: what a progressive bomb looks like from outside."""
    whole = encoded(symbol(), ".jpg")
    at = whole.index(b"\xff\xda")
    return whole[:at] + whole[at:-2] * scans + whole[-2:]


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"".join(
        name + len(data).to_bytes(4, "little") + data + bytes(len(data) % 2)
        for name, data in chunks
    )
    return b"RIFF" + (len(body) + 4).to_bytes(4, "little") + b"WEBP" + body


def box(name: bytes, body: bytes) -> bytes:
    return (len(body) + 8).to_bytes(4) + name + body


def heif(*, brand: bytes = b"heic", sizes: tuple[tuple[int, int], ...] = ((640, 480),)) -> bytes:
    leaves = b"".join(
        box(b"ispe", bytes(4) + width.to_bytes(4) + height.to_bytes(4)) for width, height in sizes
    )
    meta = box(b"meta", bytes(4) + box(b"iprp", box(b"ipco", leaves)))
    return box(b"ftyp", brand + bytes(4) + brand) + meta + box(b"mdat", bytes(16))


def finder_flood(rows: int, columns: int) -> Grey:
    finder = np.full((8, 8), 255, np.uint8)
    finder[:7, :7] = 0
    finder[1:6, 1:6] = 255
    finder[2:5, 2:5] = 0
    return np.tile(
        np.asarray(np.kron(finder, np.ones((2, 2), np.uint8)), np.uint8), (rows, columns)
    )
