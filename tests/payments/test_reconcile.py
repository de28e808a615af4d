"""A provider's own report beside the ledger: equal, or each difference named."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from irl.errors import Invalid
from irl.house import House
from irl.money import deposits, ledger
from irl.money.payments import report
from irl.money.payments.paypal import report as paypal_report
from irl.rules import CENT
from irl.settings import Settings
from irl.settlement import audit
from tests.cast import Cast
from tests.conftest import NOW
from tests.fakes import paypal as paypals
from tests.fakes import skrill as skrills
from tests.payments.conftest import Tills
from tests.payments.reports import UNDERSTAND, compare, paid, text_of


async def account(house: House, provider: str) -> int:
    async with house.db.reading() as connection:
        return await ledger.balance(connection, ledger.provider(provider))


@pytest.mark.anyio
async def test_paypals_report_equals_its_account(house: House, members: Cast, tills: Tills) -> None:
    for euros in (10, 8, 5000):
        assert (await paid(house, members, tills, "paypal", euros)).state == "booked"
    found = await compare(house, "paypal", text_of(tills, "paypal"))
    assert found.findings == []
    assert (found.lines, found.payments) == (3, 3)
    assert found.report_micros == found.ledger_micros == -await account(house, "paypal")


@pytest.mark.anyio
async def test_skrills_commissions_are_known_from_its_report_and_booked_once(
    house: House, members: Cast, tills: Tills
) -> None:
    for euros in (10, 20):
        await paid(house, members, tills, "skrill", euros)
    text = text_of(tills, "skrill")
    assert len((await compare(house, "skrill", text)).findings) == 2
    booked = await compare(house, "skrill", text, book=True)
    assert (booked.findings, booked.booked) == ([], 2)
    again = await compare(house, "skrill", text, book=True)
    assert (again.findings, again.booked) == ([], 0)
    assert again.report_micros == again.ledger_micros == -await account(house, "skrill")
    assert await audit.audit(house) == []


@pytest.mark.anyio
async def test_chargebacks_are_on_both_sides(house: House, members: Cast, tills: Tills) -> None:
    deposit = await paid(house, members, tills, "skrill", 10)
    payment = tills.payment(deposit.id)
    payment.status = "-3"
    post = tills.status(payment)
    await deposits.heard(house, provider="skrill", headers={}, body=post.body, now=NOW)
    text = text_of(tills, "skrill")
    found = await compare(house, "skrill", text, book=True)
    assert found.findings == []
    assert found.ledger_micros == -await account(house, "skrill") == -48 * CENT
    assert await audit.audit(house) == []


@pytest.mark.anyio
async def test_each_difference_is_named(house: House, members: Cast, tills: Tills) -> None:
    known = await paid(house, members, tills, "paypal", 10)
    lost = await paid(house, members, tills, "paypal", 20)
    order = tills.paypal.orders.pop(tills.paypal.done[lost.id]["order"])
    text = text_of(tills, "paypal").replace('"10.00","-0.60"', '"10.01","-0.61"')
    text += '"23/11/2026","1","UTC","","Chargeback Fee","Completed","EUR","-16.00","0.00","-16.00","","","T9","","","","","Debit"\r\n'
    text += '"23/11/2026","1","UTC","","Payment","Pending","EUR","99.00","0.00","99.00","","","T8","","","","",""\r\n'
    found = await compare(house, "paypal", text)
    assert order.unit["custom_id"] == lost.id
    less = " 0.60 EUR, says the ledger"
    assert found.findings == [
        "line 3: -16.00 EUR (Chargeback Fee, T9) is about nothing that the house knows",
        f"deposit {known.id}: 10.01 EUR came in, says the report; 10.00 EUR, says the ledger",
        f"deposit {known.id}: 0.61 EUR was kept by the provider, says the report;{less}",
        f"deposit {lost.id}: 20.00 EUR are booked, and the report knows nothing of it",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Date,Amount\n1,2\n",
        f"{paypals.REPORT_HEADER}\na\0b\n",
        f"{paypals.REPORT_HEADER}\n" + '"' + "x" * 20_000,
        paypals.REPORT_HEADER
        + "\n"
        + ",".join(["a", "b", "c", "d", "e", "Completed", "USD"] + ["1"] * 11),
        paypals.REPORT_HEADER
        + "\n"
        + ",".join(["a", "b", "c", "d", "e", "Completed", "EUR", "1e3"] + ["1"] * 10),
    ],
)
def test_what_is_no_report_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        list(report.lines(text.splitlines(keepends=True), paypal_report.understand))


@hypothesis_settings(max_examples=200, deadline=None)
@given(st.text(max_size=200), st.sampled_from([paypals.REPORT_HEADER, skrills.REPORT_HEADER, ""]))
def test_no_text_of_a_report_is_a_mistake_of_ours(text: str, header: str) -> None:
    for understand in UNDERSTAND.values():
        try:
            for line in report.lines(f"{header}\n{text}".splitlines(keepends=True), understand):
                assert line.fee <= 10**15
        except Invalid:
            continue


def _run(monkeypatch: pytest.MonkeyPatch, settings: Settings, *arguments: str) -> tuple[int, str]:
    from api.cli import main

    monkeypatch.setenv("IRL_DATABASE_URL", settings.database_url)
    done = CliRunner().invoke(main, ["reconcile", *arguments])
    return done.exit_code, done.output


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_command_knows_whose_report_it_is(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "report.csv"
    file.write_text("\ufeff" + paypals.REPORT_HEADER + "\r\n", encoding="utf-8")
    code, said = _run(
        monkeypatch, settings, str(file), "--from", "2026-11-01", "--until", "2026-11-30"
    )
    assert (code, said.splitlines()[-1]) == (0, "equal")
    file.write_text(
        f"{skrills.REPORT_HEADER}\n1,x,Withdraw,x,5.00,,processed,0,,,,,,\n", encoding="utf-8"
    )
    code, said = _run(monkeypatch, settings, str(file))
    assert code == 1
    assert "line 2: -5.00 EUR (Withdraw, 1) is about nothing that the house knows" in said
    for bad in (b"\xff\xfe\x00", b"a,b\n", b""):
        file.write_bytes(bad)
        assert _run(monkeypatch, settings, str(file))[0] == 2
