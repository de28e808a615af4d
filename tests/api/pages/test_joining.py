"""Joining and a forgotten password, through the pages: what helps, and what nobody may learn."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import select

from irl.house import House
from irl.members import invitations
from irl.schema import outbox
from tests.api.conftest import Clock
from tests.api.pages.browser import Browser, SignedIn
from tests.cast import PASSWORD, Cast
from tests.conftest import NOW

pytestmark = pytest.mark.anyio


async def password_link(house: House, email: str) -> str:
    async with house.db.reading() as connection:
        rows = await connection.all(
            select(outbox.c.body).where(outbox.c.recipient == email).order_by(outbox.c.id.desc())
        )
    found = re.search(r"/password/new\?token=[\w-]+", rows[0]["body"])
    assert found is not None
    return found[0]


async def test_an_invitation_in_the_address_is_filled_in(visitor: Browser, house: House) -> None:
    [code] = await invitations.issue(house, 1, now=NOW)
    await visitor.open(f"/join?invitation={code}")
    assert dict(visitor.form("/join").fields)["invitation"] == code
    await visitor.submit(
        "/join", email="dora@house.example", nickname="Dora", password="a password of Dora"
    )
    assert visitor.path == "/join/sent"


async def test_an_open_house_asks_for_no_invitation(visitor: Browser, house: House) -> None:
    object.__setattr__(house, "settings", house.settings.model_copy(update={"invite_only": False}))
    await visitor.open("/join?invitation=0123456789abcdef0")
    assert visitor.form("/join").names == {"email", "nickname", "password"}


async def test_the_page_says_how_many_things_wait(visitor: Browser, members: Cast) -> None:
    await visitor.open("/join")
    assert "in your pocket" not in visitor.text
    for title, words in (
        ("Harbour", "1 thing waits in your pocket."),
        ("Kettle", "2 things wait in your pocket."),
    ):
        await visitor.open("/scan")
        await visitor.submit("/scan", code=await members.payload("Alice", title))
        await visitor.open("/join")
        assert words in visitor.text


async def test_a_pocket_that_is_gone_is_not_spoken_of(visitor: Browser) -> None:
    visitor.keep("pocket", "dada-dada-dada-dada")
    await visitor.open("/join")
    assert visitor.page.status_code == 200
    assert "in your pocket" not in visitor.text


async def test_what_is_wrong_stands_beside_its_field_and_no_password_comes_back(
    visitor: Browser,
) -> None:
    await visitor.open("/join?invitation=0123456789abcdef0")
    await visitor.submit("/join", email="dora", nickname="Dora", password="a password of Dora")
    assert visitor.page.status_code == 422
    assert 'id="email-wrong"' in visitor.text
    assert "a password of Dora" not in visitor.text


async def test_a_forgotten_password_is_set_by_mail(
    visitor: Browser, signed_in: SignedIn, house: House, people: Any
) -> None:
    elsewhere, app = await signed_in("Bob"), await people("Bob")
    await visitor.open("/sign-in")
    assert 'href="/password"' in visitor.text
    await visitor.open("/password")
    await visitor.submit("/password", email="bob@house.example")
    assert visitor.path == "/password/sent"
    address = await password_link(house, "bob@house.example")
    for _ in range(2):  # a mail scanner follows it before he does
        await visitor.open(address)
    await visitor.submit("/password/new", password="short")
    assert visitor.page.status_code == 422
    await visitor.submit("/password/new", password="a new password of his")
    assert visitor.path == "/month"
    await elsewhere.open("/month")
    assert elsewhere.path.startswith("/sign-in")
    assert (await app.get("/me")).status_code == 401
    await visitor.open(address)
    assert "This link is not known, was used already or is too old." in visitor.text
    assert visitor.forms[0].action == "/sign-out"


async def test_the_answer_never_tells_whose_address_is_known(
    visitor: Browser, members: Cast
) -> None:
    await members.member("Bob")
    seen = set()
    for email in ("bob@house.example", "nobody@house.example"):
        await visitor.open("/password")
        await visitor.submit("/password", email=email)
        seen.add((visitor.path, visitor.text))
    assert len(seen) == 1


async def test_a_link_that_is_too_old_leads_to_a_new_one(
    visitor: Browser, house: House, members: Cast, clock: Clock
) -> None:
    await members.member("Bob")
    await visitor.open("/password")
    await visitor.submit("/password", email="bob@house.example")
    await visitor.open(await password_link(house, "bob@house.example"))
    clock.now = NOW.replace(hour=13)
    await visitor.submit("/password/new", password="a new password of his")
    assert visitor.page.status_code == 422
    assert "Have a new link sent" in visitor.text
    await visitor.open("/sign-in")
    await visitor.submit("/sign-in", email="bob@house.example", password=PASSWORD)
    assert visitor.path == "/month"
