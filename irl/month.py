"""Calendar months in UTC, and instants as the database keeps them.

A month is written `2026-11` outside and kept as the integer 202611 inside. An instant is an aware
`datetime` outside and an integer number of milliseconds since 1970-01-01 UTC inside, in columns
whose names end in `_at`; a day is the integer 20261123 in columns whose names end in `_on`.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import NewType

from irl.errors import Invalid

Month = NewType("Month", int)
"""yyyymm, for instance 202611."""

Instant = NewType("Instant", int)
"""Milliseconds since 1970-01-01 UTC."""

Day = NewType("Day", int)
"""yyyymmdd in UTC, for instance 20261123."""

_TEXT = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse(text: str) -> Month:
    """Read `2026-11`; years 2000 to 2099.

    Raises:
        Invalid: anything else, with the field `month`.
    """
    match = _TEXT.fullmatch(text)
    if match is None:
        raise Invalid("A month is written as year and month, for instance 2026-11.", field="month")
    return Month(int(match[1]) * 100 + int(match[2]))


def text(month: Month) -> str:
    """Write 202611 as `2026-11`."""
    return f"{month // 100:04}-{month % 100:02}"


def of(moment: datetime) -> Month:
    """Give the month in which an aware moment lies, in UTC."""
    moment = moment.astimezone(UTC)
    return Month(moment.year * 100 + moment.month)


def add(month: Month, count: int) -> Month:
    """Go forth or back by whole months."""
    index = month // 100 * 12 + month % 100 - 1 + count
    return Month(index // 12 * 100 + index % 12 + 1)


def start(month: Month) -> datetime:
    """Give the first instant of the month."""
    return datetime(month // 100, month % 100, 1, tzinfo=UTC)


def end(month: Month) -> datetime:
    """Give the first instant after the month: what happened before it counts for the month."""
    return start(add(month, 1))


def days_left(month: Month, *, now: datetime) -> int:
    """Count the days of a month that are not over in UTC, today among them; 0 once it ended."""
    return max(0, (end(month).date() - now.astimezone(UTC).date()).days)


def last_instant(month: Month) -> datetime:
    """Give the last millisecond of the month."""
    return end(month) - timedelta(milliseconds=1)


def to_instant(moment: datetime) -> Instant:
    """Turn an aware moment into milliseconds since 1970, exactly (floats would not be)."""
    return Instant((moment - _EPOCH) // timedelta(milliseconds=1))


def from_instant(instant: int) -> datetime:
    """Turn milliseconds since 1970 into an aware moment in UTC."""
    return _EPOCH + timedelta(milliseconds=instant)


def to_day(moment: date) -> Day:
    """Turn a date (or a moment, read in UTC) into yyyymmdd."""
    if isinstance(moment, datetime):
        moment = moment.astimezone(UTC)
    return Day(moment.year * 10000 + moment.month * 100 + moment.day)


def from_day(day: int) -> date:
    """Turn yyyymmdd into a date."""
    return date(day // 10000, day // 100 % 100, day % 100)


def iso(moment: datetime) -> str:
    """Write a moment as RFC 3339 in UTC with milliseconds: `2026-11-30T23:59:59.999Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
