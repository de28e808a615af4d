"""PayPal's side: tokens, orders, captures, and every way in which it can fail to answer."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from irl.errors import NotFound, PaymentDiffers, ProviderUnavailable
from irl.house import House
from irl.money import deposits, wallet
from irl.money.deposits import Deposit
from irl.money.payments.paypal.client import client
from irl.rules import EURO
from tests.cast import Cast
from tests.conftest import NOW
from tests.fakes.paypal import Json, Order
from tests.irl.conftest import SQLITE_ALONE
from tests.payments.conftest import Tills

pytestmark = [pytest.mark.anyio, SQLITE_ALONE]


async def ask(house: House, member_id: int, euros: int = 10) -> Deposit:
    return await deposits.ask(
        house, member_id, amount_micros=euros * EURO, provider="paypal", now=NOW
    )


def order_of(tills: Tills, deposit: Deposit) -> Order:
    [order] = [o for o in tills.paypal.orders.values() if o.unit["custom_id"] == deposit.id]
    return order


async def funds(house: House, member_id: int) -> int:
    return (await wallet.of(house, member_id, now=NOW)).funds_micros


async def hear(house: House, tills: Tills, event: Json) -> None:
    post = tills.post(event)
    await deposits.heard(house, provider="paypal", headers=post.headers, body=post.body, now=NOW)


async def test_a_deposit_is_opened_with_its_own_name_and_amount(
    house: House, members: Cast, tills: Tills
) -> None:
    bob = await members.member("Bob")
    deposit = await ask(house, bob.id)
    order = order_of(tills, deposit)
    assert deposit.checkout_url == f"https://paypal.fake/checkoutnow?token={order.id}"
    assert order.unit["amount"] == {"currency_code": "EUR", "value": "10.00"}
    assert order.unit["invoice_id"] == deposit.id
    assert order.context["return_url"] == f"http://localhost:8000/deposits/{deposit.id}/back"
    assert (await deposits.of(house, bob.id, deposit.id)) == deposit
    assert tills.paypal_app.count("POST /v2/checkout/orders") == 1


@pytest.mark.parametrize("how", ["500", "429", "drop", "nonsense"])
async def test_a_provider_in_trouble_leaves_the_deposit_to_be_opened_later(
    house: House, members: Cast, tills: Tills, how: str
) -> None:
    bob = await members.member("Bob")
    tills.paypal_app.order("/v2/checkout/orders", how, times=99)
    with pytest.raises(ProviderUnavailable):
        await ask(house, bob.id)
    [pending] = await deposits.mine(house, bob.id)
    assert pending.state == "pending"
    assert pending.checkout_url == f"http://localhost:8000/deposits/{pending.id}"
    with pytest.raises(ProviderUnavailable):
        await deposits.of(house, bob.id, pending.id)
    tills.paypal_app.faults.clear()
    opened = await deposits.of(house, bob.id, pending.id)
    assert (
        opened.checkout_url == f"https://paypal.fake/checkoutnow?token={order_of(tills, opened).id}"
    )


@pytest.mark.parametrize("how", ["500", "drop"])
async def test_a_capture_whose_answer_is_lost_is_asked_for_again_and_done_once(
    house: House, members: Cast, tills: Tills, how: str
) -> None:
    bob = await members.member("Bob")
    deposit = await ask(house, bob.id)
    order = order_of(tills, deposit)
    order.status = "APPROVED"
    tills.paypal_app.order(f"/v2/checkout/orders/{order.id}/capture", how, times=2)
    looked = await deposits.look(house, bob.id, deposit.id, now=NOW)
    assert looked.state == "booked"
    assert tills.paypal_app.count(f"POST /v2/checkout/orders/{order.id}/capture") == 3
    assert len(tills.paypal.posting.told) == 1, "the money was taken once"
    assert await funds(house, bob.id) == 9 * EURO


async def test_a_card_that_fails_can_be_replaced(house: House, members: Cast, tills: Tills) -> None:
    bob = await members.member("Bob")
    deposit = await ask(house, bob.id)
    order = order_of(tills, deposit)
    order.status, order.card_fails = "APPROVED", True
    assert (await deposits.look(house, bob.id, deposit.id, now=NOW)).state == "pending"
    order.status, order.card_fails = "APPROVED", False
    assert (await deposits.look(house, bob.id, deposit.id, now=NOW)).state == "booked"


async def test_what_was_not_approved_stays_pending(
    house: House, members: Cast, tills: Tills
) -> None:
    bob = await members.member("Bob")
    deposit = await ask(house, bob.id)
    assert (await deposits.look(house, bob.id, deposit.id, now=NOW)).state == "pending"
    tills.paypal.orders.clear()  # forgotten by PayPal
    assert (await deposits.look(house, bob.id, deposit.id, now=NOW)).state == "pending"


async def test_a_token_that_was_revoked_is_replaced(
    house: House, members: Cast, tills: Tills
) -> None:
    bob = await members.member("Bob")
    await ask(house, bob.id)
    tills.paypal.tokens.clear()
    await ask(house, bob.id)
    assert tills.paypal_app.count("POST /v1/oauth2/token") == 2


async def test_a_wrong_secret_is_a_provider_that_does_not_answer(
    house: House, members: Cast
) -> None:
    wrong = house.settings.model_copy(update={"paypal_client": "somebody"})
    with pytest.raises(ProviderUnavailable) as refused:
        await ask(dataclasses.replace(house, settings=wrong), (await members.member("Bob")).id)
    assert "somebody" not in str(refused.value)


async def test_without_a_request_id_nothing_is_sent_twice(house: House, tills: Tills) -> None:
    tills.paypal_app.order("/v2/anything", "500", times=9)
    with pytest.raises(ProviderUnavailable):
        await client(house).ask("POST", "/v2/anything", said={})
    assert tills.paypal_app.count("POST /v2/anything") == 1
    with pytest.raises(ProviderUnavailable):
        await client(house).ask("POST", "/v2/anything", said={}, request_id="a")
    assert tills.paypal_app.count("POST /v2/anything") == 4


def _differs(resource: Json, how: str) -> Json:
    changes: dict[str, Any] = {
        "amount": {"amount": {"currency_code": "EUR", "value": "9.99"}},
        "more": {"amount": {"currency_code": "EUR", "value": "10.01"}},
        "currency": {"amount": {"currency_code": "USD", "value": "10.00"}},
        "receiver": {"payee": {"merchant_id": "SOMEBODYELSE1"}},
        "no amount": {"amount": {}},
        "hidden": {"amount": {"currency_code": "EUR", "value": "1e1"}},
        "fee": {
            "seller_receivable_breakdown": {
                "paypal_fee": {"currency_code": "EUR", "value": "10.01"}
            }
        },
    }
    return {**resource, **changes[how]}


@pytest.mark.parametrize(
    "how", ["amount", "more", "currency", "receiver", "no amount", "hidden", "fee"]
)
async def test_what_differs_is_refused_noted_and_never_booked(
    house: House, members: Cast, tills: Tills, how: str
) -> None:
    bob = await members.member("Bob")
    deposit = await ask(house, bob.id)
    order = order_of(tills, deposit)
    tills.paypal.captured(order)
    resource = _differs(tills.paypal.capture_resource(order), how)
    for _ in range(2):
        with pytest.raises(PaymentDiffers):
            await hear(house, tills, tills.paypal.event("PAYMENT.CAPTURE.COMPLETED", resource))
    assert (await deposits.seen(house, bob.id, deposit.id)).state == "pending"
    assert await funds(house, bob.id) == 0
    async with house.db.reading() as connection:
        noted = await connection.run("SELECT kind FROM provider_events")
    assert {row["kind"] for row in noted} == {"PAYMENT.CAPTURE.COMPLETED (differs)"}


async def test_a_capture_that_does_not_say_who_was_paid_is_asked_about(
    house: House, members: Cast, tills: Tills
) -> None:
    bob = await members.member("Bob")
    deposit = await ask(house, bob.id)
    order = order_of(tills, deposit)
    tills.paypal.captured(order)
    resource = tills.paypal.capture_resource(order)
    del resource["payee"]
    await hear(house, tills, tills.paypal.event("PAYMENT.CAPTURE.COMPLETED", resource))
    assert (await deposits.seen(house, bob.id, deposit.id)).state == "booked"


async def test_a_part_that_is_taken_back_changes_nothing_until_it_is_the_whole(
    house: House, members: Cast, tills: Tills
) -> None:
    bob = await members.member("Bob")
    deposit = await ask(house, bob.id)
    order = order_of(tills, deposit)
    tills.paypal.captured(order)
    await hear(
        house,
        tills,
        tills.paypal.event("PAYMENT.CAPTURE.COMPLETED", tills.paypal.capture_resource(order)),
    )
    for part, so_far, state in (("4.00", "4.00", "booked"), ("6.00", "10.00", "reversed")):
        refund = tills.paypal.refund_resource(order, part)
        refund["seller_payable_breakdown"]["total_refunded_amount"]["value"] = so_far
        refund = {**refund, "amount": {"currency_code": "EUR", "value": part}}
        await hear(house, tills, tills.paypal.event("PAYMENT.CAPTURE.REFUNDED", refund))
        assert (await deposits.seen(house, bob.id, deposit.id)).state == state
    assert await funds(house, bob.id) == 0


async def test_what_is_about_something_else_is_heard_and_changes_nothing(
    house: House, tills: Tills
) -> None:
    await hear(house, tills, tills.paypal.event("CUSTOMER.DISPUTE.CREATED", {"id": "PP-D-1"}))
    async with house.db.reading() as connection:
        assert await connection.run("SELECT * FROM provider_events") == []


async def test_a_payment_of_no_deposit_of_ours_is_not_found(
    house: House, members: Cast, tills: Tills
) -> None:
    deposit = await ask(house, (await members.member("Bob")).id)
    order = order_of(tills, deposit)
    tills.paypal.captured(order)
    for unknown in ("0" * 13, "", "no id at all", "\0"):
        resource = {
            **tills.paypal.capture_resource(order),
            "custom_id": unknown,
            "invoice_id": unknown,
        }
        with pytest.raises(NotFound):
            await hear(house, tills, tills.paypal.event("PAYMENT.CAPTURE.COMPLETED", resource))


async def test_where_to_pay_must_be_paypals_own(house: House, members: Cast, tills: Tills) -> None:
    tills.paypal.url = "https://evil.fake"
    with pytest.raises(ProviderUnavailable):
        await ask(house, (await members.member("Bob")).id)
