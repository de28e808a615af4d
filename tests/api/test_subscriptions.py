"""Subscriptions, charities and reload over JSON: what is asked, answered and refused."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx2
import pytest

from irl.giving import subscription_rounds
from irl.house import House
from irl.money import charities
from tests.api.conftest import Clock, Hands, People
from tests.api.said import assert_problem
from tests.cast import Cast

pytestmark = pytest.mark.anyio


async def _subscribed(hands: Hands, code: str, months: int = 3) -> dict[str, str]:
    answer = await hands.post("/subscriptions", json={"code": code, "months": months})
    assert answer.status_code == 201, answer.text
    made: dict[str, str] = answer.json()
    return made


async def test_the_whole_life_of_a_subscription(
    bob: Hands, members: Cast, house: House, clock: Clock
) -> None:
    payload = await members.payload("Alice", "Lighthouse")
    await members.scan("Bob", payload)
    second = {"scans": [{"payload": payload, "nonce": "again"}]}
    [scan] = (await bob.post("/scans", json=second)).json()["scans"]
    assert scan["outcome"] == "already_flattred"
    made = await _subscribed(bob, payload)
    path = f"/subscriptions/{made['id']}"
    assert (made["state"], made["last_month"]) == ("running", "2027-02")
    again = await bob.post("/subscriptions", json={"code": made["code"], "months": 12})
    assert_problem(again, 409, "already-subscribed")

    clock.now = datetime(2026, 12, 1, tzinfo=UTC)
    await subscription_rounds.give_due(house, now=clock.now)
    [given] = (await bob.get("/me/flattrs")).json()["flattrs"]
    assert given["thing"]["title"] == "Lighthouse"
    paused = await bob.ask("PATCH", path, json={"state": "paused"})
    assert (paused.status_code, paused.json()["state"]) == (200, "paused")
    resumed = await bob.ask("PATCH", path, json={"state": "running"})
    assert resumed.json()["months_left"] == 2
    assert resumed.json() == (await bob.get(path)).json()
    for _ in range(2):
        assert (await bob.ask("DELETE", path)).status_code == 204
    [ended] = (await bob.get("/me/subscriptions")).json()["subscriptions"]
    assert (ended["state"], ended["months_left"]) == ("ended", 0)
    late = await bob.ask("PATCH", path, json={"state": "running"})
    assert_problem(late, 409, "subscription-ended")


async def test_a_thing_that_was_flattred_can_be_named_by_its_id(bob: Hands, members: Cast) -> None:
    payload = await members.payload("Alice", "Lighthouse")
    [outcome] = await members.scan("Bob", payload)
    assert outcome.thing is not None
    answer = await bob.post("/subscriptions", json={"thing": outcome.thing.id, "months": 12})
    assert answer.status_code == 201
    assert answer.json()["last_month"] == "2027-11"


async def test_bad_wishes_are_refused_with_the_field(
    alice: Hands, bob: Hands, members: Cast
) -> None:
    payload = await members.payload("Alice", "Lighthouse")
    thing = await members.thing("Alice", "Never scanned")
    for said, status, name, field in (
        ({"code": payload, "months": 4}, 422, "invalid", "months"),
        ({"code": payload, "months": "3"}, 422, "invalid", "months"),
        ({"months": 3}, 422, "invalid", "code"),
        ({"code": payload, "thing": thing.id, "months": 3}, 422, "invalid", "code"),
        ({"thing": thing.id, "months": 3}, 422, "invalid", "thing"),
        ({"code": "nonsense", "months": 3}, 404, "not-found", "code"),
        ({"code": "AXK6ZX3B04TEJ", "months": 3}, 404, "not-found", "code"),
        ({"thing": "nonsense", "months": 3}, 404, "not-found", "thing"),
        ({"code": payload, "months": 3, "pause": True}, 422, "invalid", "pause"),
    ):
        assert_problem(await bob.post("/subscriptions", json=said), status, name, field=field)
    own = await alice.post("/subscriptions", json={"code": payload, "months": 3})
    assert_problem(own, 422, "invalid", field="code")
    made = await _subscribed(bob, payload)
    wrong = await bob.ask("PATCH", f"/subscriptions/{made['id']}", json={"state": "ended"})
    assert_problem(wrong, 422, "invalid", field="state")


async def test_nobody_touches_or_sees_a_subscription_of_somebody_else(
    bob: Hands, charlie: Hands, people: People, members: Cast
) -> None:
    made = await _subscribed(bob, await members.payload("Alice", "Lighthouse"))
    path = f"/subscriptions/{made['id']}"
    for answer in (
        await charlie.get(path),
        await charlie.ask("PATCH", path, json={"state": "paused"}),
        await charlie.ask("DELETE", path),
    ):
        assert_problem(answer, 404, "not-found")
    assert (await charlie.get("/me/subscriptions")).json()["subscriptions"] == []
    assert (await bob.get(path)).json() == made
    narrow = await people("Bob", "wallet")
    assert_problem(await narrow.get("/me/subscriptions"), 403, "scope-missing")


async def test_a_charity_is_chosen_from_the_list(
    bob: Hands, charlie: Hands, web: httpx2.AsyncClient, house: House, members: Cast
) -> None:
    for name in ("Sea Rescue", "Reef"):
        url = f"https://{name.lower().replace(' ', '-')}.example"
        await charities.add(house, name=name, url=url, now=members.now)
    listed = (await web.get("/api/v1/charities")).json()["charities"]
    assert [charity["name"] for charity in listed] == ["Sea Rescue", "Reef"]
    assert (await bob.get("/me/charity")).json() == {"charity": None}
    chosen = await bob.ask("PUT", "/me/charity", json={"charity": listed[1]["id"]})
    assert chosen.json() == (await bob.get("/me/charity")).json() == {"charity": listed[1]}
    assert (await charlie.get("/me/charity")).json() == {"charity": None}
    for wrong in ("99", "0", "-1", "nonsense", "٣", "9" * 40, ""):
        refused = await bob.ask("PUT", "/me/charity", json={"charity": wrong})
        assert_problem(refused, 422, "invalid", field="charity")
    await charities.retire(house, "Reef", now=members.now)
    assert (await bob.get("/me/charity")).json() == {"charity": None}
    refused = await bob.ask("PUT", "/me/charity", json={"charity": listed[1]["id"]})
    assert_problem(refused, 422, "invalid", field="charity")
    unset = await bob.ask("PUT", "/me/charity", json={"charity": None})
    assert unset.json() == {"charity": None}


async def test_reload_is_off_until_it_is_asked_for(bob: Hands, charlie: Hands) -> None:
    assert (await bob.get("/me/reload")).json() == {"on": False}
    for on in (True, True, False):
        assert (await bob.ask("PUT", "/me/reload", json={"on": on})).json() == {"on": on}
        assert (await bob.get("/me/reload")).json() == {"on": on}
        assert (await charlie.get("/me/reload")).json() == {"on": False}
    refused = await bob.ask("PUT", "/me/reload", json={"on": 1})
    assert_problem(refused, 422, "invalid", field="on")
