"""The account's pages: devices, apps, passkeys and the password, each only for their own member."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest

from api.pages import device
from irl import language as languages
from irl.house import House
from irl.members import passkeys, sessions, settings, tokens
from tests.api.pages.browser import Browser, SignedIn
from tests.authenticator import Authenticator
from tests.cast import PASSWORD, Cast
from tests.conftest import NOW

pytestmark = pytest.mark.anyio

PIXEL = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/124.0.0.0 Mobile Safari/537.36"
)


async def sign_in(browser: Browser, email: str, password: str = PASSWORD) -> None:
    await browser.open("/sign-in")
    await browser.submit("/sign-in", email=email, password=password)


async def begin(browser: Browser, path: str, **said: str) -> Any:
    answer = await browser.client.post(f"{path}/begin", data=said)
    assert answer.headers["cache-control"] == "no-store"
    return answer.json()


async def add_passkey(browser: Browser, key: Authenticator, name: str = "My phone") -> None:
    await browser.open("/account/passkeys")
    options = await begin(browser, "/account/passkeys", password=PASSWORD)
    await browser.submit(
        "/account/passkeys", name=name, password=PASSWORD, credential=key.create(options)
    )


async def enter(browser: Browser, key: Authenticator, onward: str = "/account") -> None:
    await browser.open(f"/sign-in?next={onward}")
    options = await begin(browser, "/sign-in/passkey", next=onward)
    await browser.submit("/sign-in/passkey", credential=key.get(options))


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (PIXEL, "Chrome on Android"),
        (
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 "
                "(KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
            ),
            "Safari on iPhone",
        ),
        (
            (
                "Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
                "Gecko) CriOS/124.0 Mobile/15E148 Safari/604.1"
            ),
            "Chrome on iPad",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:126.0) Gecko/20100101 Firefox/126.0",
            "Firefox on Windows",
        ),
        (
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
                "Chrome/124.0.0.0 Safari/537.36 Edg/124.0.0.0"
            ),
            "Edge on Windows",
        ),
        ("python-httpx2/2.16", ""),
        ("", ""),
        ("<script>alert(1)</script> Firefox/1 Linux", "Firefox on Linux"),
        ("x" * 100_000 + " Firefox/1 Linux", ""),
    ],
)
def test_a_device_is_told_in_words_that_its_holder_knows(agent: str, words: str) -> None:
    assert device.words(agent) == words
    assert len(words) <= sessions.DEVICE_MOST


async def test_another_device_is_seen_and_signed_out(
    browsers: Callable[[], Browser], members: Cast
) -> None:
    await members.member("Bob")
    phone, laptop = browsers(), browsers()
    phone.client.headers["user-agent"] = PIXEL
    for browser in (phone, laptop):
        await sign_in(browser, "bob@house.example")
    await laptop.open("/account")
    assert "Chrome on Android" in laptop.text
    assert laptop.text.count("this one") == 1
    assert "A browser" in laptop.text
    [form] = [form for form in laptop.forms if form.action.endswith("/end")]
    await laptop.submit(form.action)
    assert (laptop.path, laptop.page.status_code) == ("/account", 200)
    await phone.open("/account")
    assert phone.path == "/sign-in?next=/account"


async def test_signing_out_everywhere_means_here_and_in_apps_too(
    signed_in: SignedIn, people: Any
) -> None:
    here, there = await signed_in("Bob"), await signed_in("Bob")
    app = await people("Bob", "flattr")
    await here.open("/account")
    assert "a test" in here.text
    assert "may flattr" in here.text
    await here.submit("/account/everywhere")
    assert here.path == "/sign-in"
    assert "session" not in here.client.cookies
    await there.open("/account")
    assert there.path.startswith("/sign-in")
    assert (await app.get("/me/flattrs")).status_code == 401


async def test_an_app_is_revoked(signed_in: SignedIn, people: Any) -> None:
    bob, app = await signed_in("Bob"), await people("Bob", "wallet")
    await bob.open("/account")
    await bob.submit("/revoke")
    assert bob.path == "/account"
    assert "a test" not in bob.text
    assert (await app.get("/me")).status_code == 401


async def test_what_is_another_members_is_not_there(
    signed_in: SignedIn, house: House, members: Cast
) -> None:
    alice = await members.member("Alice")
    hers, charlie = await signed_in("Alice"), await signed_in("Charlie")
    token = await tokens.issue(house, alice.id, name="app", scopes=["flattr"], now=NOW)
    await add_passkey(hers, Authenticator())
    [passkey] = await passkeys.mine(house, alice.id)
    [session] = await sessions.mine(house, alice.id, secret=None, now=NOW)
    for path in (
        f"/account/devices/{session.session_id}/end",
        f"/account/apps/{token.token_id}/revoke",
        f"/account/passkeys/{passkey.passkey_id}/remove",
        "/account/devices/%00/end",
    ):
        assert (await charlie.client.post(path)).status_code == 404
    await charlie.open("/account")
    for word in ("alice@house.example", "app", "My phone"):
        assert f">{word}<" not in charlie.text
    await hers.open("/account")
    assert hers.path == "/account"


async def test_the_account_is_for_members_only(visitor: Browser) -> None:
    for path in ("/account", "/account/password", "/account/passkeys"):
        await visitor.open(path)
        assert visitor.path == f"/sign-in?next={path}"
    for path in ("/account/everywhere", "/account/password", "/account/passkeys"):
        answer = await visitor.client.post(path, data={"name": "x"})
        assert answer.headers["location"].startswith("/sign-in")
    answer = await visitor.client.post("/account/passkeys/begin", data={"password": PASSWORD})
    assert answer.status_code == 401
    assert answer.json()["detail"] == "Please sign in first."


async def test_the_password_is_changed_and_this_device_goes_on(
    signed_in: SignedIn, visitor: Browser
) -> None:
    here, there = await signed_in("Bob"), await signed_in("Bob")
    await here.open("/account/password")
    for old, new, status, words in (
        ("not his", "a new password of his", 403, "This is not your password."),
        (PASSWORD, "short", 422, "A password has 8 to 256 characters."),
    ):
        await here.submit("/account/password", password=old, new_password=new)
        assert here.page.status_code == status
        assert words in here.text
        assert old not in here.text
        assert f'value="{new}"' not in here.text
    await here.submit("/account/password", password=PASSWORD, new_password="a new password of his")
    assert here.path == "/account"
    await there.open("/account")
    assert there.path.startswith("/sign-in")
    await sign_in(visitor, "bob@house.example", "a new password of his")
    assert visitor.path == "/month"


async def test_a_passkey_is_added_signs_in_and_is_removed(
    signed_in: SignedIn, visitor: Browser
) -> None:
    bob, key = await signed_in("Bob"), Authenticator()
    await add_passkey(bob, key)
    assert bob.path == "/account"
    assert "My phone" in bob.text
    await enter(visitor, key, "/wallet")
    assert visitor.path == "/wallet"
    await bob.open("/account")
    assert "last used on 23 November 2026" in bob.text
    await bob.submit("/remove")
    assert "My phone" not in bob.text
    await visitor.submit("/sign-out")
    await enter(visitor, key)
    assert visitor.page.status_code == 401
    assert "This passkey is not known here" in visitor.text
    assert dict(visitor.form("/sign-in").fields)["next"] == "/account"


async def test_what_is_wrong_with_a_passkey_is_said_in_the_members_language(
    signed_in: SignedIn, house: House, members: Cast
) -> None:
    bob = await signed_in("Bob")
    await settings.set_language(house, (await members.member("Bob")).id, "de")
    answer = await bob.client.post("/account/passkeys/begin", data={"password": "wrong"})
    assert answer.status_code == 403
    words = languages.of("de").says("This is not your password.")
    assert answer.json() == {"detail": words, "field": "password"}
    await bob.open("/account/passkeys")
    assert bob.form("/account/passkeys").names == {"credential", "name", "password"}
    await bob.submit("/account/passkeys", name="x", credential="{}")
    assert bob.page.status_code == 422
    alert = re.search(r'role="alert">([^<]+)<', bob.text)
    assert alert is not None
    words = languages.of("de").says("The browser's passkey cannot be read.")
    assert unescape(alert[1]) == words


@pytest.mark.parametrize("path", ["/sign-in/passkey", "/account/passkeys"])
async def test_no_other_site_begins_with_a_passkey(signed_in: SignedIn, path: str) -> None:
    bob = await signed_in("Bob")
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://elsewhere.example"}):
        for end in ("", "/begin"):
            answer = await bob.client.post(path + end, data={"password": PASSWORD}, headers=headers)
            assert answer.status_code == 403


async def test_the_script_of_passkeys_is_only_where_it_is_needed(signed_in: SignedIn) -> None:
    bob = await signed_in("Bob")
    for path, needed in (("/account", False), ("/account/passkeys", True), ("/month", False)):
        await bob.open(path)
        assert ("/static/passkeys.js" in bob.text) == needed


async def test_only_the_sign_in_page_is_told_that_a_device_is_known(
    visitor: Browser, members: Cast
) -> None:
    bob = await members.member("Bob")
    said = {"email": bob.email, "password": PASSWORD, "next": "/month"}
    answer = await visitor.client.post("/sign-in", data=said)
    [cookie] = [one for one in answer.headers.get_list("set-cookie") if one.startswith("known=")]
    for mark in ("HttpOnly", "SameSite=lax", "Path=/sign-in", "Max-Age=31536000"):
        assert mark in cookie


async def test_a_known_device_gets_in_while_a_stranger_guesses(
    browsers: Callable[[], Browser], members: Cast, house: House
) -> None:
    bob = await members.member("Bob")
    his, stranger, new = browsers(), browsers(), browsers()
    await sign_in(his, bob.email)
    await his.submit("/sign-out")
    for _ in range(house.rules.wrong_passwords_an_hour):
        await sign_in(stranger, bob.email, "a guess")
        assert stranger.page.status_code == 401
    await sign_in(new, bob.email)
    assert new.page.status_code == 429
    assert "set by mail still lead in" in new.text
    await sign_in(his, bob.email)
    assert his.path == "/month"
