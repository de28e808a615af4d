"""Files for the bank: valid, made once, the same for ever."""

from __future__ import annotations

import asyncio
import importlib.resources
from collections.abc import AsyncIterator
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
import xmlschema

from irl.errors import Invalid, NotFound
from irl.house import House
from irl.money import payout_files, payouts
from irl.rules import EURO
from irl.settlement import audit
from tests.cast import Cast
from tests.irl.conftest import Rows, day
from tests.irl.money.test_payouts import PAYDAY, received

pytestmark = pytest.mark.anyio

SPACE = "{urn:iso:std:iso:20022:tech:xsd:pain.001.001.09}"


@pytest.fixture
async def bank(house: House) -> AsyncIterator[House]:
    """A house with a bank account that pays."""
    settings = house.settings.model_copy(
        update={
            "sepa_name": "flattr in real life",
            "sepa_iban": "FR1420041010050500013M02606",
            "sepa_bic": "PSSTFRPPXXX",
        }
    )
    bank = replace(house, settings=settings)
    yield bank
    assert await audit.audit(bank) == []


async def test_a_file_is_valid_and_says_who_gets_what(bank: House, members: Cast) -> None:
    alice = (await received(bank, members))["alice"]
    asked = [
        await payouts.ask(
            replace(bank, rules=replace(bank.rules, payout_least_micros=EURO)),
            alice.id,
            amount_micros=amount,
            now=PAYDAY,
        )
        for amount in (10 * EURO + 10_000, 7 * EURO)
    ]
    file = await payout_files.export(bank, now=PAYDAY)
    schema = importlib.resources.files("sepaxml") / "schemas" / "pain.001.001.09.xsd"
    xmlschema.XMLSchema(schema.read_text()).validate(file.body)
    root = ET.fromstring(file.body)

    def texts(name: str) -> list[str | None]:
        return [element.text for element in root.iter(f"{SPACE}{name}")]

    assert texts("EndToEndId") == [payout.id for payout in asked]
    assert texts("InstdAmt") == ["10.01", "7.00"]
    assert texts("CtrlSum") == ["17.01", "17.01"]
    assert texts("NbOfTxs") == ["2", "2"]
    assert texts("MsgId") == [file.id]
    assert texts("CreDtTm") == ["2026-12-12T12:00:00Z"]
    assert texts("Dt") == ["2026-12-12"]
    assert texts("BICFI") == ["PSSTFRPPXXX"]
    assert texts("IBAN") == ["FR1420041010050500013M02606", *["DE89370400440532013000"] * 2]
    assert texts("Nm")[-1] == "Aelice Uenter"


async def test_a_file_is_made_once_and_given_again(bank: House, members: Cast, rows: Rows) -> None:
    alice = (await received(bank, members))["alice"]
    with pytest.raises(NotFound):
        await payout_files.export(bank, now=PAYDAY)
    await payouts.ask(bank, alice.id, amount_micros=None, now=PAYDAY)
    made = await asyncio.gather(*(payout_files.export(bank, now=PAYDAY) for _ in range(5)))
    assert sum(file.is_new for file in made) == 1
    assert len({(file.id, file.body) for file in made}) == 1
    later = await payout_files.export(bank, now=day(20, 12))
    assert (later.is_new, later.body) == (False, made[0].body)
    assert await payout_files.of(bank, later.id) == later
    assert len(await rows("SELECT * FROM payout_files")) == 1
    with pytest.raises(NotFound):
        await payout_files.of(bank, "0" * 13)


async def test_a_file_names_its_payouts(bank: House, members: Cast) -> None:
    alice = (await received(bank, members))["alice"]
    asked = await payouts.ask(bank, alice.id, amount_micros=None, now=PAYDAY)
    file = await payout_files.export(bank, now=PAYDAY)
    assert await payout_files.inside(bank, file.id) == (asked.id,)
    assert await payout_files.inside(bank, asked.id) == (asked.id,)


async def test_without_an_account_of_the_house_nothing_is_exported(
    house: House, members: Cast, rows: Rows
) -> None:
    alice = (await received(house, members))["alice"]
    await payouts.ask(house, alice.id, amount_micros=None, now=PAYDAY)
    with pytest.raises(Invalid, match="IRL_SEPA_NAME and IRL_SEPA_IBAN"):
        await payout_files.export(house, now=PAYDAY)
    assert [row["state"] for row in await rows("SELECT state FROM payouts")] == ["requested"]
    assert await rows("SELECT * FROM payout_files") == []
