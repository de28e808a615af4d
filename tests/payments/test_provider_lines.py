"""Lines of a report about no payment: booked once, as what the operator says they are."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from api.cli import main
from irl.errors import Invalid
from irl.house import House
from irl.money import deposits, ledger
from irl.money.ledger import LOSS
from irl.money.reconciling import Compared
from irl.rules import CENT, EURO
from irl.settings import Settings
from irl.settlement import audit
from tests.cast import Cast
from tests.conftest import NOW
from tests.fakes import paypal as paypals
from tests.payments.conftest import Tills
from tests.payments.reports import compare, paid, text_of

pytestmark = pytest.mark.anyio


def paypal(kind: str, gross: str, fee: str, ref: str, related: str = "") -> str:
    """Write a line of PayPal's report that names nothing of ours."""
    cells = ["24/11/2026", "1", "UTC", "", kind, "Completed", "EUR", gross, fee, "", "", ""]
    return ",".join(f'"{cell}"' for cell in [*cells, ref, related, "", "", "", ""]) + "\r\n"


def skrill(kind: str, change: str, ref: str, related: str = "") -> str:
    """Write a line of Skrill's report that names nothing of ours."""
    into = "" if change.startswith("-") else change
    cells = [ref, "24 Nov 26 13:00", kind, "", change.removeprefix("-") if not into else "", into]
    return ",".join([*cells, "processed", "0.00", "", "", "", "", related, "WLT"]) + "\n"


PAYPAL_LINES = (
    paypal("Chargeback Fee", "-16.00", "0.00", "T9")
    + paypal("General Withdrawal", "-50.00", "-0.25", "T10")
    + paypal("Fee Reversal", "16.00", "0.00", "T11")
    + paypal("Bank Deposit to PP Account", "20.00", "0.00", "T12")
)


async def balances(house: House, provider: str) -> tuple[int, int, int]:
    """Give the balances of the provider, the bank and the house's losses, in micros."""
    accounts = [ledger.provider(provider), ledger.provider("sepa"), LOSS]
    async with house.db.reading() as connection:
        found = await ledger.balances(connection, accounts)
    return found[accounts[0]], found[accounts[1]], found[accounts[2]]


async def booked(house: House) -> list[dict[str, Any]]:
    async with house.db.reading() as connection:
        return await connection.run("SELECT * FROM provider_lines")


async def test_what_paypal_charged_and_what_was_moved_is_booked_once(
    house: House, members: Cast, tills: Tills
) -> None:
    await paid(house, members, tills, "paypal", 100)
    text = text_of(tills, "paypal") + PAYPAL_LINES
    assert len((await compare(house, "paypal", text)).findings) == 4
    charges, moved = ["T9", "T11"], ["T10", "T12"]
    found = await compare(house, "paypal", text, charges=charges, moved=moved)
    assert (found.findings, found.lines_booked, found.payments) == ([], 4, 1)
    till, bank, loss = await balances(house, "paypal")
    assert found.report_micros == found.ledger_micros == -till
    assert (bank, loss) == (-30 * EURO, -25 * CENT)
    for again in ([], charges):
        found = await compare(house, "paypal", text, charges=again)
        assert (found.findings, found.lines_booked) == ([], 0)
        assert found.report_micros == found.ledger_micros == -till
    assert await audit.audit(house) == []


async def test_skrills_fees_are_lines_of_their_own(
    house: House, members: Cast, tills: Tills
) -> None:
    await paid(house, members, tills, "skrill", 100)
    text = text_of(tills, "skrill")
    text += skrill("Withdraw", "-40.00", "8") + skrill("Withdraw Fee", "-5.50", "9", "8")
    found = await compare(house, "skrill", text, book=True, charges=["9"], moved=["8"])
    assert (found.findings, found.booked, found.lines_booked) == ([], 1, 2)
    till, bank, loss = await balances(house, "skrill")
    assert found.report_micros == found.ledger_micros == -till
    assert (bank, loss) == (-40 * EURO, -550 * CENT)
    assert await audit.audit(house) == []


async def test_lines_of_one_id_are_booked_together(house: House) -> None:
    text = f"{paypals.REPORT_HEADER}\n" + paypal("Withdrawal", "-9.00", "0.00", "T1")
    text += paypal("Fee", "0.00", "-1.00", "T1")
    found = await compare(house, "paypal", text, moved=["T1"])
    assert (found.findings, found.lines_booked) == ([], 1)
    assert await balances(house, "paypal") == (10 * EURO, -9 * EURO, -1 * EURO)
    assert await audit.audit(house) == []


async def test_two_providers_may_have_the_same_id(house: House, tills: Tills) -> None:
    ones = text_of(tills, "paypal") + paypal("Chargeback Fee", "-16.00", "0.00", "7")
    others = text_of(tills, "skrill") + skrill("Chargeback Fee", "-25.00", "7")
    assert (await compare(house, "paypal", ones, charges=["7"])).findings == []
    assert len((await compare(house, "skrill", others)).findings) == 1
    assert (await compare(house, "skrill", others, charges=["7"])).findings == []
    assert await audit.audit(house) == []


async def test_a_dispute_that_refers_to_its_payment_is_a_charge_and_no_part_of_it(
    house: House, members: Cast, tills: Tills
) -> None:
    deposit = await paid(house, members, tills, "paypal", 10)
    order = tills.paypal.orders[tills.paypal.done[deposit.id]["order"]]
    assert order.capture is not None
    text = text_of(tills, "paypal")
    charge = paypal("Chargeback Fee", "-16.00", "0.00", "T9", order.capture["id"])
    found = await compare(house, "paypal", f"{paypals.REPORT_HEADER}\n{charge}", charges=["T9"])
    assert found.findings[0] == (
        f"line T9 is not booked: deposit {deposit.id} is not in this report; take one with both"
    )
    text += charge
    assert (await compare(house, "paypal", text)).findings == [
        f"deposit {deposit.id}: 16.00 EUR went out, says the report; 0.00 EUR, says the ledger"
    ]
    found = await compare(house, "paypal", text, charges=["T9"])
    assert (found.findings, found.lines_booked) == ([], 1)
    assert (await compare(house, "paypal", text)).findings == []
    assert await audit.audit(house) == []


async def test_what_belongs_to_a_payment_is_not_booked_beside_it(
    house: House, members: Cast, tills: Tills
) -> None:
    deposit = await paid(house, members, tills, "skrill", 10)
    payment = tills.payment(deposit.id)
    maybe = " so it may be this one"
    commission, taken_back = f"{payment.number}1", f"{payment.number}2"
    found = await compare(house, "skrill", text_of(tills, "skrill"), charges=[commission])
    assert found.findings == [
        f"line {commission} is not booked: deposit {deposit.id} has no commission yet,{maybe}"
    ]
    payment.status = "-3"
    post = tills.status(payment)
    await deposits.heard(house, provider="skrill", headers={}, body=post.body, now=NOW)
    text = text_of(tills, "skrill")
    found = await compare(house, "skrill", text, book=True, charges=[taken_back])
    assert found.findings[-1] == (
        f"line {taken_back} is not booked: deposit {deposit.id} is not equal without it"
    )
    assert await booked(house) == []
    assert (await compare(house, "skrill", text)).findings == []


@pytest.mark.parametrize(
    ("charges", "moved", "field"),
    [
        (["T9", "T8"], [], "charge"),
        ([""], [], "charge"),
        (["x" * 101], [], "charge"),
        (["zero"], [], "charge"),
        ([], ["fee"], "moved"),
        (["T9"], ["T10", "T9"], "moved"),
    ],
)
async def test_what_cannot_be_booked_is_refused_and_nothing_with_it(
    house: House, charges: Collection[str], moved: Collection[str], field: str
) -> None:
    text = f"{paypals.REPORT_HEADER}\r\n{PAYPAL_LINES}" + paypal("Fee", "0.00", "-1.00", "fee")
    text += paypal("Payment", "1.00", "-1.00", "zero") + paypal("Payment", "1.00", "0.00", "")
    text += paypal("Payment", "1.00", "0.00", "x" * 101)
    with pytest.raises(Invalid) as refused:
        await compare(house, "paypal", text, charges=charges, moved=moved)
    assert refused.value.field == field
    assert await booked(house) == []


async def test_a_line_of_a_deposit_is_not_booked_as_anything_else(
    house: House, members: Cast, tills: Tills
) -> None:
    deposit = await paid(house, members, tills, "paypal", 10)
    capture = tills.paypal.orders[tills.paypal.done[deposit.id]["order"]].capture
    assert capture is not None
    with pytest.raises(Invalid, match="names no payment of ours"):
        await compare(house, "paypal", text_of(tills, "paypal"), charges=[capture["id"]])


async def test_what_is_booked_stays_as_it_is(house: House) -> None:
    header = f"{paypals.REPORT_HEADER}\r\n"
    assert (
        await compare(house, "paypal", f"{header}{PAYPAL_LINES}", charges=["T9"])
    ).lines_booked == 1
    with pytest.raises(Invalid, match="booked already") as refused:
        await compare(house, "paypal", f"{header}{PAYPAL_LINES}", moved=["T9"])
    assert refused.value.field == "moved"
    other = header + paypal("Chargeback Fee", "-15.00", "0.00", "T9")
    assert (await compare(house, "paypal", other)).findings == [
        "line T9: -15.00 EUR, says the report; -16.00 EUR, says the ledger"
    ]


async def test_those_that_are_new_are_booked_beside_those_that_are_not(house: House) -> None:
    text = f"{paypals.REPORT_HEADER}\r\n{PAYPAL_LINES}"
    assert (await compare(house, "paypal", text, charges=["T11"])).lines_booked == 1
    assert (await compare(house, "paypal", text, charges=["T11", "T9"])).lines_booked == 1
    assert len(await booked(house)) == 2


async def test_two_who_book_the_same_line_at_once_book_it_once(house: House) -> None:
    text = f"{paypals.REPORT_HEADER}\r\n{PAYPAL_LINES}"
    refs = ["T9", "T10", "T11", "T12"]

    async def book() -> Compared:
        return await compare(house, "paypal", text, charges=refs)

    found = await asyncio.gather(*(book() for _ in range(4)))
    assert sum(one.lines_booked for one in found) == 4
    assert [one.findings for one in found] == [[]] * 4
    assert await audit.audit(house) == []


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE provider_lines SET charged_micros = charged_micros - 1 WHERE charged_micros <> 0",
        "UPDATE provider_lines SET moved_micros = -moved_micros",
        "UPDATE provider_lines SET moved_micros = charged_micros, charged_micros = moved_micros",
        "UPDATE provider_lines SET provider = 'skrill'",
        "DELETE FROM provider_lines WHERE provider_ref = 'T12'",
        "INSERT INTO provider_lines VALUES (99, 'paypal', 'T99', -1, 0, 1)",
    ],
)
async def test_the_audit_finds_damage_to_a_line(house: House, damage: str) -> None:
    text = f"{paypals.REPORT_HEADER}\r\n{PAYPAL_LINES}"
    await compare(house, "paypal", text, charges=["T9", "T11"], moved=["T10", "T12"])
    assert await audit.audit(house) == []
    await house.db.write(lambda connection: connection.run(damage))
    assert await audit.audit(house) != []


async def test_the_command_books_lines_by_their_ids(
    house: House, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IRL_DATABASE_URL", settings.database_url)
    file = tmp_path / "report.csv"
    file.write_text(f"{paypals.REPORT_HEADER}\r\n{PAYPAL_LINES}", encoding="utf-8")

    async def run(*words: str) -> tuple[int, str]:
        done = await asyncio.to_thread(CliRunner().invoke, main, ["reconcile", str(file), *words])
        return done.exit_code, done.output

    code, said = await run()
    assert (code, said.splitlines()[0]) == (
        1,
        "line 2: -16.00 EUR (Chargeback Fee, T9) is about nothing that the house knows",
    )
    code, said = await run("--charge", "T8")
    assert (code, "no line 'T8'" in said) == (2, True)
    words = ("--charge", "T9", "--charge", "T11", "--moved", "T10", "--moved", "T12")
    code, said = await run(*words)
    assert (code, said.splitlines()) == (
        0,
        [
            "4 lines booked",
            "4 lines about 0 payments: -30.25 EUR in the report, -30.25 EUR in the ledger",
            "equal",
        ],
    )
    assert (await run())[0] == 0
    assert await audit.audit(house) == []
