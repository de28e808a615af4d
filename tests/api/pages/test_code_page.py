"""The page of a code: what stands before a member and before a visitor."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from irl.house import House
from irl.things import catalogue
from tests.api.conftest import Clock
from tests.api.pages.browser import Browser, SignedIn
from tests.cast import Cast
from tests.conftest import NOW

pytestmark = pytest.mark.anyio


async def test_a_member_sees_what_this_flattr_makes_of_the_month(
    signed_in: SignedIn, members: Cast
) -> None:
    await members.funds("Bob", euros=20, budget=5)
    codes = [
        (await members.placement(await members.thing("Alice", f"Work {i}"))).code for i in range(6)
    ]
    bob = await signed_in("Bob")
    await bob.open(f"/t/{codes[0]}")
    assert "so far it gets all of your €5.00" in bob.text
    await members.scan("Bob", codes[0].text)
    await bob.open(f"/t/{codes[1]}")
    assert "One flattr on a month of €5.00. This one makes it €2.50 each." in bob.text
    await members.scan("Bob", *(code.text for code in codes[1:4]))
    await bob.open(f"/t/{codes[4]}")
    assert "4 flattrs on a month of €5.00: €1.25 each. This one makes it €1.00." in bob.text


async def test_who_has_no_budget_or_no_funds_can_flattr_all_the_same(
    signed_in: SignedIn, members: Cast
) -> None:
    code = (await members.placement(await members.thing("Alice", "Lighthouse"))).code
    bob = await signed_in("Bob")
    await bob.open(f"/t/{code}")
    assert re.search('href="/month">set your budget</a> later', bob.text)
    await bob.submit(f"/t/{code}")
    assert "It is worth nothing yet" in bob.text


async def test_every_visitor_gets_a_nonce_of_their_own_and_changes_are_seen_at_once(
    visitor: Browser, house: House, members: Cast
) -> None:
    thing = await members.thing("Alice", "Lighthouse")
    code = (await members.placement(thing)).code
    seen = set()
    for _ in range(3):
        await visitor.open(f"/t/{code}")
        seen.add(visitor.form(f"/t/{code}").fields[0])
    assert len(seen) == 3
    alice = members.joined["Alice"]
    await catalogue.change(house, alice.id, thing.id, {"title": "Lighthouse at dusk"})
    await visitor.open(f"/t/{code}")
    assert "<h1>Lighthouse at dusk</h1>" in visitor.text


async def test_a_code_that_is_not_open_shows_no_form_and_nothing_of_one(
    visitor: Browser, members: Cast, clock: Clock
) -> None:
    thing = await members.thing("Alice", "Lighthouse")
    code = (await members.placement(thing, opens_at=NOW + timedelta(hours=1))).code
    await visitor.open(f"/t/{code}")
    assert "Not open yet." in visitor.text
    assert visitor.text.rstrip().endswith("</html>")
    clock.now += timedelta(hours=1)
    await visitor.open(f"/t/{code}")
    assert visitor.form(f"/t/{code}").fields


async def test_a_title_that_looks_like_the_place_of_the_nonce_does_no_harm(
    visitor: Browser, members: Cast
) -> None:
    code = (await members.placement(await members.thing("Alice", "{the nonce}"))).code
    await visitor.open(f"/t/{code}")
    assert "<h1>{the nonce}</h1>" in visitor.text
    [(name, nonce)] = visitor.form(f"/t/{code}").fields
    assert name == "nonce"
    assert len(nonce) == 16


async def test_the_page_speaks_the_language_that_was_chosen(
    visitor: Browser, members: Cast
) -> None:
    code = (await members.placement(await members.thing("Alice", "Lighthouse"))).code
    await visitor.open(f"/t/{code}")
    assert '<html lang="en">' in visitor.text
    await visitor.submit("/language", ("language", "de"))
    assert visitor.path == f"/t/{code}"
    assert '<html lang="de">' in visitor.text
    refused = await visitor.client.post("/language", data={"language": "xx", "next": "/"})
    assert refused.status_code == 422
