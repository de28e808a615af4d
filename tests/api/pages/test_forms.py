"""Forms say what is wrong beside the field, and keep what was typed."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image

from irl.house import House
from irl.members import invitations
from qr import mint
from tests.api.pages.browser import Browser, SignedIn
from tests.cast import PASSWORD, Cast
from tests.conftest import NOW

pytestmark = pytest.mark.anyio


async def test_joining_again_keeps_all_but_the_password(visitor: Browser, house: House) -> None:
    [invitation] = await invitations.issue(house, 1, now=NOW)
    await visitor.open(f"/join?invitation={invitation}")
    page = await visitor.submit(
        "/join", email="dora@house.example", nickname="Dora", password="short"
    )
    assert page.status_code == 422
    assert 'id="password-wrong"' in page.text
    kept = dict(visitor.form("/join").fields)
    assert kept == {
        "email": "dora@house.example",
        "nickname": "Dora",
        "password": "",
        "invitation": invitation,
    }
    assert "short" not in page.text


async def test_a_wrong_invitation_is_said_beside_its_field(visitor: Browser) -> None:
    await visitor.open("/join")
    page = await visitor.submit(
        "/join",
        email="dora@house.example",
        nickname="Dora",
        password=PASSWORD,
        invitation="0123456789abcdef0",
    )
    assert page.status_code == 422
    assert 'id="invitation-wrong"' in page.text


async def test_a_refused_sign_in_tells_nothing(visitor: Browser, members: Cast) -> None:
    await members.member("Alice")
    told = []
    for email in ("alice@house.example", "nobody@house.example"):
        await visitor.open("/sign-in")
        page = await visitor.submit("/sign-in", email=email, password="something else")
        assert page.status_code == 401
        told.append(page.text.replace(email, "EMAIL"))
    assert told[0] == told[1]
    assert "session" not in visitor.client.cookies


@pytest.mark.parametrize("amount", ["7.99", "ten", "10000.01", "-8", "8.001", ""])
async def test_a_bad_amount_is_kept_and_said(signed_in: SignedIn, amount: str) -> None:
    bob = await signed_in("Bob")
    await bob.open("/wallet")
    page = await bob.submit("/wallet", amount=amount, provider="sandbox")
    assert page.status_code == 422
    assert 'id="amount-wrong"' in page.text
    assert ("amount", amount) in bob.form("/wallet").fields


async def test_a_bad_budget_is_kept_and_said(signed_in: SignedIn) -> None:
    bob = await signed_in("Bob")
    await bob.open("/month")
    page = await bob.submit("/month", budget="1.99")
    assert page.status_code == 422
    assert 'id="budget-wrong"' in page.text
    assert ("budget", "1.99") in bob.form("/month").fields


async def test_an_empty_budget_unsets_it(signed_in: SignedIn) -> None:
    bob = await signed_in("Bob")
    await bob.open("/month")
    await bob.submit("/month", budget="5")
    assert ("budget", "5.00") in bob.form("/month").fields
    await bob.submit("/month", budget="")
    assert ("budget", "") in bob.form("/month").fields


async def test_a_thing_is_not_registered_without_a_title(signed_in: SignedIn) -> None:
    alice = await signed_in("Alice")
    await alice.open("/things")
    page = await alice.submit(
        "/things", title="  ", description="Two\nlines", tags="sea, rain", category="audio"
    )
    assert page.status_code == 422
    assert 'id="title-wrong"' in page.text
    kept = dict(alice.form("/things").fields)
    assert kept["description"] == "Two\nlines"
    assert (kept["tags"], kept["category"]) == ("sea, rain", "audio")


async def test_a_code_that_closes_before_it_opens_is_refused_beside_its_field(
    signed_in: SignedIn, members: Cast
) -> None:
    thing = await members.thing("Alice", "Harbour")
    alice = await signed_in("Alice")
    await alice.open(f"/things/{thing.id}")
    page = await alice.submit("/codes", opens_at="2026-11-30T18:00", closes_at="2026-11-30T17:00")
    assert page.status_code == 422
    assert 'id="closes_at-wrong"' in page.text
    assert ("title", "Harbour") in alice.form(f"/things/{thing.id}").fields
    assert ("opens_at", "2026-11-30T18:00") in alice.form("/codes").fields


async def test_a_thing_is_changed_and_deleted(signed_in: SignedIn, members: Cast) -> None:
    thing = await members.thing("Alice", "Harbour")
    alice = await signed_in("Alice")
    await alice.open(f"/things/{thing.id}")
    await alice.submit(f"/things/{thing.id}", title="Harbour before rain", tags="sea rain")
    assert "<h1>Harbour before rain</h1>" in alice.text
    assert ("tags", "rain sea") in alice.form(f"/things/{thing.id}").fields
    await alice.submit("/delete")
    assert alice.path == "/things"
    assert "Harbour" not in alice.text


@pytest.mark.parametrize(
    "typed", ["", "nothing", "https://elsewhere.example/t/0000000000000", "0000-0000-00001"]
)
async def test_what_is_no_code_is_kept_and_said(visitor: Browser, typed: str) -> None:
    await visitor.open("/scan")
    page = await visitor.submit("/scan", code=typed)
    assert page.status_code == 422
    assert 'id="code-wrong"' in page.text


async def test_a_code_that_was_not_issued_is_said_to_be_unknown(visitor: Browser) -> None:
    await visitor.open("/scan")
    await visitor.submit("/scan", code=mint().grouped)
    assert "This code is not known here." in visitor.text


async def test_a_photo_without_a_code_is_answered_kindly(visitor: Browser) -> None:
    blank = BytesIO()
    Image.new("L", (200, 200), 255).save(blank, "PNG")
    await visitor.open("/scan")
    page = await visitor.upload("/scan", blank.getvalue())
    assert page.status_code == 422
    assert "No code was found in this photo." in page.text
    page = await visitor.upload("/scan", b"")
    assert page.status_code == 422
    assert "Please choose a photo" in page.text


async def test_a_declined_deposit_is_no_money(signed_in: SignedIn) -> None:
    bob = await signed_in("Bob")
    await bob.open("/wallet")
    await bob.submit("/wallet", amount="10", provider="sandbox")
    assert "€1.00" in bob.text
    assert "€9.00" in bob.text
    await bob.submit(bob.path, decision="decline")
    await bob.open("/wallet")
    assert "<dd>€0.00</dd>" in bob.text
    assert "declined" in bob.text


async def test_anybody_can_report_a_code(visitor: Browser, members: Cast) -> None:
    placement = await members.placement(await members.thing("Alice", "Harbour"))
    await visitor.open(f"/t/{placement.code}/report")
    page = await visitor.submit("/report", reason="spam", text="x" * 2001)
    assert page.status_code == 422
    assert 'id="text-wrong"' in page.text
    await visitor.submit("/report", text="It is spam.")
    assert visitor.path == "/reported"


async def test_the_mail_can_be_sent_again(visitor: Browser) -> None:
    await visitor.open("/join/sent")
    await visitor.submit("/join/sent", email="dora@house.example")
    assert visitor.page.status_code == 200
    page = await visitor.submit("/join/sent", email="dora")
    assert page.status_code == 422


async def test_a_used_link_is_answered_kindly(visitor: Browser) -> None:
    await visitor.open("/verify?token=nothing")
    page = await visitor.submit("/verify")
    assert page.status_code == 422
    assert "Have a new link sent" in page.text
