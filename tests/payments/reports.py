"""What the tests of reports share: a deposit that was paid, a provider's report, and comparing it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

from irl.house import House
from irl.money import deposits, reconciling
from irl.money.deposits import Deposit
from irl.money.payments import report
from irl.money.payments.paypal import report as paypal_report
from irl.money.payments.skrill import report as skrill_report
from irl.money.reconciling import Compared
from irl.rules import EURO
from tests.cast import Cast
from tests.conftest import NOW
from tests.payments.conftest import Tills

EVER = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
UNDERSTAND = {"paypal": paypal_report.understand, "skrill": skrill_report.understand}


async def paid(house: House, members: Cast, tills: Tills, provider: str, euros: int) -> Deposit:
    """Deposit, pay and be booked."""
    bob = await members.member("Bob")
    deposit = await deposits.ask(
        house, bob.id, amount_micros=euros * EURO, provider=provider, now=NOW
    )
    if provider == "paypal":
        tills.paypal.orders[tills.paypal.done[deposit.id]["order"]].status = "APPROVED"
    else:
        tills.payment(deposit.id).status = "2"
    return await deposits.look(house, bob.id, deposit.id, now=NOW)


def text_of(tills: Tills, provider: str) -> str:
    """Give the fake provider's own report."""
    return (tills.paypal if provider == "paypal" else tills.skrill).report_text()


async def compare(
    house: House,
    provider: str,
    text: str,
    *,
    book: bool = False,
    charges: Collection[str] = (),
    moved: Collection[str] = (),
) -> Compared:
    """Compare a report with all of the ledger."""
    return await reconciling.reconcile(
        house,
        provider,
        report.lines(text.splitlines(keepends=True), UNDERSTAND[provider]),
        period=EVER,
        book=book,
        charges=charges,
        moved=moved,
        now=NOW,
    )
