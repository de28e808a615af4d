"""Pictures are drawn anew: what is to be seen stays, everything else of the file does not."""

import base64
import io
import json
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import ExifTags, Image

import scanner
from scanner import PhotoRefused, PhotoTooHard, drawing, drawn, headers, reading, wire, worker
from scanner.drawn import Picture
from scanner.sighting import Look
from scanner.wire import BadAnswer
from tests.scanner import pictures
from tests.scanner.actors import actor, patient, play
from tests.scanner.pictures import encoded, heic, png
from tests.scanner.test_formats import SECRET, with_secrets
from tests.scanner.test_guards import REFUSED

Coloured = NDArray[np.uint8]
RED, GREEN, BLUE, GREY = (220, 20, 20), (20, 200, 20), (20, 20, 220), (128, 128, 128)


def four_colours(width: int = 640, height: int = 480) -> Coloured:
    """Red and green above blue and grey, as RGB."""
    pixels = np.zeros((height, width, 3), np.uint8)
    for row, pair in enumerate(((RED, GREEN), (BLUE, GREY))):
        for column, colour in enumerate(pair):
            top, left = row * height // 2, column * width // 2
            pixels[top : top + height // 2, left : left + width // 2] = colour
    return pixels


def noise(width: int, height: int) -> Coloured:
    return np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8)


def saved(pixels: Coloured, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **options)
    return file.getvalue()


def turned(kind: str, orientation: int, pixels: Coloured) -> bytes:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    lossless = {"lossless": True} if kind == "WEBP" and pixels.shape[2] == 4 else {}
    return saved(pixels, kind, exif=exif, **lossless)


def seen(picture: bytes) -> list[str]:
    """Tell the four colours of a picture, as a person would."""
    with Image.open(io.BytesIO(picture)) as opened:
        pixels = np.asarray(opened.convert("RGB"), int)
    height, width = pixels.shape[:2]
    corners = [pixels[y, x] for y in (height // 4, -height // 4) for x in (width // 4, -width // 4)]
    named = {"red": RED, "green": GREEN, "blue": BLUE, "grey": GREY}
    return [
        min(named, key=lambda name: int(np.abs(corner - named[name]).sum())) for corner in corners
    ]


UPRIGHT = ["red", "green", "blue", "grey"]


def check(picture: Picture, width: int, height: int) -> None:
    """See that both pictures keep what they promise."""
    for one, side, most in (
        (picture.large, drawn.LARGE_SIDE, drawn.LARGE_BYTES),
        (picture.small, drawn.SMALL_SIDE, drawn.SMALL_BYTES),
    ):
        header = headers.walk(one)
        assert (header.kind, header.alpha) == ("webp", False)
        assert max(header.width, header.height) <= side
        assert abs(header.width / header.height - width / height) < 0.02
        assert len(one) <= most
        assert one[12:16] == b"VP8 "
        assert 20 + int.from_bytes(one[16:20], "little") in {len(one), len(one) - 1}
    header = headers.walk(picture.large)
    assert (picture.width, picture.height) == (header.width, header.height)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIC"])
def test_every_format_is_drawn_in_its_colours(kind: str) -> None:
    pixels = four_colours()
    picture = scanner.picture(heic(pixels) if kind == "HEIC" else saved(pixels, kind))
    check(picture, 640, 480)
    assert (picture.width, picture.height) == (640, 480)
    assert seen(picture.large) == seen(picture.small) == UPRIGHT


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("see_through", [False, True])
@pytest.mark.parametrize(
    ("orientation", "undone"),
    [(2, (True, 0)), (3, (False, 2)), (4, (True, 2)), (6, (False, 1)), (8, (False, -1))],
)
def test_what_lies_on_its_side_is_turned(
    kind: str,
    see_through: bool,  # noqa: FBT001  # a case of the table
    orientation: int,
    undone: tuple[bool, int],
) -> None:
    mirrored, quarters = undone
    stored = np.rot90(four_colours(), quarters)
    stored = np.ascontiguousarray(stored[:, ::-1] if mirrored else stored)
    if see_through and kind != "JPEG":
        alpha = np.full((*stored.shape[:2], 1), 255, np.uint8)
        stored = np.concatenate([stored, alpha], axis=2)
    photo = turned(kind, orientation, stored)
    picture = scanner.picture(photo)
    assert (picture.width, picture.height) == (640, 480)
    assert seen(picture.large) == seen(picture.small) == UPRIGHT


@pytest.mark.parametrize("side", [300, 2000, 4000, 7000])
def test_what_is_large_becomes_smaller_and_nothing_larger(side: int) -> None:
    picture = scanner.picture(saved(four_colours(side, side // 2), "JPEG"))
    check(picture, 2, 1)
    assert picture.width == min(side, drawn.LARGE_SIDE)
    assert seen(picture.large) == UPRIGHT
    small = headers.walk(picture.small)
    assert small.width == min(side, drawn.SMALL_SIDE)


def test_what_is_high_is_measured_by_its_height() -> None:
    picture = scanner.picture(saved(four_colours(500, 2000), "PNG"))
    check(picture, 1, 4)
    assert (picture.width, picture.height) == (320, 1280)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_even_noise_fits(kind: str) -> None:
    check(scanner.picture(saved(noise(1600, 1600), kind)), 1, 1)


def test_what_does_not_fit_by_the_last_step_is_too_hard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawn, "SMALL_BYTES", 10)
    with pytest.raises(PhotoTooHard):
        scanner.picture(saved(four_colours(), "PNG"))


def test_want_of_memory_is_too_hard(monkeypatch: pytest.MonkeyPatch) -> None:
    def lacking(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(cv2, "imdecode", lacking)
    with pytest.raises(PhotoTooHard):
        scanner.picture(saved(four_colours(), "JPEG"))


def test_what_is_transparent_is_white() -> None:
    pixels = np.zeros((100, 100, 4), np.uint8)
    pixels[:, 50:] = (*RED, 255)
    for photo in (saved(pixels, "PNG"), saved(pixels, "WEBP", lossless=True), heic(pixels)):
        with Image.open(io.BytesIO(scanner.picture(photo).large)) as opened:
            left, right = opened.getpixel((10, 50)), opened.getpixel((90, 50))
        assert isinstance(left, tuple)
        assert isinstance(right, tuple)
        assert min(left) > 245
        assert right[0] > 180
        assert right[1] < 60


def test_grey_palettes_and_sixteen_bits_are_drawn() -> None:
    grey = np.tile(np.arange(0, 256, 2), (128, 1)).astype(np.uint8)
    for photo in (
        encoded(grey),
        encoded(grey.astype(np.uint16) * 257),
        encoded(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGRA).astype(np.uint16) * 257),
        saved(grey, "JPEG"),
        heic(grey),
        png(64, 64, pictures.chunk(b"tRNS", b"\0\0"), colour=0),
    ):
        header = headers.walk(photo)
        check(scanner.picture(photo), header.width, header.height)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIC"])
def test_nothing_that_the_file_said_besides_is_drawn(kind: str) -> None:
    photo = with_secrets(kind)
    assert photo.count(SECRET.encode()) >= 3
    picture = scanner.picture(photo)
    for one in (picture.large, picture.small):
        assert SECRET.encode() not in one
        with Image.open(io.BytesIO(one)) as opened:
            assert not opened.getexif()
            assert not {"exif", "xmp", "icc_profile", "comment"} & set(opened.info)


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_good_photo_is_no_good_picture(case: str) -> None:
    photo, reason = REFUSED[case]
    with pytest.raises(PhotoRefused) as refusal:
        scanner.picture(photo)
    assert refusal.value.reason == reason


@pytest.mark.parametrize(
    "photo",
    [
        png(64, 64, idat=b"nonsense"),
        png(64, 64, colour=6, idat=b"nonsense"),
        pictures.heif(),
        encoded(four_colours(), ".webp")[:40] + bytes(len(encoded(four_colours(), ".webp")) - 40),
    ],
)
def test_what_cannot_be_opened_is_broken(photo: bytes) -> None:
    with pytest.raises(PhotoRefused) as refusal:
        scanner.picture(photo)
    assert refusal.value.reason == "broken"


def test_a_pool_draws_and_reads_in_turn() -> None:
    photo = saved(four_colours(), "JPEG")
    bomb = png(30_000, 30_000)

    async def story() -> None:
        async with patient(1) as pool:
            for kind in ("JPEG", "PNG", "WEBP", "HEIC"):
                drawn_there = await pool.picture(with_secrets(kind))
                assert drawn_there == scanner.picture(with_secrets(kind))
            assert [one.text for one in await pool.read(encoded(pictures.symbol()))]
            assert seen((await pool.picture(photo)).small) == UPRIGHT
            see_through = np.concatenate(
                [np.rot90(four_colours(), 1), np.full((640, 480, 1), 255, np.uint8)], axis=2
            )
            lying = turned("PNG", 6, np.ascontiguousarray(see_through))
            assert seen((await pool.picture(lying)).small) == UPRIGHT
            for refused in (bomb, png(64, 64, idat=b"nonsense"), b"text"):
                with pytest.raises(PhotoRefused):
                    await pool.picture(refused)
            assert pool.health()["restarts"] == 0

    play(story)


def test_a_worker_that_draws_too_long_or_nonsense_is_replaced() -> None:
    photo = saved(four_colours(), "JPEG")

    async def story(act: str, deadline_s: float) -> None:
        async with scanner.Pool(1, program=actor(act), draw_deadline_s=deadline_s) as pool:
            with pytest.raises(PhotoTooHard):
                await pool.picture(photo)
            assert pool.health()["restarts"] == 1

    play(lambda: story("time.sleep(60)", 0.2))
    play(lambda: story("say(b'{\"sightings\":[]}')", 30))


def said(large: bytes, small: bytes) -> bytes:
    both = [base64.b64encode(one).decode() for one in (large, small)]
    return json.dumps({"picture": both}).encode()


GOOD = drawing.draw(saved(four_colours(), "JPEG"))
TOO_WIDE = encoded(four_colours(1281, 100), ".webp")
SEVERAL = pictures.riff((b"VP8 ", GOOD.small[20:]), (b"EXIF", b"secret"))
LOSSLESS = saved(four_colours(), "WEBP", lossless=True)
TRAILING = GOOD.small + b"<script>"


@pytest.mark.parametrize(
    "body",
    [
        said(GOOD.large, GOOD.large),
        said(TOO_WIDE, GOOD.small),
        said(GOOD.large, SEVERAL),
        said(GOOD.large, LOSSLESS),
        said(GOOD.large, TRAILING),
        said(GOOD.large, encoded(four_colours(), ".jpg")),
        said(GOOD.large, b""),
        said(GOOD.large, encoded(noise(480, 480), ".webp")),
        json.dumps({"picture": ["?", "?"]}).encode(),
        json.dumps({"picture": ["ä", "ä"]}).encode(),
        json.dumps({"picture": [1, 2]}).encode(),
        json.dumps({"picture": []}).encode(),
        json.dumps({"picture": ["", ""], "sightings": []}).encode(),
        json.dumps({"sightings": []}).encode(),
    ],
)
def test_what_is_no_bare_picture_of_the_right_size_is_not_believed(body: bytes) -> None:
    with pytest.raises(BadAnswer):
        wire.hear_picture(body)


def test_a_picture_survives_the_wire() -> None:
    assert wire.hear_picture(wire.say_picture(GOOD)[4:]) == GOOD
    assert wire.hear_picture(said(GOOD.large, GOOD.small)) == GOOD
    with pytest.raises(BadAnswer):
        wire.hear_answer(wire.say_picture(GOOD)[4:])


def test_a_worker_answers_what_it_is_asked() -> None:
    photo = saved(four_colours(), "JPEG")
    answers = [worker.answer(photo, asked, reading.read, drawing.draw) for asked in (0, wire.DRAW)]
    assert wire.hear_answer(answers[0][4:]) == ()
    assert wire.hear_picture(answers[1][4:]) == GOOD
    with pytest.raises(PhotoRefused):
        wire.hear_picture(worker.answer(b"text", wire.DRAW, reading.read, drawing.draw)[4:])
    assert wire.DRAW not in list(Look)
