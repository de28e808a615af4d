"""What moved on a member's two accounts, month by month, so that each month begins where the last ended.

Which month a transfer belongs to never changes once the month is closed:

- `pot`, `share` and `charity` name their month, and belong to it whenever they were posted (some
  days after its end);
- every other transfer belongs to the month in whose time it was posted: from the last instant of
  the month before to its own last instant, as the closing stored it. After `--early` that is the
  moment of closing. So a chargeback of later belongs to a later month, whatever it takes back.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select

from irl import month as months
from irl.db import Connection, ForRows, Row
from irl.money import ledger
from irl.money.micros import Micros
from irl.month import Instant, Month
from irl.schema import NOT_SETTLED
from irl.schema import months as closings
from irl.settlement.core import PART_UNIT

_CLOSED: Final = select(closings).where(closings.c.state == "closed").order_by(closings.c.month)

_COLUMNS: Final = (
    "t.kind, t.subject, t.part, t.debit_account, t.credit_account, t.amount_micros, t.posted_at"
)

# What is posted once and touches both accounts is found on both sides, and kept once.
_OTHERS: Final = ForRows(
    f"""SELECT {_COLUMNS} FROM given CROSS JOIN transfers t
        WHERE {NOT_SETTLED} AND t.debit_account = given.account
        UNION SELECT {_COLUMNS} FROM given CROSS JOIN transfers t
        WHERE {NOT_SETTLED} AND t.credit_account = given.account""",  # noqa: S608 - our own
    {"account": "number"},
)
_SETTLED: Final = ForRows(
    f"""SELECT {_COLUMNS} FROM given CROSS JOIN transfers t
        WHERE t.kind = given.kind AND t.subject = given.month
          AND t.part BETWEEN given.least AND given.most""",  # noqa: S608 - our own
    {"kind": "text", "month": "number", "least": "number", "most": "number"},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The time of a closed month: what was posted from `begins_at` until before `ends_at`."""

    month: Month
    begins_at: Instant
    ends_at: Instant
    closed_at: Instant
    early: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """One transfer, as its account sees it: above zero is money in, below zero money out."""

    key: str
    kind: str
    at: datetime
    amount_micros: Micros


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account in one month."""

    opening_micros: Micros
    movements: tuple[Movement, ...]

    @property
    def closing_micros(self) -> Micros:
        """What is there at the end, when the month's shares are dealt out."""
        return Micros(self.opening_micros + sum(one.amount_micros for one in self.movements))


async def spans(connection: Connection) -> list[Span]:
    """Give the time of each closed month, in order."""
    found: list[Span] = []
    for row in await connection.all(_CLOSED):
        month = Month(row["month"])
        begins_at = found[-1].ends_at if found else months.to_instant(months.start(month))
        # A month closed early, but long after its end, leaves no time to the next.
        ends_at = max(begins_at, Instant(row["ends_at"]))
        found.append(
            Span(
                month=month,
                begins_at=begins_at,
                ends_at=ends_at,
                closed_at=Instant(row["closed_at"]),
                early=bool(row["early"]),
            )
        )
    return found


async def of(
    connection: Connection, member_id: int, closed: Sequence[Span]
) -> dict[Month, tuple[Account, Account]]:
    """Give a member's funds and revenue in each of these months, which begin with the first.

    What the house booked before its first month closed counts for that month.
    """
    rows = await connection.all(
        _OTHERS, rows=[[ledger.funds(member_id)], [ledger.revenue(member_id)]]
    )
    rows += await _settled(connection, member_id, closed)
    funds = _by_month(rows, ledger.funds(member_id), closed)
    revenue = _by_month(rows, ledger.revenue(member_id), closed)
    return {span.month: (funds[span.month], revenue[span.month]) for span in closed}


async def _settled(connection: Connection, member_id: int, closed: Sequence[Span]) -> list[Row]:
    received = (member_id * PART_UNIT, (member_id + 1) * PART_UNIT - 1)
    wanted: list[list[object]] = []
    for span in closed:
        wanted.append(["pot", span.month, member_id, member_id])
        wanted.append(["share", span.month, *received])
    return await connection.all(_SETTLED, rows=wanted)


def _by_month(
    rows: Sequence[Row], account: ledger.Account, closed: Sequence[Span]
) -> dict[Month, Account]:
    ends = [span.ends_at for span in closed]
    found: dict[Month, list[tuple[tuple[object, ...], Movement]]] = defaultdict(list)
    for row in rows:
        sign = (row["credit_account"] == account) - (row["debit_account"] == account)
        if row["kind"] in {"pot", "share"}:
            month = Month(row["subject"])
        else:
            place = bisect_right(ends, row["posted_at"])
            if place == len(ends):
                continue  # not closed yet
            month = closed[place].month
        if sign:
            order = (row["posted_at"], row["kind"], row["subject"], row["part"])
            found[month].append((order, _movement(row, sign)))
    accounts: dict[Month, Account] = {}
    balance = Micros(0)
    for span in closed:
        moved = sorted(found[span.month], key=lambda pair: pair[0])
        accounts[span.month] = Account(
            opening_micros=balance, movements=tuple(one for _, one in moved)
        )
        balance = accounts[span.month].closing_micros
    return accounts


def _movement(row: Row, sign: int) -> Movement:
    return Movement(
        key=f"{row['kind']}/{row['subject']}/{row['part']}",
        kind=row["kind"],
        at=months.from_instant(row["posted_at"]),
        amount_micros=Micros(sign * row["amount_micros"]),
    )
