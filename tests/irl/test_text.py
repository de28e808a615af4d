from __future__ import annotations

import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from irl import text
from irl.errors import Invalid


def refused(check: Callable[[], object]) -> str | None:
    with pytest.raises(Invalid) as caught:
        check()
    return caught.value.field


def test_a_line_is_normalised_and_trimmed() -> None:
    assert text.line("  Zu\u0308rich \u00a0", field="title", most=10) == "Zürich"
    assert text.line("", field="artist", least=0, most=10) == ""


@pytest.mark.parametrize("bad", ["", "   ", "a" * 11, "a" * 10_000_000])
def test_a_line_has_its_bounds(bad: str) -> None:
    assert refused(lambda: text.line(bad, field="title", most=10)) == "title"
    assert text.line("a" * 10, field="title", most=10) == "a" * 10


@pytest.mark.parametrize(
    "character",
    [
        "\n",
        "\r",
        "\t",
        "\x00",
        "\x1b",
        "\x7f",
        "\x85",
        "\u2028",
        "\u2029",
        "\ud800",
        "\ue000",
        "\u202e",
        "\u202a",
        "\u2066",
        "\u2069",
        "\u200e",
        "\u200f",
        "\u061c",
        "\u200b",
        "\u2060",
        "\ufeff",
        "\xad",
        "\u180e",
        "\U000e0fff",
    ],
)
def test_characters_that_lie_are_refused(character: str) -> None:
    assert refused(lambda: text.line(f"a{character}b", field="title", most=10)) == "title"


@pytest.mark.parametrize("empty", ["\u200d", "\u200c\u200d", "\ufe0f", "\u0301", "\u034f"])
def test_a_line_that_nobody_sees_is_no_line(empty: str) -> None:
    assert refused(lambda: text.line(empty, field="nickname", most=10)) == "nickname"


@pytest.mark.parametrize("fine", ["👩‍🎨", "نص", "中文", "é", "o'Hara <b>", "=1+1"])
def test_letters_of_all_writings_and_joined_emoji_are_fine(fine: str) -> None:
    assert text.line(fine, field="title", most=10) == fine


@given(st.text(max_size=60))
@settings(max_examples=300, deadline=None)
def test_whatever_passes_as_a_line_is_clean_and_stays_as_it_is(said: str) -> None:
    try:
        line = text.line(said, field="title", most=40)
    except Invalid:
        return
    assert 1 <= len(line) <= 40
    assert line == line.strip() == unicodedata.normalize("NFC", line)
    assert not any(unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} for c in line)
    assert text.line(line, field="title", most=40) == line


def test_paragraphs_keep_their_lines() -> None:
    assert text.paragraphs(" a\r\nb\n\n\tc\n", field="text", most=20) == "a\nb\n\n\tc"
    assert text.paragraphs("", field="text", most=20) == ""
    assert refused(lambda: text.paragraphs("a" * 21, field="text", most=20)) == "text"
    assert refused(lambda: text.paragraphs("a" * 9_999, field="text", most=20)) == "text"
    assert refused(lambda: text.paragraphs("a\u202eb", field="text", most=20)) == "text"
    assert refused(lambda: text.paragraphs("a\rb", field="text", most=20)) == "text"


@pytest.mark.parametrize(
    "address",
    ["https://flattr.example", "http://flattr.example:8080/a?b=c#d", "https://ä.example/ü"],
)
def test_web_addresses_that_people_may_click_are_taken(address: str) -> None:
    assert text.web_address(address, field="url") == address


@pytest.mark.parametrize(
    "address",
    [
        "",
        "flattr.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://flattr.example",
        "https://",
        "https:///path",
        "https://me@flattr.example",
        "https://flattr.example:99999",
        "https://flattr.example:0",
        "https://[::1",
        "https://flattr.example/a b",
        'https://flattr.example/"onclick',
        "https://flattr.example/<script>",
        "https://flattr.example\\@evil.example",
        "https://flattr.example/\u202egpj",
        "https://flattr.example/" + "a" * 500,
    ],
)
def test_other_web_addresses_are_refused(address: str) -> None:
    assert refused(lambda: text.web_address(address, field="url")) == "url"


@pytest.mark.parametrize("tag", ["en", "de-CH", "zh-Hant-TW", "gsw"])
def test_a_language_is_a_tag(tag: str) -> None:
    assert text.language(tag, field="language") == tag


@pytest.mark.parametrize("bad", ["", "e", "EN", "english", "de_CH", "de-", "de-C", "дe", "en\n"])
def test_a_language_is_nothing_else(bad: str) -> None:
    assert refused(lambda: text.language(bad, field="language")) == "language"


def test_a_tag_is_one_word_in_lower_case() -> None:
    assert text.tag(" Street-Art ", field="tags") == "street-art"
    for bad in ("", "street art", "a,b", "a" * 41, "a\u00a0b"):
        assert refused(lambda bad=bad: text.tag(bad, field="tags")) == "tags"  # type: ignore[misc]
