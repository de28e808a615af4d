"""Every kind of file that a camera, a scanner or a drawing program makes of one symbol."""

import contextlib
import io
import json
import zlib
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pillow_heif
import pytest
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps
from PIL.PngImagePlugin import PngInfo

import scanner
from scanner import drawing, reading, worker
from scanner.sighting import Look
from tests.scanner import pictures
from tests.scanner.pictures import TEXT, Grey, encoded, symbol

SYMBOL = symbol()
PAPER = Image.fromarray(SYMBOL)
SECRET = "52.5163 N 13.3777 E, seen by Alice"


def saved(image: Image.Image, kind: str, **how: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **how)
    return file.getvalue()


def heic(image: Image.Image, **how: Any) -> bytes:
    file = io.BytesIO()
    pillow_heif.from_pillow(image).save(file, quality=90, **how)
    return file.getvalue()


def turned(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    return exif


def texts(photo: bytes) -> list[str]:
    return [one.text for one in scanner.read(photo)]


def interlaced(grey: Grey) -> bytes:
    """A PNG in the seven passes of Adam7 (ISO/IEC 15948, 8.2)."""
    passes = (0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2)
    rows = b"".join(
        b"\0" + row.tobytes()
        for top, left, down, right in (*passes, (1, 0, 2, 1))
        for row in grey[top::down, left::right]
    )
    head = grey.shape[1].to_bytes(4) + grey.shape[0].to_bytes(4) + bytes([8, 0, 0, 0, 1])
    chunks = (b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(pictures.chunk(*chunk) for chunk in chunks)


def on_nothing() -> bytes:
    """Black on nothing, by a palette whose second colour is black as well, and transparent."""
    indexes = Image.new("P", PAPER.size)
    indexes.putdata((SYMBOL > 127).astype(np.uint8).ravel().tolist())
    indexes.putpalette([0, 0, 0, 0, 0, 0])
    return saved(indexes, "PNG", transparency=1)


def ycck() -> bytes:
    """A JPEG in YCCK, as print shops send them (Adobe technical note 5116).

    Pillow writes CMYK only, inverted. So the four channels are given what YCCK holds for black
    ink alone, and the marker is told what they are.
    """
    still = np.full_like(SYMBOL, 255), np.full_like(SYMBOL, 127), np.full_like(SYMBOL, 127)
    channels = [Image.fromarray(one) for one in (*still, np.asarray(255 - SYMBOL, np.uint8))]
    photo = saved(Image.merge("CMYK", channels), "JPEG", quality=95, subsampling=0)
    at = photo.index(b"Adobe") + 11
    assert photo[at] == 0
    return photo[:at] + b"\x02" + photo[at + 1 :]


def deep() -> NDArray[np.uint16]:
    return np.asarray(SYMBOL.astype(np.uint16) * 257, np.uint16)


def heic_of_ten_bits() -> bytes:
    file = io.BytesIO()
    rgb = np.ascontiguousarray(np.dstack([deep()] * 3))
    size = (SYMBOL.shape[1], SYMBOL.shape[0])
    pillow_heif.from_bytes("RGB;16", size, rgb.tobytes()).save(file, quality=90)
    return file.getvalue()


RGB, RGBA = PAPER.convert("RGB"), PAPER.convert("RGBA")

KINDS: dict[str, Callable[[], bytes]] = {
    "png grey": lambda: saved(PAPER, "PNG"),
    "png grey 16": lambda: encoded(deep()),
    "png rgb": lambda: saved(RGB, "PNG"),
    "png rgb 16": lambda: encoded(np.dstack([deep()] * 3)),
    "png rgba": lambda: saved(RGBA, "PNG"),
    "png grey and alpha": lambda: saved(PAPER.convert("LA"), "PNG"),
    "png palette": lambda: saved(RGB.convert("P"), "PNG"),
    "png palette of two": lambda: saved(RGB.quantize(2), "PNG", bits=1),
    "png palette on nothing": on_nothing,
    "png grey on nothing": lambda: saved(PAPER, "PNG", transparency=255),
    "png one bit": lambda: saved(PAPER.convert("1"), "PNG"),
    "png interlaced": lambda: interlaced(SYMBOL),
    "jpeg grey": lambda: saved(PAPER, "JPEG"),
    "jpeg 4:4:4": lambda: saved(RGB, "JPEG", subsampling=0),
    "jpeg 4:2:2": lambda: saved(RGB, "JPEG", subsampling=1),
    "jpeg 4:2:0": lambda: saved(RGB, "JPEG", subsampling=2),
    "jpeg rgb": lambda: saved(RGB, "JPEG", keep_rgb=True),
    "jpeg poor": lambda: saved(RGB, "JPEG", quality=20),
    "jpeg progressive": lambda: saved(RGB, "JPEG", progressive=True),
    "jpeg with restarts": lambda: saved(RGB, "JPEG", restart_marker_blocks=3),
    "jpeg cmyk": lambda: saved(RGB.convert("CMYK"), "JPEG", quality=95),
    "jpeg black ink": lambda: saved(
        Image.merge("CMYK", [*3 * [Image.new("L", PAPER.size)], Image.fromarray(255 - SYMBOL)]),
        "JPEG",
    ),
    "jpeg ycck": ycck,
    "webp": lambda: saved(RGB, "WEBP", quality=80),
    "webp lossless": lambda: saved(RGB, "WEBP", lossless=True),
    "webp with alpha": lambda: saved(RGBA, "WEBP", quality=80),
    "webp lossless with alpha": lambda: saved(RGBA, "WEBP", lossless=True),
    "heic grey": lambda: heic(PAPER),
    "heic": lambda: heic(RGB),
    "heic 4:4:4": lambda: heic(RGB, chroma=444),
    "heic rgba": lambda: heic(RGBA),
    "heic 10 bits": heic_of_ten_bits,
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_file_is_read_at_the_first_attempt(kind: str) -> None:
    (seen,) = scanner.read(KINDS[kind]())
    assert (seen.text, seen.attempt) == (TEXT, "plain")


def test_the_heic_of_ten_bits_has_them() -> None:
    assert pillow_heif.open_heif(io.BytesIO(heic_of_ten_bits())).info["bit_depth"] == 10


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_an_orientation_changes_neither_text_nor_corners(kind: str, orientation: int) -> None:
    tall = Image.new("RGB", (300, 500), "white")
    tall.paste(PAPER, (30, 200))
    for image in (tall, tall.convert("RGBA")) if kind != "JPEG" else (tall,):
        (seen,) = scanner.read(saved(image, kind, exif=turned(orientation)))
        assert seen.text == TEXT
        edge, side = 4 * 6, 25 * 6
        left, top = 30 + edge, 200 + edge
        stored = [(left, top), (left + side, top), (left + side, top + side), (left, top + side)]
        assert np.abs(np.array(seen.corners) - np.array(stored)).max() <= 6


@pytest.mark.parametrize(
    "turn",
    [
        Image.Transpose.FLIP_LEFT_RIGHT,
        Image.Transpose.FLIP_TOP_BOTTOM,
        Image.Transpose.ROTATE_90,
        Image.Transpose.ROTATE_180,
        Image.Transpose.ROTATE_270,
        Image.Transpose.TRANSPOSE,
        Image.Transpose.TRANSVERSE,
    ],
)
def test_a_symbol_is_read_in_any_direction(turn: Image.Transpose) -> None:
    assert texts(saved(PAPER.transpose(turn), "PNG")) == [TEXT]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_heic_is_turned_as_it_says_since_its_turn_is_part_of_the_picture(
    orientation: int,
) -> None:
    tall = Image.new("RGB", (300, 500), "white")
    tall.paste(PAPER, (30, 200))
    photo = heic(tall, exif=turned(orientation).tobytes())
    assert (b"irot" in photo or b"imir" in photo) == (orientation != 1)
    (seen,) = scanner.read(photo)
    assert seen.text == TEXT
    tall.getexif()[ExifTags.Base.Orientation] = orientation
    box = ImageOps.invert(ImageOps.exif_transpose(tall)).getbbox()
    xs, ys = zip(*seen.corners, strict=True)
    assert np.abs(np.array([min(xs), min(ys), max(xs), max(ys)]) - np.array(box)).max() <= 6


def test_a_heic_in_tiles_is_read() -> None:
    photo = heic(RGB.resize((600, 600)), tile_size=128)
    assert b"grid" in photo
    assert texts(photo) == [TEXT]


@pytest.mark.parametrize("frame", [0xC3, 0xC5, 0xC9, 0xCA, 0xCB])
def test_frames_of_jpeg_that_no_camera_writes_get_a_clear_answer(frame: int) -> None:
    """Lossless, differential, and arithmetic coding, which only their marker claims here."""
    photo = saved(PAPER, "JPEG")
    at = photo.index(b"\xff\xc0") + 1
    with contextlib.suppress(scanner.PhotoRefused):
        assert set(texts(photo[:at] + bytes([frame]) + photo[at + 1 :])) <= {TEXT}


def with_secrets(kind: str) -> bytes:
    exif = Image.Exif()
    exif[ExifTags.Base.ImageDescription] = SECRET
    exif[ExifTags.Base.Artist] = SECRET
    gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    gps[ExifTags.GPS.GPSLatitudeRef] = "N"
    gps[ExifTags.GPS.GPSLatitude] = (52.0, 30.0, 58.68)
    gps[ExifTags.GPS.GPSAreaInformation] = SECRET
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.UserComment] = SECRET.encode()
    xmp = f"<x:xmpmeta xmlns:x='adobe:ns:meta/'>{SECRET}</x:xmpmeta>".encode()
    if kind == "HEIC":
        return heic(RGB, exif=exif.tobytes(), xmp=xmp)
    if kind == "PNG":
        notes = PngInfo()
        notes.add_text("Comment", SECRET)
        notes.add_itxt("XML:com.adobe.xmp", xmp.decode())
        return saved(RGB, kind, exif=exif, pnginfo=notes)
    return saved(RGB, kind, exif=exif, xmp=xmp, **({"comment": SECRET} if kind == "JPEG" else {}))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIC"])
def test_nothing_that_a_file_says_beside_the_picture_leaves_the_worker(kind: str) -> None:
    photo = with_secrets(kind)
    assert photo.count(SECRET.encode()) >= 3
    said = worker.answer(photo, Look.PHOTO, reading.read, drawing.draw)
    assert SECRET.encode() not in said
    ((text, corners, attempt),) = json.loads(said[4:])["sightings"]
    assert (text, attempt, np.array(corners).shape) == (TEXT, "plain", (4, 2))
    # What cannot be read says no more.
    torn = worker.answer(photo[: len(photo) // 2], Look.PHOTO, reading.read, drawing.draw)
    assert SECRET.encode() not in torn
    assert len(torn) < 1000


def test_secrets_are_where_they_are_looked_for() -> None:
    with Image.open(io.BytesIO(with_secrets("JPEG"))) as image:
        assert image.getexif().get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] == "N"
        assert image.info["comment"] == SECRET.encode()


def test_colours_are_read_by_their_lightness() -> None:
    blue_on_yellow = np.where(SYMBOL[..., None] > 127, (0, 220, 255), (120, 30, 0))
    done, data = cv2.imencode(".png", blue_on_yellow.astype(np.uint8))
    assert done
    assert texts(data.tobytes()) == [TEXT]
