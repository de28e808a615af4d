"""A statement: a member's read-only account of one closed month.

Shares are not stored. They are computed again from the stored pot and the flattrs, and a statement
holds all that anybody needs to do the same: the pot, the numbers that go into the mix, the rule.
It also holds what moved on the member's two accounts, and the hash of the statement before it. So
nothing in it may change once the month is closed; `irl.settlement.statements` sees to that.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, func, select

from irl import month as months
from irl.db import Connection, Row
from irl.errors import NotFound
from irl.money.micros import Micros
from irl.money.shares import mix, shares
from irl.month import Day, Month
from irl.schema import (
    budgets,
    charities,
    deposits,
    flattrs,
    members,
    pots,
    receipts,
    things,
    transfers,
    voids,
)
from irl.sentence import Sentence
from irl.settlement import movements
from irl.settlement.core import PART_UNIT
from irl.settlement.movements import Account, Span

RULE_NAME: Final = "smallest-mix"
"""The rule by which the odd micro-euros are dealt out; docs/statements.md writes it out."""

RULE: Final = Sentence(
    "Each flattr that is not void gets the pot divided by their number, rounded down to a whole"
    " micro-euro; as many of them as micro-euros remain get one more: those with the smallest"
    " mix. mix = splitmix64(splitmix64(splitmix64(month) ^ member) ^ thing), in 64 bits, with the"
    " month as yyyymm and the numbers of member and thing as given here."
)

_JOINED: Final = select(members.c.joined_at).where(members.c.id == bindparam("member_id"))
_FLATTRED: Final = select(func.min(flattrs.c.month)).where(
    flattrs.c.month.in_([bindparam("one"), bindparam("two")]),
    flattrs.c.member_id == bindparam("member_id"),
)
_POT: Final = (
    select(pots, charities.c.name.label("charity"))
    .join(charities, charities.c.id == pots.c.charity_id, isouter=True)
    .where(pots.c.month == bindparam("month"), pots.c.member_id == bindparam("member_id"))
)
_BUDGET: Final = (
    select(budgets.c.budget_micros)
    .where(budgets.c.member_id == bindparam("member_id"), budgets.c.set_at < bindparam("ends_at"))
    .order_by(budgets.c.set_at.desc())
    .limit(1)
)
_GIVEN: Final = (
    select(
        flattrs.c.thing_id,
        flattrs.c.given_at,
        things.c.public_id,
        things.c.title,
        things.c.artist,
        members.c.nickname,
        voids.c.reason,
    )
    .join(things, things.c.id == flattrs.c.thing_id)
    .join(members, members.c.id == things.c.maker_id)
    .join(
        voids,
        (voids.c.month == flattrs.c.month)
        & (voids.c.member_id == flattrs.c.member_id)
        & (voids.c.thing_id == flattrs.c.thing_id),
        isouter=True,
    )
    .where(flattrs.c.month == bindparam("month"), flattrs.c.member_id == bindparam("member_id"))
    .order_by(flattrs.c.given_at, flattrs.c.thing_id)
)
_RECEIVED: Final = (
    select(receipts, things.c.public_id, things.c.title)
    .join(things, things.c.id == receipts.c.thing_id)
    .where(receipts.c.month == bindparam("month"), receipts.c.maker_id == bindparam("member_id"))
    .order_by(receipts.c.amount_micros.desc(), receipts.c.thing_id)
)
_PAYABLE: Final = (
    select(transfers.c.payable_on, transfers.c.amount_micros)
    .where(
        transfers.c.kind == "share",
        transfers.c.subject == bindparam("month"),
        transfers.c.part.between(bindparam("least"), bindparam("most")),
    )
    .order_by(transfers.c.part)
)
_DEPOSITS: Final = (
    select(deposits)
    .where(deposits.c.member_id == bindparam("member_id"), deposits.c.booked_at.is_not(None))
    .order_by(deposits.c.id)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One flattr given; a void one has a share of 0 and the reason why."""

    thing_id: str
    title: str
    artist: str
    maker: str
    given_at: datetime
    number: int
    """The thing's inner number, which goes into the mix."""
    mix: int
    share_micros: Micros
    void: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What one thing received: how many flattrs, and how much they came to."""

    thing_id: str
    title: str
    flattrs: int
    amount_micros: Micros


@dataclass(frozen=True, slots=True, kw_only=True)
class Payable:
    """A part of what was received, and the first day on which it can be paid out."""

    payable_on: Day
    amount_micros: Micros


@dataclass(frozen=True, slots=True, kw_only=True)
class Deposited:
    """A deposit that was booked in this month: what came in, the fee of it, what was left to give."""

    id: str
    key: str
    """Of the transfer that brought `net_micros` to funds."""
    amount_micros: Micros
    fee_micros: Micros
    net_micros: Micros


@dataclass(frozen=True, slots=True, kw_only=True)
class Reversed:
    """A deposit that was taken back in this month, whenever it was made.

    What was left of it in funds is a movement there; the rest came out of the fee, out of what
    it had given, or was the house's loss.
    """

    id: str
    at: datetime
    amount_micros: Micros


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A member's account of one closed month; amounts in micro-euros."""

    month: Month
    member: int
    """The member's inner number, which goes into the mix."""
    begins_at: datetime
    """The last instant of the month before: what was posted from then on belongs to this month."""
    ends_at: datetime
    closed_at: datetime
    early: bool
    budget_micros: Micros | None
    """In force at the last instant; None when none was set."""
    funds_micros: Micros | None
    """There to give at the closing; None when there was nothing to divide."""
    taken_back_micros: Micros
    """What reversals took out of funds after the last instant and before the closing."""
    pot_micros: Micros
    odd_micros: int
    charity_id: int | None
    charity: str | None
    shares: tuple[Share, ...]
    received: tuple[Receipt, ...]
    payable: tuple[Payable, ...]
    funds: Account
    revenue: Account
    deposits: tuple[Deposited, ...]
    reversals: tuple[Reversed, ...]
    previous: str | None
    """The hash of the month before; None in a member's first month."""

    @property
    def received_micros(self) -> Micros:
        """All that the member's things received in this month."""
        return Micros(sum(receipt.amount_micros for receipt in self.received))


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What all statements of one member are made of, read once."""

    member_id: int
    first: Month
    """The month of the member's first statement."""
    spans: tuple[Span, ...]
    """All closed months that were asked for, from the house's first."""
    accounts: dict[Month, tuple[Account, Account]]
    deposits: tuple[Row, ...]


async def first_month(connection: Connection, member_id: int) -> Month:
    """Give the month of a member's first statement."""
    joined_at = await connection.value(_JOINED, member_id=member_id)
    first = months.of(months.from_instant(joined_at))
    # A pocket holds scans of up to 35 days, which count in their own month.
    before = {"one": months.add(first, -1), "two": months.add(first, -2)}
    return Month(await connection.value(_FLATTRED, member_id=member_id, **before) or first)


async def history(connection: Connection, member_id: int, *, last: Month) -> History:
    """Read a member's accounts up to a closed month.

    Raises:
        NotFound: the member had not joined by then.
    """
    first = await first_month(connection, member_id)
    if last < first:
        raise NotFound(
            Sentence("The first statement here is that of {month}.", month=months.text(first))
        )
    spans = [span for span in await movements.spans(connection) if span.month <= last]
    return History(
        member_id=member_id,
        first=first,
        spans=tuple(spans),
        accounts=await movements.of(connection, member_id, spans),
        deposits=tuple(await connection.all(_DEPOSITS, member_id=member_id)),
    )


async def made(
    connection: Connection, known: History, span: Span, *, previous: str | None
) -> Statement:
    """Make a member's statement of one closed month."""
    month, member_id = span.month, known.member_id
    key = {"month": month, "member_id": member_id}
    pot = await connection.one(_POT, **key)
    given = await connection.all(_GIVEN, **key)
    budget = await connection.value(_BUDGET, member_id=member_id, ends_at=span.ends_at)
    funds, revenue = known.accounts[month]
    micros = 0 if pot is None else pot["pot_micros"]
    valid = sum(row["reason"] is None for row in given)
    there = _there(pot, budget, valid)
    return Statement(
        month=month,
        member=member_id,
        begins_at=months.from_instant(span.begins_at),
        ends_at=months.from_instant(span.ends_at),
        closed_at=months.from_instant(span.closed_at),
        early=span.early,
        budget_micros=budget,
        funds_micros=there,
        taken_back_micros=Micros(0 if there is None else funds.closing_micros + micros - there),
        pot_micros=Micros(micros),
        odd_micros=micros % valid if valid else 0,
        charity_id=None if pot is None else pot["charity_id"],
        charity=None if pot is None else pot["charity"],
        shares=_shares(given, month, member_id, micros),
        received=await _received(connection, member_id, month),
        payable=await _payable(connection, member_id, month),
        funds=funds,
        revenue=revenue,
        deposits=_deposits(known, funds),
        reversals=_reversals(known, span),
        previous=previous,
    )


def _there(pot: Row | None, budget: int | None, valid: int) -> Micros | None:
    if pot is not None:
        return Micros(pot["funds_micros"])
    # With something to divide, a budget and yet no pot there were no funds.
    return Micros(0) if valid and budget is not None else None


async def _received(connection: Connection, member_id: int, month: Month) -> tuple[Receipt, ...]:
    return tuple(
        Receipt(
            thing_id=row["public_id"],
            title=row["title"],
            flattrs=row["flattrs"],
            amount_micros=row["amount_micros"],
        )
        for row in await connection.all(_RECEIVED, month=month, member_id=member_id)
    )


async def _payable(connection: Connection, member_id: int, month: Month) -> tuple[Payable, ...]:
    rows = await connection.all(
        _PAYABLE,
        month=month,
        least=member_id * PART_UNIT,
        most=(member_id + 1) * PART_UNIT - 1,
    )
    return tuple(Payable(**row) for row in rows)


def _shares(given: list[Row], month: Month, member_id: int, pot: int) -> tuple[Share, ...]:
    valid = [row["thing_id"] for row in given if row["reason"] is None]
    found = dict(zip(valid, shares(month, member_id, pot, valid), strict=True))
    return tuple(
        Share(
            thing_id=row["public_id"],
            title=row["title"],
            artist=row["artist"],
            maker=row["nickname"],
            given_at=months.from_instant(row["given_at"]),
            number=row["thing_id"],
            mix=mix(month, member_id, row["thing_id"]),
            share_micros=found.get(row["thing_id"], Micros(0)),
            void=row["reason"],
        )
        for row in given
    )


def _deposits(known: History, funds: Account) -> tuple[Deposited, ...]:
    by_key = {f"deposit/{row['id']}/0": row for row in known.deposits}
    return tuple(
        Deposited(
            id=by_key[one.key]["public_id"],
            key=one.key,
            amount_micros=by_key[one.key]["amount_micros"],
            fee_micros=by_key[one.key]["fee_micros"],
            net_micros=by_key[one.key]["net_micros"],
        )
        for one in funds.movements
        if one.kind == "deposit"
    )


def _reversals(known: History, span: Span) -> tuple[Reversed, ...]:
    return tuple(
        Reversed(
            id=row["public_id"],
            at=months.from_instant(row["reversed_at"]),
            amount_micros=row["amount_micros"],
        )
        for row in known.deposits
        if row["reversed_at"] is not None and span.begins_at <= row["reversed_at"] < span.ends_at
    )
