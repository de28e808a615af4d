"""`irl payouts`: what the operator types, and what is told."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from click.testing import CliRunner, Result

from api.cli import main
from irl import month as months
from irl import settlement
from irl.house import House, opened
from irl.money import payout_addresses, payouts
from irl.money.payout import Payout
from irl.settings import Settings
from tests.cast import Cast

T = TypeVar("T")
IBAN = "DE89370400440532013000"
NOW = datetime.now(UTC)
"""Commands know no other time than the machine's."""


@pytest.fixture
def database_url(tmp_path: Path, empty_sqlite: Path) -> str:
    (tmp_path / "irl.db").write_bytes(empty_sqlite.read_bytes())
    return f"sqlite:///{tmp_path / 'irl.db'}"


@pytest.fixture(autouse=True)
def environment(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IRL_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("IRL_MAIL_URL", settings.mail_url)
    monkeypatch.setenv("IRL_SEPA_NAME", "A house")
    monkeypatch.setenv("IRL_SEPA_IBAN", IBAN)


def run(*words: str) -> Result:
    return CliRunner().invoke(main, words)


def in_house(settings: Settings, work: Callable[[House], Awaitable[T]]) -> T:
    async def opening() -> T:
        async with opened(settings) as house:
            return await work(house)

    return asyncio.run(opening())


async def _asked(house: House) -> list[Payout]:
    """Let Alice and Charlie ask for 18 EUR each, and a charity have 18 EUR more, months ago."""
    cast = Cast(house, NOW - timedelta(days=120))
    for giver in ("Bob", "Dora", "Eve"):
        await cast.funds(giver, euros=20, budget=20)
    await cast.scan("Bob", await cast.payload("Alice", "Work"))
    await cast.scan("Dora", await cast.payload("Charlie", "Song"))
    month = months.of(cast.now)
    cast.later(seconds=1)
    await settlement.settle(house, month, early=True, now=cast.now)
    found = []
    for name in ("Alice", "Charlie"):
        member = cast.joined[name]
        await payout_addresses.set_to(
            house, member.id, method="sepa", holder=name, address=IBAN, now=NOW
        )
        found.append(await payouts.ask(house, member.id, amount_micros=None, now=NOW))
    return found


def test_a_file_is_written_and_its_payouts_are_decided(settings: Settings, tmp_path: Path) -> None:
    assert run("charity", "Sea Rescue", "https://sea.example").stdout == "1 Sea Rescue\n"
    refused = run("payouts", "export", str(tmp_path / "none.xml"))
    assert (refused.exit_code, refused.stderr) == (
        2,
        "irl: No payout by SEPA waits, and none was ever made.\n",
    )
    one, other = in_house(settings, _asked)
    assert run("payouts", "charity", "1").stderr == "irl: This charity has no account yet.\n"
    named = run("charity", "Sea Rescue", "https://sea.example", "--holder", "Sea", "--iban", IBAN)
    assert named.stdout == "1 Sea Rescue\n"
    third = run("payouts", "charity", "1").stdout
    assert third.endswith(" requested 18.00 EUR to Sea\n")
    listed = run("payouts", "list").stdout.splitlines()
    assert listed[0] == f"{one.id} requested 18.00 EUR sepa DE…3000 Alice"
    assert len(listed) == 3

    file = tmp_path / "bank.xml"
    made = run("payouts", "export", str(file))
    file_id = made.stdout.partition(":")[0]
    assert made.stdout == f"{file_id}: 3 payouts, 54.00 EUR\n"
    body = file.read_text()
    again = run("payouts", "export", str(file))
    assert again.stdout == f"{file_id}: 3 payouts, 54.00 EUR, made before: nothing new waits\n"
    assert file.read_text() == body
    assert run("payouts", "again", file_id, str(tmp_path / "copy.xml")).exit_code == 0
    assert (tmp_path / "copy.xml").read_text() == body

    back = run("payouts", "returned", other.id, "--why", "account closed")
    assert back.stdout == f"{other.id} returned\n"
    assert run("payouts", "returned", other.id).stdout == f"{other.id} was returned already\n"
    paid = run("payouts", "paid", file_id).stdout.splitlines()
    assert paid[0] == f"{one.id} paid"
    assert paid[1].startswith(f"{other.id} left as it is")
    assert run("payouts", "paid", one.id).stdout == f"{one.id} was paid already\n"
    assert run("payouts", "paid", other.id).exit_code == 2
    assert run("payouts", "paid", "nonsense").exit_code == 2
    assert run("payouts", "list").stdout == ""
    assert run("payouts", "send").stdout == "0 sent, 0 paid, 0 returned\n"
    assert run("audit").stdout == "clean\n"


def test_a_file_that_cannot_be_written_is_kept(settings: Settings, tmp_path: Path) -> None:
    in_house(settings, _asked)
    lost = run("payouts", "export", str(tmp_path / "no folder" / "bank.xml"))
    assert lost.exit_code == 1
    assert "cannot be written" in lost.stderr
    made = run("payouts", "export", str(tmp_path / "bank.xml"))
    assert "made before" in made.stdout
    assert "EndToEndId" in (tmp_path / "bank.xml").read_text()


def test_a_charity_with_a_wrong_account_is_not_added() -> None:
    refused = run("charity", "Sea", "https://sea.example", "--holder", "Sea", "--iban", "DE00")
    assert refused.exit_code == 2
    assert run("charity", "Sea", "https://sea.example").stdout == "1 Sea\n"
