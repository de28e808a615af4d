"""Money out over HTTP: payouts, where they go, and moves to funds."""

from __future__ import annotations

from typing import Any

import pytest

from irl import settlement
from irl.house import House
from irl.month import Month
from irl.rules import EURO
from tests.api.conftest import Clock, Hands, People
from tests.api.said import assert_problem, rows
from tests.cast import PASSWORD, Cast
from tests.irl.conftest import day

pytestmark = pytest.mark.anyio

IBAN = "DE89370400440532013000"
ADDRESS = {"method": "sepa", "holder": "Alice", "address": IBAN, "password": PASSWORD}


@pytest.fixture
async def paid(people: People, members: Cast, house: House, clock: Clock) -> Hands:
    """Alice received 18.00 EUR in November, of a deposit of the 23rd."""
    await members.funds("Bob", euros=20, budget=20)
    await members.scan("Bob", await members.payload("Alice", "Work"))
    await settlement.settle(house, Month(202611), now=day(4, 12))
    clock.now = day(24, 12)
    return await people("Alice")


async def test_a_payout_is_asked_for_and_seen(paid: Hands, clock: Clock) -> None:
    clock.now = day(20, 12)
    early = (await paid.get("/me/payouts")).json()
    assert early["payable_micros"] == 0
    assert early["later"] == [{"payable_on": "2026-12-23", "amount_micros": 18 * EURO}]
    clock.now = day(24, 12)
    refused = await paid.post("/me/payouts", json={"password": PASSWORD})
    assert_problem(refused, 409, "no-payout-address")
    answer = await paid.ask("PUT", "/me/payout-address", json=ADDRESS)
    assert answer.status_code == 200
    assert answer.json() == (await paid.get("/me/payout-address")).json()
    said = {"password": PASSWORD, "amount_micros": 12 * EURO}
    asked = await paid.post("/me/payouts", json=said)
    assert asked.status_code == 201
    payout = asked.json()
    assert (payout["state"], payout["amount_micros"]) == ("requested", 12 * EURO)
    assert payout["address"] == "DE…3000"
    assert (await paid.get(f"/me/payouts/{payout['id']}")).json() == payout
    seen = (await paid.get("/me/payouts")).json()
    assert (seen["payable_micros"], seen["payouts"]) == (6 * EURO, [payout])
    assert (await paid.get("/me")).json()["revenue_micros"] == 6 * EURO
    again = await paid.post("/me/payouts", json=said)
    assert_problem(again, 409, "not-payable", field="amount_micros")


async def test_without_the_password_nothing_leaves(paid: Hands, house: House) -> None:
    before = await rows(house)
    for path, method, said in (
        ("/me/payouts", "POST", {}),
        (
            "/me/payout-address",
            "PUT",
            {key: ADDRESS[key] for key in ("method", "holder", "address")},
        ),
    ):
        wrong = await paid.ask(method, path, json=said | {"password": "wrong"})
        assert_problem(wrong, 403, "password-refused", field="password")
        missing = await paid.ask(method, path, json=said)
        assert_problem(missing, 422, "invalid", field="password")
    assert await rows(house) == before


async def test_bad_values_are_refused(paid: Hands) -> None:
    values: list[tuple[str, Any]] = [
        ("method", "cash"),
        ("method", "paypal"),
        ("address", "DE89370400440532013001"),
        ("holder", "Алиса"),
        ("holder", ""),
        ("holder", 5),
    ]
    for field, value in values:
        answer = await paid.ask("PUT", "/me/payout-address", json=ADDRESS | {field: value})
        assert_problem(answer, 422, "invalid", field=field)
    await paid.ask("PUT", "/me/payout-address", json=ADDRESS)
    for amount in (1, 9_990_000, 10_000_001, -1, "12", 1.5, True):
        said = {"password": PASSWORD, "amount_micros": amount}
        answer = await paid.post("/me/payouts", json=said)
        assert_problem(answer, 422, "invalid", field="amount_micros")
        if amount not in {1, 9_990_000, 10_000_001}:
            answer = await paid.post("/me/moves", json={"amount_micros": amount})
            assert_problem(answer, 422, "invalid", field="amount_micros")


async def test_nobody_sees_payouts_of_somebody_else(paid: Hands, charlie: Hands) -> None:
    await paid.ask("PUT", "/me/payout-address", json=ADDRESS)
    payout = (await paid.post("/me/payouts", json={"password": PASSWORD})).json()
    assert payout["amount_micros"] == 18 * EURO
    for payout_id in (payout["id"], "0" * 13, "%00", "nonsense"):
        assert_problem(await charlie.get(f"/me/payouts/{payout_id}"), 404, "not-found")
    assert (await charlie.get("/me/payouts")).json()["payouts"] == []
    assert (await charlie.get("/me/payout-address")).json()["payout_address"] is None


async def test_revenue_moves_to_funds_at_once(paid: Hands) -> None:
    moved = await paid.post("/me/moves", json={"amount_micros": 1_000_001})
    assert moved.status_code == 201
    me = (await paid.get("/me")).json()
    assert (me["funds_micros"], me["revenue_micros"]) == (1_000_001, 16_999_999)
    rest = await paid.post("/me/moves", json={})
    assert rest.json()["amount_micros"] == 16_999_999
    assert (await paid.get("/me/moves")).json() == {"moves": [rest.json(), moved.json()]}
    assert_problem(await paid.post("/me/moves", json={}), 409, "not-payable", field="amount_micros")


async def test_a_token_for_other_things_is_not_enough(people: People) -> None:
    other = await people("Alice", "flattr", "thing")
    for method, path in (
        ("GET", "/me/payouts"),
        ("POST", "/me/payouts"),
        ("GET", "/me/payout-address"),
        ("PUT", "/me/payout-address"),
        ("POST", "/me/moves"),
        ("GET", "/me/moves"),
    ):
        assert_problem(await other.ask(method, path, json={}), 403, "scope-missing")
