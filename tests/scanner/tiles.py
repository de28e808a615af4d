"""A HEIC of tiles, as phones make them, put together from HEICs of one picture each."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tests.scanner import pictures
from tests.scanner.pictures import box


def heic(pixels: NDArray[np.uint8], *, side: int) -> bytes:
    """Write a grid of square tiles (ISO/IEC 23008-12, 6.6.2.3)."""
    rows, columns = pixels.shape[0] // side, pixels.shape[1] // side
    alone = [
        dict(_boxes(pictures.heic(pixels[top : top + side, left : left + side])))
        for top in range(0, rows * side, side)
        for left in range(0, columns * side, side)
    ]
    size = _pair(columns * side, rows * side, octets=2)
    items = [tile[b"mdat"] for tile in alone] + [bytes([0, 0, rows - 1, columns - 1]) + size]
    properties = dict(_boxes(alone[0][b"meta"][4:]))[b"iprp"]
    setup = dict(_boxes(dict(_boxes(properties))[b"ipco"]))[b"hvcC"]
    sides = _full(b"ispe", _pair(side, side)), _full(b"ispe", _pair(columns * side, rows * side))
    what = box(b"ipco", box(b"hvcC", setup) + b"".join(sides)) + _belongings(len(items))
    head = box(b"ftyp", b"heic" + bytes(4) + b"mif1heic")
    length = len(_meta(items, what, 0))
    meta = _meta(items, what, len(head) + length + 8)
    return head + meta + box(b"mdat", b"".join(items))


def _meta(items: list[bytes], properties: bytes, start: int) -> bytes:
    grid = len(items)
    tiles = b"".join(one.to_bytes(2) for one in range(1, grid))
    parts = [
        _full(b"hdlr", bytes(4) + b"pict" + bytes(13)),
        _full(b"pitm", grid.to_bytes(2)),
        _places(items, start),
        _full(b"iinf", grid.to_bytes(2) + b"".join(_entry(one, grid) for one in _ids(items))),
        _full(b"iref", box(b"dimg", _pair(grid, grid - 1, octets=2) + tiles)),
        box(b"iprp", properties),
    ]
    return _full(b"meta", b"".join(parts))


def _places(items: list[bytes], start: int) -> bytes:
    places = b""
    for one, item in zip(_ids(items), items, strict=True):
        places += one.to_bytes(2) + b"\0\0\0\1" + _pair(start, len(item))
        start += len(item)
    return _full(b"iloc", b"\x44\0" + len(items).to_bytes(2) + places)


def _entry(item: int, grid: int) -> bytes:
    kind = b"grid" if item == grid else b"hvc1"
    return _full(b"infe", item.to_bytes(2) + bytes(2) + kind + b"\0", version=2)


def _belongings(grid: int) -> bytes:
    """Say that a tile has the first property (and needs it) and the second, the grid the third."""
    tiles = b"".join(one.to_bytes(2) + b"\2\x81\2" for one in range(1, grid))
    return _full(b"ipma", grid.to_bytes(4) + tiles + grid.to_bytes(2) + b"\1\3")


def _boxes(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    while body:
        size = int.from_bytes(body[:4])
        yield body[4:8], body[8:size]
        body = body[size:]


def _full(name: bytes, body: bytes, *, version: int = 0) -> bytes:
    return box(name, bytes([version, 0, 0, 0]) + body)


def _pair(one: int, other: int, *, octets: int = 4) -> bytes:
    return one.to_bytes(octets) + other.to_bytes(octets)


def _ids(items: list[bytes]) -> range:
    return range(1, len(items) + 1)
