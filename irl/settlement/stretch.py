"""Everything that is known of the members of one stretch, read into one chunk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from irl.db import Connection
from irl.settlement import bulk
from irl.settlement.closing import Closing
from irl.settlement.core import Bools, Chunk, Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """The members numbered `first` to `first + size - 1`, on one connection."""

    connection: Connection
    closing: Closing
    bits: int
    """How many bits a thing's number takes when it is packed with its giver's into one."""
    first: int
    size: int

    @property
    def _span(self) -> tuple[int, int]:
        return self.first, self.first + self.size

    async def chunk(self, hidden: Ints) -> Chunk:
        """Read the chunk; `hidden` are packed flattrs that came through hidden placements."""
        givers, things = await self._flattrs()
        owners, lots, payable_on, left = await self._lots()
        is_hidden: Bools = np.zeros(len(givers), np.bool_)
        if len(hidden):
            is_hidden = np.isin(givers << self.bits | things, hidden)
        return Chunk(
            first=self.first,
            budgets=await self._budgets(),
            charities=await self._charities(),
            warned=await self._warned(),
            givers=givers,
            things=things,
            hidden=is_hidden,
            lot_members=owners,
            lot_ids=lots,
            lot_payable_on=payable_on,
            lot_left=left,
        )

    async def _flattrs(self) -> tuple[Ints, Ints]:
        # One number for both halves what SQLite writes and we parse.
        [packed] = await bulk.columns(
            self.connection,
            [f"(member_id << {self.bits}) | thing_id"],
            "flattrs WHERE month = $1 AND member_id >= $2 AND member_id < $3",
            self.closing.month,
            *self._span,
        )
        if not np.all(packed[1:] > packed[:-1]):
            packed.sort()
        return packed >> self.bits, packed & ((1 << self.bits) - 1)

    async def _lots(self) -> tuple[Ints, Ints, Ints, Ints]:
        members, booked_at, lots, payable_on, left = await bulk.columns(
            self.connection,
            ["member_id", "booked_at", "id", "payable_on", "left_micros"],
            """lots WHERE member_id >= $1 AND member_id < $2 AND booked_at < $3
               AND left_micros > 0""",
            *self._span,
            self.closing.ends_at,
        )
        order = np.lexsort((lots, booked_at, members))
        return members[order], lots[order], payable_on[order], left[order]

    async def _budgets(self) -> Ints:
        """Read each member's budget in force at the last instant; 0 for none."""
        members, set_at, micros = await bulk.columns(
            self.connection,
            ["member_id", "set_at", "coalesce(budget_micros, 0)"],
            "budgets WHERE member_id >= $1 AND member_id < $2 AND set_at < $3",
            *self._span,
            self.closing.ends_at,
        )
        order = np.lexsort((set_at, members))
        members, micros = members[order], micros[order]
        latest = np.diff(members, append=-1) != 0
        budgets = np.zeros(self.size, np.int64)
        budgets[members[latest] - self.first] = micros[latest]
        return budgets

    async def _charities(self) -> Ints:
        """Read each member's charity that was not retired before the last instant; 0 for none."""
        members, chosen = await bulk.columns(
            self.connection,
            ["id", "charity_id"],
            """members WHERE id >= $1 AND id < $2 AND charity_id IN
               (SELECT id FROM charities WHERE retired_at IS NULL OR retired_at >= $3)""",
            *self._span,
            self.closing.ends_at,
        )
        charities = np.zeros(self.size, np.int64)
        charities[members - self.first] = chosen
        return charities

    async def _warned(self) -> Bools:
        """Read whose both warnings of an idle month were sent before its last instant was over."""
        members, days = await bulk.columns(
            self.connection,
            ["member_id", "days"],
            """warnings WHERE month = $1 AND member_id >= $2 AND member_id < $3
               AND sent_at < $4""",
            self.closing.month,
            *self._span,
            self.closing.ends_at,
        )
        week, last_call = np.zeros(self.size, np.bool_), np.zeros(self.size, np.bool_)
        week[members[days == 7] - self.first] = True
        last_call[members[days == 2] - self.first] = True
        return week & last_call
