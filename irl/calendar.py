"""Which months are open: running, ended, closing or closed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import func, select

from irl import month as month_of
from irl.db import Connection
from irl.month import Month
from irl.schema import flattrs, members, months

State = Literal["running", "ended", "closing", "closed"]

_STATES: Final = select(months.c.month, months.c.state)
_FIRST_MEMBER: Final = select(members.c.joined_at).order_by(members.c.id).limit(1)
_FIRST_FLATTR: Final = select(func.min(flattrs.c.month))


@dataclass(frozen=True, slots=True)
class Calendar:
    """The months that are closing or closed, seen at one moment."""

    states: dict[Month, State]
    now: datetime
    first: Month
    """The first month that is not closed; what is older is over."""

    @property
    def running(self) -> Month:
        """The running month; after a month was closed early, the next one."""
        month = month_of.of(self.now)
        while month in self.states:
            month = month_of.add(month, 1)
        return month

    def state(self, month: Month) -> State:
        """Tell the state of a month; months to come count as running."""
        if month in self.states:
            return self.states[month]
        return "ended" if month_of.end(month) <= self.now else "running"

    @property
    def ended(self) -> list[Month]:
        """The months that ended and are still to be closed, in order."""
        found = []
        month = self.first
        while month < self.running:
            found.append(month)
            month = month_of.add(month, 1)
        return found

    def month_of_scan(
        self, scanned_at: datetime | None, *, late_days: int, ahead_min: int
    ) -> Month:
        """Give the month in which a scan counts.

        Args:
            scanned_at: what the sender says, or None for now.
            late_days: an older claim is not believed, and counts as made now.
            ahead_min: nor is one farther ahead.
        """
        month = self.running
        if scanned_at is not None:
            age = self.now - scanned_at
            if -ahead_min * 60 <= age.total_seconds() <= late_days * 86_400:
                month = month_of.of(scanned_at)
        # Months close in order, so what is older than a closing or closed one is over too.
        return month if month > max(self.states, default=0) else self.running


async def look(connection: Connection, *, now: datetime) -> Calendar:
    """Read which months are closing or closed, and from which on they are open."""
    rows = await connection.all(_STATES)
    states: dict[Month, State] = {Month(row["month"]): row["state"] for row in rows}
    closed = [month for month, state in states.items() if state == "closed"]
    if closed:
        return Calendar(states, now, month_of.add(max(closed), 1))
    joined_at = await connection.value(_FIRST_MEMBER)
    first = month_of.of(now if joined_at is None else month_of.from_instant(joined_at))
    earliest = await connection.value(_FIRST_FLATTR)
    return Calendar(states, now, Month(min(first, earliest or first)))
