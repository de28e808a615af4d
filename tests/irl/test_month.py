from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from irl import month
from irl.errors import Invalid
from irl.month import Month

MOMENTS = st.datetimes(
    min_value=datetime(2000, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2099, 12, 31),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))]),
)


def test_a_month_is_read_and_written_as_year_and_month() -> None:
    assert month.parse("2026-11") == 202611
    assert month.text(Month(202601)) == "2026-01"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026",
        "2026-13",
        "2026-00",
        "26-11",
        "2026-1",
        "1999-12",
        "2100-01",
        " 2026-11",
        "2026-11\n",
        "2026/11",
        "\uff12026-11",
        "2026-11-01",
        "202611",
    ],
)
def test_anything_else_is_no_month(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        month.parse(text)
    assert refused.value.field == "month"


@given(MOMENTS)
@settings(max_examples=200, deadline=None)
def test_a_moment_lies_in_its_month_in_utc_wherever_it_was_said(moment: datetime) -> None:
    found = month.of(moment)
    assert month.start(found) <= moment < month.end(found)
    assert month.end(found) == month.start(month.add(found, 1))


@given(st.integers(2000, 2098), st.integers(1, 12), st.integers(-500, 500))
@settings(max_examples=200, deadline=None)
def test_months_are_added_and_taken_away_again(year: int, number: int, count: int) -> None:
    first = Month(year * 100 + number)
    there = month.add(first, count)
    assert month.add(there, -count) == first
    assert 1 <= there % 100 <= 12


def test_the_last_instant_is_a_millisecond_before_the_next_month() -> None:
    last = month.last_instant(Month(202612))
    assert month.iso(last) == "2026-12-31T23:59:59.999Z"
    assert month.of(last + timedelta(milliseconds=1)) == 202701


@given(MOMENTS)
@settings(max_examples=200, deadline=None)
def test_an_instant_keeps_a_moment_to_the_millisecond(moment: datetime) -> None:
    back = month.from_instant(month.to_instant(moment))
    assert timedelta(0) <= moment - back < timedelta(milliseconds=1)


def test_a_day_is_the_one_in_utc() -> None:
    late = datetime(2026, 11, 23, 23, 30, tzinfo=timezone(timedelta(hours=-5)))
    assert month.to_day(late) == 20261124
    assert month.to_day(date(2026, 1, 2)) == 20260102
    assert month.from_day(20260102) == date(2026, 1, 2)


@pytest.mark.parametrize(
    ("now", "left"),
    [
        (datetime(2026, 11, 1, tzinfo=UTC), 30),
        (datetime(2026, 11, 30, 23, 59, 59, 999_000, tzinfo=UTC), 1),
        (datetime(2026, 12, 1, 1, tzinfo=timezone(timedelta(hours=2))), 1),
        (datetime(2026, 12, 1, tzinfo=UTC), 0),
        (datetime(2027, 5, 1, tzinfo=UTC), 0),
        (datetime(2026, 10, 31, 12, tzinfo=UTC), 31),
    ],
)
def test_today_is_among_the_days_that_are_left(now: datetime, left: int) -> None:
    assert month.days_left(Month(202611), now=now) == left
