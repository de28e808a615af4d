"""The statements of a member, in a chain: each names the hash of the one before it.

A statement is made when it is first asked for, with all that come before it, in order; their
hashes are kept and never change. Whoever holds one statement can so show what all earlier ones said.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, func, select

from irl import month as months
from irl.db import Connection, ForRows
from irl.errors import NotFound, NothingYet
from irl.house import House
from irl.money.micros import Micros
from irl.month import Month
from irl.schema import months as closings
from irl.schema import pots, receipts, statement_hashes
from irl.sentence import Sentence
from irl.settlement import document, statement
from irl.settlement.statement import Statement

_STATE: Final = select(closings.c.state).where(closings.c.month == bindparam("month"))
_KEPT: Final = (
    select(statement_hashes.c.month, statement_hashes.c.sha256)
    .where(
        statement_hashes.c.member_id == bindparam("member_id"),
        statement_hashes.c.month <= bindparam("month"),
    )
    .order_by(statement_hashes.c.month)
)
_NEXT_MEMBER: Final = (
    select(statement_hashes.c.member_id)
    .where(statement_hashes.c.member_id > bindparam("member_id"))
    .order_by(statement_hashes.c.member_id)
    .limit(1)
)
_LAST: Final = (
    select(statement_hashes.c.month)
    .where(statement_hashes.c.member_id == bindparam("member_id"))
    .order_by(statement_hashes.c.month.desc())
    .limit(1)
)
_IN_BRIEF: Final = (
    select(
        closings.c.month,
        closings.c.closed_at,
        func.coalesce(pots.c.pot_micros, 0).label("given"),
        select(func.coalesce(func.sum(receipts.c.amount_micros), 0))
        .where(
            receipts.c.month == closings.c.month,
            receipts.c.maker_id == bindparam("member_id"),
        )
        .scalar_subquery()
        .label("received"),
    )
    .join(
        pots,
        (pots.c.month == closings.c.month) & (pots.c.member_id == bindparam("member_id")),
        isouter=True,
    )
    .where(closings.c.state == "closed", closings.c.month >= bindparam("first"))
    .order_by(closings.c.month.desc())
)
_KEEP: Final = ForRows(
    """INSERT INTO statement_hashes (member_id, month, sha256)
       SELECT member_id, month, sha256 FROM given WHERE true ON CONFLICT DO NOTHING""",
    {"member_id": "number", "month": "number", "sha256": "text"},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class InBrief:
    """A closed month of a member in two figures; its statement tells the rest."""

    month: Month
    closed_at: datetime
    given_micros: Micros
    received_micros: Micros


async def listed(house: House, member_id: int) -> tuple[InBrief, ...]:
    """Give the months of which a member has a statement, the latest first; none is made by this."""
    async with house.db.snapshot() as connection:
        first = await statement.first_month(connection, member_id)
        rows = await connection.all(_IN_BRIEF, member_id=member_id, first=first)
    return tuple(
        InBrief(
            month=Month(row["month"]),
            closed_at=months.from_instant(row["closed_at"]),
            given_micros=Micros(row["given"]),
            received_micros=Micros(int(row["received"])),
        )
        for row in rows
    )


async def of(house: House, member_id: int, month: Month, *, now: datetime) -> Statement:
    """Give a member's statement of a month.

    Raises:
        NothingYet: the month is not closed.
        NotFound: the member had not joined by then.
    """
    del now  # a statement is the same at any time
    async with house.db.snapshot() as connection:
        if await connection.value(_STATE, month=month) != "closed":
            raise NothingYet(Sentence("{month} is not closed yet.", month=months.text(month)))
        kept = await _kept(connection, member_id, month)
        fresh: list[list[object]] = []
        known = await statement.history(connection, member_id, last=month)
        for span in known.spans:
            # What was made before need not be made again, but for the one that is asked for.
            if span.month < known.first or (span.month < month and span.month in kept):
                continue
            previous = kept.get(months.add(span.month, -1))
            found = await statement.made(connection, known, span, previous=previous)
            made = document.of(found)["hash"]
            if span.month not in kept:
                fresh.append([member_id, span.month, made])
            assert kept.setdefault(span.month, made) == made, "a statement never changes"
    if fresh:
        await house.db.write(lambda connection: connection.all(_KEEP, rows=fresh))
    return found


async def changed(connection: Connection, *, most: int) -> list[str]:
    """Make every statement again whose hash was kept; say of at most so many what is not as it was."""
    found: list[str] = []
    member_id = await connection.value(_NEXT_MEMBER, member_id=0)
    while member_id is not None and len(found) < most:
        found += [
            f"{months.text(month)}: the statement of member {member_id} is not what it was"
            for month in await _changed(connection, member_id)
        ]
        member_id = await connection.value(_NEXT_MEMBER, member_id=member_id)
    return found[:most]


async def _changed(connection: Connection, member_id: int) -> list[Month]:
    last = Month(await connection.value(_LAST, member_id=member_id))
    kept = await _kept(connection, member_id, last)
    try:
        known = await statement.history(connection, member_id, last=last)
    except NotFound:  # the member joined later than the statement says
        return sorted(kept)
    again: dict[Month, str] = {}
    for span in known.spans:
        if span.month >= known.first:
            previous = kept.get(months.add(span.month, -1))
            made = await statement.made(connection, known, span, previous=previous)
            again[span.month] = document.of(made)["hash"]
    return sorted(month for month in {*kept, *again} if kept.get(month) != again.get(month))


async def _kept(connection: Connection, member_id: int, month: Month) -> dict[Month, str]:
    rows = await connection.all(_KEPT, member_id=member_id, month=month)
    return {Month(row["month"]): row["sha256"] for row in rows}
