"""Who may see the house: every route under /house for a visitor, a member and the operator."""

from __future__ import annotations

import httpx2
import pytest
from sqlalchemy import select
from starlette.routing import Route

from api.pages import ROUTES
from api.pages.operating import ROUTES as HOUSE
from api.pages.page import Page
from irl.house import House
from irl.members import operators
from irl.schema import metadata
from tests.api.pages.browser import Browser, SignedIn
from tests.cast import Cast
from tests.conftest import NOW

pytestmark = pytest.mark.anyio

FILLED = {"{id}": "1", "{month}": "2026-11"}
SAID = {"decision": "hide", "count": "3", "early": "yes", "name": "Sea", "url": "https://sea.test"}
PASSING = {"throttles", "outbox"}
"""Tables that a refused call may change: tries are counted."""


def paths() -> list[tuple[str, str]]:
    """Give method and path of every route under /house, and the other methods of each path."""
    found = []
    for path in {route.path for route in HOUSE if isinstance(route, Route)}:
        for part, value in FILLED.items():
            path = path.replace(part, value)  # noqa: PLW2901 - filled in step by step
        found += [(method, path) for method in ("GET", "HEAD", "POST", "PUT", "DELETE")]
    return sorted(found)


async def everything(house: House) -> dict[str, list[dict[str, object]]]:
    async with house.db.reading() as connection:
        return {
            table.name: await connection.all(select(table))
            for table in metadata.sorted_tables
            if table.name not in PASSING
        }


def test_every_page_of_the_house_is_for_operators_only() -> None:
    under = [route for route in ROUTES if isinstance(route, Route) and "/house" in route.path]
    assert under == HOUSE
    assert len(under) == 20
    for route in under:
        assert isinstance(route.endpoint, Page)
        assert route.endpoint.operators_only, route.path


async def ask(browser: Browser, method: str, path: str) -> httpx2.Response:
    data = SAID if method == "POST" else None
    return await browser.client.request(method, path, data=data)


async def test_a_visitor_is_sent_to_sign_in_and_changes_nothing(
    visitor: Browser, house: House
) -> None:
    before = await everything(house)
    for method, path in paths():
        answer = await ask(visitor, method, path)
        if answer.status_code != 405:
            assert answer.status_code == 303, (method, path)
            assert answer.headers["location"].startswith("/sign-in?next=")
    assert await everything(house) == before


async def test_for_a_member_there_is_nothing(signed_in: SignedIn, house: House) -> None:
    bob = await signed_in("Bob")
    before = await everything(house)
    for method, path in paths():
        answer = await ask(bob, method, path)
        assert answer.status_code in {404, 405}, (method, path)
        assert "3 new" not in answer.text
    assert await everything(house) == before


async def test_who_is_no_operator_any_longer_is_out_at_once(
    signed_in: SignedIn, house: House, members: Cast
) -> None:
    await members.member("Olga")
    olga = await signed_in("Olga")
    await operators.appoint(house, "olga@house.example", now=NOW)
    assert (await olga.open("/house")).status_code == 200
    await operators.dismiss(house, "olga@house.example")
    assert (await olga.open("/house")).status_code == 404


async def test_an_operator_sees_every_page_and_no_get_changes_anything(
    signed_in: SignedIn, house: House, members: Cast
) -> None:
    await members.member("Olga")
    olga = await signed_in("Olga")
    await operators.appoint(house, "olga@house.example", now=NOW)
    before = await everything(house)
    expected = {"/house/charities/1": 404, "/house/payouts/1.xml": 404}
    gets = {
        route.path for route in HOUSE if isinstance(route, Route) and "GET" in (route.methods or ())
    }
    for method, path in paths():
        if method not in {"GET", "HEAD"}:
            continue
        answer = await ask(olga, method, path)
        is_page = any(
            path == route.replace("{id}", "1").replace("{month}", "2026-11") for route in gets
        )
        wanted = expected.get(path, 200) if is_page else 405
        assert answer.status_code == wanted, (method, path)
        assert answer.headers["cache-control"] == "no-store"
    assert await everything(house) == before


async def test_an_operators_form_of_another_site_does_nothing(
    signed_in: SignedIn, house: House, members: Cast
) -> None:
    await members.member("Olga")
    olga = await signed_in("Olga")
    await operators.appoint(house, "olga@house.example", now=NOW)
    before = await everything(house)
    for method, path in paths():
        if method == "POST":
            answer = await olga.client.post(
                path, data=SAID, headers={"origin": "https://elsewhere.example"}
            )
            assert answer.status_code == 403, path
    assert await everything(house) == before


async def test_no_page_of_the_house_tells_who_flattred_what(
    signed_in: SignedIn, house: House, members: Cast
) -> None:
    await members.member("Olga")
    olga = await signed_in("Olga")
    await operators.appoint(house, "olga@house.example", now=NOW)
    await members.funds("Bob", euros=20, budget=5)
    await members.scan("Bob", await members.payload("Alice", "Lighthouse"))
    for method, path in paths():
        if method == "GET":
            answer = await ask(olga, method, path)
            assert "Bob" not in answer.text
            assert "bob@house.example" not in answer.text
            assert "Lighthouse" not in answer.text
