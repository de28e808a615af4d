import contextlib

import cv2
import numpy as np
import pytest

import scanner
from scanner import loading
from scanner.errors import PhotoRefused, PhotoTooHard
from scanner.headers import Header
from tests.camera import photograph
from tests.scanner import pictures
from tests.scanner.pictures import TEXT, encoded, symbol


def on_grey(pixels: pictures.Grey, width: int, height: int) -> pictures.Grey:
    wall = np.full((height, width), 160, np.uint8)
    top, left = height // 3, width // 4
    wall[top : top + pixels.shape[0], left : left + pixels.shape[1]] = pixels
    return wall


@pytest.mark.parametrize("kind", [".jpg", ".png", ".webp"])
def test_a_code_is_read_from_each_format(kind: str) -> None:
    (seen,) = scanner.read(encoded(symbol(), kind))
    assert seen.text == TEXT
    assert seen.attempt == "plain"


def test_a_code_is_read_from_a_heic() -> None:
    grey = symbol()
    assert [one.text for one in scanner.read(pictures.heic(grey))] == [TEXT]
    coloured = np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB), np.uint8)
    assert [one.text for one in scanner.read(pictures.heic(coloured))] == [TEXT]
    clear = np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2RGBA), np.uint8)
    assert [one.text for one in scanner.read(pictures.heic(clear))] == [TEXT]


@pytest.mark.parametrize("seed", range(8))
def test_a_photo_of_a_poster_is_read(seed: int) -> None:
    assert [one.text for one in scanner.read(photograph(symbol(), seed=seed))] == [TEXT]


def test_the_camera_takes_the_same_photo_for_the_same_seed() -> None:
    assert photograph(symbol(), seed=3) == photograph(symbol(), seed=3)
    assert photograph(symbol(), seed=3) != photograph(symbol(), seed=4)


def test_a_picture_without_a_code_gives_nothing() -> None:
    assert scanner.read(encoded(np.full((300, 300), 128, np.uint8))) == ()


def test_all_codes_of_a_photo_are_seen() -> None:
    left, right = symbol("ONE"), symbol("TWO")
    pair = encoded(np.hstack([left, right]))
    assert {one.text for one in scanner.read(pair)} == {"ONE", "TWO"}


def test_at_most_sixty_four_codes_are_handled() -> None:
    sheet = np.tile(symbol("A", module=2), (10, 10))
    assert len(scanner.read(encoded(sheet))) == 64


@pytest.mark.parametrize(
    ("width", "height", "shrunk"), [(2000, 1500, 1), (4800, 3200, 2), (9000, 6000, 4)]
)
def test_corners_are_in_pixels_of_the_photo_whatever_its_size(
    width: int, height: int, shrunk: int
) -> None:
    module = 12 * shrunk
    photo = encoded(on_grey(symbol(module=module), width, height), ".jpg")
    assert loading.load(photo, Header("jpeg", width, height)).shrunk == shrunk
    (seen,) = scanner.read(photo)
    edge, side = 4 * module, 25 * module
    left, top = width // 4 + edge, height // 3 + edge
    expected = [(left, top), (left + side, top), (left + side, top + side), (left, top + side)]
    assert np.abs(np.array(seen.corners) - np.array(expected)).max() <= module


def test_black_on_nothing_and_white_on_nothing_are_read() -> None:
    grey = symbol()
    nothing = np.zeros_like(grey)
    black = np.dstack([nothing, nothing, nothing, 255 - grey])
    white = np.dstack([grey, grey, grey, grey])
    for pixels in (black, white):
        assert [one.text for one in scanner.read(encoded(pixels))] == [TEXT]


def test_sixteen_bits_a_channel_are_read() -> None:
    deep = np.dstack([symbol().astype(np.uint16) * 257] * 4)
    assert [one.text for one in scanner.read(encoded(deep))] == [TEXT]


def test_a_lossless_webp_without_transparency_is_read() -> None:
    flat = np.dstack([symbol()] * 3)
    assert [one.text for one in scanner.read(encoded(flat, ".webp"))] == [TEXT]
    assert loading._shown(symbol()).shape == symbol().shape


def test_texts_of_other_alphabets_are_read_and_not_raised() -> None:
    for text in ("Ä Ö Ü ß", "日本語のテキスト", "日本".encode("shift_jis"), b"\x00\x0e\x0f\x01"):
        assert len(scanner.read(encoded(symbol(text)))) == 1


def test_structured_append_and_micro_qr_do_not_raise() -> None:
    import segno

    parts = segno.make_sequence("HALF OF A LONG STORY AND THE OTHER HALF", symbol_count=2)
    micro = segno.make_micro("123")
    for code in (*parts, micro):
        photo = encoded(pictures.drawn(pictures.matrix(code)))
        assert all(isinstance(one.text, str) for one in scanner.read(photo))


def test_a_picture_that_cannot_be_opened_is_broken() -> None:
    broken = (
        pictures.png(64, 64, idat=b"nonsense"),
        pictures.heif(),
        pictures.png(64, 64, colour=6, idat=b"nonsense"),
    )
    for photo in broken:
        with pytest.raises(PhotoRefused) as refusal:
            scanner.read(photo)
        assert refusal.value.reason == "broken"


def test_want_of_memory_makes_a_photo_too_hard(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_memory(*_: object) -> None:
        raise MemoryError

    def no_memory_in_opencv(*_: object) -> None:
        error = cv2.error("Insufficient memory")
        error.code = cv2.Error.StsNoMem
        raise error

    def assertion_in_opencv(*_: object) -> None:
        error = cv2.error("Assertion failed")
        error.code = cv2.Error.StsAssert
        raise error

    photo = encoded(symbol())
    for failing in (no_memory, no_memory_in_opencv):
        monkeypatch.setattr(cv2, "imdecode", failing)
        with pytest.raises(PhotoTooHard):
            scanner.read(photo)
    monkeypatch.setattr(cv2, "imdecode", assertion_in_opencv)
    with pytest.raises(PhotoRefused):
        scanner.read(photo)


@pytest.mark.parametrize("tenth", range(1, 11))
def test_a_jpeg_cut_at_any_tenth_gives_its_code_or_a_clear_answer(tenth: int) -> None:
    whole = photograph(symbol(), seed=2)
    seen: tuple[scanner.Sighting, ...] = ()
    with contextlib.suppress(PhotoRefused):
        seen = scanner.read(whole[: len(whole) * tenth // 10])
    assert {one.text for one in seen} <= {TEXT}
    assert seen or tenth < 10


def test_what_is_public_is_listed_in_order_and_there() -> None:
    names = scanner.__all__
    assert all(hasattr(scanner, name) for name in names)
    assert len(set(names)) == len(names)


def test_the_live_decoders_are_named() -> None:
    assert set(scanner.decoders_live()) == {"zxing-cpp", "pyzbar", "opencv"}
    assert scanner.decoders_live()["opencv"]
