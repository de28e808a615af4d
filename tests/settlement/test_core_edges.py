"""A small month computed by hand, and the corners of settlement: quick to tell what broke."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from irl.money import shares as one
from irl.settlement import core
from irl.settlement.core import Chunk, Closed, Received, Terms, Things

MONTH = 202611
TERMS = Terms(month=MONTH, earliest_on=20261210, house_charity=9)

# Things 1 to 6; thing 0 is nobody's. Makers 40 and 50 receive, maker 10 is a giver as well.
THINGS = Things(
    makers=np.array([0, 50, 40, 50, 10, 40, 50], np.int64),
    hidden=np.array([False, False, False, False, False, True, False]),
)


def _ints(*values: int) -> core.Ints:
    return np.array(values, np.int64)


def _lists(*columns: core.Ints) -> list[list[int]]:
    return [column.tolist() for column in columns]


def _month() -> Chunk:
    """Members 10 to 15.

    10 gives 7 from two lots to things 1, 2 and 3; 4 is the own thing, 5 is hidden.
    11 has a pot of nothing, for want of funds, and flattred thing 2.
    12 is idle and warned, with a charity of the own; 13 is idle and warned, without.
    14 is idle and was not warned; 15 flattred only through a hidden placement, so is idle too.
    """
    return Chunk(
        first=10,
        budgets=_ints(7, 5, 6, 8, 5, 4),
        charities=_ints(3, 0, 3, 0, 3, 0),
        warned=np.array([True, True, True, True, False, True]),
        givers=_ints(10, 10, 10, 10, 10, 11, 15),
        things=_ints(1, 2, 3, 4, 5, 2, 1),
        hidden=np.array([False] * 6 + [True]),
        lot_members=_ints(10, 10, 10, 12, 13, 13, 14, 15),
        lot_ids=_ints(1, 2, 3, 4, 5, 6, 7, 8),
        lot_payable_on=_ints(20261201, 20261215, 20261231, 20261205, 20261220, 20261225, 1, 1),
        lot_left=_ints(4, 5, 6, 2, 8, 1, 9, 9),
    )


def _closed(
    chunk: Chunk, terms: Terms = TERMS, received: Received | None = None
) -> tuple[Closed, Received]:
    received = received or Received(THINGS.makers)
    return core.close(chunk, terms=terms, things=THINGS, received=received), received


def test_a_month_computed_by_hand() -> None:
    closed, received = _closed(_month())
    assert _lists(closed.pot_members, closed.pots, closed.pot_budgets, closed.pot_funds) == [
        [10, 12, 13, 15],
        [7, 2, 8, 4],
        [7, 6, 8, 4],
        [15, 2, 9, 9],
    ]
    assert _lists(closed.pot_flattrs, closed.pot_charities, closed.pot_payable_on) == [
        [3, 0, 0, 0],
        [0, 3, 9, 9],
        [20261215, 20261210, 20261220, 20261210],
    ]
    assert _lists(closed.draw_members, closed.draw_lots, closed.draws) == [
        [10, 10, 12, 13, 15],
        [1, 2, 4, 5, 8],
        [4, 3, 2, 8, 4],
    ]
    assert _lists(closed.void_members, closed.void_things, closed.void_own) == [
        [10, 10, 15],
        [4, 5, 1],
        [1, 0, 0],
    ]
    assert received.put_in == 7 + 2 + 8 + 4
    assert received.flattrs.tolist() == [0, 1, 2, 1, 0, 0, 0]


def test_what_was_received_is_told_by_thing_by_maker_and_by_charity() -> None:
    _, received = _closed(_month())
    first, second, third = one.shares(MONTH, 10, 7, [1, 2, 3])
    assert sorted([first, second, third]) == [2, 2, 3]
    assert _lists(*received.receipts()) == [
        [40, 50, 50],
        [2, 1, 3],
        [2, 1, 1],
        [second, first, third],
    ]
    assert _lists(*received.by_maker()) == [
        [40, 50],
        [20261215, 20261215],
        [second, first + third],
    ]
    assert _lists(*received.by_charity()) == [
        [3, 9, 9],
        [20261210, 20261210, 20261220],
        [2, 4, 8],
    ]


def test_chunks_add_up() -> None:
    received = Received(THINGS.makers)
    _closed(_month(), received=received)
    before = _lists(*received.by_maker(), *received.by_charity())
    _closed(_month(), received=received)
    doubled = _lists(*received.by_maker(), *received.by_charity())
    for column in (2, 5):
        assert doubled[column] == [2 * amount for amount in before[column]]
    assert received.flattrs.tolist() == [0, 2, 4, 2, 0, 0, 0]
    assert received.put_in == 2 * 21


def test_a_maker_has_one_amount_a_day_in_the_order_of_makers_and_days() -> None:
    received = Received(THINGS.makers)
    late, soon = _ints(20261231, 20261210), _ints(20261210)
    received.add(
        things=_ints(1, 2, 3), amounts=_ints(5, 6, 7), givers=_ints(0, 0, 1), payable_on=late
    )
    received.add(things=_ints(6), amounts=_ints(8), givers=_ints(0), payable_on=soon)
    assert _lists(*received.by_maker()) == [
        [40, 50, 50],
        [20261231, 20261210, 20261231],
        [6, 15, 5],
    ]


def test_the_smallest_pot_of_one_micro_goes_to_one_thing() -> None:
    chunk = dataclasses.replace(_month(), budgets=_ints(1, 0, 0, 0, 0, 0))
    closed, received = _closed(chunk)
    assert closed.pots.tolist() == [1]
    assert _lists(*received.by_maker())[2] == [1]


def test_an_idle_month_without_money_gives_nothing_to_charity() -> None:
    closed, received = _closed(dataclasses.replace(_month(), budgets=_ints(7, 5, 0, 0, 0, 0)))
    assert closed.pot_members.tolist() == [10]
    assert _lists(*received.by_charity()) == [[], [], []]


def test_of_nothing_nothing_is_received() -> None:
    received = Received(THINGS.makers)
    assert _lists(*received.by_maker()) == [[], [], []]
    assert _lists(*received.by_charity()) == [[], [], []]
    assert _lists(*received.receipts()) == [[], [], [], []]


def test_a_house_without_members_closes_with_nothing() -> None:
    none, no = _ints(), np.zeros(0, np.bool_)
    empty = Chunk(
        first=1,
        budgets=none,
        charities=none,
        warned=no,
        givers=none,
        things=none,
        hidden=no,
        lot_members=none,
        lot_ids=none,
        lot_payable_on=none,
        lot_left=none,
    )
    closed, received = _closed(empty)
    assert closed.pots.tolist() == closed.draws.tolist() == closed.void_own.tolist() == []
    assert received.put_in == 0


def test_closed_early_everybody_counts_as_warned() -> None:
    early = Terms(month=MONTH, earliest_on=20261210, house_charity=9, warned=True)
    closed, _ = _closed(_month(), early)
    assert closed.pot_members.tolist() == [10, 12, 13, 14, 15]


def test_terms_say_nothing_of_charity_and_warnings_unless_told() -> None:
    terms = Terms(month=MONTH, earliest_on=20261210)
    assert (terms.house_charity, terms.warned) == (0, False)


def test_the_reasons_of_voids_are_those_of_statements_and_documents() -> None:
    assert (core.OWN_THING, core.HIDDEN) == ("own_thing", "hidden")


def test_shares_of_several_givers_are_split_as_for_each_alone() -> None:
    found = core.split(
        month=MONTH,
        givers=_ints(3, 3, 3, 8, 9, 9),
        things=_ints(1, 2, 6, 2, 1, 7),
        pots=_ints(8, 8, 8, 5, 1, 1),
        counts=_ints(3, 3, 3, 1, 2, 2),
    )
    assert found.tolist() == [
        *one.shares(MONTH, 3, 8, [1, 2, 6]),
        5,
        *one.shares(MONTH, 9, 1, [1, 7]),
    ]


def test_the_smallest_are_marked_in_each_segment() -> None:
    mixes = np.array([2**63, 7, 2**62, 1, 2**64 - 1, 3], np.uint64)
    segments = _ints(0, 0, 0, 1, 2, 2)
    chosen = core._smallest(mixes, segments, _ints(2, 1, 1))
    assert chosen.tolist() == [False, True, True, True, False, True]
    assert core._smallest(np.zeros(0, np.uint64), _ints(), _ints()).tolist() == []


@pytest.mark.parametrize(
    ("owner", "day"), [(0, 20261210), (1 << 36, 20261210), (1, 0), (1, 100_000_000)]
)
def test_a_part_that_would_not_fit_is_a_mistake(owner: int, day: int) -> None:
    with pytest.raises(AssertionError):
        core.part(owner, day)


def test_a_flattr_of_a_thing_that_is_not_there_is_a_mistake() -> None:
    with pytest.raises(AssertionError, match="does not exist"):
        core.close(
            _month(),
            terms=TERMS,
            things=Things(makers=np.zeros(7, np.int64), hidden=THINGS.hidden),
            received=Received(THINGS.makers),
        )


def test_what_does_not_add_up_may_not_land() -> None:
    pots, draws, amounts, idle = _ints(5, 3), _ints(5, 3), _ints(2, 3), _ints(1)
    core._check(pots, draws=draws, amounts=amounts, idle=idle)
    for wrong in (
        {"pots": _ints(5, 4)},
        {"draws": _ints(5, 2)},
        {"amounts": _ints(2, 2)},
        {"idle": _ints(0)},
        {"pots": _ints(9, -1)},
    ):
        told = {"pots": pots, "draws": draws, "amounts": amounts, "idle": idle} | wrong
        with pytest.raises(AssertionError):
            core._check(
                told["pots"], draws=told["draws"], amounts=told["amounts"], idle=told["idle"]
            )
