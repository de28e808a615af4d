"""What giving costs: taps, counted, and seconds, told. From the code's link to a recorded flattr.

The camera of our own scan page has its own count in test_camera.py.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import pytest

from irl import month as months
from irl.giving import worth
from tests.browser.conftest import Phones
from tests.browser.phone import Phone
from tests.browser.street import Street
from tests.cast import Cast

MEMBER_TAPS: Final = 1
VISITOR_TAPS: Final = 1
TYPED_TAPS: Final = 2
"""Into the field and on the button; the thirteen characters are not counted."""

SLOW_3G: Final = {
    "offline": False,
    "latency": 400,  # milliseconds from one side to the other and back
    "downloadThroughput": 400 * 1024 / 8,  # bytes a second
    "uploadThroughput": 400 * 1024 / 8,
}
Told = Callable[[str, object], None]


def hang(street: Street, title: str) -> str:
    """Hang a thing; gives what the phone's camera would read."""
    return street.does(lambda cast: cast.payload("Alice", title))


def flattrs_of(street: Street, name: str) -> list[str]:
    """Give the titles of what somebody flattred this month, as the house recorded it."""

    async def given(cast: Cast) -> list[str]:
        member = await cast.member(name)
        month = await worth.of_month(cast.house, member.id, months.of(cast.now), now=cast.now)
        return [one.thing.title for one in month.flattrs]

    return street.does(given)


def slowly(phone: Phone) -> None:
    """Put the phone where reception is bad."""
    session = phone.context.new_cdp_session(phone.page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", SLOW_3G)


def test_a_member_gives_with_one_tap(phones: Phones, street: Street, record_property: Told) -> None:
    address, phone = hang(street, "Quay"), phones()
    phone.be(street.session("Tess"))
    slowly(phone)
    began = time.monotonic()
    phone.open(address)
    phone.follow("button.flattr")
    record_property("seconds_on_slow_3g", round(time.monotonic() - began, 2))
    assert flattrs_of(street, "Tess") == ["Quay"]
    assert phone.taps == MEMBER_TAPS
    assert phone.page.locator(".given-mark").is_visible()


def test_a_visitor_keeps_it_in_the_pocket_with_one_tap(
    phones: Phones, street: Street, record_property: Told
) -> None:
    address, phone = hang(street, "Pier"), phones()
    slowly(phone)
    began = time.monotonic()
    phone.open(address)
    phone.follow("button.flattr")
    record_property("seconds_on_slow_3g", round(time.monotonic() - began, 2))
    assert phone.taps == VISITOR_TAPS
    cookies = {cookie.get("name") for cookie in phone.context.cookies()}
    assert "pocket" in cookies


def test_nothing_is_given_by_opening_the_link_alone(phones: Phones, street: Street) -> None:
    address, phone = hang(street, "Buoy"), phones()
    phone.be(street.session("Uma"))
    phone.open(address)
    phone.page.wait_for_load_state("networkidle")
    assert flattrs_of(street, "Uma") == []


def test_a_typed_code_costs_two_taps_and_its_letters(phones: Phones, street: Street) -> None:
    address, phone = hang(street, "Mole"), phones()
    phone.be(street.session("Vera"))
    phone.open("/scan")
    phone.taps = 0
    field = phone.page.locator('main input[name="code"]')
    phone.tap(field)
    phone.page.keyboard.type(address.rpartition("/")[2].lower())
    phone.follow(field.locator("xpath=ancestor::form").locator("button").first)
    assert flattrs_of(street, "Vera") == ["Mole"]
    assert phone.taps == TYPED_TAPS


@pytest.mark.parametrize("language", ["de", "fr"])
def test_one_tap_is_enough_in_every_language(phones: Phones, street: Street, language: str) -> None:
    address, phone = hang(street, f"Jetty {language}"), phones(language=language)
    phone.be(street.session(f"Wim-{language}"))
    phone.open(address)
    assert phone.page.locator("html").get_attribute("lang") == language
    phone.follow("button.flattr")
    assert flattrs_of(street, f"Wim-{language}") == [f"Jetty {language}"]
    assert phone.taps == MEMBER_TAPS
