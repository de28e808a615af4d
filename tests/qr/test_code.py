"""Codes: minted, checked, parsed and printed."""

import itertools
import pickle
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qr
from qr.code import (
    ALPHABET,
    LENGTH,
    PAYLOAD_LIMIT,
    RANDOM_BITS,
    Code,
    address,
    authority,
    mint,
    parse,
)
from qr.errors import CodeError, ForeignCode, UnknownCode

BASE = "https://flattr.example"
NUMBERS = st.integers(0, (1 << RANDOM_BITS) - 1)
CODES = NUMBERS.map(Code.from_number)
CODE = Code.from_number(987_654_321_987_654_321)
WITH_K = Code.from_number(ALPHABET.index("K"))
ADDRESS = f"https://flattr.example/t/{str(CODE).lower()}"
LOOK_ALIKES = {"1": "1ILil", "0": "0Oo"}


@st.composite
def mixed_case(draw: st.DrawFn, text: str) -> str:
    upper = draw(st.lists(st.booleans(), min_size=len(text), max_size=len(text)))
    return "".join(c.upper() if up else c.lower() for c, up in zip(text, upper, strict=True))


WHITE_SPACE = st.text(" \t\r\n", max_size=3)


@settings(deadline=None)
@given(CODES)
def test_every_single_wrong_character_is_refused(code: Code) -> None:
    text = str(code)
    for at, wrong in itertools.product(range(LENGTH), ALPHABET):
        if wrong != text[at]:
            with pytest.raises(UnknownCode):
                parse(text[:at] + wrong + text[at + 1 :], base_url=BASE)


@settings(deadline=None)
@given(CODES)
def test_every_swap_of_two_different_characters_is_refused(code: Code) -> None:
    for one, two in itertools.combinations(range(LENGTH), 2):
        swapped = list(str(code))
        swapped[one], swapped[two] = swapped[two], swapped[one]
        if swapped[one] != swapped[two]:
            with pytest.raises(UnknownCode):
                parse("".join(swapped), base_url=BASE)


@settings(deadline=None)
@given(NUMBERS)
def test_a_number_and_its_code_are_the_same(number: int) -> None:
    code = Code.from_number(number)
    assert code.number == number
    assert Code(str(code)) == code
    assert len(str(code)) == LENGTH
    assert set(str(code)) <= set(ALPHABET)


def test_a_number_fits_into_a_signed_64_bit_column() -> None:
    assert Code("ZZZZZZZZZZZZ" + str(Code.from_number((1 << 60) - 1))[-1]).number < 1 << 63


@pytest.mark.parametrize("number", [-1, 1 << 60])
def test_a_number_outside_60_bits_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match="60 bits"):
        Code.from_number(number)


@pytest.mark.parametrize(
    "text",
    ["", "0" * 12, "0" * 14, str(CODE).lower(), "U" * 13, "I" * 13, "0" * 12 + "1", "\u0660" * 13],
)
def test_a_code_cannot_be_made_of_anything_but_its_canonical_form(text: str) -> None:
    with pytest.raises(ValueError, match=r"13 upper-case|check character"):
        Code(text)


def test_the_check_character_stays_as_it_was_printed() -> None:
    # Printed codes outlive programs: these must never change.
    assert str(Code.from_number(0)) == "0000000000000"
    assert str(Code.from_number(1)) == "0000000000012"
    assert str(Code.from_number(32)) == "0000000000104"
    assert str(CODE) == "VD6TBXZF84NHM"


def test_minting_asks_for_sixty_random_bits_and_never_repeats() -> None:
    asked: list[int] = []

    def randbits(bits: int) -> int:
        asked.append(bits)
        return 5

    assert mint(randbits).number == 5
    assert asked == [60]
    assert len({mint() for _ in range(1000)}) == 1000


def test_a_code_is_a_frozen_value_that_survives_pickling() -> None:
    with pytest.raises(AttributeError):
        CODE.text = "0"  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(CODE)) == CODE
    assert f"{CODE}" == CODE.text


@settings(deadline=None)
@given(CODES)
def test_groups_are_read_back(code: Code) -> None:
    assert [len(group) for group in code.grouped.split("-")] == [4, 4, 5]
    assert parse(code.grouped, base_url=BASE) == code


@settings(deadline=None)
@given(
    data=st.data(),
    code=CODES,
    scheme=st.sampled_from(["http", "https"]),
    with_port=st.booleans(),
    end=st.sampled_from(["", "/"]),
    before=WHITE_SPACE,
    after=WHITE_SPACE,
)
def test_every_spelling_of_our_address_gives_the_same_code(
    *,
    data: st.DataObject,
    code: Code,
    scheme: str,
    with_port: bool,
    end: str,
    before: str,
    after: str,
) -> None:
    port = {"http": ":80", "https": ":443"}[scheme] if with_port else ""
    text = data.draw(mixed_case(f"{scheme}://flattr.example{port}/t/{code}{end}"))
    assert parse(before + text + after, base_url=BASE) == code


@settings(deadline=None)
@given(data=st.data(), code=CODES, before=WHITE_SPACE, after=WHITE_SPACE)
def test_every_way_to_type_a_code_gives_the_same_code(
    data: st.DataObject, code: Code, before: str, after: str
) -> None:
    typed = ""
    for character in str(code):
        alike = LOOK_ALIKES.get(character, character + character.lower())
        typed += data.draw(st.text(" -", max_size=2)) + data.draw(st.sampled_from(alike))
    assert parse(before + typed + after, base_url=BASE) == code


@settings(deadline=None)
@given(
    CODES,
    st.sampled_from([BASE, "http://localhost:8000/", "HTTPS://IRL.Example", "http://[::1]:8000"]),
)
def test_what_is_printed_is_read(code: Code, base_url: str) -> None:
    printed = address(code, base_url=base_url)
    assert printed == printed.upper()
    assert parse(printed, base_url=base_url) == code


def test_the_printed_address_keeps_the_scheme_and_port_of_the_base_address() -> None:
    assert address(CODE, base_url=BASE) == f"HTTPS://FLATTR.EXAMPLE/T/{CODE}"
    assert address(CODE, base_url="http://localhost:8000") == f"HTTP://LOCALHOST:8000/T/{CODE}"
    assert (
        address(CODE, base_url="https://flattr.example:443/") == f"HTTPS://FLATTR.EXAMPLE/T/{CODE}"
    )


def test_what_people_type_is_the_host_without_a_default_port() -> None:
    assert authority("http://Localhost:8000") == "localhost:8000"
    assert authority("https://flattr.example:443") == "flattr.example"


@pytest.mark.parametrize(
    "base_url",
    [
        "",
        "flattr.example",
        "ftp://flattr.example",
        "https://",
        "https://flattr.example/base",
        "https://flattr.example?",
        "https://me@flattr.example",
        "https://flättr.example",
        f"https://{'a' * 177}",
    ],
)
def test_a_base_address_that_cannot_be_printed_is_an_error_of_use(base_url: str) -> None:
    with pytest.raises(ValueError, match="base address"):
        address(CODE, base_url=base_url)


def test_the_longest_base_address_is_still_read() -> None:
    base_url = "https://" + "a" * 176
    assert len(address(CODE, base_url=base_url)) == PAYLOAD_LIMIT
    assert parse(address(CODE, base_url=base_url), base_url=base_url) == CODE


@pytest.mark.parametrize(
    "payload",
    [
        ADDRESS.replace("flattr.example", "other.example"),
        ADDRESS.replace("flattr.example", "flattr.example.evil.example"),
        ADDRESS.replace("flattr.example", "www.flattr.example"),
        ADDRESS.replace("flattr.example", "flattr.example."),
        ADDRESS.replace("flattr.example", "flattr.example:8443"),
        ADDRESS.replace("flattr.example", "flattr.example:80"),
        ADDRESS.replace("flattr.example", "xn--flttr-gra.example"),
        "https://other.example",
        "http://other.example/?q=a%20b#c",
        "  HTTPS://OTHER.EXAMPLE/T/0000000000000\n",
        "https://[::1]:8000/t/0000000000000",
    ],
)
def test_an_address_of_another_host_is_foreign(payload: str) -> None:
    with pytest.raises(ForeignCode):
        parse(payload, base_url=BASE)


@pytest.mark.parametrize(
    "payload",
    [
        "",
        " ",
        "---",
        "hello",
        "https://flattr.example",
        "https://flattr.example/",
        "https://flattr.example/t/",
        ADDRESS.replace("/t/", "/s/"),
        ADDRESS.replace("/t/", "//t/"),
        ADDRESS.replace("/t/", "/t//"),
        ADDRESS.replace("/t/", "/x/../t/"),
        ADDRESS + "//",
        ADDRESS + "/x",
        ADDRESS + "?x=1",
        ADDRESS + "?",
        ADDRESS + "#",
        ADDRESS[:-1],
        ADDRESS[:-1] + "u",
        ADDRESS[:-1] + "%45",
        f"https://flattr.example/t/{CODE.grouped}",
        f"https://flattr.example/t/{'i' * 13}",
        ADDRESS.replace("https", "ftp"),
        ADDRESS.replace("https://", "//"),
        ADDRESS.replace("https://", "https:/"),
        ADDRESS.replace("https://", ""),
        ADDRESS.replace("//", "\\\\"),
        ADDRESS.replace("//", "//me@"),
        ADDRESS.replace("//", "//other.example\\@"),
        ADDRESS.replace("//", "//other.example@"),
        ADDRESS.replace(".example", ".example:"),
        ADDRESS.replace(".example", ".example:443443"),
        ADDRESS.replace("flattr", "fl\u0430ttr"),  # a Cyrillic letter
        ADDRESS.replace("flattr", "fl%61ttr"),
        ADDRESS.replace("https", "http\u017f"),  # a long s
        ADDRESS.replace("/t/", "/t/\u0000"),
        ADDRESS.replace("/t/", "\n/t/"),
        ADDRESS + "\u0000",
        ADDRESS + "\u00a0",
        "\ufeff" + ADDRESS,
        str(CODE) + "\u0000",
        str(CODE)[:4] + "\t" + str(CODE)[4:],
        str(CODE)[:4] + "\u2013" + str(CODE)[4:],
        str(CODE) + "0",
        str(CODE)[:-1],
        "UUUUUUUUUUUUU",
        "".join(chr(ord(c) + 0xFEE0) for c in str(CODE)),  # full-width
        str(WITH_K).replace("K", "\u212a"),  # the Kelvin sign
        "\ud800",
        " " * 190 + str(CODE),
        "https://other.example/" + "x" * 200,
    ],
)
def test_anything_else_is_unknown(payload: str) -> None:
    with pytest.raises(UnknownCode):
        parse(payload, base_url=BASE)


@settings(deadline=None)
@given(
    st.text()
    | st.text("0OI1lT-/ :.htpsU%?#@\\\u017f\u212a\n", max_size=40)
    | st.from_regex(r"https?://[a-z.:\[\]0-9@]{0,20}/t/[0-9a-zA-Z]{13}/?", fullmatch=True)
)
def test_no_text_at_all_raises_anything_but_a_code_error(payload: str) -> None:
    refused: type[CodeError] | None = None
    try:
        code = parse(payload, base_url=BASE)
    except CodeError as error:
        refused = type(error)
    else:
        assert parse(str(code), base_url=BASE) == code
    assert refused in {None, ForeignCode, UnknownCode}


def test_reading_codes_loads_no_drawing_library() -> None:
    program = (
        "import sys, qr, qr.code; "
        "loaded = {name.partition('.')[0] for name in sys.modules}; "
        "print(*loaded & {'segno', 'reportlab', 'cv2', 'numpy', 'click', 'irl', 'scanner', 'api'})"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""


def test_the_room_names_what_others_need() -> None:
    assert list(qr.__all__) == sorted(qr.__all__)
    assert all(hasattr(qr, name) for name in qr.__all__)
