"""Languages: amounts, moments and plurals as each writes them; English where nothing is known."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from irl import language
from irl.month import Day, Month
from irl.rules import CENT
from irl.sentence import Euros, Sentence

NBSP = "\N{NO-BREAK SPACE}"
NARROW = "\N{NARROW NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"
MOMENT = datetime(2026, 11, 30, 23, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("code", "amount", "odd", "typed", "percent", "moment", "month"),
    [
        ("en", "€1,234.50", "€0.833333", "5.00", "7.5%", "30 November 2026, 23:59 UTC", "November"),
        ("fr", "1 234,50 €", "0,833333 €", "5,00", "7,5 %", "30 novembre 2026, 23:59", "novembre"),
        ("de", "1.234,50 €", "0,833333 €", "5,00", "7,5 %", "30. November 2026, 23:59", "November"),
    ],
)
def test_each_language_writes_amounts_and_moments_in_its_way(  # noqa: PLR0917 - a row of the table
    code: str, amount: str, odd: str, typed: str, percent: str, moment: str, month: str
) -> None:
    speaks = language.of(code)

    def plain(text: str) -> str:
        return text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")

    assert plain(speaks.money(1_234_500_000)) == amount
    assert plain(speaks.money(833_333)) == odd
    assert "83" in speaks.cents(833_333)
    assert "833" not in speaks.cents(833_333)
    assert speaks.amount(5_000_000) == typed
    assert plain(speaks.percent(750)) == percent
    assert speaks.moment(MOMENT).startswith(moment)
    assert speaks.month(Month(202611)) == f"{month} 2026"
    assert "10" in speaks.day(Day(20261110))


@given(st.integers(-(10**13), 10**13))
def test_an_amount_is_never_rounded(micros: int) -> None:
    digits = "".join(c for c in language.of("de").money(micros) if c.isdigit())
    assert int(digits) == (abs(micros) // CENT if micros % CENT == 0 else abs(micros))


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("", "en"),
        ("de", "de"),
        ("fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5", "fr"),
        ("de-AT;q=0.2,en;q=0.5", "en"),
        ("en;q=0,de;q=0.1", "de"),
        ("ja,ko", "en"),
        ("de;q=nonsense,fr;q=0.1", "fr"),
        ("DE-de", "de"),
        ("x" * 10_000, "en"),
    ],
)
def test_the_browser_says_which_language_is_wanted(header: str, code: str) -> None:
    assert language.wanted(header) == code


def test_a_sentence_is_english_text_that_can_be_said_otherwise() -> None:
    sentence = Sentence(
        "From {least} to {most}, says {who}.", least=Euros(2_000_000), most=7, who="Ada"
    )
    assert sentence == "From 2.00 EUR to 7, says Ada."
    assert language.of("en").says(sentence) == "From €2.00 to 7, says Ada."
    assert language.of("de").says(sentence).startswith("From 2,00")
    assert str(Euros(833_333)) == "0.833333 EUR"
    assert str(Euros(-500_000)) == "-0.50 EUR"


def test_braces_of_a_text_without_values_stay() -> None:
    assert language.of("en").says("a {title} of somebody") == "a {title} of somebody"
    assert Sentence("{0}") == "{0}"


def test_a_language_that_the_house_does_not_speak_is_english() -> None:
    assert language.of("xx").code == language.of(None).code == "en"
    assert language.of("en").count("{n} flattr", "{n} flattrs", 1) == "1 flattr"
    assert language.of("en").count("{n} flattr", "{n} flattrs", 1200) == "1,200 flattrs"


@pytest.mark.parametrize("code", language.NAMES)
def test_nothing_stays_nothing_in_each_language(code: str) -> None:
    assert language.of(code).says("") == ""


@pytest.mark.parametrize(
    ("code", "money", "figure", "amount"),
    [
        ("en", "€1,234.50", "1,234.50", "1234.50"),
        ("fr", f"1{NARROW}234,50{NBSP}€", f"1{NARROW}234,50", "1234,50"),
        ("de", f"1.234,50{NBSP}€", "1.234,50", "1234,50"),
    ],
)
def test_an_amount_is_written_in_text_in_a_table_and_in_a_field(
    code: str, money: str, figure: str, amount: str
) -> None:
    speaks = language.of(code)
    micros = 1_234_500_000
    assert (speaks.money(micros), speaks.figure(micros), speaks.amount(micros)) == (
        money,
        figure,
        amount,
    )


@pytest.mark.parametrize("code", ["en", "fr", "de"])
def test_what_cents_do_not_say_is_written_to_the_last_micro(code: str) -> None:
    speaks = language.of(code)
    assert f"1{speaks.point}666667" in speaks.money(1_666_667)
    assert speaks.figure(1_666_667) == f"1{speaks.point}666667"
    assert f"1{speaks.point}66" in speaks.cents(1_666_667)
    assert "667" not in speaks.cents(1_666_667)


@pytest.mark.parametrize("code", ["en", "fr", "de"])
def test_below_zero_stands_a_minus_and_no_hyphen(code: str) -> None:
    speaks = language.of(code)
    assert speaks.figure(-10_000) == f"{MINUS}0{speaks.point}01"
    for micros in (-10_000, -1):
        assert speaks.money(micros).startswith(MINUS)
        assert "-" not in speaks.money(micros)


@pytest.mark.parametrize(("code", "short"), [("en", "4 Dec"), ("fr", "4 déc."), ("de", "4. Dez.")])
def test_a_day_is_short_in_a_column(code: str, short: str) -> None:
    assert language.of(code).short_day(datetime(2026, 12, 4, tzinfo=UTC)) == short
