import zlib

import numpy as np
import pytest

from scanner import guards, headers
from scanner.errors import REFUSALS, PhotoRefused
from tests.scanner import pictures
from tests.scanner.pictures import chunk, encoded, heif, png, riff, symbol

VP8X_STILL = bytes(4) + (639).to_bytes(3, "little") + (479).to_bytes(3, "little")
VP8X_MOVING = b"\x02" + VP8X_STILL[1:]
VP8 = bytes(3) + b"\x9d\x01\x2a" + (640).to_bytes(2, "little") + (480).to_bytes(2, "little")
VP8L = b"\x2f" + (639 | 479 << 14).to_bytes(4, "little")
ZIP = b"PK\x03\x04" + bytes(60)
GIF = b"GIF89a" + bytes(60)
TIFF = b"II*\x00" + bytes(60)
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'/>"
JPEG = encoded(symbol(), ".jpg")

REFUSED = {
    "nothing": (b"", "empty"),
    "a text": (b"hello, world", "not_a_photo"),
    "a zip": (ZIP, "not_a_photo"),
    "a gif": (GIF, "not_a_photo"),
    "a tiff": (TIFF, "not_a_photo"),
    "a drawing": (SVG, "not_a_photo"),
    "an avif": (heif(brand=b"avif"), "not_a_photo"),
    "too many bytes": (JPEG + bytes(guards.MAX_PHOTO_BYTES), "too_large"),
    "30000 x 30000 in 100 kB": (png(30_000, 30_000), "too_many_pixels"),
    "a webp of 16 million a side": (
        riff((b"VP8X", bytes(4) + b"\xff" * 6), (b"VP8 ", VP8)),
        "too_many_pixels",
    ),
    "a heic with one big picture": (heif(sizes=((512, 512), (8000, 6000))), "too_many_pixels"),
    "one pixel": (png(1, 1), "too_small"),
    "twenty pixels high": (png(100, 20), "too_small"),
    "a thin picture": (png(12_320, 32), "too_thin"),
    "a high picture": (png(32, 12_320), "too_thin"),
    "no width": (png(0, 100), "broken"),
    "an animated png": (png(64, 64, chunk(b"acTL", bytes(8))), "animated"),
    "an animated png without its sign": (png(64, 64, chunk(b"fdAT", bytes(8))), "animated"),
    "a png that begins with data": (
        headers.PNG_MAGIC + chunk(b"IDAT", bytes(13)) + chunk(b"IEND", b""),
        "broken",
    ),
    "a png without an end": (png(64, 64)[:-12], "cut_off"),
    "a png of too many chunks": (
        png(64, 64, chunk(b"IDAT", b"") * headers.MAX_PARTS),
        "overstuffed",
    ),
    "a png full of compressed text": (
        png(64, 64, chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(10_000_000))) * 120),
        "overstuffed",
    ),
    "a moving webp": (riff((b"VP8X", VP8X_MOVING), (b"VP8 ", VP8)), "animated"),
    "a webp with a frame": (riff((b"VP8X", VP8X_STILL), (b"ANMF", bytes(32))), "animated"),
    "a webp without a picture": (riff((b"VP8X", VP8X_STILL)), "broken"),
    "a webp of an inter frame": (riff((b"VP8 ", bytes(10))), "broken"),
    "a lossless webp without a signature": (riff((b"VP8L", bytes(5))), "broken"),
    "a webp with a short canvas": (riff((b"VP8X", b"\0")), "broken"),
    "a webp longer than its file": (riff((b"VP8 ", VP8))[:-1], "cut_off"),
    "a webp chunk longer than its file": (
        b"RIFF\x0c\0\0\0WEBPVP8 \xff\0\0\0",
        "cut_off",
    ),
    "a webp of too many chunks": (riff(*[(b"ABCD", b"")] * headers.MAX_PARTS), "overstuffed"),
    "a moving heic": (heif(brand=b"hevc"), "animated"),
    "a heic without a size": (heif(sizes=()), "broken"),
    "a heic cut in its data": (heif()[:-1], "cut_off"),
    "a heic with a bad first box": ((2).to_bytes(4) + b"ftypheic", "broken"),
    "a heic of too many boxes": (
        heif()[:20] + pictures.box(b"free", b"") * headers.MAX_PARTS,
        "overstuffed",
    ),
    "a jpeg of too many scans": (pictures.jpeg_of_scans(65), "overstuffed"),
    "a jpeg of too many segments": (
        b"\xff\xd8" + b"\xff\xe1\0\2" * headers.MAX_PARTS,
        "overstuffed",
    ),
    "a jpeg with two frames": (
        JPEG[:2] + 2 * b"\xff\xc0\0\x0b\x08\0\x40\0\x40\1\1\x11\0" + JPEG[2:],
        "broken",
    ),
    "a jpeg with a short frame": (b"\xff\xd8\xff\xc0\0\4\0\0\0\0", "broken"),
    "a jpeg without a scan": (JPEG[: JPEG.index(b"\xff\xda")], "cut_off"),
    "a jpeg cut in its head": (JPEG[:100], "cut_off"),
    "only the first bytes of a jpeg": (b"\xff\xd8\xff", "cut_off"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_good_photo_is_refused_with_its_reason(case: str) -> None:
    photo, reason = REFUSED[case]
    with pytest.raises(PhotoRefused) as refusal:
        guards.inspect(photo)
    assert refusal.value.reason == reason
    assert str(refusal.value) == REFUSALS[reason]


def test_the_table_shows_every_reason_but_the_limits_of_a_file() -> None:
    assert {reason for _, reason in REFUSED.values()} == set(REFUSALS)


@pytest.mark.parametrize(
    ("photo", "header"),
    [
        (encoded(symbol(module=4), ".jpg"), ("jpeg", 132, 132, False)),
        (pictures.progressive(symbol(module=4)), ("jpeg", 132, 132, False)),
        (encoded(symbol(module=4)), ("png", 132, 132, False)),
        (png(40, 30, colour=6), ("png", 40, 30, True)),
        (png(40, 30, chunk(b"tRNS", b"\0\0"), colour=0), ("png", 40, 30, True)),
        (riff((b"VP8 ", VP8)), ("webp", 640, 480, False)),
        (riff((b"VP8L", VP8L)), ("webp", 640, 480, True)),
        (riff((b"VP8X", VP8X_STILL), (b"ALPH", b"\0"), (b"VP8 ", VP8)), ("webp", 640, 480, True)),
        (encoded(np.zeros((90, 120), np.uint8), ".webp"), ("webp", 120, 90, True)),
        (heif(sizes=((512, 512), (4032, 3024))), ("heic", 4032, 3024, False)),
        (pictures.heic(np.zeros((90, 120, 3), np.uint8)), ("heic", 120, 90, False)),
    ],
)
def test_a_header_tells_format_size_and_transparency(
    photo: bytes, header: tuple[str, int, int, bool]
) -> None:
    seen = guards.inspect(photo)
    assert (seen.kind, seen.width, seen.height, seen.alpha) == header


def test_a_big_jpeg_passes_where_a_png_of_its_size_does_not() -> None:
    at = JPEG.index(b"\xff\xc0")
    big = JPEG[: at + 5] + (6000).to_bytes(2) + (8000).to_bytes(2) + JPEG[at + 9 :]
    assert guards.inspect(big).width == 8000
    with pytest.raises(PhotoRefused, match="too many pixels"):
        guards.inspect(png(8000, 6000))


def test_a_box_with_a_long_size_and_one_to_the_end_are_followed() -> None:
    whole = heif()
    ftyp, rest = whole[:20], whole[20:]
    long = (1).to_bytes(4) + b"ftyp" + (28).to_bytes(8) + ftyp[8:]
    to_the_end = rest[:-24] + bytes(4) + rest[-20:]
    assert guards.inspect(long + to_the_end).width == 640


def test_notes_of_a_camera_behind_the_picture_are_nobodys_business() -> None:
    assert guards.inspect(heif() + b"not a box").width == 640


def test_a_jpeg_without_its_end_marker_is_still_tried() -> None:
    assert guards.inspect(JPEG[:-2]).width == guards.inspect(JPEG).width


def test_sixty_four_scans_pass() -> None:
    assert guards.inspect(pictures.jpeg_of_scans(64)).kind == "jpeg"


def test_a_run_of_filling_bytes_takes_no_time() -> None:
    with pytest.raises(PhotoRefused):
        guards.inspect(b"\xff\xd8" + b"\xff" * 4_000_000 + b"\0")


@pytest.mark.parametrize("kind", [".png", ".webp", ".heic"])
@pytest.mark.parametrize("tenth", range(1, 10))
def test_a_file_cut_at_any_tenth_is_refused(kind: str, tenth: int) -> None:
    pixels = np.random.default_rng(1).integers(0, 255, (200, 200, 3), np.uint8)
    whole = pictures.heic(pixels) if kind == ".heic" else encoded(pixels, kind)
    with pytest.raises(PhotoRefused) as refusal:
        guards.inspect(whole[: len(whole) * tenth // 10])
    assert refusal.value.reason == "cut_off"
