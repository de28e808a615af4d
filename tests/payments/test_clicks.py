"""Somebody clicks through deposits at both fakes, and the server is killed between the clicks."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from irl.house import opened
from irl.members import sessions
from irl.money import deposits, ledger
from irl.rules import CENT
from irl.settings import Settings
from irl.settlement import audit
from tests.cast import Cast
from tests.conftest import NOW
from tests.fakes import running as fake
from tests.fakes.paypal import fee_of
from tests.fakes.running import Fakes
from tests.payments.clicks import Person, until
from tests.service import Service, free_port

pytestmark = pytest.mark.timeout(300)

APPROVE = {"PayPal": "Approve", "Skrill": "Pay"}
AMOUNT = "12.34"
FEE = 1_234_000  # of it, in micros
LONG = bool(os.environ.get("IRL_LONG"))


@dataclass
class Street:
    """A running house beside running fakes, and Bob, who is signed in."""

    service: Service
    fakes: Fakes
    bob: Person
    member_id: int

    def restart(self) -> None:
        self.service.kill()
        self.service.start()

    def settings(self) -> Settings:
        return Settings(database_url=self.service.database_url, base_url=self.service.url)

    def transfers(self, deposit_id: str) -> list[tuple[str, int, int, int]]:
        """Give what the ledger says of a deposit: kind, from, to, micros."""

        async def read() -> list[tuple[str, int, int, int]]:
            async with opened(self.settings()) as house, house.db.reading() as connection:
                rows = await connection.run(
                    "SELECT t.* FROM transfers t JOIN deposits d ON d.id = t.subject"
                    f" WHERE d.public_id = '{deposit_id}' ORDER BY t.kind, t.part"
                )
                return [
                    (r["kind"], r["debit_account"], r["credit_account"], r["amount_micros"])
                    for r in rows
                ]

        return asyncio.run(read())

    def catch_up(self) -> None:
        """Do what the clock does, as if days had gone by."""

        async def work() -> None:
            wanted = Settings(**self.values())
            async with opened(wanted) as house:
                later = datetime.now(UTC) + timedelta(hours=1)
                await deposits.catch_up(house, since=None, now=later)

        asyncio.run(work())

    def values(self) -> dict[str, Any]:
        extra = {
            name.removeprefix("IRL_").lower(): value
            for name, value in self.fakes.environment.items()
        }
        return {
            "database_url": self.service.database_url,
            "base_url": self.service.url,
            **extra,
        }

    def assert_clean(self) -> None:
        async def work() -> list[str]:
            async with opened(self.settings()) as house:
                return await audit.audit(house)

        assert asyncio.run(work()) == []


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory, empty_sqlite: Path) -> Iterator[Street]:
    folder = tmp_path_factory.mktemp("payments")
    shutil.copy(empty_sqlite, folder / "irl.db")
    url = f"sqlite:///{folder / 'irl.db'}"
    port = free_port()
    house_url = f"http://localhost:{port}"

    async def join() -> tuple[int, str]:
        async with opened(Settings(database_url=url, base_url=house_url)) as house:
            bob = await Cast(house, NOW).member("Bob")
            return bob.id, await sessions.start(house, bob.id, now=datetime.now(UTC))

    member_id, session = asyncio.run(join())
    with fake.running(folder, house=house_url) as fakes, pytest.MonkeyPatch.context() as changed:
        # Coverage hears nothing of a server that is killed, and counting doubles its start.
        changed.delenv("COVERAGE_PROCESS_CONFIG", raising=False)
        service = Service(folder, url, port, fakes.environment | {"IRL_PROVIDER_TIMEOUT_S": "2"})
        service.start()
        try:
            yield Street(service, fakes, Person(session, house_url), member_id)
        finally:
            service.stop()


def steps(street: Street, name: str) -> list[Callable[[], None]]:
    """Give the clicks of one deposit."""
    bob = street.bob

    def begin() -> None:
        bob.open(f"{street.service.url}/wallet")
        bob.text = bob.text.replace('value=""', f'value="{AMOUNT}"', 1)
        # With script the form has shown this fee beside the amount, and says so.
        bob.text = bob.text.replace('name="seen_fee" value=""', f'name="seen_fee" value="{FEE}"', 1)
        bob.press(f"Go on with {name}")
        assert bob.status == 303, bob.text

    def leave() -> None:
        assert bob.going.startswith((street.fakes.paypal.url, street.fakes.skrill.url))
        bob.follow()
        assert f"Pay {AMOUNT} EUR" in bob.text

    def approve() -> None:
        bob.press(APPROVE[name])
        assert bob.going.startswith(f"{street.service.url}/deposits/")

    def come_back() -> None:
        bob.follow()

    return [begin, leave, approve, come_back]


def deposit_of(street: Street) -> str:
    """Give the id of the deposit that was asked for last."""

    async def read() -> str:
        async with opened(street.settings()) as house:
            return (await deposits.mine(house, street.member_id))[0].id

    return asyncio.run(read())


def expected(street: Street, name: str) -> list[tuple[str, int, int, int]]:
    """Give what the ledger must say of a paid deposit."""
    till = ledger.provider(name.lower())
    amount = 1234 * CENT
    paid: list[tuple[str, int, int, int]] = [
        ("deposit", till, ledger.funds(street.member_id), amount * 9 // 10),
        ("fee", till, ledger.FEE, amount // 10),
    ]
    if name == "PayPal":
        kept = int(float(fee_of(AMOUNT)) * 100 + 0.5) * CENT
        return [("commission", ledger.FEE, till, kept), *paid]
    return paid


@pytest.mark.long
@pytest.mark.parametrize("name", ["PayPal", "Skrill"])
def test_a_deposit_ends_the_same_wherever_the_server_is_killed(street: Street, name: str) -> None:
    for killed_after in range(-1, 3) if LONG else (-1, 0, 2):
        for number, step in enumerate(steps(street, name)):
            step()
            if number == killed_after:
                street.restart()
        deposit_id = deposit_of(street)
        until("<h1>Paid", street.bob, f"{street.service.url}/deposits/{deposit_id}")
        assert street.transfers(deposit_id) == expected(street, name), killed_after
    street.assert_clean()


@pytest.mark.parametrize("name", ["PayPal", "Skrill"])
@pytest.mark.parametrize("told_by", ["return", "post", "clock"])
def test_one_way_to_hear_of_a_payment_is_enough(street: Street, name: str, told_by: str) -> None:
    posting = (street.fakes.paypal if name == "PayPal" else street.fakes.skrill).posting
    begin, leave, approve, come_back = steps(street, name)
    posting.held = told_by != "post"
    try:
        begin()
        leave()
        approve()
        if told_by == "return":
            come_back()
        elif told_by == "clock":
            street.catch_up()
        deposit_id = deposit_of(street)
        until("<h1>Paid", street.bob, f"{street.service.url}/deposits/{deposit_id}")
        assert street.transfers(deposit_id) == expected(street, name)
    finally:
        posting.held = False
    street.assert_clean()


@pytest.mark.parametrize("name", ["PayPal", "Skrill"])
def test_killed_while_the_provider_is_asked_nothing_is_lost(street: Street, name: str) -> None:
    """The provider does all and its answer is lost, with the server that waited for it."""
    app = street.fakes.paypal_app if name == "PayPal" else street.fakes.skrill_app
    path = "/v2/checkout/orders" if name == "PayPal" else "/"
    begin, leave, approve, come_back = steps(street, name)
    app.order(path, "drop", times=5)
    with contextlib.suppress(AssertionError):
        begin()
    assert street.bob.status == 503
    assert "retry-after" in street.bob.headers
    app.faults.clear()
    street.restart()
    deposit_id = deposit_of(street)
    street.bob.open(f"{street.service.url}/deposits/{deposit_id}")
    street.bob.press(f"Pay by {name}")
    leave()
    approve()
    app.order(f"{path}" if name == "PayPal" else "/app/query.pl", "drop", times=3)
    come_back()
    app.faults.clear()
    street.restart()
    until("<h1>Paid", street.bob, f"{street.service.url}/deposits/{deposit_id}")
    assert street.transfers(deposit_id) == expected(street, name)
    if name == "PayPal":
        assert (
            len(
                [
                    o
                    for o in street.fakes.paypal.orders.values()
                    if o.unit["custom_id"] == deposit_id
                ]
            )
            == 1
        )


def test_a_provider_that_never_answers_keeps_nobody_else_waiting(street: Street) -> None:
    street.fakes.skrill_app.order("/", "hang")
    begin = steps(street, "Skrill")[0]
    with ThreadPoolExecutor(1) as thread, httpx2.Client(trust_env=False) as web:
        begun = time.monotonic()
        hanging = thread.submit(begin)
        slowest = 0.0
        while not hanging.done():
            at = time.monotonic()
            assert web.get(f"{street.service.url}/").status_code == 200
            slowest = max(slowest, time.monotonic() - at)
        assert isinstance(hanging.exception(), AssertionError)
    assert street.bob.status == 503
    assert 1.9 < time.monotonic() - begun < 10
    assert slowest < 1.5, "others waited too"
    street.fakes.skrill_app.faults.clear()


@pytest.mark.parametrize("name", ["PayPal", "Skrill"])
@pytest.mark.parametrize("seen", ["", "1"])
def test_whoever_has_not_seen_the_fee_sees_it_before_leaving(
    street: Street, name: str, seen: str
) -> None:
    _, leave, approve, come_back = steps(street, name)
    bob = street.bob
    bob.open(f"{street.service.url}/wallet")
    bob.text = bob.text.replace('value=""', f'value="{AMOUNT}"', 1)
    bob.text = bob.text.replace('name="seen_fee" value=""', f'name="seen_fee" value="{seen}"', 1)
    bob.press(f"Go on with {name}")
    assert bob.going == f"{street.service.url}/deposits/{deposit_of(street)}"
    bob.follow()
    for words in (f"€{AMOUNT}", "€1.234000", "€11.106000", "Yours to give"):
        assert words in bob.text
    bob.press(f"Pay by {name}")
    leave()
    approve()
    come_back()
    until("<h1>Paid", bob, f"{street.service.url}/deposits/{deposit_of(street)}")


@pytest.mark.parametrize("name", ["PayPal", "Skrill"])
def test_who_cancels_can_still_pay(street: Street, name: str) -> None:
    begin, leave, approve, come_back = steps(street, name)
    begin()
    leave()
    street.bob.press("Cancel")
    street.bob.follow()
    assert "without paying" in street.bob.text
    street.bob.press(f"Pay by {name}")
    leave()
    approve()
    come_back()
    until("<h1>Paid", street.bob, f"{street.service.url}/deposits/{deposit_of(street)}")


@pytest.mark.parametrize("name", ["PayPal", "Skrill"])
def test_a_chargeback_takes_the_deposit_back(street: Street, name: str) -> None:
    for step in steps(street, name):
        step()
    deposit_id = deposit_of(street)
    page = f"{street.service.url}/deposits/{deposit_id}"
    until("<h1>Paid", street.bob, page)
    url = street.fakes.paypal.url if name == "PayPal" else street.fakes.skrill.url
    street.bob.open(f"{url}/merchant")
    if name == "PayPal":
        [ref] = [
            o.id for o in street.fakes.paypal.orders.values() if o.unit["custom_id"] == deposit_id
        ]
    else:
        [ref] = [
            p.number
            for p in street.fakes.skrill.payments.values()
            if p.asked["transaction_id"] == deposit_id
        ]
    street.bob.press(f"Charge back {ref}")
    until("<h1>Taken back", street.bob, page)
    found = street.transfers(deposit_id)
    till = ledger.provider(name.lower())
    assert sum(amount for _, _, to, amount in found if to == till) - sum(
        amount for _, of, _, amount in found if of == till
    ) == (int(float(fee_of(AMOUNT)) * 100 + 0.5) * CENT if name == "PayPal" else 0)
    street.assert_clean()


def test_a_page_may_lead_to_the_providers_and_nowhere_else(street: Street) -> None:
    street.bob.open(f"{street.service.url}/wallet")
    policy = street.bob.headers["content-security-policy"]
    allowed = f"form-action 'self' {street.fakes.paypal.url} {street.fakes.skrill.url}"
    assert policy.endswith(allowed)


def test_no_secret_is_in_the_log(street: Street) -> None:
    log = (street.service.folder / "serve.log").read_text()
    for name in ("IRL_PAYPAL_SECRET", "IRL_SKRILL_SECRET", "IRL_SKRILL_PASSWORD"):
        assert street.fakes.environment[name] not in log
    for token in street.fakes.paypal.tokens:
        assert token not in log
    assert httpx2.__name__ not in log, "it logs addresses"
