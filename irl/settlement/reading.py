"""What a month is closed from, read in stretches of members, on one snapshot.

Nothing here is written, and no lock is held: what could change while a month is closing bumps the
house's settlement epoch, and the landing compares it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from sqlalchemy import bindparam, func, select

from irl.db import Connection
from irl.schema import charities, members, placements
from irl.settlement import bulk
from irl.settlement.closing import Closing
from irl.settlement.core import Chunk, Ints, Terms, Things
from irl.settlement.stretch import Stretch

_MEMBERS: Final = 1 << 14
"""Members of a chunk at the most."""

_FLATTRS: Final = 1 << 17
"""Flattrs of a chunk, aimed at: about 10 MB of arrays while it is closed."""


_LAST_MEMBER: Final = select(func.max(members.c.id))
_ANY_HIDDEN: Final = select(func.count()).where(placements.c.hidden_at.is_not(None))
_HOUSE_CHARITY: Final = select(func.min(charities.c.id)).where(
    charities.c.retired_at.is_(None) | (charities.c.retired_at >= bindparam("ends_at"))
)


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
    """Reads a month's chunks ahead, one on each connection, while the caller works on the last."""

    connections: Sequence[Connection]
    closing: Closing
    things: int
    """One more than the highest number of a thing."""

    async def chunks(self) -> AsyncGenerator[tuple[Chunk, float]]:
        """Give each chunk, and which part of all members is done with it, from 0 to 1."""
        last = await self.connections[0].value(_LAST_MEMBER) or 0
        assert last.bit_length() + self._bits <= 62, "member and thing must fit into one word"
        hidden = await self._hidden(self.connections[0])
        first, size = 1, 1 << 10
        free = deque(self.connections)
        ahead: deque[tuple[Connection, asyncio.Task[Chunk]]] = deque()
        try:
            while ahead or first <= last:
                while free and first <= last:
                    stretch = Stretch(
                        connection=free.popleft(),
                        closing=self.closing,
                        bits=self._bits,
                        first=first,
                        size=size,
                    )
                    task = asyncio.create_task(stretch.chunk(hidden))
                    ahead.append((stretch.connection, task))
                    first += size
                connection, task = ahead.popleft()
                chunk = await task
                free.append(connection)
                if 2 * len(chunk.givers) < _FLATTRS:
                    size = min(2 * size, _MEMBERS)
                elif len(chunk.givers) > _FLATTRS:
                    size = max(size // 2, 1)
                yield chunk, min(1.0, (chunk.first + len(chunk.budgets) - 1) / last)
        finally:
            for _, task in ahead:
                task.cancel()
            await asyncio.gather(*(task for _, task in ahead), return_exceptions=True)

    @property
    def _bits(self) -> int:
        return self.things.bit_length()

    async def _hidden(self, connection: Connection) -> Ints:
        """Read the flattrs that came through a hidden placement, packed and sorted."""
        if not await connection.value(_ANY_HIDDEN):
            return np.zeros(0, np.int64)
        [packed] = await bulk.columns(
            connection,
            [f"(member_id << {self._bits}) | thing_id"],
            """flattrs WHERE month = $1
               AND placement_id IN (SELECT id FROM placements WHERE hidden_at IS NOT NULL)""",
            self.closing.month,
        )
        packed.sort()
        return packed
