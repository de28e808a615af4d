"""The session's cookie on a house with TLS and on one without."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from starlette.responses import Response

from api.pages import cookies
from irl.house import House
from irl.settings import Settings
from tests.conftest import with_rules

pytestmark = pytest.mark.anyio


async def test_over_tls_the_cookie_is_bound_to_this_host(
    house: House, with_settings: Callable[..., Settings]
) -> None:
    public = with_settings(base_url="https://flattr.example")
    assert cookies.session_name(public) == "__Host-session"
    answer = Response()
    secure = House(db=house.db, rules=house.rules, settings=public)
    cookies.put_session(answer, "secret", house=secure)
    cookies.drop(answer, cookies.POCKET, house=secure)
    cookies.put_known(answer, "mark", house=secure)
    kept, dropped, known = answer.headers.getlist("set-cookie")
    assert kept.startswith("__Host-session=secret; ")
    assert set(kept.split("; ")[1:]) == {
        "HttpOnly", "Max-Age=7776000", "Path=/", "SameSite=lax", "Secure",
    }  # fmt: skip
    assert dropped.startswith("pocket=")
    assert "Max-Age=0" in dropped
    assert "Secure" in dropped
    assert known.startswith("__Secure-known=mark; ")
    assert {"Secure", "HttpOnly", "Path=/sign-in"} <= set(known.split("; "))


async def test_without_tls_the_cookie_has_a_plain_name_and_the_days_of_the_rules(
    house: House,
) -> None:
    answer = Response()
    cookies.put_session(answer, "secret", house=with_rules(house, session_days=1))
    [kept] = answer.headers.getlist("set-cookie")
    assert kept.startswith("session=secret; ")
    assert "Max-Age=86400" in kept
    assert "Secure" not in kept
