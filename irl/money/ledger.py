"""The ledger: double entry, integers, nothing ever changed or deleted.

A transfer moves micro-euros from a debit account to a credit account; an account's balance is its
credits less its debits. All balances sum to zero at every moment. A transfer's key is (kind,
subject, part): posting the same key again is refused by the primary key, so whatever is sent
twice is booked once. A correction is a new transfer.

An account is a number, owner * 8 + kind, so that nothing must be looked up:

====  ==========  ====================================  ==================
kind  account     owner                                 may be negative
====  ==========  ====================================  ==================
0     fee         0                                     no
1     funds       a member's id                         no
2     revenue     a member's id                         no
3     provider    1 sandbox, 2 paypal, 3 skrill, 4 sepa yes
4     loss        0                                     yes
5     clearing    a month, for instance 202611          no, zero when closed
6     charity     a charity's id                        no
7     reserved    2 * a payout's id: asked for          no, zero when exported
7     in transit  2 * a payout's id + 1: sent           no, zero when paid or returned
====  ==========  ====================================  ==================

The shape (immutable transfers, debit and credit side, keys made by the one who posts) follows
TigerBeetle's data model; the rule that only some accounts may be negative is a CHECK.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NewType

from irl import month as months
from irl.db import Connection, ForRows
from irl.money.micros import Micros
from irl.month import Day, Month

Account = NewType("Account", int)
"""owner * 8 + kind, as in the table above."""

FEE: Final = Account(0)
LOSS: Final = Account(4)
PROVIDERS: Final = {"sandbox": 1, "paypal": 2, "skrill": 3, "sepa": 4}


def funds(member_id: int) -> Account:
    """Give the account of a member's prepaid money to give."""
    return Account(member_id * 8 + 1)


def revenue(member_id: int) -> Account:
    """Give the account of a member's money received."""
    return Account(member_id * 8 + 2)


def provider(name: str) -> Account:
    """Give the account through which a provider's money comes and goes."""
    return Account(PROVIDERS[name] * 8 + 3)


def clearing(month: Month) -> Account:
    """Give the account that a month's pots pass through; zero once the month is closed."""
    return Account(month * 8 + 5)


def charity(charity_id: int) -> Account:
    """Give the account of a charity."""
    return Account(charity_id * 8 + 6)


def reserved(payout_id: int) -> Account:
    """Give the account of a payout that was asked for and not yet sent."""
    return Account(payout_id * 2 * 8 + 7)


def in_transit(payout_id: int) -> Account:
    """Give the account of a payout that was sent, and whose arrival is not known yet."""
    return Account((payout_id * 2 + 1) * 8 + 7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """One ledger line; `payable_on` is the first day on which what it brings may be paid out."""

    kind: str
    subject: int
    part: int = 0
    debit: Account
    credit: Account
    amount: Micros
    payable_on: Day | None = None

    @property
    def key(self) -> str:
        """The unique key as text, for statements and messages."""
        return f"{self.kind}/{self.subject}/{self.part}"


_POST: Final = ForRows(
    """INSERT INTO transfers
         (kind, subject, part, debit_account, credit_account, amount_micros, posted_at, payable_on)
       SELECT kind, subject, part, debit, credit, amount, posted_at, payable_on FROM given
       WHERE true ON CONFLICT DO NOTHING RETURNING kind, subject, part""",
    {
        "kind": "text",
        "subject": "number",
        "part": "number",
        "debit": "number",
        "credit": "number",
        "amount": "number",
        "posted_at": "number",
        "payable_on": "number",
    },
)

# One statement a sign: an upsert with a negative first value would meet the CHECK before the sum.
_OPEN: Final = ForRows(
    "INSERT INTO balances (account, balance_micros) SELECT account, 0 FROM given"
    " WHERE true ON CONFLICT DO NOTHING",
    {"account": "number"},
)
_MOVE: Final = ForRows(
    "UPDATE balances SET balance_micros = balance_micros + given.change FROM given"
    " WHERE balances.account = given.account",
    {"account": "number", "change": "number"},
)
_BALANCES: Final = ForRows(
    "SELECT b.account, b.balance_micros FROM given CROSS JOIN balances b"
    " WHERE b.account = given.account",
    {"account": "number"},
)


async def post(connection: Connection, transfers: Sequence[Transfer], *, now: datetime) -> bool:
    """Post transfers in the caller's transaction: all of them, or none if they were posted before.

    Returns:
        True if they were posted, False if exactly these keys were posted already.

    Raises:
        AssertionError: only some of the keys exist, or an amount is not positive: a mistake in
            the program, so the transaction must not commit.
        IntegrityError, CheckViolationError: an account would fall below zero (by the engine).
    """
    assert all(type(t.amount) is int and t.amount > 0 for t in transfers), "amounts are above zero"
    if not transfers:
        return True
    at = months.to_instant(now)
    rows = [
        [t.kind, t.subject, t.part, t.debit, t.credit, t.amount, at, t.payable_on]
        for t in transfers
    ]
    landed = await connection.all(_POST, rows=rows)
    if not landed:
        return False
    assert len(landed) == len(transfers), "a part of these transfers was posted before"
    changes: dict[int, int] = defaultdict(int)
    for transfer in transfers:
        changes[transfer.debit] -= transfer.amount
        changes[transfer.credit] += transfer.amount
    # In account order, so that two PostgreSQL transactions never wait for each other.
    moved = [[account, change] for account, change in sorted(changes.items()) if change]
    await connection.all(_OPEN, rows=[[account] for account in sorted(changes)])
    await connection.all(_MOVE, rows=moved)
    return True


async def balances(connection: Connection, accounts: Sequence[Account]) -> dict[Account, Micros]:
    """Give the balance of each account asked for, in micros; one never used has 0."""
    rows = await connection.all(_BALANCES, rows=[[account] for account in accounts])
    found = {row["account"]: row["balance_micros"] for row in rows}
    return {account: Micros(found.get(account, 0)) for account in accounts}


async def balance(connection: Connection, account: Account) -> Micros:
    """Give the balance of one account, in micros."""
    return (await balances(connection, [account]))[account]
