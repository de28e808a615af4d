"""The month that is being closed, as its row says."""

from __future__ import annotations

from dataclasses import dataclass

from irl import month as months
from irl.month import Instant, Month


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
