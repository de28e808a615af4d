"""Payout addresses: names as banks know them, IBANs that are right, and who is told."""

from __future__ import annotations

import pytest

from irl.errors import Invalid
from irl.house import House
from irl.money import payout_addresses
from irl.money.payout_addresses import PayoutAddress, holder_name, iban, masked
from tests.cast import Cast
from tests.conftest import NOW
from tests.irl.conftest import Rows

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Alice Adams", "Alice Adams"),
        ("  Älice   Ünterößler ", "Aelice Uenteroessler"),
        ("Åsa Ærø", "Asa AEro"),
        ("Łucja Żółć", "Lucja Zolc"),
        ("Đorđe Šćepanović", "Dorde Scepanovic"),
        ("O\u2019Brien & Sons", "O'Brien + Sons"),
        ("José Ñúñez-Çelik", "Jose Nunez-Celik"),
        ("İbrahim I\u015f\u0131k", "Ibrahim Isik"),
        ("Straße (GmbH), 5/3: a.b", "Strasse (GmbH), 5/3: a.b"),
    ],
)
async def test_names_are_written_as_banks_know_them(typed: str, kept: str) -> None:
    assert holder_name(typed) == kept


@pytest.mark.parametrize(
    "typed", ["", "   ", "Алиса", "Αλίκη", "Alice 👩", "Alice\nAdams", "A" * 71, "a_b", "\u0301"]
)
async def test_names_that_no_bank_can_read_are_refused(typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        holder_name(typed)
    assert refused.value.field == "holder"


async def test_a_name_that_grows_beyond_the_most_is_refused() -> None:
    with pytest.raises(Invalid):
        holder_name("ß" * 40)


@pytest.mark.parametrize(
    "typed",
    ["DE89 3704 0044 0532 0130 00", "de89370400440532013000", " GB29NWBK60161331926819 "],
)
async def test_a_right_iban_is_kept_without_spaces(typed: str) -> None:
    assert iban(typed) == typed.replace(" ", "").upper()


@pytest.mark.parametrize(
    "typed",
    [
        "DE89370400440532013001",  # check digits
        "DE8937040044053201300",
        "US64SVBKUS6S3300958879",
        "BR1800360305000010009795493C1",  # right, but outside SEPA
        "alice@house.example",
        "",
        "DE89\u200b370400440532013000",
        "D" * 100,
    ],
)
async def test_a_wrong_iban_is_refused(typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        iban(typed)
    assert refused.value.field == "address"


async def test_every_single_wrong_digit_of_an_iban_is_refused() -> None:
    right = "DE89370400440532013000"
    for place in range(2, len(right)):
        for digit in "0123456789":
            if digit != right[place]:
                with pytest.raises(Invalid):
                    iban(right[:place] + digit + right[place + 1 :])


async def test_addresses_are_shortened_for_mails() -> None:
    assert masked("DE89370400440532013000") == "DE…3000"
    assert masked("alice@house.example") == "a…@house.example"


async def test_a_change_is_kept_and_told_by_mail(house: House, members: Cast, rows: Rows) -> None:
    alice = await members.member("Alice")
    assert await payout_addresses.of(house, alice.id) is None
    for address in ("DE89370400440532013000", "FR1420041010050500013M02606"):
        kept = await payout_addresses.set_to(
            house, alice.id, method="sepa", holder="Alice", address=address, now=NOW
        )
        assert kept == PayoutAddress(method="sepa", holder="Alice", address=address)
        assert await payout_addresses.of(house, alice.id) == kept
    mails = await rows("SELECT * FROM outbox WHERE subject LIKE '%payout address%' ORDER BY id")
    assert [mail["recipient"] for mail in mails] == ["alice@house.example"] * 2
    assert "Alice, FR…2606" in mails[1]["body"]
    assert "FR1420041010050500013M02606" not in mails[1]["body"]
