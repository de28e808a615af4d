"""Payouts through the pages: where to, how much, and what came of it."""

from __future__ import annotations

import re

import pytest

from irl import settlement
from irl.house import House
from irl.money import payouts
from irl.month import Month
from tests.api.conftest import Clock
from tests.api.pages.browser import Browser, SignedIn
from tests.cast import PASSWORD, Cast
from tests.irl.conftest import day

pytestmark = pytest.mark.anyio

IBAN = "DE89 3704 0044 0532 0130 00"


@pytest.fixture
async def alice(signed_in: SignedIn, members: Cast, house: House, clock: Clock) -> Browser:
    """She received €18.00 in November, of a deposit of the 23rd."""
    await members.funds("Bob", euros=20, budget=20)
    await members.scan("Bob", await members.payload("Alice", "Work"))
    await settlement.settle(house, Month(202611), now=day(4, 12))
    clock.now = day(20, 12)
    return await signed_in("Alice")


async def test_a_payout_from_the_first_look_to_its_return(
    alice: Browser, clock: Clock, house: House, members: Cast
) -> None:
    await alice.open("/wallet")
    assert 'href="/payouts"' in alice.text
    await alice.open("/payouts")
    assert re.search(r"From 23 December 2026</p><p class=\"worth\">€18.00<", alice.text)
    await alice.open("/payouts/address")
    await alice.submit("/payouts/address", holder="Älice", address="DE00", password=PASSWORD)
    assert alice.page.status_code == 422
    assert "This is no IBAN" in alice.text
    assert PASSWORD not in alice.text
    assert 'value="Älice"' in alice.text
    await alice.submit("/payouts/address", holder="Älice", address=IBAN, password="wrong")
    assert alice.page.status_code == 403
    assert "This is not your password." in alice.text
    await alice.submit("/payouts/address", address=IBAN, password=PASSWORD)
    assert alice.path == "/payouts"
    assert "<strong>Aelice</strong>" in alice.text
    assert IBAN in alice.text
    assert "Payouts begin at €10.00." in alice.text
    clock.now = day(23, 12)
    await alice.open("/payouts")
    await alice.submit("/payouts", amount="18,01", password=PASSWORD)
    assert alice.page.status_code == 409
    assert re.search(r"(€18.00|18.00 EUR) can be paid out now", alice.text)
    await alice.submit("/payouts", amount="", password=PASSWORD)
    assert alice.path == "/payouts"
    assert "Asked for on 23 December 2026" in alice.text
    [payout] = await payouts.mine(house, members.joined["Alice"].id)
    await payouts.returned(house, payout.id, why="<b>closed</b>", now=clock.now)
    await alice.open("/payouts")
    assert "Came back on 23 December 2026" in alice.text
    assert "&lt;b&gt;closed&lt;/b&gt;" in alice.text


async def test_revenue_is_moved_to_funds(alice: Browser) -> None:
    await alice.open("/payouts/move")
    assert "Up to €18.00." in alice.text
    await alice.submit("/payouts/move", amount="20")
    assert alice.page.status_code == 409
    await alice.submit("/payouts/move", amount="5.50")
    assert alice.path == "/wallet"
    assert "€5.50" in alice.text
    assert "€12.50" in alice.text
    await alice.open("/payouts/move")
    await alice.submit("/payouts/move", amount="")
    assert "€18.00" in alice.text


async def test_visitors_sign_in_first(visitor: Browser) -> None:
    for path in ("/payouts", "/payouts/address", "/payouts/move"):
        await visitor.open(path)
        assert visitor.path.startswith("/sign-in")
