"""The month and the wallet on pages: amounts in three languages, days in words, closed months."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from api.pages.templates import STATIC
from irl import settlement
from irl.house import House
from irl.members import settings
from irl.money import deposits
from irl.month import Month
from irl.rules import EURO
from irl.settlement import transparency
from tests.api.conftest import Clock
from tests.api.pages.browser import Browser, SignedIn
from tests.cast import Cast
from tests.conftest import NOW, with_rules
from tests.irl.conftest import day

pytestmark = pytest.mark.anyio

NOVEMBER = Month(202611)
CLOSED_ON = {"en": "4 December 2026", "fr": "4 décembre 2026", "de": "4. Dezember 2026"}


def typed_in(code: str, euros: float) -> str:
    """Write an amount as a field of this language shows it."""
    return f"{euros:.2f}".replace(".", "." if code == "en" else ",")


def shown_in(code: str, euros: float) -> str:
    """Write an amount as a page in this language shows it."""
    figure = typed_in(code, euros)
    return f"€{figure}" if code == "en" else f"{figure}\N{NO-BREAK SPACE}€"


async def speak(house: House, members: Cast, name: str, code: str) -> None:
    await settings.set_language(house, (await members.member(name)).id, code)


def budget_card(browser: Browser) -> str:
    found = re.search(r'<form class="card" id="budget-card".*?</form>', browser.text, re.DOTALL)
    assert found is not None
    return found[0]


async def closed_november(members: Cast) -> None:
    await members.scan("Bob", await members.payload("Alice", "Harbour"))
    await settlement.settle(members.house, NOVEMBER, now=day(4, 12))
    await transparency.keep(members.house)


@pytest.mark.parametrize("code", ["en", "fr", "de"])
async def test_amounts_and_dates_are_written_as_the_language_writes_them(
    code: str, signed_in: SignedIn, members: Cast, house: House, clock: Clock
) -> None:
    await members.funds("Bob", euros=10, budget=5)
    await closed_november(members)
    clock.now = day(20, 12)
    deposit = await deposits.ask(
        house,
        members.joined["Bob"].id,
        amount_micros=50 * EURO,
        provider="sandbox",
        now=clock.now,
    )
    for name in ("Alice", "Bob"):
        await speak(house, members, name, code)
    bob, alice = await signed_in("Bob"), await signed_in("Alice")
    for browser, path, shows in (
        (bob, "/month", (4, 5)),
        (bob, "/month?month=2026-11", (5,)),
        (bob, "/wallet", (4, 5, 10, 50)),
        (bob, f"/wallet?amount={typed_in(code, 20)}", (20, 2, 18)),
        (bob, f"/deposits/{deposit.id}", (50, 5, 45)),
        (bob, f"/sandbox/checkout/{deposit.id}", (50, 5, 45)),
        (bob, "/statements", (5, 0)),
        (bob, "/statements/2026-11", (5, 9, 10, 1, 4)),
        (bob, "/transparency", (1, 0.1, 0.9)),
        (bob, "/subscriptions", ()),
        (bob, "/charity", ()),
        (alice, "/payouts", (5, 10)),
        (alice, "/payouts/address", ()),
        (alice, "/payouts/move", (5,)),
        (alice, "/statements/2026-11", (5,)),
    ):
        assert (await browser.open(path)).status_code == 200, path
        assert f'<html lang="{code}">' in browser.text, path
        assert [e for e in shows if shown_in(code, e) not in browser.text] == [], path
        if path == "/statements/2026-11":
            assert CLOSED_ON[code] in browser.text
    await bob.open("/month")
    assert ("budget", typed_in(code, 5)) in bob.form("/month").fields


@pytest.mark.parametrize("code", ["en", "fr", "de"])
@pytest.mark.parametrize("typed", ["5,50", "5.50", " 5,5 "])
async def test_fields_take_a_comma_and_a_point_in_every_language(
    code: str, typed: str, signed_in: SignedIn, members: Cast, house: House
) -> None:
    await speak(house, members, "Bob", code)
    bob = await signed_in("Bob")
    await bob.open("/month")
    await bob.submit("/month", budget=typed)
    point = "." if code == "en" else ","
    assert ("budget", f"5{point}50") in bob.form("/month").fields


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (NOW, "8 days left"),
        (day(29), "2 days left"),
        (day(30, hour=23), "One day left"),
        (day(1, 12, hour=0), "31 days left"),
    ],
)
async def test_the_days_left_are_said_in_words(
    now: object, words: str, signed_in: SignedIn, clock: Clock
) -> None:
    bob = await signed_in("Bob")
    clock.now = now  # type: ignore[assignment]
    await bob.open("/month")
    assert f'<p class="lead">{words}</p>' in bob.text


async def test_a_month_says_what_is_missing_until_nothing_is(
    signed_in: SignedIn, members: Cast
) -> None:
    bob = await signed_in("Bob")
    await bob.open("/month")
    assert "You have not said yet what you give in a month" in bob.text
    assert "scan the code beside it and tap once" in bob.text
    await bob.submit("/month", budget="20")
    assert "There is no money to give in your wallet" in bob.text
    await members.funds("Bob", euros=10)
    await bob.open("/month")
    assert "Your budget is €20.00, but only €9.00 are there to give." in bob.text
    await bob.submit("/month", budget="9")
    assert 'class="note"' not in bob.text


async def test_the_budget_is_unset_by_its_own_button(signed_in: SignedIn) -> None:
    bob = await signed_in("Bob")
    await bob.open("/month")
    assert 'value="nothing"' not in budget_card(bob)  # there is nothing to unset
    await bob.submit("/month", budget="5")
    assert 'value="nothing"' in budget_card(bob)
    await bob.submit("/month", ("give", "nothing"), budget="not even an amount")
    assert ("budget", "") in bob.form("/month").fields
    assert "You have not said yet what you give in a month" in bob.text


async def test_the_slider_has_what_its_script_needs_and_is_hidden_without_it(
    signed_in: SignedIn, members: Cast
) -> None:
    await members.funds("Bob", euros=20, budget=5)
    await members.scan("Bob", *[await members.payload("Alice", title) for title in ("A", "B")])
    await members.scan("Bob", await members.payload("Bob", "Own"))  # refused, so it is none
    bob = await signed_in("Bob")
    await bob.open("/month")
    card = budget_card(bob)
    for said in (
        '<div class="slide" hidden>',
        'min="2" max="100" step="1"',
        'data-flattrs="2"',
        'data-funds="18000000"',
        'data-each="2 flattrs: {each} each."',
    ):
        assert said in card
    for name in ("each", "first", "short", "empty", "flattrs", "funds"):
        assert re.search(rf"\b{name}\b", STATIC["budget.js"].decode())
        assert f"data-{name}=" in card
    assert '<output for="budget"></output>' in card


async def test_a_month_that_has_not_begun_is_not_there(signed_in: SignedIn) -> None:
    bob = await signed_in("Bob")
    assert (await bob.open("/month?month=2026-12")).status_code == 404
    await bob.open("/month")
    assert "month=2026-12" not in bob.text


async def test_months_before_joining_are_not_leafed_through(signed_in: SignedIn) -> None:
    bob = await signed_in("Bob")
    await bob.open("/month")
    assert 'href="/month?month=2026-10"' in bob.text  # a pocket may have been filled then
    await bob.open("/month?month=2026-10")
    assert "month=2026-09" not in bob.text
    assert 'href="/month?month=2026-11"' in bob.text


async def test_a_closed_month_without_a_statement_leads_to_none(
    signed_in: SignedIn, members: Cast, clock: Clock
) -> None:
    await members.funds("Bob", euros=10, budget=5)
    await closed_november(members)
    members.now = clock.now = day(10, 12)
    bob, dora = await signed_in("Bob"), await signed_in("Dora")
    for browser, leads in ((bob, True), (dora, False)):
        await browser.open("/month?month=2026-11")
        assert "This month is closed." in browser.text
        assert ('href="/statements/2026-11"' in browser.text) is leads
        await browser.open("/statements")
        assert ('href="/statements/2026-11"' in browser.text) is leads
    assert "No month of yours is closed yet." in dora.text


async def test_the_list_of_statements_says_what_was_given_and_received(
    signed_in: SignedIn, members: Cast, clock: Clock
) -> None:
    await members.funds("Bob", euros=10, budget=5)
    await closed_november(members)
    clock.now = day(10, 12)
    bob, alice = await signed_in("Bob"), await signed_in("Alice")
    await bob.open("/statements")
    assert "Given €5.00 · received €0.00" in bob.text
    await alice.open("/statements")
    assert "Given €0.00 · received €5.00" in alice.text
    for browser, path in ((bob, "/month"), (bob, "/wallet")):
        await browser.open(path)
        assert 'href="/statements"' in browser.text


async def test_of_what_is_no_whole_cent_both_are_said(
    signed_in: SignedIn, members: Cast, clock: Clock
) -> None:
    for name in ("Bob", "Dora", "Emil"):
        await members.funds(name, euros=20, budget=5)
    loads = [await members.payload("Alice", "A"), await members.payload("Ada", "B")]
    loads.append(await members.payload("Zoe", "C"))
    await members.scan("Bob", *loads)
    await settlement.settle(members.house, NOVEMBER, now=day(4, 12))
    clock.now = day(10, 12)
    shown = []
    for name in ("Alice", "Ada", "Zoe"):
        browser = await signed_in(name)
        await browser.open("/wallet")
        found = re.search(
            r'€1\.66<small class="exact">exactly (€1\.66666[67])</small>', browser.text
        )
        assert found is not None
        shown.append(found[1])
    assert sorted(shown) == ["€1.666666", "€1.666667", "€1.666667"]


async def test_the_fee_is_shown_before_paying_and_follows_the_rules(
    signed_in: SignedIn, house: House
) -> None:
    bob = await signed_in("Bob")
    await bob.open("/wallet")
    share = with_rules(house).rules.fee_basis_points
    assert f'data-deposit="{share}"' in bob.text
    assert "Of €10.00, for example, the house keeps €1.00 (10%), once." in bob.text
    assert ("seen_fee", "") in bob.form("/wallet").fields
    await bob.submit("/wallet", amount="10,50", provider="sandbox")
    for words in ("Pay €10.50", "<dd>€1.05</dd>", "€9.45</dd>"):
        assert words in bob.text


async def test_deposits_are_listed_with_what_became_of_them(
    signed_in: SignedIn, members: Cast, house: House
) -> None:
    await members.funds("Bob", euros=20)
    bob = await signed_in("Bob")
    for decisions in ([], ["decline"], ["approve", "chargeback"]):
        await bob.open("/wallet")
        await bob.submit("/wallet", amount="8", provider="sandbox")
        for decision in decisions:
            await bob.submit(bob.path, decision=decision)
    await bob.open("/wallet")
    states = re.findall(r'<p class="worth(?: links)?">(.*?)</p>', bob.text)
    assert [re.sub(r"<[^>]*>", "", state) for state in states] == [
        "taken back",
        "declined",
        "Pay",
        "paid",
    ]
    pending = (await deposits.mine(house, members.joined["Bob"].id))[2]
    assert f'href="/sandbox/checkout/{pending.id}"' in bob.text


async def test_a_pdf_is_in_the_language_of_the_member(
    signed_in: SignedIn, members: Cast, house: House, clock: Clock
) -> None:
    await members.funds("Bob", euros=10, budget=5)
    await closed_november(members)
    clock.now = day(4, 12) + timedelta(days=1)
    bob = await signed_in("Bob")
    english = (await bob.open("/statements/2026-11.pdf")).content
    assert b"/Lang (en-GB)" in english
    plain = (await bob.open("/statements/2026-11.json")).content
    await speak(house, members, "Bob", "de")
    assert b"/Lang (de-DE)" in (await bob.open("/statements/2026-11.pdf")).content
    assert (await bob.open("/statements/2026-11.json")).content == plain
