"""Settings through the pages: choosing, taking one's data along, leaving."""

from __future__ import annotations

import json

import pytest

from irl import settlement
from irl.house import House
from irl.members import settings
from irl.money import charities, deposits
from irl.month import Month
from irl.rules import EURO
from tests.api.pages.browser import Browser, SignedIn
from tests.cast import PASSWORD, Cast
from tests.irl.conftest import day

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("path", ["/settings", "/settings/export.json", "/settings/leave"])
async def test_a_visitor_has_none(visitor: Browser, path: str) -> None:
    await visitor.open(path)
    assert visitor.path.startswith("/sign-in")


async def test_what_is_chosen_shows_at_once(signed_in: SignedIn, members: Cast) -> None:
    bob = await signed_in("Bob")
    await bob.open("/account")
    assert 'href="/settings"' in bob.text
    await bob.open("/settings")
    assert '<html lang="en">' in bob.text
    await bob.submit("/settings", ("shows_flattrs", "on"), language="fr")
    assert bob.path == "/settings?kept=1"
    assert 'role="status"' in bob.text
    assert '<html lang="fr">' in bob.text
    found = await settings.of(members.house, members.joined["Bob"].id)
    assert (found.language, found.shows_flattrs) == ("fr", True)
    assert 'value="fr" lang="fr" selected' in bob.text
    assert 'value="on" checked' in bob.text


async def test_the_browsers_language_can_be_chosen_again(signed_in: SignedIn) -> None:
    bob = await signed_in("Bob")
    await bob.open("/settings")
    await bob.submit("/language", language="de")
    assert '<html lang="de">' in bob.text
    await bob.open("/settings")
    await bob.submit("/settings", language="")
    assert '<html lang="en">' in bob.text


async def test_a_language_of_nobody_is_refused_beside_the_field(signed_in: SignedIn) -> None:
    bob = await signed_in("Bob")
    await bob.open("/settings")
    await bob.submit("/settings", language="tlh")
    assert bob.page.status_code == 422
    assert 'id="language-wrong"' in bob.text


async def test_the_export_is_a_file_of_json(signed_in: SignedIn) -> None:
    bob = await signed_in("Bob")
    answer = await bob.open("/settings/export.json")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-disposition"] == 'attachment; filename="my-data.json"'
    assert json.loads(answer.text)["account"]["email"] == "bob@house.example"


async def test_leaving_says_what_happens_and_then_does_it(
    signed_in: SignedIn, members: Cast, house: House
) -> None:
    await charities.add(house, name="Doctors", url="https://dr.example", now=members.now)
    await members.funds("Bob", euros=10, budget=5)
    bob = await signed_in("Bob")
    await bob.open("/settings/leave")
    assert "€9.00" in bob.text
    assert "Doctors" in bob.text
    assert "November 2026" in bob.text
    await bob.submit("/settings/leave", password="wrong")
    assert bob.page.status_code == 403
    assert "This is not your password." in bob.text
    await bob.submit("/settings/leave", password=PASSWORD)
    assert bob.path == "/left"
    assert "Good-bye" in bob.text
    await bob.open("/settings")
    assert bob.path.startswith("/sign-in")
    await bob.submit("/sign-in", email="bob@house.example", password=PASSWORD)
    assert bob.page.status_code == 401


async def test_a_pending_deposit_is_said_instead_of_a_form(
    signed_in: SignedIn, members: Cast, house: House
) -> None:
    bob = await signed_in("Bob")
    await deposits.ask(
        house,
        members.joined["Bob"].id,
        amount_micros=10 * EURO,
        provider="sandbox",
        now=members.now,
    )
    await bob.open("/settings/leave")
    assert "A deposit is not decided yet." in bob.text
    assert 'action="/settings/leave"' not in bob.text


async def test_revenue_is_not_taken_by_the_way(
    signed_in: SignedIn, members: Cast, house: House
) -> None:
    await members.funds("Bob", euros=50, budget=20)
    await members.scan("Bob", await members.payload("Alice", "Work"))
    await settlement.settle(house, Month(202611), now=day(4, 12))
    alice = await signed_in("Alice")
    await alice.open("/settings/leave")
    assert "You have received €20.00." in alice.text
    await alice.submit("/settings/leave", password=PASSWORD)
    assert alice.page.status_code == 422
    assert "You have received €20.00: have it paid out" in alice.text
    await alice.submit("/settings/leave", ("gives_revenue", "on"), password=PASSWORD)
    assert alice.path == "/left"


async def test_a_problem_is_told_in_the_readers_language(visitor: Browser) -> None:
    visitor.client.headers["accept-language"] = "de"
    await visitor.open("/nowhere")
    assert visitor.page.status_code == 404
    assert '<html lang="de">' in visitor.text
