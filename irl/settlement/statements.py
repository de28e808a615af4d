"""Statements: a member's read-only account of one closed month, as JSON and as CSV.

Shares are not stored. They are computed again from the stored pot and the flattrs, and a statement
holds all that anybody needs to do the same: the pot, the numbers that go into the mix, the rule.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, select

from irl import month as months
from irl.db import Connection, Row
from irl.errors import NothingYet
from irl.house import House
from irl.money.micros import Micros
from irl.money.shares import mix, shares
from irl.month import Day, Month
from irl.schema import (
    budgets,
    charities,
    flattrs,
    members,
    pots,
    receipts,
    things,
    transfers,
    voids,
)
from irl.schema import months as closings
from irl.settlement.core import PART_UNIT

RULE: Final = (
    "Each flattr that is not void gets the pot divided by their number, rounded down to a whole"
    " micro-euro; as many of them as micro-euros remain get one more: those with the smallest"
    " mix. mix = splitmix64(splitmix64(splitmix64(month) ^ member) ^ thing), in 64 bits, with the"
    " month as yyyymm and the numbers of member and thing as given here."
)

_CLOSING: Final = select(closings).where(closings.c.month == bindparam("month"))
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
class Statement:
    """A member's account of one closed month; amounts in micro-euros."""

    month: Month
    member: int
    """The member's inner number, which goes into the mix."""
    closed_at: datetime
    early: bool
    budget_micros: Micros | None
    """In force at the last instant; None when none was set."""
    funds_micros: Micros | None
    """Held at the last instant; None when nothing was given."""
    pot_micros: Micros
    odd_micros: int
    charity: str | None
    shares: tuple[Share, ...]
    received: tuple[Receipt, ...]
    payable: tuple[Payable, ...]

    @property
    def received_micros(self) -> Micros:
        """All that the member's things received in this month."""
        return Micros(sum(receipt.amount_micros for receipt in self.received))


async def of(house: House, member_id: int, month: Month, *, now: datetime) -> Statement:
    """Give a member's statement of a month.

    Raises:
        NothingYet: the month is not closed.
    """
    del now  # a statement is the same at any time
    async with house.db.snapshot() as connection:
        closing = await connection.one(_CLOSING, month=month)
        if closing is None or closing["state"] != "closed":
            raise NothingYet(f"{months.text(month)} is not closed yet.")
        key = {"month": month, "member_id": member_id}
        pot = await connection.one(_POT, **key)
        given = await connection.all(_GIVEN, **key)
        budget = await connection.value(_BUDGET, member_id=member_id, ends_at=closing["ends_at"])
        received = await connection.all(_RECEIVED, **key)
        payable = await _payable(connection, member_id, month)
    micros = 0 if pot is None else pot["pot_micros"]
    valid = sum(row["reason"] is None for row in given)
    return Statement(
        month=month,
        member=member_id,
        closed_at=months.from_instant(closing["closed_at"]),
        early=bool(closing["early"]),
        budget_micros=budget,
        funds_micros=None if pot is None else pot["funds_micros"],
        pot_micros=Micros(micros),
        odd_micros=micros % valid if valid else 0,
        charity=None if pot is None else pot["charity"],
        shares=_shares(given, month, member_id, micros),
        received=tuple(
            Receipt(
                thing_id=row["public_id"],
                title=row["title"],
                flattrs=row["flattrs"],
                amount_micros=row["amount_micros"],
            )
            for row in received
        ),
        payable=payable,
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


def as_json(statement: Statement) -> dict[str, Any]:
    """Give the statement as JSON: what was given, with how it was divided; what was received."""
    return {
        "month": months.text(statement.month),
        "closed_at": months.iso(statement.closed_at),
        "early": statement.early,
        "given": {
            "budget_micros": statement.budget_micros,
            "funds_micros": statement.funds_micros,
            "pot_micros": statement.pot_micros,
            "charity": statement.charity,
            "shares": [
                {
                    "thing": {
                        "id": share.thing_id,
                        "title": share.title,
                        "artist": share.artist,
                        "maker": {"nickname": share.maker},
                    },
                    "given_at": months.iso(share.given_at),
                    "share_micros": share.share_micros,
                    "void": share.void,
                    "number": share.number,
                    "mix": f"{share.mix:016x}",
                }
                for share in statement.shares
            ],
            "rounding": {
                "rule": RULE,
                "month": int(statement.month),
                "member": statement.member,
                "odd_micros": statement.odd_micros,
            },
        },
        "received": {
            "things": [
                {
                    "thing": {"id": receipt.thing_id, "title": receipt.title},
                    "flattrs": receipt.flattrs,
                    "amount_micros": receipt.amount_micros,
                }
                for receipt in statement.received
            ],
            "total_micros": statement.received_micros,
            "payable": [
                {
                    "payable_on": months.from_day(payable.payable_on).isoformat(),
                    "amount_micros": payable.amount_micros,
                }
                for payable in statement.payable
            ],
        },
    }


_COLUMNS: Final = (
    "month",
    "direction",
    "thing",
    "title",
    "maker",
    "flattrs",
    "amount_micros",
    "void",
)


def as_csv(statement: Statement) -> str:
    """Give the statement as CSV (RFC 4180), one line a thing or charity, amounts in micro-euros.

    Titles are other people's: what a spreadsheet would take for a formula gets an apostrophe
    before it (OWASP, "CSV Injection").
    """
    month = months.text(statement.month)
    lines: list[tuple[object, ...]] = [
        (month, "given", s.thing_id, s.title, s.maker, 1, s.share_micros, s.void or "")
        for s in statement.shares
    ]
    if statement.charity is not None:
        lines.append((month, "charity", "", statement.charity, "", 0, statement.pot_micros, ""))
    lines += [
        (month, "received", r.thing_id, r.title, "", r.flattrs, r.amount_micros, "")
        for r in statement.received
    ]
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    writer.writerows([_harmless(cell) for cell in line] for line in lines)
    return written.getvalue()


def _harmless(cell: object) -> object:
    if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{cell}"
    return cell
