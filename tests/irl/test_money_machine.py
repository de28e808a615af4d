"""Money in, round and out, in any order: the ledger agrees with a model of single micro-euros."""

from __future__ import annotations

import os
from collections import defaultdict
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from irl import month as months
from irl.errors import NotPayable, PayoutDecided
from irl.money import (
    charities,
    deposits,
    ledger,
    moves,
    payout_addresses,
    payout_files,
    payouts,
    revenue,
    wallet,
)
from irl.money.payments import sandbox
from irl.money.payout import Payout
from irl.money.shares import shares
from irl.month import Day, Month
from irl.rules import CENT, EURO
from irl.settings import Settings
from irl.settlement import audit, runner
from tests.cast import Cast
from tests.irl.machine import START, Machine, beginning
from tests.irl.money_model import Lot, Model, Paid

GIVERS = ("Bob", "Charlie", "Dora")
MAKERS = ("Alice", "Bob")  # Bob gives and receives
WORKS = (("Alice", "Boat"), ("Alice", "Tree"), ("Bob", "Song"))
CHARITY = "the charity"
IBAN = "DE89370400440532013000"
LONG = bool(os.environ.get("IRL_LONG"))


class MoneyMachine(Machine):
    """Real verbs of the house, each checked against the model."""

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.codes: dict[str, str] = {}
        self.numbers: dict[str, int] = {}
        self.given: set[tuple[Month, str, str]] = set()

    @property
    def now(self) -> datetime:
        self.cast.later(seconds=1)
        return self.cast.now

    @property
    def today(self) -> Day:
        return months.to_day(self.cast.now)

    @initialize(
        cents=st.lists(st.integers(3000, 9000), min_size=3, max_size=3),
        eager=st.sampled_from([set(GIVERS), {"Bob"}, set()]),
    )
    def begin(self, cents: list[int], eager: set[str]) -> None:
        """Begin at a payday of most, so that there is something to pay out from the start."""
        for maker, title in WORKS:
            thing = self.run(self.cast.thing(maker, title))
            self.codes[title] = self.run(self.cast.placement(thing)).code.text
        found = self.rows("SELECT id, title FROM things")
        self.numbers = {row["title"]: row["id"] for row in found}
        for name, amount in zip(GIVERS, cents, strict=True):
            self.deposit(name, amount)
            self.set_budget(name, amount // 2 + 200)
        if eager:
            # Without flattrs one gives to charity, since a month closed early counts as warned.
            self.close_the_month(eager != set(GIVERS), eager)
            self.cast.later(days=36)

    # --- money in ---

    @rule(name=st.sampled_from(GIVERS), cents=st.integers(800, 9000))
    def deposit(self, name: str, cents: int) -> None:
        amount, now = cents * CENT, self.now
        member = self.cast.joined[name]
        asked = self.run(
            deposits.ask(self.house, member.id, amount_micros=amount, provider="sandbox", now=now)
        )
        self.run(sandbox.decide(self.house, asked.id, "approve", now=now))
        its_fee = amount // 10
        self.model.paid[asked.id] = Paid(amount, its_fee, name)
        self.model.fees += its_fee
        payable_on = months.to_day(now + timedelta(days=30))
        self.model.lots[name].append(Lot(asked.id, amount - its_fee, now, payable_on))

    @rule(which=st.integers(0, 20))
    @precondition(lambda self: self.model.paid)
    def charge_back(self, which: int) -> None:
        deposit_id = list(self.model.paid)[which % len(self.model.paid)]
        self.run(sandbox.decide(self.house, deposit_id, "chargeback", now=self.now))
        self.model.reverse(deposit_id)

    # --- giving ---

    @rule(name=st.sampled_from(GIVERS), cents=st.integers(200, 5000))
    def set_budget(self, name: str, cents: int) -> None:
        member, now = self.cast.joined[name], self.now
        self.run(wallet.set_budget(self.house, member.id, cents * CENT, now=now))
        self.model.budgets[name].append((now, cents * CENT))

    @rule(name=st.sampled_from(GIVERS), work=st.sampled_from(WORKS))
    def flattr(self, name: str, work: tuple[str, str]) -> None:
        maker, title = work
        self.run(self.cast.scan(name, self.codes[title], now=self.now))
        if maker != name:
            self.given.add((self.month, name, title))

    @rule(early=st.booleans(), eager=st.sets(st.sampled_from(GIVERS), min_size=1))
    def close_the_month(self, early: bool, eager: set[str]) -> None:  # noqa: FBT001 - hypothesis names it
        first = self.first_open
        if first == self.month:
            for name in sorted(eager):
                for work in WORKS:
                    self.flattr(name, work)
        if early and first > months.of(self.cast.now):
            return
        if not early:
            self.cast.now = max(self.cast.now, months.end(first) + timedelta(days=3))
        now = self.now
        ends = min(now, months.end(first)) if early else months.end(first)
        early = now < months.end(first) + timedelta(days=3)
        self.run(runner.settle(self.house, first, early=early, now=now))
        for name in GIVERS:
            self._close(name, first, ends, early=early)

    def _close(self, name: str, month: Month, ends: datetime, *, early: bool) -> None:
        titles = [title for at, giver, title in self.given if (at, giver) == (month, name)]
        titles.sort(key=self.numbers.__getitem__)
        if not titles and not early:  # nobody was warned
            return
        held = sum(lot.left for lot in self.model.lots[name] if lot.booked < ends)
        pot = min(self.model.budget(name, ends), held)
        earliest = Day(months.add(month, 1) * 100 + 10)
        day, line = self.model.give(name, pot, ends, earliest)
        if not titles and pot:
            self.model.receive((CHARITY, month, day), line, pot)
        makers = {title: maker for maker, title in WORKS}
        numbers = [self.numbers[title] for title in titles]
        divided = shares(month, self.cast.joined[name].id, pot, numbers)
        for title, micros in zip(titles, divided, strict=True):
            if micros:
                self.model.receive((makers[title], month, day), line, micros)

    @rule(
        early=st.booleans(),
        eager=st.sets(st.sampled_from(GIVERS)),
        name=st.sampled_from((*MAKERS, CHARITY)),
    )
    def come_to_a_payday(self, early: bool, eager: set[str], name: str) -> None:  # noqa: FBT001 - hypothesis names it
        """Most ways to a payout are long; this one is not."""
        self.close_the_month(early, eager)
        self.cast.later(days=36)
        self.ask_for_a_payout(name, None)

    @rule(days=st.integers(1, 40))
    def wait(self, days: int) -> None:
        self.cast.later(days=days)

    # --- money out ---

    @rule(name=st.sampled_from((*MAKERS, CHARITY)), part=st.none() | st.floats(0, 1.2))
    def ask_for_a_payout(self, name: str, part: float | None) -> None:
        there = self.model.revenue(name, self.today) // CENT * CENT
        wanted = there
        if part is not None and name != CHARITY:
            wanted = max(10 * EURO, int(there * part) // CENT * CENT)
        if wanted < 10 * EURO or wanted > there:
            with pytest.raises(NotPayable):
                self.run(self._ask(name, None if part is None else wanted))
            return
        asked = self.run(self._ask(name, None if part is None else wanted))
        assert asked.amount_micros == wanted
        taken = self.model.take(name, wanted, self.today)
        self.model.payouts[asked.id] = (name, "requested", taken)

    async def _ask(self, name: str, amount: int | None) -> Payout:
        if name == CHARITY:
            return await payouts.ask_for_charity(self.house, 1, now=self.cast.now)
        member = self.cast.joined[name]
        return await payouts.ask(self.house, member.id, amount_micros=amount, now=self.cast.now)

    @rule()
    @precondition(lambda self: self.model.payouts)
    def export(self) -> None:
        waiting = [key for key, paid in self.model.payouts.items() if paid[1] == "requested"]
        file = self.run(payout_files.export(self.house, now=self.now)) if waiting else None
        for key in waiting:
            name, _, taken = self.model.payouts[key]
            self.model.payouts[key] = (name, "exported", taken)
            assert file is not None
            assert f"<EndToEndId>{key}</EndToEndId>" in file.body

    @rule(which=st.integers(0, 20), arrives=st.booleans())
    @precondition(lambda self: self.model.payouts)
    def hear_of_a_payout(self, which: int, arrives: bool) -> None:  # noqa: FBT001 - hypothesis names it
        key = list(self.model.payouts)[which % len(self.model.payouts)]
        name, state, taken = self.model.payouts[key]
        if not arrives:
            new = self.run(payouts.returned(self.house, key, why="closed", now=self.now))
            assert new == (state != "returned")
            if new:
                for portion, micros in taken.items():
                    self.model.went[portion] -= micros
                self.model.payouts[key] = (name, "returned", taken)
        elif state in {"exported", "paid"}:
            assert self.run(payouts.paid(self.house, key, now=self.now)) == (state == "exported")
            self.model.payouts[key] = (name, "paid", taken)
        else:
            with pytest.raises(PayoutDecided):
                self.run(payouts.paid(self.house, key, now=self.now))

    @rule(name=st.sampled_from(MAKERS), micros=st.none() | st.integers(1, 30 * EURO))
    def move(self, name: str, micros: int | None) -> None:
        there, member = self.model.revenue(name), self.cast.joined[name]
        work = moves.to_funds(self.house, member.id, amount_micros=micros, now=self.now)
        wanted = there if micros is None else micros
        if not 0 < wanted <= there:
            with pytest.raises(NotPayable):
                self.run(work)
            return
        assert self.run(work).amount_micros == wanted
        by_day: dict[Day, int] = defaultdict(int)
        for portion, taken in self.model.take(name, wanted).items():
            by_day[portion[2]] += taken
        for day in sorted(by_day):
            self.model.lots[name].append(Lot(None, by_day[day], self.cast.now, day))

    @rule(which=st.integers(0, 20), name=st.sampled_from(MAKERS), part=st.floats(0.1, 1))
    @precondition(lambda self: self.model.paid)
    def charge_back_after_some_left(self, which: int, name: str, part: float) -> None:
        """Let a part of a maker's revenue go before a deposit that it may be made of."""
        self.move(name, int(self.model.revenue(name) * part) or None)
        self.charge_back(which)

    # --- what always holds ---

    @invariant()
    def everything_adds_up(self) -> None:
        assert list(self.run(audit.audit(self.house))) == []

    @invariant()
    def every_micro_is_where_the_model_has_it(self) -> None:
        rows = self.rows("SELECT account, balance_micros FROM balances WHERE balance_micros <> 0")
        found = {row["account"]: row["balance_micros"] for row in rows}
        wanted = {ledger.FEE: self.model.fees, ledger.LOSS: -self.model.loss}
        for name, member in self.cast.joined.items():
            wanted[ledger.funds(member.id)] = sum(lot.left for lot in self.model.lots[name])
            wanted[ledger.revenue(member.id)] = self.model.revenue(name)
        wanted[ledger.charity(1)] = self.model.revenue(CHARITY)
        for account, micros in wanted.items():
            assert found.get(account, 0) == micros, account
        by_state: dict[str, int] = defaultdict(int)
        for _, state, taken in self.model.payouts.values():
            by_state[state] += sum(taken.values())
        underway = sum(found[account] for account in found if account % 8 == 7)
        assert underway == by_state["requested"] + by_state["exported"]
        assert found.get(ledger.provider("sepa"), 0) == by_state["paid"]

    @invariant()
    def revenue_says_what_can_be_paid_out(self) -> None:
        for name in MAKERS:
            member = self.cast.joined[name]
            seen = self.run(revenue.of(self.house, member.id, now=self.cast.now))
            assert seen.payable_micros == self.model.revenue(name, self.today)
            assert seen.revenue_micros == self.model.revenue(name)


async def people(cast: Cast) -> None:
    sea = await charities.add(cast.house, name="Sea Rescue", url="https://sea.example", now=START)
    await charities.set_account(cast.house, sea.id, holder="Sea Rescue", iban=IBAN)
    for name in (*GIVERS, "Alice"):
        await cast.member(name)
    for name in MAKERS:
        await payout_addresses.set_to(
            cast.house, cast.joined[name].id, method="sepa", holder=name, address=IBAN, now=START
        )


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("part", range(40 if LONG else 3))
def test_whatever_happens_to_money_every_micro_is_accounted_for(
    empty_sqlite: Path, tmp_path: Path, part: int
) -> None:
    wanted = Settings(sandbox=True, sepa_name="A house", sepa_iban=IBAN)
    MoneyMachine.begins = beginning(empty_sqlite, tmp_path, wanted, people)
    run_state_machine_as_test(
        seed(part)(MoneyMachine),
        settings=settings(
            max_examples=250 if LONG else 100,
            stateful_step_count=20 if LONG else 15,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
