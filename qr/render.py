"""A code's address as a QR symbol, and the symbol as SVG and PNG.

Every symbol has error level M and the same mask. With a fixed mask a symbol is made five times
faster than by trying all eight, and the modules that no code of a host ever changes are known
beforehand, which lets a damaged symbol be restored.
"""

import re
import struct
import zlib
from dataclasses import dataclass
from itertools import groupby
from typing import Final
from xml.sax.saxutils import escape

import segno

__all__ = ["ERROR_LEVEL", "MASK", "QUIET_ZONE", "Symbol", "png", "runs", "svg", "symbol"]

ERROR_LEVEL: Final = "M"
# The mask with the lowest mean penalty (ISO/IEC 18004, 7.8.3) over random codes of hosts of
# 7 and 14 letters; any other would be read as well.
MASK: Final = 3
# Light modules on each side that ISO/IEC 18004, 9.1 asks for.
QUIET_ZONE: Final = 4

# What XML 1.0 cannot hold even when escaped: control characters, surrogates, non-characters.
_NOT_XML: Final = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Symbol:
    """A QR symbol without its quiet zone. `rows` hold a byte for each module: 1 dark, 0 light."""

    rows: tuple[bytes, ...]
    version: int
    error_level: str
    mask: int

    @property
    def size(self) -> int:
        """Modules a side, without the quiet zone: 25 for version 2, 4 more for each next."""
        return len(self.rows)

    @property
    def full_size(self) -> int:
        """Modules a side with the quiet zone on both sides."""
        return self.size + 2 * QUIET_ZONE


def symbol(address: str, *, mask: int = MASK) -> Symbol:
    """The symbol of a printed address, level M, in the smallest version that holds it.

    Upper-case addresses are in alphanumeric mode: up to 38 characters (a host of 14 with https)
    make version 2, which has 25 modules a side. A character outside that mode's set, such as
    the brackets of an IPv6 host, makes the whole symbol byte mode, which is coarser.

    Args:
        address: the text to encode.
        mask: the mask of an older print, 0 to 7.

    Raises:
        ValueError: the text does not fit into any version, or the mask is none (segno's own).
    """
    made = segno.make_qr(address, error=ERROR_LEVEL, mask=mask, boost_error=False)
    rows = tuple(bytes(row) for row in made.matrix)
    return Symbol(rows=rows, version=int(made.version), error_level=ERROR_LEVEL, mask=mask)


def runs(symbol: Symbol) -> list[tuple[int, int, int]]:
    """The dark modules as horizontal runs: column, row, length, from the top left, in modules.

    Column and row count from the symbol's corner, without the quiet zone.
    """
    found = []
    for y, row in enumerate(symbol.rows):
        x = 0
        for dark, same in groupby(row):
            length = len(tuple(same))
            if dark:
                found.append((x, y, length))
            x += length
    return found


def svg(symbol: Symbol, *, title: str | None = None) -> bytes:
    """The bare symbol as an SVG 1.1 document in UTF-8: black on white, quiet zone 4.

    All dark modules are one path, so no renderer can leave hairlines between them. A module is
    one millimetre wide unless the page that shows the picture says otherwise.

    Args:
        symbol: what to draw.
        title: the picture's name for screen readers; characters that XML cannot hold are left
            out.
    """
    side = symbol.full_size
    named = f"<title>{escape(_NOT_XML.sub('', title))}</title>" if title else ""
    path = "".join(
        f"M{x + QUIET_ZONE} {y + QUIET_ZONE}h{length}v1h-{length}z" for x, y, length in runs(symbol)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{side}mm" height="{side}mm"'
        f' viewBox="0 0 {side} {side}" role="img" shape-rendering="crispEdges">{named}'
        f'<path fill="#fff" d="M0 0h{side}v{side}h-{side}z"/><path fill="#000" d="{path}"/></svg>\n'
    ).encode()


def png(symbol: Symbol, *, scale: int = 10) -> bytes:
    """The bare symbol as a PNG of one bit a pixel: square, black on white, quiet zone 4, no text.

    Written by hand after the W3C's PNG specification, sections 5 and 11. The picture says that a
    module is one millimetre, as the SVG does: 33 mm for version 2, 254 dots an inch at scale 10.

    Args:
        symbol: what to draw.
        scale: pixels a module, 1 to 100. The default makes 330 pixels a side for version 2.

    Raises:
        ValueError: the scale is out of range.
    """
    if not 1 <= scale <= 100:
        raise ValueError("the scale is 1 to 100 pixels a module")
    side = symbol.full_size * scale
    margin = bytes(QUIET_ZONE)
    blank = _scan_line(bytes(symbol.full_size), scale) * (QUIET_ZONE * scale)
    drawn = b"".join(_scan_line(margin + row + margin, scale) * scale for row in symbol.rows)
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)  # one bit, grey, no interlace
    density = struct.pack(">IIB", scale * 1000, scale * 1000, 1)  # pixels a metre
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (
            _chunk(b"IHDR", header),
            _chunk(b"pHYs", density),
            _chunk(b"IDAT", zlib.compress(blank + drawn + blank, 9)),
            _chunk(b"IEND", b""),
        )
    )


def _scan_line(modules: bytes, scale: int) -> bytes:
    """One line of pixels, eight a byte, 1 is white; before it the byte 0 for "no filter"."""
    bits = "".join(("0" if dark else "1") * scale for dark in modules)
    width = (len(bits) + 7) // 8
    return b"\x00" + int(bits.ljust(width * 8, "0"), 2).to_bytes(width, "big")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
