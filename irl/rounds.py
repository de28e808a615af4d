"""Rounds: everybody is visited once in a period, in short stretches, by whichever process comes.

How far a round has come is kept in the table `house`, so that a round which is over costs nothing
and one that was cut off goes on where it was. A stretch may be visited twice when two processes
are at it: what is done there must be harmless the second time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from irl.db import Connection, ForRows

STRETCH: Final = 500
"""Members or rows visited at a time: a few milliseconds of writing."""

_OVER: Final = 2**62
_READ: Final = ForRows(
    "SELECT h.name, h.value FROM given CROSS JOIN house h WHERE h.name = given.name",
    {"name": "text"},
)
_WRITE: Final = ForRows(
    """INSERT INTO house (name, value) SELECT name, value FROM given WHERE true
       ON CONFLICT (name) DO UPDATE SET value = excluded.value""",
    {"name": "text", "value": "number"},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One round: what it is for, and the period in which it goes round once."""

    name: str
    period: int
    """For instance a month, 202611, or a day, 20261123."""

    async def at(self, connection: Connection) -> int | None:
        """Give the last number that was visited, 0 at the beginning; None once it is over."""
        rows = await connection.all(_READ, rows=[[self.name], [self._after]])
        found = {row["name"]: int(row["value"]) for row in rows}
        if found.get(self.name) != self.period:
            return 0
        after = found.get(self._after, 0)
        return None if after == _OVER else after

    async def reached(self, connection: Connection, number: int) -> None:
        """Note that all up to this number were visited, in the transaction of what was done."""
        rows = sorted([[self.name, self.period], [self._after, number]])
        await connection.all(_WRITE, rows=rows)

    async def over(self, connection: Connection) -> None:
        """Note that all were visited."""
        await self.reached(connection, _OVER)

    @property
    def _after(self) -> str:
        return f"{self.name}_after"
