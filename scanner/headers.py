"""Header walks: what a picture file says about itself, without decoding any of it.

Four formats, four walks, one answer. Each walk has a bound on its steps, and refuses what no camera
writes: animation, heaps of scans, megabytes of remarks.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal

from scanner.errors import PhotoRefused

Kind = Literal["jpeg", "png", "webp", "heic"]

MAX_SCANS: Final = 64
"""Scans (SOS markers) of a JPEG; progressive ones have about 10, and 500 take seconds."""

MAX_ANCILLARY_BYTES: Final = 1024 * 1024
"""PNG chunks besides the picture, in all; they may be compressed bombs."""

MAX_PARTS: Final = 10_000
"""Segments, chunks or boxes of one file; 12 MiB in chunks of the usual 8 KiB are 1,536."""

PNG_MAGIC: Final = b"\x89PNG\r\n\x1a\n"

# Brands of still pictures in HEVC, and of sequences of them (ISO/IEC 23008-12, annex B).
HEIC_STILL: Final = frozenset({b"heic", b"heix", b"heim", b"heis"})
HEIC_MOVING: Final = frozenset({b"hevc", b"hevx", b"hevm", b"hevs", b"msf1"})

# A marker ends the compressed data of a JPEG; a stuffed zero byte, a filling 0xFF and the restart
# markers D0 to D7 do not (ITU-T T.81, B.1.1).
_JPEG_MARKER: Final = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])")
_JPEG_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_BARE: Final = frozenset({0x01, 0xD8})
_JPEG_SCAN: Final = 0xDA
_JPEG_END: Final = 0xD9


@dataclass(frozen=True, slots=True)
class Header:
    """Format and size in pixels that a file claims; `alpha` when pixels may be transparent."""

    kind: Kind
    width: int
    height: int
    alpha: bool = False


def walk(photo: bytes) -> Header:
    """Recognise the format by its first bytes and read its header.

    Raises:
        PhotoRefused: not_a_photo, cut_off, broken, animated or overstuffed.
    """
    if photo.startswith(b"\xff\xd8\xff"):
        return _walk_jpeg(photo)
    if photo.startswith(PNG_MAGIC):
        return _walk_png(photo)
    if photo[:4] == b"RIFF" and photo[8:12] == b"WEBP":
        return _walk_webp(photo)
    if photo[4:8] == b"ftyp":
        return _walk_heic(photo)
    raise PhotoRefused("not_a_photo")


def _walk_jpeg(photo: bytes) -> Header:
    """Follow the segments of ITU-T T.81 as libjpeg does: rubbish between them is skipped."""
    header: Header | None = None
    scans = at = 0
    ended = False
    for _ in range(MAX_PARTS):
        found = _JPEG_MARKER.search(photo, at)
        if found is None:
            break
        marker, at = found[1][0], found.end()
        if ended := marker == _JPEG_END:
            break
        if marker in _JPEG_BARE:
            continue
        segment = _jpeg_segment(photo, at)
        at += len(segment)
        if marker in _JPEG_FRAMES:
            if header is not None:
                raise PhotoRefused("broken")
            header = _jpeg_frame(segment)
        scans += marker == _JPEG_SCAN
        if scans > MAX_SCANS:
            raise PhotoRefused("overstuffed")
    else:
        raise PhotoRefused("overstuffed")
    # Compressed data that stop early are still worth trying: the code may stand above the tear.
    if header is None or not scans or (at >= len(photo) and not ended):
        raise PhotoRefused("cut_off")
    return header


def _jpeg_segment(photo: bytes, at: int) -> bytes:
    # Two bytes of length, which count themselves.
    size = max(int.from_bytes(photo[at : at + 2]), 2)
    segment = photo[at : at + size]
    if len(segment) < size:
        raise PhotoRefused("cut_off")
    return segment


def _jpeg_frame(frame: bytes) -> Header:
    # Length, one byte of precision, then height and width.
    if len(frame) < 8:
        raise PhotoRefused("broken")
    height, width = int.from_bytes(frame[3:5]), int.from_bytes(frame[5:7])
    return Header(kind="jpeg", width=width, height=height)


def _walk_png(photo: bytes) -> Header:
    """Follow the chunks of the PNG specification (ISO/IEC 15948) up to IEND."""
    header: Header | None = None
    ancillary = 0
    for name, body in _png_chunks(photo):
        if header is None:
            if name != b"IHDR" or len(body) != 13:
                raise PhotoRefused("broken")
            width, height = int.from_bytes(body[:4]), int.from_bytes(body[4:8])
            header = Header(kind="png", width=width, height=height, alpha=body[9] in {4, 6})
        if name in {b"acTL", b"fcTL", b"fdAT"}:
            raise PhotoRefused("animated")
        if name == b"tRNS":
            header = replace(header, alpha=True)
        if name[0] & 0x20:  # A small first letter marks a chunk that is not the picture itself.
            ancillary += len(body)
        if ancillary > MAX_ANCILLARY_BYTES:
            raise PhotoRefused("overstuffed")
        if name == b"IEND" and header:
            return header
    raise PhotoRefused("cut_off")


def _png_chunks(photo: bytes) -> Iterator[tuple[bytes, memoryview]]:
    view = memoryview(photo)
    at = len(PNG_MAGIC)
    for _ in range(MAX_PARTS):
        if at + 12 > len(photo):
            raise PhotoRefused("cut_off")
        end = at + 8 + int.from_bytes(view[at : at + 4])
        if end + 4 > len(photo):
            raise PhotoRefused("cut_off")
        yield bytes(view[at + 4 : at + 8]), view[at + 8 : end]
        at = end + 4
    raise PhotoRefused("overstuffed")


def _walk_webp(photo: bytes) -> Header:
    """Follow the RIFF chunks of a WebP file (RFC 9649)."""
    size = int.from_bytes(photo[4:8], "little") + 8
    if size > len(photo):
        raise PhotoRefused("cut_off")
    width = height = 0
    alpha = picture = False
    for name, body in _riff_chunks(photo, size):
        if name in {b"ANIM", b"ANMF"} or (name == b"VP8X" and body[:1] and body[0] & 0x02):
            raise PhotoRefused("animated")
        claim = _WEBP_SIZES[name](body) if name in _WEBP_SIZES else (0, 0)
        # The canvas and the picture on it both claim a size; the greater one costs the memory.
        width, height = max(width, claim[0]), max(height, claim[1])
        picture = picture or name in {b"VP8 ", b"VP8L"}
        alpha = alpha or name in {b"VP8L", b"ALPH"}
    if not picture:
        raise PhotoRefused("broken")
    return Header(kind="webp", width=width, height=height, alpha=alpha)


def _riff_chunks(photo: bytes, size: int) -> Iterator[tuple[bytes, memoryview]]:
    view = memoryview(photo)
    at = 12
    for _ in range(MAX_PARTS):
        if at + 8 > size:
            return
        end = at + 8 + int.from_bytes(view[at + 4 : at + 8], "little")
        if end > size:
            raise PhotoRefused("cut_off")
        yield bytes(view[at : at + 4]), view[at + 8 : end]
        at = end + end % 2
    raise PhotoRefused("overstuffed")


def _vp8_size(body: memoryview) -> tuple[int, int]:
    # RFC 6386, 9.1: a frame tag of three bytes, a start code, two sides of 14 bits each.
    if len(body) < 10 or bytes(body[3:6]) != b"\x9d\x01\x2a":
        raise PhotoRefused("broken")
    width, height = (int.from_bytes(body[at : at + 2], "little") & 0x3FFF for at in (6, 8))
    return width, height


def _vp8l_size(body: memoryview) -> tuple[int, int]:
    # RFC 9649, 3.4: a signature byte, then two sides less one of 14 bits each.
    if len(body) < 5 or body[0] != 0x2F:
        raise PhotoRefused("broken")
    bits = int.from_bytes(body[1:5], "little")
    return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1


def _vp8x_size(body: memoryview) -> tuple[int, int]:
    # RFC 9649, 2.7: flags, three reserved bytes, two sides less one of 24 bits each.
    if len(body) < 10:
        raise PhotoRefused("broken")
    return int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1


_WEBP_SIZES: Final = {b"VP8 ": _vp8_size, b"VP8L": _vp8l_size, b"VP8X": _vp8x_size}


def _walk_heic(photo: bytes) -> Header:
    """Find the largest image size among the properties of a HEIF file (ISO/IEC 23008-12)."""
    view = memoryview(photo)
    claims: list[tuple[int, int]] = []
    seen = set()
    for name, body in _boxes(view):
        seen.add(name)
        if name == b"ftyp":
            _check_brands(bytes(body))
        elif name == b"meta":
            # A full box: four bytes of version and flags come before the boxes inside.
            claims += [
                (int.from_bytes(leaf[4:8]), int.from_bytes(leaf[8:12]))
                for properties in _inside(body[4:], b"iprp")
                for container in _inside(properties, b"ipco")
                for leaf in _inside(container, b"ispe")
            ]
        # Some cameras append notes of their own, which need not be boxes.
        if {b"meta", b"mdat"} <= seen:
            break
    if not claims:
        raise PhotoRefused("broken")
    # Tiles and thumbnails have a size of their own; the whole picture has the largest.
    width, height = max(claims, key=lambda claim: claim[0] * claim[1])
    return Header(kind="heic", width=width, height=height)


def _check_brands(body: bytes) -> None:
    brands = {body[at : at + 4] for at in (0, *range(8, min(len(body), 128), 4))}
    if body[:4] in HEIC_MOVING:
        raise PhotoRefused("animated")
    if not brands & HEIC_STILL:
        raise PhotoRefused("not_a_photo")


def _inside(body: memoryview, wanted: bytes) -> Iterator[memoryview]:
    return (inner for name, inner in _boxes(body) if name == wanted)


def _boxes(view: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Boxes of ISO/IEC 14496-12: a size, a name, a body; size 1 means a long size follows."""
    at = 0
    for _ in range(MAX_PARTS):
        if at == len(view):
            return
        start, size = at + 8, int.from_bytes(view[at : at + 4])
        if size == 1:
            start, size = at + 16, int.from_bytes(view[at + 8 : at + 16])
        end = at + size if size else len(view)
        if start > len(view) or end > len(view):
            raise PhotoRefused("cut_off")
        if end < start:
            raise PhotoRefused("broken")
        yield bytes(view[at + 4 : at + 8]), view[start:end]
        at = end
    raise PhotoRefused("overstuffed")
