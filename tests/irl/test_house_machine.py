"""Anything that people do, in any order: the ledger agrees with a small model and audits clean."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from irl import month as months
from irl.errors import DepositDecided, MonthNotOver
from irl.giving import flattrs
from irl.money import charities, deposits, ledger, wallet
from irl.money.payments import sandbox
from irl.month import Month
from irl.rules import EURO
from irl.settings import Settings
from irl.settlement import audit, runner
from irl.things import reports
from tests.cast import Cast
from tests.irl.machine import START, Machine, beginning

EARLY = ("Bob", "Charlie", "Dora")
LATE = ("Erik", "Fay")
GIVERS = (*EARLY, *LATE)
"""Whoever has not joined yet does so with the first thing that they do."""
MAKERS = ("Alice", "Bob")  # Bob gives and receives


@dataclass
class Lot:
    """What the model knows of a deposit: what is left of it, and which pots drew on it."""

    deposit_id: str
    amount: int
    left: int
    booked: datetime
    state: str = "booked"


@dataclass
class Model:
    """Funds as a list of deposits, used oldest first."""

    lots: dict[str, list[Lot]] = field(default_factory=dict)
    budgets: dict[str, list[tuple[datetime, int | None]]] = field(default_factory=dict)
    given: dict[tuple[Month, str, str], bool] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)

    def funds(self, name: str) -> int:
        return sum(lot.left for lot in self.lots.get(name, []))

    def pot(self, name: str, ends: datetime) -> int:
        budget = 0
        for since, said in self.budgets.get(name, []):
            if since < ends:
                budget = said or 0
        held = sum(lot.left for lot in self.lots.get(name, []) if lot.booked < ends)
        return min(budget, held)

    def take(self, name: str, amount: int, ends: datetime) -> None:
        for lot in self.lots.get(name, []):
            if lot.booked < ends:
                drawn = min(lot.left, amount)
                lot.left -= drawn
                amount -= drawn


class HouseMachine(Machine):
    """Real verbs of the house, each checked against the model."""

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.codes: dict[str, tuple[str, str, str]] = {}  # title: maker, code, thing

    @initialize(euros=st.lists(st.integers(8, 12), min_size=3, max_size=3))
    def begin(self, euros: list[int]) -> None:
        for name, amount in zip(EARLY, euros, strict=True):
            self.deposit(name, amount)
            self.budget(name, 5)
        for maker in (*MAKERS, "Alice"):
            self.register(maker)

    @rule(name=st.sampled_from(GIVERS), euros=st.integers(8, 30))
    def deposit(self, name: str, euros: int) -> None:
        member = self.run(self.cast.member(name))
        self.cast.later(seconds=1)
        asked = self.run(
            deposits.ask(
                self.house,
                member.id,
                amount_micros=euros * EURO,
                provider="sandbox",
                now=self.cast.now,
            )
        )
        self.run(sandbox.decide(self.house, asked.id, "approve", now=self.cast.now))
        net = euros * EURO * 9 // 10
        lot = Lot(asked.id, euros * EURO, net, self.cast.now)
        self.model.lots.setdefault(name, []).append(lot)

    @rule(name=st.sampled_from(GIVERS), which=st.integers(0, 5))
    def charge_back(self, name: str, which: int) -> None:
        lots = self.model.lots.get(name, [])
        if not lots:
            return
        lot = lots[which % len(lots)]
        self.cast.later(seconds=1)
        self.run(sandbox.decide(self.house, lot.deposit_id, "chargeback", now=self.cast.now))
        with pytest.raises(DepositDecided):
            self.run(sandbox.decide(self.house, lot.deposit_id, "approve", now=self.cast.now))
        lot.left, lot.state = 0, "reversed"

    @rule(name=st.sampled_from(GIVERS), euros=st.none() | st.integers(2, 20))
    def budget(self, name: str, euros: int | None) -> None:
        self.cast.later(seconds=1)
        said = None if euros is None else euros * EURO
        member = self.run(self.cast.member(name))
        self.run(wallet.set_budget(self.house, member.id, said, now=self.cast.now))
        self.model.budgets.setdefault(name, []).append((self.cast.now, said))

    @rule(maker=st.sampled_from(MAKERS))
    @precondition(lambda self: len(self.codes) < 6)
    def register(self, maker: str) -> None:
        title = f"Work {len(self.codes)}"
        thing = self.run(self.cast.thing(maker, title))
        placement = self.run(self.cast.placement(thing))
        self.codes[title] = (maker, placement.code.text, thing.id)

    @rule(name=st.sampled_from(GIVERS), which=st.integers(0, 5))
    @precondition(lambda self: self.codes)
    def flattr(self, name: str, which: int) -> None:
        title = list(self.codes)[which % len(self.codes)]
        maker, code, _ = self.codes[title]
        self.cast.later(seconds=1)
        [answer] = self.run(self.cast.scan(name, code))
        key = (self.month, name, title)
        if title in self.model.hidden:
            assert answer.outcome == "revoked_code"
        elif maker == name:
            assert answer.outcome == "own_thing"
        else:
            wanted = "already_flattred" if key in self.model.given else "flattred"
            assert (answer.outcome, answer.month) == (wanted, key[0])
            self.model.given[key] = True

    @rule(which=st.integers(0, 100))
    @precondition(lambda self: any(key[0] == self.month for key in self.model.given))
    def undo(self, which: int) -> None:
        keys = [key for key in self.model.given if key[0] == self.month]
        month, name, title = keys[which % len(keys)]
        member = self.run(self.cast.member(name))
        [row] = self.rows(f"SELECT seal FROM members WHERE id = {member.id}")
        asked = flattrs.flattr_id(row["seal"], month, self.codes[title][2])
        self.run(flattrs.undo(self.house, member.id, asked, now=self.cast.now))
        del self.model.given[month, name, title]

    @rule(which=st.integers(0, 5))
    @precondition(lambda self: len(self.codes) > 3 and len(self.model.hidden) < 2)
    def hide(self, which: int) -> None:
        title = list(self.codes)[which % len(self.codes)]
        thing_id = self.codes[title][2]
        self.run(
            reports.send(
                self.house,
                code=None,
                thing_id=thing_id,
                reason="spam",
                text="",
                address="192.0.2.9",
                now=self.cast.now,
            )
        )
        [report] = self.run(reports.waiting(self.house))
        self.run(reports.decide(self.house, report.id, "hide", now=self.cast.now))
        self.model.hidden.add(title)

    @rule(days=st.integers(1, 20))
    def wait(self, days: int) -> None:
        self.cast.later(days=days)

    @rule(eager=st.lists(st.sampled_from(GIVERS), min_size=1, unique=True))
    def let_the_month_pass_and_close_it(self, eager: list[str]) -> None:
        for name in eager:
            for which in range(len(self.codes)):
                self.flattr(name, which)
        self.cast.now = months.end(self.month) + timedelta(days=3)
        self.close(early=False)

    @rule(early=st.booleans())
    def close(self, early: bool) -> None:  # noqa: FBT001 - hypothesis names it
        first = self.first_open
        if first > months.of(self.cast.now):
            return
        self.cast.later(seconds=1)
        ended = months.end(first) + timedelta(days=3) <= self.cast.now
        early = early and not ended
        if not early and not ended:
            with pytest.raises(MonthNotOver):
                self.run(runner.settle(self.house, first, now=self.cast.now))
            return
        ends = self.cast.now if early else months.end(first)
        done = self.run(runner.settle(self.house, first, early=early, now=self.cast.now))
        total = 0
        for name in GIVERS:
            valid = [
                title
                for month, giver, title in self.model.given
                if (month, giver) == (first, name) and title not in self.model.hidden
            ]
            if valid or early:  # closing early counts as warned, so an idle pot goes to charity
                pot = self.model.pot(name, ends)
                self.model.take(name, pot, ends)
                total += pot
        assert done.micros == total
        assert self.run(runner.settle(self.house, first, now=self.cast.now)).already

    @invariant()
    def everything_adds_up(self) -> None:
        assert list(self.run(audit.audit(self.house))) == []

    @invariant()
    def funds_are_those_of_the_model(self) -> None:
        rows = self.rows("SELECT account, balance_micros FROM balances")
        found = {row["account"]: row["balance_micros"] for row in rows}
        for name, member in self.cast.joined.items():
            assert found.get(ledger.funds(member.id), 0) == self.model.funds(name)
        assert found.get(ledger.LOSS, 0) == 0


async def people(cast: Cast) -> None:
    await charities.add(cast.house, name="Sea Rescue", url="https://sea.example", now=START)
    for name in (*EARLY, "Alice"):
        await cast.member(name)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_whatever_people_do_the_house_adds_up(empty_sqlite: Path, tmp_path: Path) -> None:
    HouseMachine.begins = beginning(empty_sqlite, tmp_path, Settings(sandbox=True), people)
    long = bool(os.environ.get("IRL_LONG"))
    run_state_machine_as_test(
        HouseMachine,
        settings=settings(
            max_examples=1000 if long else 30,
            stateful_step_count=40 if long else 10,
            deadline=None,
            derandomize=not long,
            suppress_health_check=list(HealthCheck),
        ),
    )
