"""Whatever happens in a house, its statements recompute and each begins where the last ended."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from irl import month as months
from irl import settlement
from irl.errors import IrlError
from irl.house import House
from irl.money import charities, moves, payout_addresses, payouts, wallet
from irl.money.payments import sandbox
from irl.month import Month
from irl.rules import CENT, EURO
from irl.settlement import audit, document, findings, recompute, sheet, statements, transparency
from tests.cast import Cast
from tests.settlement.winter import IBAN, rows_of

pytestmark = pytest.mark.anyio

SEEDS = range(60 if os.environ.get("IRL_LONG") else 2)
MONTHS = 4


class Year:
    """Some months in a small house, by chance."""

    def __init__(self, house: House, members: Cast, seed: int) -> None:
        self.house = house
        self.members = members
        self.dice = Random(seed)
        self.works: list[str] = []
        self.early = False

    async def begin(self) -> None:
        """Six members, each with a thing; one charity."""
        await charities.add(
            self.house, name="The shelter", url="https://charity.example", now=self.members.now
        )
        for n in range(6):
            self.works.append(await self.members.payload(f"M{n}", f"Work {n}"))
            member = self.members.joined[f"M{n}"]
            await payout_addresses.set_to(
                self.house,
                member.id,
                method="sepa",
                holder=f"M{n}",
                address=IBAN,
                now=self.members.now,
            )

    async def do(self) -> None:
        """Do one thing; what is refused is no matter."""
        name = f"M{self.dice.randrange(6)}"
        deed = self.dice.choice(
            [
                self.deposit,
                self.deposit,
                self.scan,
                self.scan,
                self.scan,
                self.budget,
                self.move,
                self.pay_out,
                self.give_back,
                self.reverse,
            ]
        )
        try:
            await deed(name)
        except IrlError:
            return

    async def deposit(self, name: str) -> None:
        await self.members.funds(name, euros=self.dice.randrange(8, 60))

    async def budget(self, name: str) -> None:
        budget = self.dice.choice([None, *range(2 * EURO, 30 * EURO, 77 * CENT)])
        member = self.members.joined[name]
        await wallet.set_budget(self.house, member.id, budget, now=self.members.now)

    async def scan(self, name: str) -> None:
        chosen = self.dice.sample(self.works, self.dice.randrange(1, 5))
        await self.members.scan(name, *chosen)

    async def move(self, name: str) -> None:
        member = self.members.joined[name]
        amount = self.dice.choice([None, self.dice.randrange(1, 5 * EURO)])
        await moves.to_funds(self.house, member.id, amount_micros=amount, now=self.members.now)

    async def pay_out(self, name: str) -> None:
        member = self.members.joined[name]
        await payouts.ask(self.house, member.id, amount_micros=None, now=self.members.now)

    async def give_back(self, _: str) -> None:
        asked = await payouts.undecided(self.house)
        if asked:
            chosen = self.dice.choice(asked)
            await payouts.returned(self.house, chosen.id, why="closed", now=self.members.now)

    async def reverse(self, _: str) -> None:
        booked = await rows_of(
            self.house, "SELECT public_id FROM deposits WHERE state = 'booked' ORDER BY id"
        )
        if booked:
            chosen = self.dice.choice(booked)["public_id"]
            await sandbox.decide(self.house, chosen, "chargeback", now=self.members.now)

    async def live(self, month: Month) -> None:
        """Let a month pass and close it, early or some time after its end."""
        self.early = self.dice.random() < 0.3
        until = months.start(month) + timedelta(days=self.dice.randrange(10, 27))
        if not self.early:
            until = months.end(month) + timedelta(days=self.dice.randrange(3, 12))
        deeds = 25
        step = (until - self.members.now) / (deeds + 1)
        for _ in range(deeds):
            self.members.now += step
            await self.do()
        self.members.now = until
        await settlement.settle(self.house, month, early=self.early, now=until)
        self.members.now += timedelta(minutes=1)


@pytest.mark.parametrize("seed", SEEDS)
async def test_every_statement_recomputes_and_follows_on_the_one_before(
    house: House, members: Cast, seed: int
) -> None:
    members.now = datetime(2026, 11, 1, 12, tzinfo=UTC)
    year = Year(house, members, seed)
    await year.begin()
    for number in range(MONTHS):
        await year.live(months.add(Month(202611), number))
        if number % 2:
            await transparency.keep(house)
            assert await audit.audit(house) == []
    links = []
    for member in members.joined.values():
        for number in range(MONTHS):
            month = months.add(Month(202611), number)
            statement = await statements.of(house, member.id, month, now=members.now)
            made = document.of(statement)
            assert findings.of(made) == [], made
            links.append(recompute.link(made))
            assert made["hash"] in sheet.of(statement)
    assert recompute.broken(links) == []
    assert await audit.audit(house) == []
    await _ends_with_the_ledger(house, links[MONTHS - 1 :: MONTHS])


async def _ends_with_the_ledger(house: House, last: list[recompute.Link]) -> None:
    """What the last statement ends with is what the ledger has, since nothing came after it."""
    found = {
        row["account"]: row["balance_micros"]
        for row in await rows_of(house, "SELECT account, balance_micros FROM balances")
    }
    for link in last:
        there = (found.get(link.member * 8 + 1, 0), found.get(link.member * 8 + 2, 0))
        later = await rows_of(
            house,
            "SELECT count(*) AS many FROM transfers t JOIN months m ON t.posted_at >= m.ends_at"
            f" WHERE m.month = {link.month} AND t.kind NOT IN ('pot', 'share', 'charity')",
        )
        if later[0]["many"] == 0:
            assert there == link.after
