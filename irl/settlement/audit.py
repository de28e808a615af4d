"""The audit: everything that the ledger claims, computed again from what it was made of.

It reads one snapshot and changes nothing. Whole tables are compared by EXCEPT in both directions;
shares are divided again from the stored pots, chunk by chunk, so memory stays flat.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import numpy as np
from sqlalchemy import bindparam, func, select

from irl import month as months
from irl.db import Connection
from irl.house import House
from irl.money import payout_files
from irl.month import Month
from irl.schema import flattrs, members, placements
from irl.schema import months as closings
from irl.settlement import bulk, core, reading, statements, transparency
from irl.settlement.claim import Never, Same
from irl.settlement.claims import CLAIMS
from irl.settlement.core import Ints

_MOST: Final = 20
"""Findings that one check lists; if the house burns, the first few say where."""

_STRETCH: Final = 1 << 12
"""Members whose flattrs are divided again at once."""

_NEXT_MONTH: Final = select(func.min(flattrs.c.month)).where(flattrs.c.month > bindparam("month"))
_LAST_MEMBER: Final = select(func.max(members.c.id))
_LAST_PLACEMENT: Final = select(func.max(placements.c.id))
_CLOSED: Final = (
    select(closings.c.month).where(closings.c.state == "closed").order_by(closings.c.month)
)


async def audit(house: House) -> list[str]:
    """Compute the ledger anew and compare; give what is wrong, at best nothing."""
    findings: list[str] = []
    async with house.db.snapshot() as connection:
        for check in CLAIMS:
            findings += await _checked(connection, check)
        findings += await _flattrs(connection)
        findings += await payout_files.changed(connection)
        findings += await statements.changed(connection, most=_MOST)
        findings += await transparency.changed(connection)
    return findings


async def _checked(connection: Connection, check: Same | Never) -> list[str]:
    if isinstance(check, Never):
        rows = await connection.run(f"SELECT * FROM ({check.sql}) AS found LIMIT {_MOST}")  # noqa: S608
        return [f"{check.claim}: not so for {_row(row)}" for row in rows]
    found = []
    for one, other, side in (
        (check.one, check.other, "only the first has"),
        (check.other, check.one, "only the second has"),
    ):
        rows = await connection.run(
            f"SELECT * FROM ({one} EXCEPT {other}) AS found LIMIT {_MOST}"  # noqa: S608 - our own
        )
        found += [f"{check.claim}: {side} {_row(row)}" for row in rows]
    return found


def _row(row: dict[str, object]) -> str:
    return ", ".join(map(str, row.values()))


async def _flattrs(connection: Connection) -> list[str]:
    """Divide each closed month again, and count each placement's flattrs again."""
    things = await reading.things(connection)
    last = await connection.value(_LAST_MEMBER) or 0
    closed = {Month(row["month"]) for row in await connection.all(_CLOSED)}
    wanted = set(closed)
    month = await connection.value(_NEXT_MONTH, month=0)
    while month is not None:
        wanted.add(Month(month))
        month = await connection.value(_NEXT_MONTH, month=month)
    findings: list[str] = []
    for each in sorted(wanted):
        again = _Again(connection, each, len(things.makers), closed=each in closed)
        findings += await again.findings(last, await connection.value(_LAST_PLACEMENT) or 0)
    return findings


class _Again:
    """One month, divided again."""

    def __init__(self, connection: Connection, month: Month, things: int, *, closed: bool) -> None:
        self._connection = connection
        self._month = month
        self._closed = closed
        self._bits = things.bit_length()
        self._counts = np.zeros(things, np.int64)
        self._amounts = np.zeros(things, np.int64)
        self._found: list[str] = []

    async def findings(self, last_member: int, last_placement: int) -> list[str]:
        by_placement = np.zeros(last_placement + 1, np.int64)
        async for givers, things, placed, first in self._stretches(last_member):
            np.add.at(by_placement, placed, 1)
            if self._closed:
                await self._divide(givers, things, first)
        ids, counts = await bulk.columns(
            self._connection,
            ["placement_id", "flattrs"],
            "placement_months WHERE month = $1",
            self._month,
        )
        by_placement[ids] -= counts
        for placement in np.flatnonzero(by_placement).tolist():
            self._say(f"placement {placement} has {by_placement[placement]} flattrs uncounted")
        if self._closed:
            await self._compare()
        return self._found[:_MOST]

    async def _stretches(self, last_member: int) -> AsyncIterator[tuple[Ints, Ints, Ints, int]]:
        for first in range(1, last_member + 1, _STRETCH):
            packed, placed = await bulk.columns(
                self._connection,
                [f"(member_id << {self._bits}) | thing_id", "placement_id"],
                "flattrs WHERE month = $1 AND member_id >= $2 AND member_id < $3",
                self._month,
                first,
                first + _STRETCH,
            )
            order = np.argsort(packed, kind="stable")
            packed, placed = packed[order], placed[order]
            yield packed >> self._bits, packed & ((1 << self._bits) - 1), placed, first

    async def _divide(self, givers: Ints, things: Ints, first: int) -> None:
        where = "WHERE month = $1 AND member_id >= $2 AND member_id < $3"
        span = (self._month, first, first + _STRETCH)
        void_givers, void_things = await bulk.columns(
            self._connection, ["member_id", "thing_id"], f"voids {where}", *span
        )
        valid = ~np.isin(givers << self._bits | things, void_givers << self._bits | void_things)
        if len(givers) - int(valid.sum()) != len(void_givers):
            self._say(f"a void flattr of members {first} and up was never given")
        givers, things = givers[valid], things[valid]
        np.add.at(self._counts, things, 1)
        pot_members, pots, divided = await bulk.columns(
            self._connection, ["member_id", "pot_micros", "flattrs"], f"pots {where}", *span
        )
        by_member, counts = np.zeros(_STRETCH, np.int64), np.zeros(_STRETCH, np.int64)
        by_member[pot_members - first] = pots
        np.add.at(counts, givers - first, 1)
        for at in np.flatnonzero(counts[pot_members - first] != divided).tolist():
            self._say(f"the pot of member {pot_members[at]} was not divided over all flattrs")
        funded = by_member[givers - first] > 0
        givers, things = givers[funded], things[funded]
        amounts = core.split(
            month=self._month,
            givers=givers,
            things=things,
            pots=by_member[givers - first],
            counts=counts[givers - first],
        )
        np.add.at(self._amounts, things, amounts)

    async def _compare(self) -> None:
        things, counts, amounts = await bulk.columns(
            self._connection,
            ["thing_id", "flattrs", "amount_micros"],
            "receipts WHERE month = $1",
            self._month,
        )
        np.subtract.at(self._counts, things, counts)
        np.subtract.at(self._amounts, things, amounts)
        for thing in np.flatnonzero(self._counts | self._amounts).tolist():
            self._say(
                f"thing {thing} lacks {self._counts[thing]} flattrs"
                f" and {self._amounts[thing]} micros in its receipt"
            )

    def _say(self, finding: str) -> None:
        self._found.append(f"{months.text(self._month)}: {finding}")
