"""The texts that come out are those that went in, to the character, or none."""

from typing import Any

import numpy as np
import pytest
import segno
import zxingcpp

import scanner
from scanner.decoders import DECODERS
from tests.absent import absent
from tests.scanner import pictures
from tests.scanner.pictures import Grey, encoded

BYTE: dict[str, Any] = {"mode": "byte"}
UTF_8: dict[str, Any] = {"encoding": "utf-8"}
LATIN: dict[str, Any] = {"encoding": "latin-1"}
SHIFT_JIS: dict[str, Any] = {"encoding": "shift_jis", "mode": "byte"}
TOLD: dict[str, Any] = {"eci": True}

PLAIN = (
    "0123456789",
    "HTTPS://FLATTR.EXAMPLE/T/7K3QZ9MXABCDE",
    "WITH ALL OF $%*+-./:",
    "%%1D and 100 %",
    "lower case, ~tilde\\ `and` ^the $rest",
    " around ",
    "two\r\nlines\tand a tab",
    "\x01\x1b[2J\x1d\x7f",
    # What other character sets are written with in seven bits.
    "+AGEAYg-",
    "\x1b$B$3$l\x1b(B",
    "\x1b(J\\~",
    "\x0e\x0f",
)
UNICODE = (
    "Ärger mit Umläuten, ß und œuvre",
    "日本語のテキスト",
    "한국어",
    "Привет",
    "ไทย",
    "שלום עולם",
    "مرحبا بالعالم",
    "\u202eright to left\u202c",
    "\U0001f3a8 \U0001f469\u200d\U0001f3a8 \U0001f1eb\U0001f1f7",
    "composed \u00e9 and combined e\u0301",
    "\ufeffafter a byte order mark",
    "a\0b",
    "\0",
    "\ud7ff\ue000\uffff\U0010ffff",
)


def drawn(text: str | bytes, **how: Any) -> Grey:
    code = segno.make(text, micro=False, error="m", boost_error=False, **how)
    return pictures.drawn(pictures.matrix(code))


def written(text: str, *, kind: str = "QRCode", **how: Any) -> Grey:
    """A symbol by another maker, which mixes segments and knows GS1, Micro QR and rMQR."""
    code = zxingcpp.create_barcode(text, getattr(zxingcpp.BarcodeFormat, kind), **how)
    return np.array(code.to_image(scale=6, add_quiet_zones=True), np.uint8)


def read(grey: Grey) -> list[str]:
    return [one.text for one in scanner.read(encoded(grey))]


def by_each(grey: Grey) -> dict[str, list[str] | None]:
    """What each decoder says by itself; None where it raised, which the ladder takes for nothing."""
    said: dict[str, list[str] | None] = {}
    for name, decoder in DECODERS.items():
        if decoder is None:
            absent(f"{name} is not installed on this machine")
        try:
            said[name] = [one.text for one in decoder(grey)]
        except Exception:  # noqa: BLE001  # whatever it is
            said[name] = None
    return said


def wrong(grey: Grey, text: str) -> dict[str, list[str] | None]:
    return {name: said for name, said in by_each(grey).items() if said not in ([text], [], None)}


@pytest.mark.parametrize("text", PLAIN)
def test_ascii_is_exact_by_every_decoder(text: str) -> None:
    for how in ({}, BYTE, BYTE | UTF_8 | TOLD):
        grey = drawn(text, **how)
        assert read(grey) == [text]
        assert wrong(grey, text) == {}
    # zbar and OpenCV are there to read it.
    assert set(map(str, by_each(drawn(text)).values())) == {str([text])}


@pytest.mark.parametrize("text", UNICODE)
def test_utf_8_is_exact_with_and_without_its_name(text: str) -> None:
    for how in (UTF_8 | BYTE, UTF_8 | BYTE | TOLD):
        grey = drawn(text, **how)
        assert read(grey) == [text]
        assert wrong(grey, text) == {}


@pytest.mark.parametrize("text", ["Köln", "crème brûlée", "naïve façade", "5 £ and 20 °C", "Ã¤ Âß"])
def test_latin_1_is_exact_with_its_name(text: str) -> None:
    grey = drawn(text, **LATIN, **TOLD)
    assert read(grey) == [text]
    assert wrong(grey, text) == {}


@pytest.mark.parametrize("text", ["Köln", "crème brûlée", "naïve façade", "señor"])
def test_latin_1_without_its_name_is_told_by_its_words(text: str) -> None:
    grey = drawn(text, **LATIN)
    assert read(grey) == [text]
    assert wrong(grey, text) == {}


@pytest.mark.parametrize("text", ["日本語", "こんにちは世界", "日本語 abc 123", "ｶﾀｶﾅ"])
def test_shift_jis_is_exact_with_and_without_its_name(text: str) -> None:
    for how in (SHIFT_JIS, SHIFT_JIS | TOLD):
        grey = drawn(text, **how)
        assert read(grey) == [text]
        assert wrong(grey, text) == {}


def test_kanji_and_hanzi_have_modes_of_their_own() -> None:
    for text, mode in (("日本語", "kanji"), ("点茗", "kanji"), ("书读百遍其义自现", "hanzi")):
        grey = drawn(text, mode=mode)
        assert read(grey) == [text]
        assert wrong(grey, text) == {}


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-16-be", "日本 and ASCII"),
        ("utf-16-be", "ascii"),
        ("cp1251", "Привет"),
        ("cp1252", "“œuvre” 5 €"),
        ("iso8859-7", "Αθήνα"),
        ("iso8859-15", "5 €"),
        ("big5", "中文"),
        ("gb18030", "中文"),
        ("euc_kr", "한국어"),
    ],
)
def test_other_character_sets_are_exact_with_their_name(encoding: str, text: str) -> None:
    grey = drawn(text, encoding=encoding, mode="byte", **TOLD)
    assert read(grey) == [text]
    assert wrong(grey, text) == {}


@pytest.mark.parametrize(
    "data", [bytes(range(256)), b"\x80\x81\xff", b"\xff\xfe\x00a", b"\xc3\x28", b"\x00\x0e\x0f\x01"]
)
def test_bytes_of_no_character_set_come_as_one_character_each(data: bytes) -> None:
    grey = drawn(data)
    assert read(grey) == [data.decode("latin-1")]
    assert wrong(grey, data.decode("latin-1")) == {}


@pytest.mark.parametrize("data", [b"\x81\x5f", b"\xef\xbb\xbfASCII", b"\xa1\x5c\x7e", b"a\x00b"])
def test_zbar_and_opencv_take_nothing_for_ascii_that_is_not(data: bytes) -> None:
    said = by_each(drawn(data))
    assert (said["pyzbar"], said["opencv"]) == ([], [])


def test_segments_of_all_modes_make_one_text() -> None:
    text = "ABC123456789 abc Ä 日本 12345678901234567890 XYZ"
    grey = written(text)
    assert read(grey) == [text]
    assert wrong(grey, text) == {}


def test_gs1_elements_come_without_brackets_and_with_their_separator() -> None:
    grey = written("[01]09506000134352[10]ABC%123[21]7", gs1=True)
    text = "010950600013435210ABC%123\x1d217"
    assert read(grey) == [text]
    assert wrong(grey, text) == {}


def test_a_part_of_a_sequence_is_a_text_of_its_own_and_nothing_is_put_together() -> None:
    whole = "HALF OF A LONG STORY AND THE OTHER HALF"
    parts = [
        pictures.drawn(pictures.matrix(code)) for code in segno.make_sequence(whole, symbol_count=2)
    ]
    halves = ["HALF OF A LONG STORY", " AND THE OTHER HALF"]
    for grey, half in zip(parts, halves, strict=True):
        assert read(grey) in ([half], [])
        assert wrong(grey, half) == {}
    assert set(read(np.hstack(parts))) <= set(halves)


@pytest.mark.parametrize("kind", ["MicroQRCode", "RMQRCode"])
def test_smaller_kinds_of_symbols_give_their_text_or_nothing(kind: str) -> None:
    grey = written("HELLO 12", kind=kind)
    assert read(grey) in (["HELLO 12"], [])
    assert wrong(grey, "HELLO 12") == {}
    for text in ("1", "123", "ABC", "abc"):
        code = segno.make_micro(text)
        assert read(pictures.drawn(pictures.matrix(code))) == []


def test_the_fullest_symbols_are_exact() -> None:
    for text in ("7" * 7089, "Z" * 4296, "z" * 2953):
        code = segno.make(text, error="l", boost_error=False)
        assert code.designator == "40-L"
        assert read(pictures.drawn(pictures.matrix(code), module=4)) == [text]


def test_texts_are_exact_through_a_worker() -> None:
    import asyncio

    async def story() -> None:
        async with scanner.Pool(1) as pool:
            for text in (*PLAIN, *UNICODE):
                (seen,) = await pool.read(encoded(drawn(text, **UTF_8, **BYTE)))
                assert seen.text == text

    asyncio.run(story())
