"""Reconciling: a provider's own report beside what the ledger says of the same payments.

For each deposit and payout of the report: what came in, what went out, what the provider kept.
For each line: whether the house knows what it is about. For the whole: the sum of the report's
lines, and what these payments did to the provider's account in the ledger.

Of a line about no payment the operator can say what it is, and it is booked (provider_lines.py). The
same of a line that only refers to a payment's transaction, if that payment is equal without it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Final, Literal

from sqlalchemy import bindparam, select

from irl import month as months
from irl.db import Connection, ForRows
from irl.errors import Invalid
from irl.house import House
from irl.money import booking, ledger, provider_lines
from irl.money.micros import Micros, text
from irl.money.payments.report import Line
from irl.money.provider_lines import REF_MOST, Change
from irl.schema import deposits
from irl.sentence import Sentence

_AT_A_TIME: Final = 500
_FINDINGS_MOST: Final = 1000

_DEPOSITS: Final = ForRows(
    """SELECT d.id, d.public_id FROM given
       CROSS JOIN deposits d WHERE d.public_id = given.name AND d.provider = given.provider""",
    {"name": "text", "provider": "text"},
)
_PAYOUTS: Final = ForRows(
    """SELECT p.id, p.public_id FROM given
       CROSS JOIN payouts p WHERE p.public_id = given.name AND p.method = given.provider""",
    {"name": "text", "provider": "text"},
)
# Asked of the few lines that the operator names: no index is kept for it.
_CAPTURED: Final = ForRows(
    """SELECT d.id, d.public_id, d.capture_ref FROM given
       CROSS JOIN deposits d WHERE d.capture_ref = given.name AND d.provider = given.provider""",
    {"name": "text", "provider": "text"},
)
_POSTED: Final = ForRows(
    """SELECT t.kind, t.subject, t.debit_account, t.amount_micros FROM given
       CROSS JOIN transfers t WHERE t.kind = given.kind AND t.subject = given.subject
         AND (t.debit_account = given.account OR t.credit_account = given.account)""",
    {"kind": "text", "subject": "number", "account": "number"},
)
_BOOKED: Final = (
    select(deposits.c.id, deposits.c.public_id, deposits.c.amount_micros)
    .where(deposits.c.provider == bindparam("provider"))
    .where(deposits.c.booked_at >= bindparam("since"), deposits.c.booked_at < bindparam("until"))
    .order_by(deposits.c.id)
)
_HELD: Final = select(deposits).where(deposits.c.id == bindparam("subject")).with_for_update()

_OF_DEPOSITS: Final = (
    "deposit",
    "fee",
    "commission",
    "reversal_fee",
    "reversal_funds",
    "reversal_share",
    "reversal_loss",
)
_OF_PAYOUTS: Final = ("payout_paid", "payout_cost", "payout_return")
_COSTS: Final = frozenset({"commission", "payout_cost"})

Key = tuple[str, int]
"""Whether it is a deposit or a payout, and its number."""

What = Literal["charge", "moved"]
"""What the operator says of a line: the provider charged it, or it was moved from or to the bank."""


@dataclass(slots=True)
class Sides:
    """What one source says of one payment, in micro-euros: in, out, and kept by the provider."""

    came: int = 0
    went: int = 0
    kept: int = 0

    def add(self, gross: int, fee: int) -> None:
        """Add a line of the report."""
        self.came += max(0, gross)
        self.went += max(0, -gross)
        self.kept -= fee

    @property
    def net(self) -> int:
        """What it leaves with the provider."""
        return self.came - self.went - self.kept

    def as_change(self, what: What) -> Change:
        """Take it as what the operator says: all a charge, or moved but for what was kept."""
        if what == "charge":
            return Change(charged=Micros(self.net), moved=Micros(0))
        return Change(charged=Micros(-self.kept), moved=Micros(self.came - self.went))


@dataclass(slots=True)
class Compared:
    """What was found; nothing in `findings` means that both are equal."""

    lines: int = 0
    payments: int = 0
    report_micros: int = 0
    ledger_micros: int = 0
    booked: int = 0
    lines_booked: int = 0
    findings: list[str] = field(default_factory=list)

    def say(self, finding: str) -> None:
        """Add a finding, up to a bound."""
        if len(self.findings) < _FINDINGS_MOST:
            self.findings.append(finding)


async def reconcile(
    house: House,
    provider: str,
    lines: Iterable[Line],
    *,
    period: tuple[datetime, datetime],
    book: bool,
    charges: Collection[str] = (),
    moved: Collection[str] = (),
    now: datetime,
) -> Compared:
    """Compare a report with the ledger.

    Args:
        house: the house.
        provider: whose report it is.
        lines: of the report.
        period: deposits that were booked from the one moment up to the other must be in it.
        book: whether commissions that only the report tells of are booked first.
        charges: lines, by the provider's own ids, that are what it charged the house or gave back.
        moved: lines that are money moved between the provider and the house's bank.
        now: the moment of booking.

    Raises:
        Invalid: the report cannot be read; or, with the field `charge` or `moved`, a line is not
            there, names a payment itself, changes nothing, or was booked as something else.
    """
    if both := set(charges) & set(moved):
        raise Invalid(
            Sentence("{line} is either charged or moved.", line=repr(min(both)[:REF_MOST])),
            field="moved",
        )
    work = _Comparison(house, provider)
    await work.sort(list(lines), {*charges, *moved})
    wanted = work.wanted("charge", charges) | work.wanted("moved", moved)
    keys = sorted(work.told)
    for first in range(0, len(keys), _AT_A_TIME):
        part = keys[first : first + _AT_A_TIME]
        if book:
            await work.book(part, now)
        await work.compare(part)
    await work.lines(wanted, now)
    await work.missing(*period)
    return work.compared


class _Comparison:
    """One report being compared."""

    def __init__(self, house: House, provider: str) -> None:
        self._house = house
        self._provider = provider
        self._account = ledger.provider(provider)
        self._public: dict[Key, str] = {}
        self._posted: dict[Key, Sides] = defaultdict(Sides)
        self._lines: dict[str, Sides] = defaultdict(Sides)
        self._beside: dict[str, Key] = {}
        self._changes: dict[str, Change] = {}
        self.told: dict[Key, Sides] = defaultdict(Sides)
        self.compared = Compared()

    async def sort(self, lines: Sequence[Line], said: Collection[str]) -> None:
        """Find out which payment each line is about, or that the operator said or says what it is."""
        named: dict[str, Key] = {}
        for first in range(0, len(lines), _AT_A_TIME):
            part = lines[first : first + _AT_A_TIME]
            named |= await self._named(sorted({name for line in part for name in line.names}))
            await self._find({line.ref for line in part})
        # A line that names no id of ours may name a transaction which another line is about.
        also: dict[str, Key] = {}
        for line in lines:
            for key in _keys(line, named):
                also.update(dict.fromkeys(line.names, key))
        captured = await self._captured(
            {n for each in lines if each.ref in said for n in each.names}
        )
        for line in lines:
            self.compared.lines += 1
            self.compared.report_micros += line.net
            itself, beside = _keys(line, named), _keys(line, also)
            if not itself and (line.ref in said or line.ref in self._changes):
                self._lines[line.ref].add(line.gross, line.fee)
                for key in [*beside, *_keys(line, captured)][:1]:
                    self._beside[line.ref] = key
            elif about := [*itself, *beside]:
                self.told[about[0]].add(line.gross, line.fee)
            elif line.net:
                self.compared.say(
                    f"line {line.number}: {text(line.net)} EUR ({line.kind}, {line.ref[:REF_MOST]})"
                    " is about nothing that the house knows"
                )
        self.compared.payments = len(self.told)

    def wanted(self, what: What, refs: Collection[str]) -> dict[str, Change]:
        """Give what is to be booked of the lines that the operator names."""
        found: dict[str, Change] = {}
        for ref in refs:
            if ref not in self._lines or not 0 < len(ref) <= REF_MOST:
                raise Invalid(
                    Sentence(
                        "The report has no line {line} that names no payment of ours.",
                        line=repr(ref[:REF_MOST]),
                    ),
                    field=what,
                )
            change = self._lines[ref].as_change(what)
            if not (change.charged if what == "charge" else change.moved):
                raise Invalid(
                    Sentence("The line {line} tells of no such money.", line=repr(ref)), field=what
                )
            if self._changes.get(ref, change) != change:
                raise Invalid(
                    Sentence("The line {line} is booked already, otherwise.", line=repr(ref)),
                    field=what,
                )
            found[ref] = change
        return found

    async def _named(self, names: Sequence[str]) -> dict[str, Key]:
        rows = [[name, self._provider] for name in names]
        found: dict[str, Key] = {}
        async with self._house.db.reading() as connection:
            for what, statement in (("deposit", _DEPOSITS), ("payout", _PAYOUTS)):
                for row in await connection.all(statement, rows=rows):
                    key = (what, row["id"])
                    self._public[key] = row["public_id"]
                    found[row["public_id"]] = key
        return found

    async def _captured(self, names: Collection[str]) -> dict[str, Key]:
        """Find deposits by the provider's ids of their payments, which another report may tell of."""
        rows = [[name, self._provider] for name in sorted(names)]
        found: dict[str, Key] = {}
        async with self._house.db.reading() as connection:
            for row in await connection.all(_CAPTURED, rows=rows):
                found[row["capture_ref"]] = key = ("deposit", row["id"])
                self._public[key] = row["public_id"]
        return found

    async def _find(self, refs: Collection[str]) -> None:
        """Find out what the ledger says of lines that were booked."""
        async with self._house.db.reading() as connection:
            found = await provider_lines.booked(connection, self._provider, sorted(refs))
        self._changes |= found

    async def book(self, keys: Sequence[Key], now: datetime) -> None:
        """Book the commissions of deposits of which only the report tells."""

        async def work(connection: Connection) -> int:
            done = 0
            for what, subject in keys:
                kept = self.told[what, subject].kept
                row = None
                if what == "deposit" and kept > 0:
                    row = await connection.one(_HELD, subject=subject)
                if row is not None and row["booked_at"] is not None:
                    done += await booking.pay_commission(connection, row, kept, now=now)
            return done

        self.compared.booked += await self._house.db.write(work)

    async def compare(self, keys: Sequence[Key]) -> None:
        """Compare what both say of some payments."""
        posted: dict[Key, Sides] = defaultdict(Sides)
        rows = [
            [kind, subject, self._account]
            for what, subject in keys
            for kind in (_OF_DEPOSITS if what == "deposit" else _OF_PAYOUTS)
        ]
        async with self._house.db.reading() as connection:
            for row in await connection.all(_POSTED, rows=rows):
                what = "payout" if row["kind"] in _OF_PAYOUTS else "deposit"
                sides = posted[what, row["subject"]]
                if row["kind"] in _COSTS:
                    sides.kept += row["amount_micros"]
                elif row["debit_account"] == self._account:
                    sides.came += row["amount_micros"]
                else:
                    sides.went += row["amount_micros"]
        self._posted |= posted
        for key in keys:
            told, known = self.told[key], posted[key]
            self.compared.ledger_micros += known.net
            for word, one, other in (
                ("came in", told.came, known.came),
                ("went out", told.went, known.went),
                ("was kept by the provider", told.kept, known.kept),
            ):
                if one != other:
                    self.compared.say(
                        f"{key[0]} {self._public[key]}: {text(one)} EUR {word}, says the report;"
                        f" {text(other)} EUR, says the ledger"
                    )

    async def lines(self, wanted: Mapping[str, Change], now: datetime) -> None:
        """Book what the operator says of lines, and compare all that were booked."""
        fitting = {ref: change for ref, change in wanted.items() if self._fits(ref)}
        if fitting:
            self.compared.lines_booked = await self._house.db.write(
                partial(provider_lines.book, provider=self._provider, changes=fitting, now=now)
            )
            await self._find(fitting)
        for ref, sides in self._lines.items():
            change = self._changes.get(ref)
            if change is None:
                continue  # it does not fit, as was said
            self.compared.ledger_micros += change.net
            if sides.net != change.net:
                self.compared.say(
                    f"line {ref}: {text(sides.net)} EUR, says the report;"
                    f" {text(change.net)} EUR, says the ledger"
                )

    def _fits(self, ref: str) -> bool:
        """Tell whether a line can be booked by itself: it is no part of the payment beside it."""
        key = self._beside.get(ref)
        if key is None or ref in self._changes:
            return True
        why = None
        if key not in self.told:
            why = "is not in this report; take one with both"
        elif self.told[key] != self._posted[key]:
            why = "is not equal without it"
        elif key[0] == "deposit" and self._lines[ref].kept > 0 and not self._posted[key].kept:
            why = "has no commission yet, so it may be this one"
        if why is not None:
            self.compared.say(f"line {ref} is not booked: {key[0]} {self._public[key]} {why}")
        return why is None

    async def missing(self, since: datetime, until: datetime) -> None:
        """Find deposits that were booked and are not in the report."""
        async with self._house.db.reading() as connection:
            rows = await connection.all(
                _BOOKED,
                provider=self._provider,
                since=months.to_instant(since),
                until=months.to_instant(until),
            )
        for row in rows:
            if ("deposit", row["id"]) not in self.told:
                self.compared.say(
                    f"deposit {row['public_id']}: {text(row['amount_micros'])} EUR are booked,"
                    " and the report knows nothing of it"
                )


def _keys(line: Line, named: Mapping[str, Key]) -> list[Key]:
    return [named[name] for name in line.names if name in named]
