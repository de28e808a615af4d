"""What the money machine believes: whose money is where, micro by micro.

Of each portion of revenue it keeps which deposit brought how much, so it knows by itself what a
reversal may take, and what is the house's loss.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from irl.month import Day, Month

# A portion: who received it, in which month, payable from which day.
Portion = tuple[str, Month, Day]


@dataclass
class Lot:
    """A part of somebody's funds; without a deposit it was revenue once."""

    deposit: str | None
    left: int
    booked: datetime
    payable_on: Day


@dataclass
class Paid:
    """A deposit that was paid."""

    amount: int
    fee: int
    giver: str


@dataclass
class Model:
    """Whose money is where, micro by micro."""

    lots: dict[str, list[Lot]] = field(default_factory=lambda: defaultdict(list))
    budgets: dict[str, list[tuple[datetime, int]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    paid: dict[str, Paid] = field(default_factory=dict)
    came: dict[Portion, dict[str | None, int]] = field(default_factory=dict)
    went: dict[Portion, int] = field(default_factory=lambda: defaultdict(int))
    payouts: dict[str, tuple[str, str, dict[Portion, int]]] = field(default_factory=dict)
    fees: int = 0
    loss: int = 0

    def budget(self, name: str, ends: datetime) -> int:
        """Give the budget in force at the last instant of a month."""
        return next(micros for at, micros in reversed(self.budgets[name]) if at < ends)

    def left(self, portion: Portion) -> int:
        return sum(self.came[portion].values()) - self.went[portion]

    def portions(self, name: str, on: Day | None = None) -> list[Portion]:
        found = [p for p in self.came if p[0] == name and (on is None or p[2] <= on)]
        return sorted(found, key=lambda p: (p[2], p[1]))

    def revenue(self, name: str, on: Day | None = None) -> int:
        return sum(self.left(portion) for portion in self.portions(name, on))

    def take(self, name: str, amount: int, on: Day | None = None) -> dict[Portion, int]:
        taken = {}
        for portion in self.portions(name, on):
            taken[portion] = min(self.left(portion), amount)
            amount -= taken[portion]
            self.went[portion] += taken[portion]
        assert amount == 0
        return taken

    def reverse(self, deposit_id: str) -> None:
        deposit = self.paid.pop(deposit_id)
        self.fees -= deposit.fee
        back = deposit.fee
        for lot in self.lots[deposit.giver]:
            if lot.deposit == deposit_id:
                back += lot.left
                lot.left = 0
        for portion, by_deposit in self.came.items():
            there = min(by_deposit.get(deposit_id, 0), self.left(portion))
            self.went[portion] += there
            back += there
        self.loss += deposit.amount - back

    def give(self, name: str, pot: int, ends: datetime, earliest: Day) -> tuple[Day, list[Any]]:
        """Take a pot out of the lots, oldest first; give its day, and its micros by deposit."""
        line, day = [], earliest
        for lot in sorted(self.lots[name], key=lambda lot: lot.booked):
            if lot.booked < ends and (drawn := min(lot.left, pot)):
                lot.left -= drawn
                pot -= drawn
                day = max(day, lot.payable_on)
                line.append([lot.deposit, drawn])
        assert pot == 0
        return day, line

    def receive(self, portion: Portion, line: list[Any], micros: int) -> None:
        """Let the next micros of a pot's line come into a portion."""
        by_deposit = self.came.setdefault(portion, defaultdict(int))
        while micros:
            part = min(line[0][1], micros)
            by_deposit[line[0][0]] += part
            line[0][1] -= part
            micros -= part
            if not line[0][1]:
                line.pop(0)
