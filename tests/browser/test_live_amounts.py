"""Amounts that change while a finger moves: the budget's slider, and the fee of a deposit."""

from __future__ import annotations

import pytest

from tests.browser.conftest import Phones
from tests.browser.phone import Phone
from tests.browser.street import Street
from tests.cast import Cast

NBSP = "\N{NO-BREAK SPACE}"


def giver(street: Street, phones: Phones, name: str, *, language: str = "en", gave: int) -> Phone:
    """Pick up the phone of somebody with €18.00 to give, a budget of €6.00, and so many flattrs."""

    async def prepared(cast: Cast) -> None:
        await cast.funds(name, euros=20, budget=6)
        for number in range(gave):
            await cast.scan(name, await cast.payload("Alice", f"{name}'s choice {number}"))

    street.does(prepared)
    phone = phones(language=language)
    phone.be(street.session(name))
    return phone


def slide(phone: Phone, steps: int) -> None:
    slider = phone.page.locator("#budget-card [type=range]")
    slider.focus()
    for _ in range(abs(steps)):
        slider.press("ArrowRight" if steps > 0 else "ArrowLeft")


def effect(phone: Phone) -> str:
    return phone.page.locator("#budget-card output").inner_text()


@pytest.mark.parametrize(
    ("language", "typed", "euros"),
    [("en", "9.00", "€2.25"), ("fr", "9,00", f"2,25{NBSP}€"), ("de", "9,00", f"2,25{NBSP}€")],
)
def test_the_slider_says_what_each_flattr_would_be_and_fills_in_the_field(
    phones: Phones, street: Street, language: str, typed: str, euros: str
) -> None:
    phone = giver(street, phones, f"Slider{language}", language=language, gave=4)
    phone.open("/month")
    slide(phone, 3)
    assert phone.page.input_value("[name=budget]") == typed
    assert euros in effect(phone)
    phone.follow(phone.form("/month").locator("button").first)
    assert phone.page.input_value("[name=budget]") == typed
    assert euros in phone.page.locator(".figures").inner_text()


def test_what_is_typed_moves_the_slider_and_is_said_rounded_down(
    phones: Phones, street: Street
) -> None:
    phone = giver(street, phones, "Typist", gave=3)
    phone.open("/month")
    for typed, at, said in (
        ("5,00", "5", "3 flattrs: €1.66 each."),
        ("5.50", "6", "3 flattrs: €1.83 each."),
        ("18", "18", "3 flattrs: €6.00 each."),
        ("20", "20", "3 flattrs: €6.00 each. Only €18.00 are there to give, so no more than that"),
        ("1.99", "2", ""),
        ("100.01", "100", ""),
        ("ten", "2", ""),
    ):
        phone.page.fill("[name=budget]", typed)
        assert phone.page.input_value("[type=range]") == at, typed
        shown = phone.page.locator("#budget-card output")
        assert shown.is_visible() is bool(said), typed
        assert not said or effect(phone).startswith(said)


def test_before_the_first_flattr_the_slider_speaks_of_the_first(
    phones: Phones, street: Street
) -> None:
    phone = giver(street, phones, "Beginner", gave=0)
    phone.open("/month")
    slide(phone, -1)
    assert effect(phone) == "Nothing flattred yet: the first one gets all of €5.00."


def test_the_fee_is_said_while_an_amount_is_typed(phones: Phones, street: Street) -> None:
    phone = giver(street, phones, "Depositor", gave=0)
    phone.open("/wallet")
    line = phone.page.locator("[data-says]")
    example = line.inner_text()
    for typed, said, seen in (
        ("25", "Of €25.00 the house keeps €2.50 (10%), once. €22.50 are yours", "2500000"),
        ("10,01", "Of €10.01 the house keeps €1.001000 (10%), once. €9.009000 are", "1001000"),
        ("10000", "Of €10,000.00 the house keeps €1,000.00 (10%), once.", "1000000000"),
        ("7.99", example, ""),
        ("10000.01", example, ""),
        ("", example, ""),
    ):
        phone.page.fill("[name=amount]", typed)
        assert line.inner_text().startswith(said), typed
        assert phone.page.input_value("[name=seen_fee]") == seen


def test_without_script_there_are_the_fields_alone(phones: Phones, street: Street) -> None:
    giver(street, phones, "Plain", gave=1)
    phone = phones(script=False)
    phone.be(street.session("Plain"))
    phone.open("/month")
    assert not phone.page.locator("#budget-card [type=range]").is_visible()
    phone.send("/month", budget="7,50")
    assert phone.page.input_value("[name=budget]") == "7.50"
    phone.open("/wallet")
    phone.send("/wallet", amount="25")
    assert "€2.50" in phone.text()
