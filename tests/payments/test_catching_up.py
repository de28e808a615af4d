"""Deposits that are left pending are asked about, less and less often; and the posts over HTTP."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta

import httpx2
import pytest

from api import app as application
from api.hooks import MOST_BYTES
from api.state import State
from irl.house import House
from irl.money import deposits
from irl.money.deposits import Deposit
from irl.rules import EURO
from tests.api.conftest import Clock, ReaderInProcess, Running
from tests.api.said import assert_problem
from tests.cast import Cast
from tests.conftest import NOW
from tests.irl.conftest import SQLITE_ALONE
from tests.payments.conftest import Tills

pytestmark = [pytest.mark.anyio, SQLITE_ALONE]

MINUTE = timedelta(minutes=1)


async def ask(house: House, members: Cast, provider: str = "paypal") -> Deposit:
    bob = await members.member("Bob")
    return await deposits.ask(house, bob.id, amount_micros=10 * EURO, provider=provider, now=NOW)


async def state(house: House, members: Cast, deposit: Deposit) -> str:
    return (await deposits.seen(house, members.joined["Bob"].id, deposit.id)).state


def approve(tills: Tills) -> None:
    for order in tills.paypal.orders.values():
        order.status = "APPROVED"
    for payment in tills.skrill.payments.values():
        payment.status = "2"


@pytest.mark.parametrize("provider", ["paypal", "skrill"])
async def test_a_payment_that_nobody_told_is_found_after_a_start(
    house: House, members: Cast, tills: Tills, provider: str
) -> None:
    deposit = await ask(house, members, provider)
    approve(tills)
    assert await deposits.catch_up(house, since=None, now=NOW + MINUTE) == 0, "too early"
    assert await deposits.catch_up(house, since=None, now=NOW + 5 * MINUTE) == 1
    assert await state(house, members, deposit) == "booked"
    assert await deposits.catch_up(house, since=None, now=NOW + 6 * MINUTE) == 0


async def test_it_is_asked_less_and_less_often_for_a_week(
    house: House, members: Cast, tills: Tills
) -> None:
    await ask(house, members)
    asked: list[int] = []
    now = NOW
    while now < NOW + timedelta(days=9):
        before = tills.paypal_app.count("GET /v2/checkout/orders")
        later = now + (MINUTE if now < NOW + 70 * MINUTE else 30 * MINUTE)
        await deposits.catch_up(house, since=now, now=later)
        if tills.paypal_app.count("GET /v2/checkout/orders") > before:
            asked.append(int((later - NOW) / MINUTE))
        now = later
    assert asked[:6] == [2, 4, 8, 16, 32, 64]
    assert len(asked) == 13
    assert asked[-1] < 7 * 24 * 60


async def test_one_silent_provider_does_not_keep_the_other_waiting(
    house: House, members: Cast, tills: Tills
) -> None:
    silent = [await ask(house, members) for _ in range(3)]
    other = await ask(house, members, "skrill")
    approve(tills)
    tills.paypal_app.order("/v2", "500", times=99)
    assert await deposits.catch_up(house, since=None, now=NOW + 5 * MINUTE) == 1
    assert await state(house, members, other) == "booked"
    assert tills.paypal_app.count("GET /v2") == 3, "it was asked about one deposit only"
    tills.paypal_app.faults.clear()
    assert await deposits.catch_up(house, since=None, now=NOW + 6 * MINUTE) == 3
    assert [await state(house, members, one) for one in silent] == ["booked"] * 3


async def test_what_differs_harms_no_other(house: House, members: Cast, tills: Tills) -> None:
    wrong, right = await ask(house, members), await ask(house, members)
    approve(tills)
    order = tills.paypal.orders[tills.paypal.done[wrong.id]["order"]]
    order.unit["amount"]["value"] = "8.00"
    assert await deposits.catch_up(house, since=None, now=NOW + 5 * MINUTE) == 1
    assert await state(house, members, wrong) == "pending"
    assert await state(house, members, right) == "booked"


async def test_a_provider_that_was_given_up_is_not_asked(
    house: House, members: Cast, tills: Tills
) -> None:
    await ask(house, members)
    approve(tills)
    bare = dataclasses.replace(
        house, settings=house.settings.model_copy(update={"paypal_client": ""})
    )
    assert await deposits.catch_up(bare, since=None, now=NOW + 5 * MINUTE) == 0


def client(house: House, now: datetime = NOW) -> httpx2.AsyncClient:
    state = State(house=house, reader=ReaderInProcess(), clock=Clock(now))
    app = Running(application.create(house.settings), state)
    transport = httpx2.ASGITransport(app=app)
    return httpx2.AsyncClient(transport=transport, base_url="http://localhost:8000")


async def test_a_post_is_answered_once_it_is_done(
    house: House, members: Cast, tills: Tills
) -> None:
    deposit = await ask(house, members)
    approve(tills)
    order = tills.paypal.orders[tills.paypal.done[deposit.id]["order"]]
    post = tills.post(tills.paypal.event("CHECKOUT.ORDER.APPROVED", tills.paypal.shown(order)))
    async with client(house) as web:
        tills.paypal_app.order("/v2", "500", times=3)
        late = await web.post("/hooks/paypal", content=post.body, headers=dict(post.headers))
        assert_problem(late, 503, "provider-unavailable")
        assert late.headers["retry-after"]
        for _ in range(2):
            heard = await web.post("/hooks/paypal", content=post.body, headers=dict(post.headers))
            assert (heard.status_code, heard.content) == (200, b"")
    assert await state(house, members, deposit) == "booked"


async def test_forgeries_are_refused_and_leave_nothing(
    house: House, members: Cast, tills: Tills
) -> None:
    await ask(house, members)
    async with client(house) as web:
        for path, body in (("paypal", b"{}"), ("skrill", b"status=2&md5sig=0"), ("skrill", b"")):
            refused = await web.post(f"/hooks/{path}", content=body)
            assert_problem(refused, 403, "event-refused")
        assert_problem(
            await web.post("/hooks/skrill", content=bytes(MOST_BYTES + 1)), 413, "too-large"
        )
        assert_problem(await web.get("/hooks/paypal"), 405, "method-not-allowed")
    assert tills.paypal_app.count("GET") == 0
    async with house.db.reading() as connection:
        assert await connection.run("SELECT * FROM provider_events") == []


async def test_a_house_without_providers_hears_nothing(house: House) -> None:
    bare = dataclasses.replace(
        house,
        settings=house.settings.model_copy(update={"paypal_client": "", "skrill_email": ""}),
    )
    async with client(bare) as web:
        for path in ("paypal", "skrill"):
            assert_problem(await web.post(f"/hooks/{path}", content=b"{}"), 404, "not-found")
