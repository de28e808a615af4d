from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import httpx2
import pytest

from api import app as application
from api.state import State
from irl.house import House
from irl.month import Month
from irl.rules import EURO
from irl.settlement import runner
from tests.api.conftest import Clock, Hands, People, ReaderInProcess, Running
from tests.api.said import assert_problem, rows
from tests.cast import Cast

pytestmark = pytest.mark.anyio

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def _asked(hands: Hands, euros: int = 10) -> dict[str, object]:
    said = {"amount_micros": euros * EURO, "provider": "sandbox"}
    answer = await hands.post("/me/deposits", json=said)
    assert answer.status_code == 201
    deposit: dict[str, object] = answer.json()
    return deposit


async def test_a_deposit_tells_its_fee_before_it_is_paid(bob: Hands) -> None:
    deposit = await _asked(bob)
    assert deposit["state"] == "pending"
    assert (deposit["amount_micros"], deposit["fee_micros"], deposit["net_micros"]) == (
        10 * EURO,
        1 * EURO,
        9 * EURO,
    )
    assert deposit["checkout_url"] == f"http://localhost:8000/sandbox/checkout/{deposit['id']}"


async def test_a_deposit_is_approved_once_and_charged_back(
    bob: Hands, web: httpx2.AsyncClient
) -> None:
    deposit = await _asked(bob)
    address = str(deposit["checkout_url"])
    for decision, state, funds in (
        ("approve", "booked", 9 * EURO),
        ("approve", "booked", 9 * EURO),
        ("chargeback", "reversed", 0),
    ):
        answer = await web.post(address, data={"decision": decision})
        assert answer.status_code == 303
        assert answer.headers["location"] == f"/sandbox/checkout/{deposit['id']}"
        assert (await bob.get(f"/me/deposits/{deposit['id']}")).json()["state"] == state
        assert (await bob.get("/me")).json()["funds_micros"] == funds
    late = await web.post(address, data={"decision": "decline"})
    assert_problem(late, 409, "deposit-decided")


async def test_bad_decisions_are_refused_and_change_nothing(
    bob: Hands, web: httpx2.AsyncClient, house: House
) -> None:
    address = str((await _asked(bob))["checkout_url"])
    before = await rows(house)
    for said in ({"decision": "perhaps"}, {}, {"decision": "approve", "amount": "1"}):
        answer = await web.post(address, data=said, headers=FORM)
        field = "amount" if "amount" in said else "decision"
        assert_problem(answer, 422, "invalid", field=field)
    twice = await web.post(address, content=b"decision=approve&decision=decline", headers=FORM)
    assert_problem(twice, 422, "invalid", field="decision")
    as_json = await web.post(address, json={"decision": "approve"})
    assert_problem(as_json, 415, "media-type")
    unknown = await web.post("/sandbox/checkout/nonsense", data={"decision": "approve"})
    assert_problem(unknown, 404, "not-found")
    assert await rows(house) == before


async def test_nobody_sees_a_deposit_of_somebody_else(bob: Hands, charlie: Hands) -> None:
    deposit = await _asked(bob)
    assert [d["id"] for d in (await bob.get("/me/deposits")).json()["deposits"]] == [deposit["id"]]
    assert (await charlie.get("/me/deposits")).json() == {"deposits": []}
    assert_problem(await charlie.get(f"/me/deposits/{deposit['id']}"), 404, "not-found")


async def test_a_budget_is_set_and_unset(bob: Hands) -> None:
    for value in (5 * EURO, 100 * EURO, None):
        answer = await bob.ask("PUT", "/me/budget", json={"budget_micros": value})
        assert answer.status_code == 200
        assert answer.json()["budget_micros"] == value
        assert answer.json() == (await bob.get("/me")).json()


async def test_flattrs_show_their_worth_and_can_be_undone(
    bob: Hands, charlie: Hands, members: Cast
) -> None:
    await members.funds("Bob", euros=10, budget=5)
    payloads = [await members.payload("Alice", title) for title in ("A", "B", "C")]
    await members.scan("Bob", *payloads)
    seen = (await bob.get("/me/flattrs")).json()
    assert (seen["month"], seen["state"], seen["next"]) == ("2026-11", "running", None)
    assert seen["pot_micros"] == 5 * EURO
    assert sum(flattr["worth_micros"] for flattr in seen["flattrs"]) == 5 * EURO
    assert (await bob.get("/me/flattrs?month=2026-10")).json()["flattrs"] == []
    assert (await charlie.get("/me/flattrs")).json()["flattrs"] == []

    flattr_id = seen["flattrs"][0]["id"]
    assert_problem(await charlie.ask("DELETE", f"/me/flattrs/{flattr_id}"), 404, "not-found")
    assert (await bob.ask("DELETE", f"/me/flattrs/{flattr_id}")).status_code == 204
    assert_problem(await bob.ask("DELETE", f"/me/flattrs/{flattr_id}"), 404, "not-found")
    assert len((await bob.get("/me/flattrs")).json()["flattrs"]) == 2


async def test_many_flattrs_go_on_at_the_address_that_the_page_names(
    bob: Hands, members: Cast
) -> None:
    payloads = [await members.payload("Alice", f"Number {n}") for n in range(203)]
    await members.scan("Bob", *payloads)
    seen: list[str] = []
    address: str | None = "/me/flattrs"
    while address is not None:
        page = (await bob.get(address)).json()
        assert len(page["flattrs"]) >= 100 or page["next"] is None
        seen += [flattr["id"] for flattr in page["flattrs"]]
        address = page["next"] and page["next"].removeprefix("http://localhost:8000/api/v1")
    assert len(seen) == len(set(seen)) == 203


async def test_a_statement_tells_of_a_closed_month_only(
    people: People, members: Cast, house: House, clock: Clock
) -> None:
    alice, bob, charlie = [await people(name) for name in ("Alice", "Bob", "Charlie")]
    await members.funds("Bob", euros=10, budget=5)
    await members.scan("Bob", await members.payload("Alice", "=1+1"))
    assert_problem(await bob.get("/me/statements/2026-11"), 409, "nothing-yet")
    assert_problem(await bob.get("/me/statements/2026-11.csv"), 409, "nothing-yet")
    for month in ("2026-13", "november", "2026-1"):
        answer = await bob.get(f"/me/statements/{month}")
        assert_problem(answer, 422, "invalid", field="month")

    clock.now = datetime(2026, 12, 5, tzinfo=UTC)
    await runner.settle(house, Month(202611), early=False, now=clock.now)
    given = (await bob.get("/me/statements/2026-11")).json()
    assert given["given"]["pot_micros"] == 5 * EURO
    assert [share["share_micros"] for share in given["given"]["shares"]] == [5 * EURO]
    received = (await alice.get("/me/statements/2026-11")).json()
    assert received["received"]["total_micros"] == 5 * EURO
    assert received["given"]["shares"] == []
    nothing = (await charlie.get("/me/statements/2026-11")).json()
    assert (nothing["given"]["shares"], nothing["received"]["things"]) == ([], [])

    sheet = await bob.get("/me/statements/2026-11.csv")
    assert sheet.headers["content-type"].startswith("text/csv")
    assert "'=1+1" in sheet.text
    assert [line.split(",")[1] for line in sheet.text.splitlines()].count("given") == 1


async def test_where_money_is_not_played_with_nothing_is_decided(
    bob: Hands, house: House, clock: Clock
) -> None:
    address = str((await _asked(bob))["checkout_url"])
    earnest = replace(house, settings=house.settings.model_copy(update={"sandbox": False}))
    state = State(house=earnest, reader=ReaderInProcess(), clock=clock)
    app = Running(application.create(earnest.settings), state)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app)) as web:
        answer = await web.post(address, data={"decision": "approve"})
    assert_problem(answer, 404, "not-found")
