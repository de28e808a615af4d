"""What a month is closed from, read in stretches of members, on one snapshot.

Nothing here is written, and no lock is held: what could change while a month is closing bumps the
house's settlement epoch, and the landing compares it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import numpy as np
from sqlalchemy import bindparam, func, select

from irl import month as months
from irl.db import Connection, Database
from irl.month import Instant, Month
from irl.schema import charities, members, placements
from irl.settlement import bulk
from irl.settlement.core import Bools, Chunk, Ints, Terms, Things

_MEMBERS: Final = 1 << 14
"""Members of a chunk at the most."""

_FLATTRS: Final = 1 << 17
"""Flattrs of a chunk, aimed at: about 10 MB of arrays while it is closed."""


_LAST_MEMBER: Final = select(func.max(members.c.id))
_ANY_HIDDEN: Final = select(func.count()).where(placements.c.hidden_at.is_not(None))
_HOUSE_CHARITY: Final = select(func.min(charities.c.id)).where(
    charities.c.retired_at.is_(None) | (charities.c.retired_at >= bindparam("ends_at"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """A month that is being closed, as its row says."""

    month: Month
    ends_at: Instant
    early: bool
    payout_month_day: int
    closing_at: Instant

    @property
    def earliest_on(self) -> int:
        """The day of the next month from which on anything may be paid out; yyyymmdd."""
        return months.add(self.month, 1) * 100 + self.payout_month_day


@asynccontextmanager
async def snapshot(database: Database) -> AsyncIterator[Connection]:
    """Lend a snapshot that does not map the database file, so that memory stays flat."""
    async with database.snapshot() as connection:
        if connection.engine != "sqlite":
            yield connection
            return
        mapped = (await connection.run("PRAGMA mmap_size"))[0]["mmap_size"]
        await connection.run("PRAGMA mmap_size=0")
        try:
            yield connection
        finally:
            await connection.run(f"PRAGMA mmap_size={int(mapped)}")


async def terms(connection: Connection, closing: Closing) -> Terms:
    """Read what holds for the whole month."""
    charity = await connection.value(_HOUSE_CHARITY, ends_at=closing.ends_at)
    return Terms(
        month=closing.month,
        earliest_on=closing.earliest_on,
        house_charity=charity or 0,
        warned=closing.early,
    )


async def things(connection: Connection) -> Things:
    """Read whose each thing is, and which are hidden."""
    ids, makers, hidden = await bulk.columns(
        connection,
        ["id", "maker_id", "CASE WHEN hidden_at IS NULL THEN 0 ELSE 1 END"],
        "things",
    )
    size = int(ids.max(initial=0)) + 1
    found = Things(makers=np.zeros(size, np.int64), hidden=np.zeros(size, np.bool_))
    found.makers[ids] = makers
    found.hidden[ids] = hidden > 0
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Reads a month's chunks, the next one while the caller works on the last."""

    connection: Connection
    closing: Closing
    things: int
    """One more than the highest number of a thing."""

    async def chunks(self) -> AsyncIterator[tuple[Chunk, float]]:
        """Give each chunk, and which part of all members is done with it, from 0 to 1."""
        last = await self.connection.value(_LAST_MEMBER) or 0
        assert last.bit_length() + self._bits <= 62, "member and thing must fit into one word"
        hidden = await self._hidden()
        first, size = 1, 1 << 10
        ahead = asyncio.create_task(self._chunk(first, size, hidden)) if last else None
        try:
            while ahead is not None:
                chunk = await ahead
                first += size
                if 2 * len(chunk.givers) < _FLATTRS:
                    size = min(2 * size, _MEMBERS)
                elif len(chunk.givers) > _FLATTRS:
                    size = max(size // 2, 1)
                ahead = None
                if first <= last:
                    ahead = asyncio.create_task(self._chunk(first, size, hidden))
                yield chunk, min(1.0, (first - 1) / last)
        finally:
            if ahead is not None:
                ahead.cancel()
                await asyncio.gather(ahead, return_exceptions=True)

    @property
    def _bits(self) -> int:
        return self.things.bit_length()

    async def _hidden(self) -> Ints:
        """Read the flattrs that came through a hidden placement, packed and sorted."""
        if not await self.connection.value(_ANY_HIDDEN):
            return np.zeros(0, np.int64)
        [packed] = await bulk.columns(
            self.connection,
            [f"(member_id << {self._bits}) | thing_id"],
            """flattrs WHERE month = $1
               AND placement_id IN (SELECT id FROM placements WHERE hidden_at IS NOT NULL)""",
            self.closing.month,
        )
        packed.sort()
        return packed

    async def _chunk(self, first: int, size: int, hidden: Ints) -> Chunk:
        givers, things = await self._flattrs(first, size)
        owners, lots, payable_on, left = await self._lots(first, size)
        is_hidden: Bools = np.zeros(len(givers), np.bool_)
        if len(hidden):
            is_hidden = np.isin(givers << self._bits | things, hidden)
        return Chunk(
            first=first,
            budgets=await self._budgets(first, size),
            charities=await self._charities(first, size),
            warned=await self._warned(first, size),
            givers=givers,
            things=things,
            hidden=is_hidden,
            lot_members=owners,
            lot_ids=lots,
            lot_payable_on=payable_on,
            lot_left=left,
        )

    async def _flattrs(self, first: int, size: int) -> tuple[Ints, Ints]:
        # One number for both halves what SQLite writes and we parse.
        [packed] = await bulk.columns(
            self.connection,
            [f"(member_id << {self._bits}) | thing_id"],
            "flattrs WHERE month = $1 AND member_id >= $2 AND member_id < $3",
            self.closing.month,
            first,
            first + size,
        )
        if not np.all(packed[1:] > packed[:-1]):
            packed.sort()
        return packed >> self._bits, packed & ((1 << self._bits) - 1)

    async def _lots(self, first: int, size: int) -> tuple[Ints, Ints, Ints, Ints]:
        members, booked_at, lots, payable_on, left = await bulk.columns(
            self.connection,
            ["member_id", "booked_at", "id", "payable_on", "left_micros"],
            """lots WHERE member_id >= $1 AND member_id < $2 AND booked_at < $3
               AND left_micros > 0""",
            first,
            first + size,
            self.closing.ends_at,
        )
        order = np.lexsort((lots, booked_at, members))
        return members[order], lots[order], payable_on[order], left[order]

    async def _budgets(self, first: int, size: int) -> Ints:
        """Read each member's budget in force at the last instant; 0 for none."""
        members, set_at, micros = await bulk.columns(
            self.connection,
            ["member_id", "set_at", "coalesce(budget_micros, 0)"],
            "budgets WHERE member_id >= $1 AND member_id < $2 AND set_at < $3",
            first,
            first + size,
            self.closing.ends_at,
        )
        order = np.lexsort((set_at, members))
        members, micros = members[order], micros[order]
        latest = np.diff(members, append=-1) != 0
        budgets = np.zeros(size, np.int64)
        budgets[members[latest] - first] = micros[latest]
        return budgets

    async def _charities(self, first: int, size: int) -> Ints:
        """Read each member's charity that was not retired before the last instant; 0 for none."""
        members, chosen = await bulk.columns(
            self.connection,
            ["id", "charity_id"],
            """members WHERE id >= $1 AND id < $2 AND charity_id IN
               (SELECT id FROM charities WHERE retired_at IS NULL OR retired_at >= $3)""",
            first,
            first + size,
            self.closing.ends_at,
        )
        charities = np.zeros(size, np.int64)
        charities[members - first] = chosen
        return charities

    async def _warned(self, first: int, size: int) -> Bools:
        """Read who got both warnings of an idle month."""
        members, days = await bulk.columns(
            self.connection,
            ["member_id", "days"],
            "warnings WHERE month = $1 AND member_id >= $2 AND member_id < $3",
            self.closing.month,
            first,
            first + size,
        )
        week, last_call = np.zeros(size, np.bool_), np.zeros(size, np.bool_)
        week[members[days == 7] - first] = True
        last_call[members[days == 2] - first] = True
        return week & last_call
