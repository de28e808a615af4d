"""The whole story through the pages, without a line of script."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from irl import month
from irl.house import House
from irl.members import invitations
from irl.settlement import settle
from qr import address, parse, render
from tests.api.pages.browser import Browser, SignedIn
from tests.cast import PASSWORD, Cast, link_to
from tests.conftest import NOW

pytestmark = pytest.mark.anyio


async def join(browser: Browser, house: House, name: str) -> None:
    """Join through the pages; the browser ends up signed in on the month's page."""
    [invitation] = await invitations.issue(house, 1, now=NOW)
    email = f"{name.lower()}@house.example"
    await browser.open(f"/join?invitation={invitation}")
    await browser.submit("/join", email=email, nickname=name, password=PASSWORD)
    assert browser.path == "/join/sent"
    await browser.open(f"/verify?token={await link_to(house, email)}")
    await browser.submit("/verify")
    assert browser.path == "/month"


async def make_code(browser: Browser, title: str) -> str:
    """Register a thing and make a code through the pages; give the code."""
    await browser.open("/things")
    await browser.submit("/things", title=title, category="images")
    await browser.submit("/codes", placement="Room 3, left wall")
    found = re.search(r'href="/t/(\w{13})"', browser.text)
    assert found is not None
    return found[1]


async def deposit(browser: Browser, amount: str) -> None:
    await browser.open("/wallet")
    await browser.submit("/wallet", amount=amount, provider="sandbox")
    assert "Yours to give" in browser.text
    await browser.submit(browser.path, decision="approve")


async def test_the_whole_story(browsers: Callable[[], Browser], house: House) -> None:
    alice, bob = browsers(), browsers()
    await join(alice, house, "Alice")
    codes = [await make_code(alice, title) for title in ("Harbour", "Kettle", "Street")]
    await join(bob, house, "Bob")
    await deposit(bob, "10,00")
    await bob.open("/month")
    await bob.submit("/month", budget="5")
    assert "€5.00" in bob.text
    for code in codes:
        await bob.open(f"/T/{code}")
        assert "Is this what you see in front of you?" in bob.text
        await bob.submit(f"/t/{code}")
        assert "You flattred this." in bob.text
    assert "€1.66" in bob.text
    assert "Subscribe" not in bob.text  # that comes with the second look
    await bob.open("/month")
    assert bob.text.count('<p class="worth">€1.66</p>') == 3  # a preview is never rounded up
    await bob.submit(bob.forms[1].action)
    assert bob.path.startswith("/month?")
    assert bob.text.count('<p class="worth">€2.50</p>') == 2
    await alice.open("/things")
    assert alice.text.count("1 flattr<") == 2


async def test_what_a_visitor_pocketed_is_flattred_after_joining(
    visitor: Browser, house: House, members: Cast
) -> None:
    payload = await members.payload("Alice", "Harbour")
    code = parse(payload, base_url=house.settings.base_url)
    await visitor.open(f"/t/{code}")
    await visitor.submit(f"/t/{code}")
    assert "It is in your pocket" in visitor.text
    set_cookie = visitor.page.headers["set-cookie"]
    assert set_cookie.startswith("pocket=")
    for mark in ("HttpOnly", "SameSite=lax", "Max-Age=2592000", "Path=/"):
        assert mark in set_cookie
    await join(visitor, house, "Dora")
    assert "Harbour" in visitor.text
    assert "pocket" not in visitor.client.cookies


async def test_a_pocket_is_emptied_once_at_sign_in(visitor: Browser, members: Cast) -> None:
    payload = await members.payload("Alice", "Harbour")
    await members.member("Bob")
    await visitor.open("/scan")
    await visitor.submit("/scan", code=payload)
    assert "It is in your pocket" in visitor.text
    await visitor.open("/sign-in")
    await visitor.submit("/sign-in", email="bob@house.example", password=PASSWORD)
    assert "Harbour" in visitor.text
    assert "pocket" not in visitor.client.cookies


async def test_a_pocket_that_is_gone_is_replaced_by_a_new_one(
    visitor: Browser, members: Cast
) -> None:
    visitor.keep("pocket", "dada-dada-dada-dada")
    payload = await members.payload("Alice", "Harbour")
    await visitor.open("/scan")
    await visitor.submit("/scan", code=payload)
    assert "It is in your pocket" in visitor.text
    assert visitor.page.headers["set-cookie"].startswith("pocket=")


async def test_a_pocket_that_is_gone_keeps_nobody_from_joining(
    visitor: Browser, house: House
) -> None:
    visitor.keep("pocket", "dada-dada-dada-dada")
    await join(visitor, house, "Dora")


async def test_a_photo_is_flattred_at_once(signed_in: SignedIn, members: Cast) -> None:
    payload = await members.payload("Alice", "Harbour")
    bob = await signed_in("Bob")
    await bob.open("/scan")
    await bob.upload("/scan", render.png(render.symbol(payload)))
    assert "You flattred this." in bob.text
    assert "Harbour" in bob.text


async def test_of_several_codes_in_a_photo_those_ticked_are_flattred(
    signed_in: SignedIn, members: Cast, picture_of: Callable[..., bytes]
) -> None:
    payloads = [await members.payload("Alice", title) for title in ("Harbour", "Kettle")]
    bob = await signed_in("Bob")
    await bob.open("/scan")
    await bob.upload("/scan", picture_of(*payloads))
    assert "Which ones?" in bob.text
    code = re.findall(r'value="(\w{13})"', bob.text)
    assert len(code) == 2
    kettle = parse(payloads[1], base_url="http://localhost:8000")
    await bob.submit("/scan", ("code", kettle.text))
    assert "Kettle" in bob.text
    assert "Harbour" not in bob.text


async def test_a_typed_code_may_have_hyphens_in_the_address(
    visitor: Browser, members: Cast
) -> None:
    placement = await members.placement(await members.thing("Alice", "Harbour"))
    page = await visitor.open(f"/t/{placement.code.grouped.lower()}")
    assert page.status_code == 200
    assert "Harbour" in page.text


async def test_the_printed_address_reaches_the_page(visitor: Browser, members: Cast) -> None:
    placement = await members.placement(await members.thing("Alice", "Harbour"))
    printed = address(placement.code, base_url="http://localhost:8000")
    page = await visitor.open(printed)
    assert page.status_code == 200
    assert page.history == []
    assert page.text.replace("\n", " ").count("Harbour") >= 2


async def test_a_closed_month_has_its_statement(signed_in: SignedIn, members: Cast) -> None:
    payload = await members.payload("Alice", "Harbour")
    await members.funds("Bob", euros=10, budget=5)
    await members.scan("Bob", payload)
    await settle(members.house, month.of(NOW), early=True, now=NOW + timedelta(hours=1))
    bob, alice = await signed_in("Bob"), await signed_in("Alice")
    assert "€5.00" in (await bob.open("/statements/2026-11")).text
    assert "Nothing." in bob.text
    assert "€5.00" in (await alice.open("/statements/2026-11")).text
    assert "can be paid out from" in alice.text
    assert (await bob.open("/statements/2026-12")).status_code == 409
    assert (await bob.open("/statements/soon")).status_code == 404
