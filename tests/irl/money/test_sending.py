"""Payouts by providers: each key once, whatever breaks; what stays unknown stays in transit."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from irl import settlement
from irl.errors import Invalid
from irl.house import House, opened
from irl.money import deposits, ledger, payout_addresses, payouts, revenue, sending
from irl.money.payout import Payout
from irl.money.sending import Sent
from irl.month import Month
from irl.rules import EURO
from irl.settings import Settings
from irl.settlement import audit
from tests.cast import Cast
from tests.fakes import running as fake
from tests.fakes.mischief import Mischief
from tests.fakes.running import Fakes
from tests.irl.conftest import SQLITE_ALONE, Rows, day

pytestmark = pytest.mark.anyio

PAYDAY = day(12, 12)
BOTH = pytest.mark.parametrize("method", ["paypal", "skrill"])
FEE = 350_000


@pytest.fixture(scope="module")
def fakes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fakes]:
    folder = tmp_path_factory.mktemp("fakes")
    with fake.running(folder, house="http://localhost:1") as running:
        yield running


@pytest.fixture(autouse=True)
def well_behaved(fakes: Fakes) -> None:
    """Forget what an earlier test ordered."""
    for app in (fakes.paypal_app, fakes.skrill_app):
        app.faults.clear()
        app.asked.clear()
    fakes.payouts.status, fakes.payouts.refusal = "SUCCESS", None
    fakes.send_money.status = "2"
    fakes.send_money.refusals.clear()
    fakes.payouts.batches.clear()
    fakes.send_money.executed.clear()


@pytest.fixture
async def house(settings: Settings, fakes: Fakes) -> AsyncIterator[House]:
    """A house with both providers."""
    providers: dict[str, Any] = {
        name.removeprefix("IRL_").lower(): value for name, value in fakes.environment.items()
    }
    wanted = Settings(
        database_url=settings.database_url,
        mail_url=settings.mail_url,
        sandbox=True,
        provider_timeout_s=0.5,
        **providers,
    )
    async with opened(wanted) as house:
        yield house
        assert await audit.audit(house) == []


async def asked(house: House, members: Cast, method: str) -> Payout:
    """Let Alice ask for a payout of 18 EUR."""
    alice = await members.member("Alice")
    await members.funds("Bob", euros=20, budget=20)
    await members.scan("Bob", await members.payload("Alice", "Work"))
    await settlement.settle(house, Month(202611), now=day(4, 12))
    await payout_addresses.set_to(
        house, alice.id, method=method, holder="Alice", address="alice@fake.example", now=PAYDAY
    )
    return await payouts.ask(house, alice.id, amount_micros=None, now=day(28, 12))


def paid(fakes: Fakes, method: str) -> dict[str, Decimal]:
    return fakes.payouts.paid() if method == "paypal" else fakes.send_money.paid()


def app_of(fakes: Fakes, method: str) -> Mischief:
    return fakes.paypal_app if method == "paypal" else fakes.skrill_app


async def rounds(house: House, count: int = 3, *, now: datetime | None = None) -> Sent:
    """Let the clock come round a few times, a minute apart."""
    done = Sent()
    for each in range(count):
        at = (now or day(28, 12)) + timedelta(minutes=each)
        done += await sending.send_waiting(house, now=at)
    return done


@BOTH
async def test_a_payout_is_sent_and_paid_once(
    house: House, members: Cast, fakes: Fakes, rows: Rows, method: str
) -> None:
    payout = await asked(house, members, method)
    assert await rounds(house) == Sent(sent=1, paid=1)
    assert await rounds(house) == Sent()
    assert paid(fakes, method) == {payout.id: Decimal("18.00")}
    [row] = await rows("SELECT * FROM payouts")
    assert (row["state"], row["trouble"]) == ("paid", None)
    assert row["provider_ref"]
    found = {r["account"]: r["balance_micros"] for r in await rows("SELECT * FROM balances")}
    cost = FEE if method == "paypal" else 0
    assert found[ledger.provider(method)] == 18 * EURO + cost
    assert found.get(ledger.LOSS, 0) == -cost


@SQLITE_ALONE
@BOTH
@pytest.mark.parametrize(
    "fault", [(how, times) for how in ("drop", "500", "hang", "nonsense") for times in (1, 4)]
)
async def test_whatever_breaks_it_is_paid_once(
    house: House, members: Cast, fakes: Fakes, method: str, fault: tuple[str, int]
) -> None:
    payout = await asked(house, members, method)
    path = "/v1/payments/payouts" if method == "paypal" else "/app/pay.pl"
    how, times = fault
    app_of(fakes, method).order(path, how, times=times)
    await rounds(house, 6)
    assert paid(fakes, method) == {payout.id: Decimal("18.00")}
    alice = members.joined["Alice"]
    assert (await payouts.of(house, alice.id, payout.id)).state == "paid"


@BOTH
async def test_a_provider_that_is_down_keeps_it_in_transit(
    house: House, members: Cast, fakes: Fakes, method: str
) -> None:
    payout = await asked(house, members, method)
    app_of(fakes, method).order("/", "503", times=1000)
    assert await rounds(house, 2) == Sent(sent=1)
    alice = members.joined["Alice"]
    assert (await payouts.of(house, alice.id, payout.id)).state == "exported"
    assert (await revenue.of(house, alice.id, now=day(28, 12))).revenue_micros == 0
    assert paid(fakes, method) == {}


@BOTH
async def test_one_that_comes_back_can_be_asked_for_again(
    house: House, members: Cast, fakes: Fakes, method: str
) -> None:
    payout = await asked(house, members, method)
    fakes.payouts.status, fakes.send_money.status = "RETURNED", "-2"
    assert await rounds(house) == Sent(sent=1, returned=1)
    alice = members.joined["Alice"]
    found = await payouts.of(house, alice.id, payout.id)
    assert found.state == "returned"
    assert found.trouble in {"PayPal says returned", "Skrill says -2"}
    fakes.payouts.status, fakes.send_money.status = "SUCCESS", "2"
    again = await payouts.ask(house, alice.id, amount_micros=None, now=day(29, 12))
    assert await rounds(house) == Sent(sent=1, paid=1)
    assert again.id in paid(fakes, method)


@BOTH
async def test_a_refused_receiver_comes_back(
    house: House, members: Cast, fakes: Fakes, method: str
) -> None:
    await asked(house, members, method)
    fakes.payouts.refusal = (400, "VALIDATION_ERROR")
    fakes.send_money.refusals["prepare"] = "INVALID_BNF_EMAIL"
    assert await rounds(house) == Sent(sent=1, returned=1)
    assert paid(fakes, method) == {}


@BOTH
async def test_without_enough_money_there_it_waits_and_is_sent_later(
    house: House, members: Cast, fakes: Fakes, rows: Rows, method: str
) -> None:
    payout = await asked(house, members, method)
    fakes.payouts.refusal = (422, "INSUFFICIENT_FUNDS")
    fakes.send_money.refusals["transfer"] = "BALANCE_NOT_ENOUGH"
    assert await rounds(house) == Sent(sent=1)
    [row] = await rows("SELECT * FROM payouts")
    assert row["state"] == "exported"
    assert row["trouble"]
    fakes.payouts.refusal = None
    fakes.send_money.refusals.clear()
    fakes.send_money.prepared.clear()  # the session is over
    assert await rounds(house, now=day(29, 12)) == Sent(paid=1)
    assert paid(fakes, method) == {payout.id: Decimal("18.00")}


async def test_after_skrill_may_have_done_it_nothing_is_prepared_anew(
    house: House, members: Cast, fakes: Fakes, rows: Rows
) -> None:
    await asked(house, members, "skrill")
    fakes.skrill_app.order("/app/pay.pl", "slow", seconds=0)
    fakes.skrill_app.order("/app/pay.pl", "hang")
    assert await rounds(house, 1) == Sent(sent=1)
    fakes.send_money.prepared.clear()  # the session is over
    prepared = fakes.skrill_app.count("POST /app/pay.pl")
    assert await rounds(house, now=day(29, 12)) == Sent()
    assert fakes.skrill_app.count("POST /app/pay.pl") == prepared
    [row] = await rows("SELECT * FROM payouts")
    assert row["state"] == "exported"
    assert row["trouble"] == "Skrill knows nothing of it; look there before it is returned"


async def test_what_paypal_may_have_forgotten_is_not_said_again(
    house: House, members: Cast, fakes: Fakes, rows: Rows
) -> None:
    await asked(house, members, "paypal")
    fakes.paypal_app.order("/v1/payments/payouts", "503", times=3)
    await rounds(house, 1)
    assert await rounds(house, now=day(28, 12) + timedelta(days=26)) == Sent()
    assert fakes.payouts.paid() == {}
    [row] = await rows("SELECT * FROM payouts")
    assert row["trouble"] == "PayPal never said that it heard; look there"


async def test_what_paypal_tells_of_a_payout_is_asked_about(
    house: House, members: Cast, fakes: Fakes
) -> None:
    payout = await asked(house, members, "paypal")
    await rounds(house, 1)
    [batch] = fakes.payouts.batches.values()
    [item] = batch["items"]
    fakes.payouts.become(item, "SUCCESS")
    event = fakes.paypal.event("PAYMENT.PAYOUTS-ITEM.SUCCEEDED", item)
    body = json.dumps(event).encode()
    for _ in range(2):
        await deposits.heard(
            house,
            provider="paypal",
            headers=fakes.paypal.signed(body),
            body=body,
            now=datetime.now(day(1).tzinfo),
        )
    alice = members.joined["Alice"]
    assert (await payouts.of(house, alice.id, payout.id)).state == "paid"


async def test_a_provider_that_is_not_set_up_is_not_offered(
    house: House, settings: Settings, members: Cast
) -> None:
    alice = await members.member("Alice")
    assert payout_addresses.offered(house) == ("sepa", "paypal", "skrill")
    plain = House(db=house.db, rules=house.rules, settings=settings)
    assert payout_addresses.offered(plain) == ("sepa",)
    with pytest.raises(Invalid) as refused:
        await payout_addresses.set_to(
            plain, alice.id, method="paypal", holder="A", address="a@b.example", now=PAYDAY
        )
    assert refused.value.field == "method"
    assert await sending.send_waiting(plain, now=PAYDAY) == Sent()
