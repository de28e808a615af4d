"""What pages must never do: give by a GET, show foreign things, send people elsewhere."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from api.pages.session import own_path
from api.pages.templates import PACKED, STATIC, static
from irl import things
from irl.house import House
from irl.schema import (
    challenges,
    flattrs,
    nonces,
    passkeys,
    password_links,
    placement_days,
    pocket_scans,
    pockets,
    reports,
    sessions,
    transfers,
)
from irl.things import placements
from qr import mint
from tests.api.conftest import Clock
from tests.api.pages.browser import Browser, SignedIn
from tests.cast import PASSWORD, Cast
from tests.conftest import NOW

pytestmark = pytest.mark.anyio

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}"


async def rows(house: House) -> dict[str, int]:
    """Count the rows of all that giving, visiting and paying leave behind."""
    kept = (
        *(flattrs, nonces, pocket_scans, pockets, reports, transfers, placement_days),
        *(sessions, challenges, passkeys, password_links),
    )
    async with house.db.reading() as connection:
        return {
            table.name: await connection.value(select(func.count()).select_from(table))
            for table in kept
        }


async def test_a_get_changes_nothing(signed_in: SignedIn, visitor: Browser, members: Cast) -> None:
    placement = await members.placement(await members.thing("Alice", "Harbour"))
    await members.funds("Bob", euros=10, budget=5)
    bob = await signed_in("Bob")
    before = await rows(members.house)
    for browser in (bob, visitor):
        for path in (
            f"/t/{placement.code}",
            f"/T/{placement.code}/",
            f"/t/{placement.code}/report",
            "/",
            "/scan",
            "/month",
            "/wallet",
            "/things",
            f"/things/{placement.thing.id}",
            "/look-up",
            "/look-up?url=https://house.example/harbour",
            "/join",
            "/verify?token=x",
            "/sign-in",
            "/password",
            "/password/sent",
            "/password/new?token=x",
            "/account",
            "/account/password",
            "/account/passkeys",
            "/statements/2026-11",
            "/reported",
            "/join/sent",
        ):
            page = await browser.open(path)
            assert page.headers["cache-control"] == "no-store"
            assert "set-cookie" not in page.headers
            await browser.client.head(path)
    assert await rows(members.house) == before


async def test_a_visit_is_counted_without_any_person(visitor: Browser, members: Cast) -> None:
    placement = await members.placement(await members.thing("Alice", "Harbour"))
    before = await rows(members.house)
    for _ in range(2):
        answer = await visitor.client.post(f"/t/{placement.code}/visit")
        assert answer.status_code == 204
    await visitor.client.post(f"/t/{mint()}/visit")
    after = await rows(members.house)
    assert after == before | {"placement_days": 1}
    async with members.house.db.reading() as connection:
        [row] = await connection.all(select(placement_days))
    assert row["visits"] == 2


async def test_titles_and_names_cannot_break_out(signed_in: SignedIn, members: Cast) -> None:
    alice = await members.member("Alice")
    draft = things.Draft(
        title=HOSTILE,
        artist=HOSTILE,
        description=HOSTILE,
        url="https://house.example/",
        category="rest",
    )
    thing = await things.register(members.house, alice.id, draft, now=NOW)
    placement = await members.placement(thing, HOSTILE)
    bob, maker = await signed_in("Bob"), await signed_in("Alice")
    await bob.open(f"/t/{placement.code}")
    await bob.submit(f"/t/{placement.code}")
    seen = [bob.text]
    seen += [(await bob.open(path)).text for path in ("/month", f"/t/{placement.code}")]
    await maker.open(f"/things/{thing.id}")
    await maker.submit("/web")
    seen += [(await maker.open(path)).text for path in ("/things", f"/things/{thing.id}")]
    looked_up = await bob.open("/look-up?url=https://house.example/")
    seen.append(looked_up.text)
    await bob.open("/scan")
    seen.append((await bob.submit("/scan", code=placement.code.text)).text)
    seen.append((await bob.open(f"/join?invitation={HOSTILE}")).text)
    for text in seen:
        assert "<script>alert" not in text
        assert "<img src=x" not in text
        assert "{{7*7}}" in text or "49" not in text
    assert all("&lt;script&gt;" in text for text in seen[:-1])


async def test_what_was_typed_cannot_break_out(visitor: Browser) -> None:
    await visitor.open("/join")
    page = await visitor.submit(
        "/join", email=HOSTILE, nickname=HOSTILE, password="x", invitation=HOSTILE
    )
    assert "<script>alert" not in page.text
    assert dict(visitor.form("/join").fields)["nickname"] == HOSTILE


@pytest.mark.parametrize(
    "onward",
    [
        "https://elsewhere.example/",
        "//elsewhere.example/",
        "/\\elsewhere.example/",
        "/\t/elsewhere.example",
        "\\\\elsewhere.example",
        "javascript:alert(1)",
        "month",
        "",
        "/ü",
    ],
)
async def test_nobody_is_sent_elsewhere(visitor: Browser, members: Cast, onward: str) -> None:
    assert own_path(onward) == "/month"
    await members.member("Bob")
    await visitor.open("/sign-in")
    await visitor.submit("/sign-in", email="bob@house.example", password=PASSWORD, next=onward)
    assert visitor.page.status_code == 200
    assert visitor.path == "/month"


async def test_one_goes_on_to_the_page_that_was_wanted(visitor: Browser, members: Cast) -> None:
    await members.member("Bob")
    await visitor.open("/wallet")
    assert visitor.path == "/sign-in?next=/wallet"
    await visitor.submit("/sign-in", email="bob@house.example", password=PASSWORD)
    assert visitor.path == "/wallet"
    set_cookie = visitor.client.cookies
    assert "session" in set_cookie


async def test_a_session_ends_at_sign_out(signed_in: SignedIn) -> None:
    bob = await signed_in("Bob")
    secret = bob.client.cookies["session"]
    await bob.open("/month")
    assert bob.path == "/month"
    await bob.submit("/sign-out")
    assert bob.path == "/"
    assert "session" not in bob.client.cookies
    bob.keep("session", secret)
    await bob.open("/month")
    assert bob.path.startswith("/sign-in")


async def test_each_sign_in_starts_a_new_session(visitor: Browser, members: Cast) -> None:
    await members.member("Bob")
    secrets = set()
    for _ in range(2):
        visitor.page = await visitor.client.post(
            "/sign-in", data={"email": "bob@house.example", "password": PASSWORD, "next": "/month"}
        )
        set_cookie = visitor.page.headers["set-cookie"]
        assert set_cookie.startswith("session=")
        assert "HttpOnly" in set_cookie
        assert "SameSite=lax" in set_cookie
        secrets.add(visitor.client.cookies["session"])
    assert len(secrets) == 2
    assert (await rows(members.house))["sessions"] == 1


async def test_the_things_of_another_maker_are_not_there(
    signed_in: SignedIn, members: Cast
) -> None:
    placement = await members.placement(await members.thing("Alice", "Harbour"))
    charlie = await signed_in("Charlie")
    path = f"/things/{placement.thing.id}"
    assert (await charlie.open(path)).status_code == 404
    for action, said in (
        (path, {"title": "Mine", "category": "rest", "language": "en"}),
        (f"{path}/delete", {}),
        (f"{path}/codes", {"placement": "Here"}),
        (f"{path}/codes/{placement.code}/revoke", {}),
    ):
        headers = {"content-type": "application/x-www-form-urlencoded"}
        answer = await charlie.client.post(action, data=said, headers=headers)
        assert answer.status_code == 404, action
    assert (await things.of(members.house, placement.thing.id)).title == "Harbour"
    assert not (await placements.by_code(members.house, placement.code)).revoked


async def test_the_flattrs_and_deposits_of_others_are_not_there(
    signed_in: SignedIn, members: Cast
) -> None:
    payload = await members.payload("Alice", "Harbour")
    [outcome] = await members.scan("Bob", payload)
    charlie, bob = await signed_in("Charlie"), await signed_in("Bob")
    form = {"next": "/month"}
    answer = await charlie.client.post(f"/flattrs/{outcome.flattr_id}/undo", data=form)
    assert answer.status_code == 404
    await bob.open("/wallet")
    await bob.submit("/wallet", amount="10", provider="sandbox")
    assert (await charlie.open(bob.path)).status_code == 404


async def test_a_form_of_another_site_does_nothing(signed_in: SignedIn, members: Cast) -> None:
    placement = await members.placement(await members.thing("Alice", "Harbour"))
    bob = await signed_in("Bob")
    before = await rows(members.house)
    for headers in ({"origin": "https://elsewhere.example"}, {"sec-fetch-site": "cross-site"}):
        for path in (f"/t/{placement.code}", "/month", "/things", "/sign-out", "/wallet"):
            answer = await bob.client.post(path, data={"nonce": "n"}, headers=headers)
            assert answer.status_code == 403
            assert "text/html" in answer.headers["content-type"]
    assert await rows(members.house) == before


async def test_the_same_form_sent_twice_gives_once(signed_in: SignedIn, members: Cast) -> None:
    placement = await members.placement(await members.thing("Alice", "Harbour"))
    bob = await signed_in("Bob")
    await bob.open(f"/t/{placement.code}")
    said = dict(bob.form(f"/t/{placement.code}").fields)
    for _ in range(2):
        answer = await bob.client.post(f"/t/{placement.code}", data=said)
        assert answer.status_code == 303
    found = await rows(members.house)
    assert (found["flattrs"], found["nonces"]) == (1, 1)
    await bob.open(f"/t/{placement.code}")
    await bob.submit("/undo")
    assert "Is this what you see" in bob.text
    await bob.client.post(f"/t/{placement.code}", data=said)
    assert (await rows(members.house))["flattrs"] == 0


async def test_codes_that_are_of_no_use_are_answered_kindly(
    visitor: Browser, signed_in: SignedIn, members: Cast, clock: Clock
) -> None:
    thing = await members.thing("Alice", "Harbour")
    placement = await members.placement(thing)
    for unknown in (mint().text, "nothing", "0" * 12 + "1"):
        page = await visitor.open(f"/t/{unknown}")
        assert page.status_code == 404
        assert "There is nothing here" in page.text
    later = await placements.make(
        members.house,
        thing.maker_id,
        thing.id,
        name="",
        opens_at=NOW + timedelta(hours=1),
        closes_at=NOW + timedelta(hours=2),
        mask=3,
        now=NOW,
    )
    assert "Not open yet." in (await visitor.open(f"/t/{later.code}")).text
    assert [form.action for form in visitor.forms] == ["/language"]
    clock.now += timedelta(hours=1)
    assert len((await visitor.open(f"/t/{later.code}")).text) > 0
    assert [form.action for form in visitor.forms] == [f"/t/{later.code}", "/language"]
    clock.now += timedelta(hours=1)
    assert "This code is closed." in (await visitor.open(f"/t/{later.code}")).text
    alice = await signed_in("Alice")
    await alice.open(f"/t/{placement.code}")
    assert "This is yours." in alice.text
    await alice.open(f"/things/{thing.id}")
    await alice.submit(f"{placement.code}/revoke")
    assert "Revoked." in alice.text
    page = await visitor.open(f"/t/{placement.code}")
    assert page.status_code == 410
    assert "no longer in use" in page.text


async def test_the_code_page_is_small_and_has_nothing_inline(
    visitor: Browser, members: Cast
) -> None:
    placement = await members.placement(await members.thing("Alice", "Harbour"))
    page = await visitor.open(f"/t/{placement.code}")
    linked = set(re.findall(r'="/static/([^?"]+)', page.text))
    for name in sorted(linked):
        linked |= set(re.findall(r'from "/static/([^?"]+)', STATIC[name].decode()))
    assert {"irl.css", "visit.js", "always.js", "queue.js"} <= linked
    assert len(page.content) + sum(len(PACKED[name]) for name in linked) <= 30 * 1024
    assert "style=" not in page.text
    assert "<style" not in page.text
    assert "onclick" not in page.text
    assert page.text.count("<script") == len(re.findall(r'<script [^>]*src="/static/', page.text))


async def test_static_files_are_kept_for_ever_by_their_mark(visitor: Browser) -> None:
    for name, kind in (("irl.css", "text/css"), ("visit.js", "text/javascript")):
        file = await visitor.open(static(name))
        assert file.status_code == 200
        assert file.headers["content-type"].startswith(kind)
        assert "immutable" in file.headers["cache-control"]
        assert file.headers["content-encoding"] == "gzip"
        plain = await visitor.client.get(f"/static/{name}", headers={"accept-encoding": "identity"})
        assert plain.content == file.content
        assert "content-encoding" not in plain.headers
        unmarked = await visitor.open(f"/static/{name}")
        assert unmarked.headers["cache-control"] == "public, max-age=86400"
    assert (await visitor.open("/static/base.html")).status_code == 404


async def test_a_form_that_is_none_is_refused(signed_in: SignedIn) -> None:
    bob = await signed_in("Bob")
    answer = await bob.client.post("/month", json={"budget": "5"})
    assert answer.status_code == 415
    kind = {"content-type": "application/x-www-form-urlencoded"}
    for body in (b"budget=5&budget=6", b"budget=%ff", b"\xff", b"a=1&" * 300):
        answer = await bob.client.post("/month", content=body, headers=kind)
        assert 400 <= answer.status_code < 500, body


async def test_cookies_open_nothing_in_the_interface_for_programs(signed_in: SignedIn) -> None:
    bob = await signed_in("Bob")
    assert (await bob.client.get("/api/v1/me")).status_code == 401
