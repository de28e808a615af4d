"""Which month a moment and a scan belong to, while months are running, ended, closing, closed."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from irl.calendar import Calendar, State
from irl.month import Month
from tests.irl.conftest import day

SEPTEMBER, OCTOBER, NOVEMBER, DECEMBER, JANUARY = map(
    Month, (202609, 202610, 202611, 202612, 202701)
)


def calendar(now: datetime, first: Month = NOVEMBER, **states: State) -> Calendar:
    names = {"october": OCTOBER, "november": NOVEMBER, "december": DECEMBER}
    return Calendar({names[name]: state for name, state in states.items()}, now, first)


def scanned(look: Calendar, moment: datetime | None) -> Month:
    return look.month_of_scan(moment, late_days=35, ahead_min=5)


def test_the_month_of_now_is_running_and_those_before_have_ended() -> None:
    look = calendar(day(2, 12))
    assert (look.running, look.ended) == (DECEMBER, [NOVEMBER])
    assert [look.state(m) for m in (OCTOBER, NOVEMBER, DECEMBER, JANUARY)] == [
        "ended",
        "ended",
        "running",
        "running",
    ]


def test_after_an_early_closing_the_next_month_runs() -> None:
    look = calendar(day(23), DECEMBER, november="closed")
    assert (look.running, look.ended, look.state(NOVEMBER)) == (DECEMBER, [], "closed")
    assert scanned(look, None) == scanned(look, day(23)) == DECEMBER
    twice = calendar(day(23), JANUARY, november="closed", december="closed")
    assert (twice.running, scanned(twice, None)) == (JANUARY, JANUARY)


@pytest.mark.parametrize("state", ["closing", "closed"])
def test_a_late_scan_of_a_month_that_is_over_counts_in_the_running_one(state: State) -> None:
    first = NOVEMBER if state == "closing" else DECEMBER
    look = calendar(day(4, 12), first, november=state)
    assert scanned(look, day(30)) == DECEMBER
    assert scanned(look, day(31, 10)) == DECEMBER


def test_a_late_scan_of_a_month_that_waits_counts_there() -> None:
    look = calendar(day(2, 12))
    assert scanned(look, day(30)) == NOVEMBER
    assert scanned(look, day(1, 12)) == DECEMBER
    assert scanned(look, day(31, 10)) == OCTOBER


def test_a_claim_is_believed_for_35_days_back_and_5_minutes_ahead() -> None:
    look = calendar(day(2, 12), SEPTEMBER)
    tick = timedelta(milliseconds=1)
    oldest = day(2, 12) - timedelta(days=35)
    assert scanned(look, oldest) == OCTOBER
    assert scanned(look, oldest - tick) == DECEMBER
    evening = calendar(day(1, 12, hour=0) - timedelta(minutes=5), NOVEMBER)
    assert scanned(evening, day(1, 12, hour=0)) == DECEMBER
    assert scanned(evening, day(1, 12, hour=0) + tick) == NOVEMBER
