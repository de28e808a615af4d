"""All 720 orders of six events end with one booking and equal balances, whatever comes between."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest

from irl.errors import EventRefused, PaymentDiffers
from irl.house import House
from irl.money import deposits, ledger, wallet
from irl.money.deposits import Deposit
from irl.money.payments.protocol import Post
from irl.month import Month
from irl.rules import CENT, EURO
from irl.settlement import audit, runner
from tests.cast import Cast
from tests.fakes.certificates import Chain
from tests.fakes.paypal import Order, fee_of
from tests.payments.conftest import Tills

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(240)]

NOVEMBER = Month(202611)
THEN = datetime(2026, 11, 23, 12, tzinfo=UTC)
LATE = THEN + timedelta(days=40)
AT_ONCE = 40
STRANGER = Chain.make()

Kind = Literal["approved", "denied", "pending", "completed", "again", "refunded", "reversed"]
TAKEN_BACK: Sequence[Kind] = ("approved", "denied", "completed", "again", "refunded", "reversed")
KEPT: Sequence[Kind] = ("approved", "denied", "pending", "completed", "again", "denied")


@dataclass
class Course:
    """One deposit, and the order in which its events are told."""

    deposit: Deposit
    order: Order
    kinds: Sequence[Kind]
    number: int


def event(tills: Tills, course: Course, kind: Kind) -> Post:
    """Make an event of a course, as PayPal does."""
    fake, order = tills.paypal, course.order
    if kind == "approved":
        told = fake.event("CHECKOUT.ORDER.APPROVED", fake.shown(order))
    elif kind in {"refunded", "reversed"}:
        refund = fake.refund_resource(order, order.unit["amount"]["value"])
        told = fake.event(f"PAYMENT.CAPTURE.{kind.upper()}", refund)
    else:
        kind = "completed" if kind == "again" else kind
        resource = {**fake.capture_resource(order), "status": kind.upper()}
        told = fake.event(f"PAYMENT.CAPTURE.{kind.upper()}", resource)
    return tills.post(told)


async def hear(house: House, post: Post, now: datetime) -> None:
    await deposits.heard(house, provider="paypal", headers=post.headers, body=post.body, now=now)


async def tell(house: House, tills: Tills, course: Course, half: slice, now: datetime) -> None:
    """Tell some events, the first of them twice, and something false before each."""
    for place, kind in enumerate(course.kinds[half]):
        post = event(tills, course, kind)
        await refused(house, tills, course, place + course.number, now)
        await hear(house, post, now)
        if place == 0:
            await hear(house, post, now)


async def refused(house: House, tills: Tills, course: Course, place: int, now: datetime) -> None:
    """Tell something forged, or of another merchant; it is refused clearly."""
    fake = tills.paypal
    resource = fake.capture_resource(course.order)
    told = fake.event("PAYMENT.CAPTURE.COMPLETED", resource)
    if place % 4 == 0:
        post = tills.post(told, chain=STRANGER)
    elif place % 4 == 1:
        post = tills.post(told, webhook="WH-OF-ANOTHER")
    elif place % 4 == 2:
        whole = tills.post(told)
        post = Post(headers=whole.headers, body=whole.body.replace(b"12.34", b"99.34"))
    else:
        resource["payee"] = {"merchant_id": "SOMEBODYELSE1"}
        with pytest.raises(PaymentDiffers):
            await hear(house, tills.post(told), now)
        return
    with pytest.raises(EventRefused):
        await hear(house, post, now)


async def begun(
    house: House, members: Cast, tills: Tills, kinds: Sequence[Kind], every: int
) -> list[Course]:
    """Ask for a deposit for each order of the events; PayPal has taken the money of all."""
    bob = await members.member("Bob")
    orders = list(itertools.permutations(kinds))
    assert len(orders) == 720

    async def one(number: int) -> Course:
        deposit = await deposits.ask(
            house, bob.id, amount_micros=1234 * CENT, provider="paypal", now=THEN
        )
        order = tills.paypal.orders[tills.paypal.done[deposit.id]["order"]]
        tills.paypal.captured(order)
        if "refunded" in kinds:
            assert order.capture is not None
            order.capture["status"] = "REFUNDED"
        return Course(deposit, order, orders[number], number)

    return [await one(number) for number in range(0, 720, every)]


async def ends(house: House, courses: Sequence[Course]) -> list[tuple[str, dict[str, int]]]:
    """Give each deposit's state, and what it did to the sides of the ledger."""
    async with house.db.reading() as connection:
        rows = await connection.run(
            "SELECT t.*, d.public_id FROM transfers t JOIN deposits d ON d.id = t.subject"
            " WHERE t.kind IN ('deposit', 'fee', 'commission') OR t.kind LIKE 'reversal%'"
        )
        states = await connection.run("SELECT public_id, state FROM deposits")
    names = {ledger.FEE: "fee", ledger.LOSS: "loss", ledger.provider("paypal"): "paypal"}
    found = {
        row["public_id"]: (row["state"], dict.fromkeys((*names.values(), "members"), 0))
        for row in states
    }
    for row in rows:
        _, sides = found[row["public_id"]]
        sides[names.get(row["debit_account"], "members")] -= row["amount_micros"]
        sides[names.get(row["credit_account"], "members")] += row["amount_micros"]
    assert sum(row["kind"] == "deposit" for row in rows) == len(courses) == len(found)
    return [found[course.deposit.id] for course in courses]


async def run(
    house: House, members: Cast, tills: Tills, kinds: Sequence[Kind], *, every: int
) -> list[tuple[str, dict[str, int]]]:
    """Tell all orders, half of each before the month is closed and half 40 days late."""
    bob = await members.member("Bob")
    await wallet.set_budget(house, bob.id, 5 * EURO, now=THEN)
    await members.scan("Bob", await members.payload("Alice", "Work"))
    courses = await begun(house, members, tills, kinds, every)
    for now, half in ((THEN, slice(0, 3)), (LATE, slice(3, 6))):
        for first in range(0, len(courses), AT_ONCE):
            await asyncio.gather(
                *(
                    tell(house, tills, course, half, now)
                    for course in courses[first : first + AT_ONCE]
                )
            )
        if now == THEN:
            await runner.settle(house, NOVEMBER, early=False, now=datetime(2026, 12, 5, tzinfo=UTC))
    assert await audit.audit(house) == []
    return await ends(house, courses)


def _every(house: House, sample: int) -> int:
    """Tell all on SQLite, or every so many; and a few on PostgreSQL."""
    if house.db.engine == "postgresql":
        return 24
    return 1 if os.environ.get("IRL_LONG") else sample


@pytest.mark.long
async def test_a_payment_that_was_taken_back_ends_the_same_in_all_720_orders(
    house: House, members: Cast, tills: Tills
) -> None:
    found = await run(house, members, tills, TAKEN_BACK, every=_every(house, 5))
    kept = round(float(fee_of("12.34")) * 100) * CENT
    wanted = ("reversed", {"fee": 0, "loss": -kept, "paypal": kept, "members": 0})
    assert [end for end in found if end != wanted] == []


@pytest.mark.long
async def test_a_payment_that_was_kept_ends_the_same_in_all_720_orders(
    house: House, members: Cast, tills: Tills
) -> None:
    found = await run(house, members, tills, KEPT, every=_every(house, 8))
    kept = round(float(fee_of("12.34")) * 100) * CENT
    fee, net = 1_234_000 - kept, 11_106_000
    wanted = ("booked", {"fee": fee, "loss": 0, "paypal": kept - 12_340_000, "members": net})
    assert [end for end in found if end != wanted] == []
