"""The page of the pocket, and how a pocket comes to another device."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from irl.house import House
from irl.schema import outbox
from tests.api.conftest import Clock
from tests.api.pages.browser import Browser, SignedIn
from tests.api.said import rows
from tests.cast import PASSWORD, Cast

pytestmark = pytest.mark.anyio


async def keep(browser: Browser, members: Cast, *titles: str) -> None:
    """Put things of Alice into the pocket of a browser."""
    for title in titles:
        code = (await members.payload("Alice", title))[-13:]
        await browser.open(f"/t/{code}")
        await browser.submit(f"/t/{code}")
        assert "It is in your pocket" in browser.text


async def word(browser: Browser) -> str:
    await browser.open("/pocket")
    await browser.submit("/pocket/word")
    found = re.search(r'<p class="word" translate="no">([a-z-]+)</p>', browser.text)
    assert found is not None
    return found[1]


async def test_a_visitor_sees_what_is_in_the_pocket_and_takes_one_out(
    visitor: Browser, members: Cast, clock: Clock
) -> None:
    assert "It is empty." in (await visitor.open("/pocket")).text
    assert 'href="/pocket">Pocket' not in visitor.text
    await keep(visitor, members, "One", "Other")
    await visitor.open("/pocket")
    assert "2 things wait here to be flattred. 30 days are left." in visitor.text
    assert 'href="/pocket">Pocket' in visitor.text
    first = next(form for form in visitor.forms if form.action == "/pocket/remove")
    visitor.page = await visitor.client.post("/pocket/remove", data=dict(first.fields))
    await visitor._follow()
    assert "One thing waits here to be flattred." in visitor.text
    clock.now += timedelta(days=29, hours=1)
    assert "One day is left." in (await visitor.open("/pocket")).text
    clock.now += timedelta(days=1)
    assert "It is empty." in (await visitor.open("/pocket")).text


async def test_a_word_carries_the_pocket_to_another_device(
    browsers: Callable[[], Browser], members: Cast, house: House
) -> None:
    phone, desk = browsers(), browsers()
    await keep(phone, members, "One", "Other")
    carried = await word(phone)
    before = await rows(house)
    await desk.open(f"/pocket/take?word={carried}")
    assert await rows(house) == before
    await desk.submit("/pocket/take")
    assert "2 things came into this pocket." in desk.text
    assert "2 things wait here" in (await desk.open("/pocket")).text
    assert "It is empty." in (await phone.open("/pocket")).text
    await phone.open("/pocket/take")
    await phone.submit("/pocket/take", word=carried)
    assert phone.page.status_code == 422
    assert "This word is not known, was used already or is too old." in phone.text


async def test_a_pocket_that_was_taken_is_flattred_after_joining_there(
    browsers: Callable[[], Browser], members: Cast, house: House
) -> None:
    phone, desk = browsers(), browsers()
    await keep(phone, members, "One")
    await desk.open("/pocket/take")
    await desk.submit("/pocket/take", word=await word(phone))
    await members.member("Bob")
    await desk.open("/sign-in")
    await desk.submit("/sign-in", email="bob@house.example", password=PASSWORD)
    assert "One" in (await desk.open("/month")).text
    await members.member("Charlie")
    await phone.open("/sign-in")
    await phone.submit("/sign-in", email="charlie@house.example", password=PASSWORD)
    assert (await rows(house))["flattrs"] == 1


async def test_who_is_signed_in_takes_it_as_flattrs(
    visitor: Browser, signed_in: SignedIn, members: Cast, house: House
) -> None:
    await keep(visitor, members, "One")
    carried = await word(visitor)
    bob = await signed_in("Bob")
    await bob.open("/pocket")
    assert bob.path == "/month"
    await bob.open(f"/pocket/take?word={carried}")
    await bob.submit("/pocket/take")
    assert "One thing more is flattred by you." in bob.text
    assert (await rows(house))["flattrs"] == 1


async def test_a_mail_carries_the_pocket_and_says_nothing_about_addresses(
    visitor: Browser, browsers: Callable[[], Browser], members: Cast, house: House
) -> None:
    await keep(visitor, members, "One")
    answers = set()
    for email in ("bob@house.example", "nobody@street.example"):
        await visitor.open("/pocket")
        page = await visitor.submit("/pocket/mail", email=email)
        answers.add((visitor.path, page.status_code, page.text))
    [(path, status, _)] = answers
    assert (path, status) == ("/pocket/mailed", 200)
    async with house.db.reading() as connection:
        body = await connection.value(
            select(outbox.c.body).where(outbox.c.recipient == "nobody@street.example")
        )
    found = re.search(r"http://localhost:8000(/pocket/take\?word=[a-z-]+)", body)
    assert found is not None
    desk = browsers()
    await desk.open(found[1])
    await desk.submit("/pocket/take")
    assert "One thing came into this pocket." in desk.text
    await keep(visitor, members, "Two")
    await visitor.open("/pocket")
    await visitor.submit("/pocket/mail", email="nobody")
    assert visitor.page.status_code == 422
    assert "This is not an e-mail address." in visitor.text


async def test_words_are_shown_a_few_times_an_hour(visitor: Browser, members: Cast) -> None:
    await keep(visitor, members, "One")
    answers = [await visitor.client.post("/pocket/word") for _ in range(61)]
    assert [answer.status_code for answer in answers] == [200] * 60 + [429]
    assert "Too many tries." in answers[-1].text
    assert int(answers[-1].headers["retry-after"]) > 0


@pytest.mark.parametrize("kept", [None, "dada-dada-dada-dada", "\x7f"])
async def test_without_a_pocket_there_is_nothing_to_carry(
    visitor: Browser, house: House, kept: str | None
) -> None:
    if kept is not None:
        visitor.keep("pocket", kept)
    before = await rows(house)
    for path, said in (
        ("/pocket/word", {}),
        ("/pocket/mail", {"email": "me@street.example"}),
        ("/pocket/remove", {"thing": "0123456789abc"}),
    ):
        answer = await visitor.client.post(
            path, data=said, headers={"content-type": "application/x-www-form-urlencoded"}
        )
        assert (answer.status_code, answer.headers["location"]) == (303, "/pocket")
    assert await rows(house) == before
