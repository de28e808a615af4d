"""The heart of settlement: one month's money divided, as pure arithmetic over whole numbers.

Its laws, each a test in tests/settlement/test_core.py:

- every micro of a pot goes out exactly once;
- shares of one giver differ by at most one micro;
- the order of what comes in does not matter, and nobody gains by a low or a high number;
- a giver without a valid flattr gives to a charity, or nothing.

A giver's pot is the smaller of budget and funds; `irl.money.shares` says how it is divided, and
does so for one giver. Here the same is done over arrays, for thirty million flattrs. A chunk
is everything that is known of the members whose numbers lie in one stretch; each chunk is closed
by itself, so memory stays flat.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from irl.money.shares import FIRST, GOLDEN, SECOND, mix, shares, splitmix64

__all__ = [
    "Chunk",
    "Closed",
    "Received",
    "Terms",
    "Things",
    "close",
    "mix",
    "part",
    "shares",
    "split",
    "splitmix64",
]

Ints = NDArray[np.int64]
Words = NDArray[np.uint64]
Bools = NDArray[np.bool_]

PART_UNIT: Final = 100_000_000
"""A transfer's part for an owner and a payable day is owner * 10^8 + yyyymmdd."""

OWN_THING: Final = "own_thing"
HIDDEN: Final = "hidden"
"""Why a flattr is void."""


def part(owner: int, payable_on: int) -> int:
    """Pack a maker or a charity with a payable day (yyyymmdd) into one whole number."""
    assert 0 < owner < 1 << 36, "owner * 10^8 must fit into 63 bits"
    assert 0 < payable_on < PART_UNIT
    return owner * PART_UNIT + payable_on


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What holds for the whole month."""

    month: int
    earliest_on: int
    """The first day (yyyymmdd) on which anything of this month may be paid out."""
    house_charity: int = 0
    """The charity for those who chose none; 0 if there is none."""
    warned: bool = False
    """Whether every member counts as warned, as when a month is closed early."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Things:
    """All things, indexed by their number; 0 is nobody's."""

    makers: Ints
    hidden: Bools


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """All that is known of the members numbered `first` to `first + len(budgets) - 1`."""

    first: int
    budgets: Ints
    """In force at the last instant, by member; 0 for none."""
    charities: Ints
    """Chosen and not retired, by member; 0 for none."""
    warned: Bools
    """Whether both warnings of an idle month were sent, by member."""
    givers: Ints
    things: Ints
    """The flattrs, sorted by giver and thing."""
    hidden: Bools
    """Whether a flattr came through a placement that the operator hid."""
    lot_members: Ints
    lot_ids: Ints
    lot_payable_on: Ints
    lot_left: Ints
    """The lots, sorted by member and then oldest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """What a chunk comes to; three tables, each as arrays of one length."""

    pot_members: Ints
    pot_budgets: Ints
    pot_funds: Ints
    pots: Ints
    pot_flattrs: Ints
    pot_charities: Ints
    pot_payable_on: Ints
    draw_members: Ints
    draw_lots: Ints
    draws: Ints
    void_members: Ints
    void_things: Ints
    void_own: Ints
    """1 where the reason is that it is the giver's own thing; 0 where it is hidden."""


class Received:
    """What things and charities received so far; grows with each day, never with each flattr."""

    __slots__ = ("_amounts", "_charities", "_days", "_makers", "flattrs", "put_in")

    def __init__(self, makers: Ints) -> None:
        self._makers = makers
        self.flattrs: Ints = np.zeros(len(makers), np.int64)
        """Valid flattrs by thing, also those that turned out to be worth nothing."""
        self.put_in = 0
        """Micros of all pots."""
        self._days: list[int] = []
        self._amounts: Ints = np.zeros((0, len(makers)), np.int64)
        self._charities: dict[tuple[int, int], int] = {}

    def count(self, things: Ints) -> None:
        """Count valid flattrs."""
        self.flattrs += np.bincount(things, minlength=len(self._makers))

    def add(self, *, things: Ints, amounts: Ints, givers: Ints, payable_on: Ints) -> None:
        """Add shares; `givers` index into `payable_on`, each giver's day."""
        days, day_of = np.unique(payable_on, return_inverse=True)
        for day in days.tolist():
            if day not in self._days:
                self._days.append(day)
                self._amounts = np.vstack([self._amounts, np.zeros_like(self.flattrs)])
        row_of = np.array([self._days.index(day) for day in days.tolist()], np.int64)
        at = (row_of[day_of] * len(self._makers))[givers]
        at += things
        np.add.at(self._amounts.reshape(-1), at, amounts)  # no mutant: any negative

    def add_charity(self, charity: int, payable_on: int, amount: int) -> None:
        """Add an idle month's pot."""
        key = (charity, payable_on)
        self._charities[key] = self._charities.get(key, 0) + amount

    def receipts(self) -> tuple[Ints, Ints, Ints, Ints]:
        """Give maker, thing, flattrs and amount of each thing with a valid flattr, in key order."""
        amounts = self._amounts.sum(axis=0)
        things = np.flatnonzero(self.flattrs)
        things = things[np.lexsort((things, self._makers[things]))]
        return self._makers[things], things, self.flattrs[things], amounts[things]

    def by_maker(self) -> tuple[Ints, Ints, Ints]:
        """Give maker, payable day and amount above zero, in the order of the transfers' parts."""
        makers, back = np.unique(self._makers, return_inverse=True)
        found: list[tuple[Ints, Ints, Ints]] = []
        for day, by_thing in zip(self._days, self._amounts, strict=True):  # no mutant: one each
            amounts = np.zeros(len(makers), np.int64)
            np.add.at(amounts, back, by_thing)
            paid = np.flatnonzero(amounts)
            found.append((makers[paid], np.full(len(paid), day, np.int64), amounts[paid]))
        return _in_order(found)

    def by_charity(self) -> tuple[Ints, Ints, Ints]:
        """Give charity, payable day and amount, in the order of the transfers' parts."""
        rows = [(*key, amount) for key, amount in self._charities.items()]
        owners, days, amounts = np.array(rows, np.int64).reshape(-1, 3).T  # no mutant: any negative
        return _in_order([(owners, days, amounts)])


def _in_order(rows: list[tuple[Ints, Ints, Ints]]) -> tuple[Ints, Ints, Ints]:
    if not rows:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64)
    columns = zip(*rows, strict=True)  # no mutant: three columns each
    owners, days, amounts = (np.concatenate(column) for column in columns)
    order = np.lexsort((days, owners))
    return owners[order], days[order], amounts[order]


def close(chunk: Chunk, *, terms: Terms, things: Things, received: Received) -> Closed:
    """Close the month for the members of one chunk; what they give goes into `received`.

    Raises:
        AssertionError: something does not add up: a mistake in the program, nothing may land.
    """
    void, own = _voids(chunk, things)
    valid = ~void
    offsets = chunk.givers[valid] - chunk.first
    flattred = chunk.things[valid]
    counts = np.bincount(offsets, minlength=len(chunk.budgets))
    received.count(flattred)

    funds = np.zeros(len(chunk.budgets), np.int64)
    np.add.at(funds, chunk.lot_members - chunk.first, chunk.lot_left)
    charities = np.where(chunk.charities > 0, chunk.charities, terms.house_charity)
    charities[counts > 0] = 0
    gives = (counts > 0) | ((charities > 0) & (chunk.warned | terms.warned))
    pots = np.where(gives, np.minimum(chunk.budgets, funds), 0)

    draws = _draws(chunk, pots)
    payable_on = np.full(len(pots), terms.earliest_on, np.int64)
    drawn = draws > 0
    np.maximum.at(payable_on, chunk.lot_members[drawn] - chunk.first, chunk.lot_payable_on[drawn])
    funded = pots[offsets] > 0
    offsets, flattred = offsets[funded], flattred[funded]
    amounts = _shares(terms.month, chunk.first, offsets, flattred, pots=pots, counts=counts)
    received.add(things=flattred, amounts=amounts, givers=offsets, payable_on=payable_on)
    idle = np.flatnonzero((pots > 0) & (counts == 0))
    for at in idle.tolist():
        received.add_charity(int(charities[at]), int(payable_on[at]), int(pots[at]))
    _check(pots, draws=draws, amounts=amounts, idle=idle)
    received.put_in += int(pots.sum())

    giving = np.flatnonzero(pots > 0)
    return Closed(
        pot_members=giving + chunk.first,
        pot_budgets=chunk.budgets[giving],
        pot_funds=funds[giving],
        pots=pots[giving],
        pot_flattrs=counts[giving],
        pot_charities=charities[giving],
        pot_payable_on=payable_on[giving],
        draw_members=chunk.lot_members[drawn],
        draw_lots=chunk.lot_ids[drawn],
        draws=draws[drawn],
        void_members=chunk.givers[void],
        void_things=chunk.things[void],
        void_own=own[void].astype(np.int64),
    )


def split(*, month: int, givers: Ints, things: Ints, pots: Ints, counts: Ints) -> Ints:
    """Give each flattr's share; `pots` and `counts` say of each flattr what its giver's are.

    The flattrs are sorted by giver, and all valid ones of a giver are there.
    """
    starts = np.flatnonzero(np.diff(givers, prepend=-1))  # no mutant: no member's number
    segments = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(givers)))
    return _shares(
        month,
        0,  # no mutant: not used beside `members`
        segments,
        things,
        pots=pots[starts],
        counts=counts[starts],
        members=givers[starts],
    )


def _voids(chunk: Chunk, things: Things) -> tuple[Bools, Bools]:
    assert len(chunk.givers) == len(chunk.things) == len(chunk.hidden)
    makers = things.makers[chunk.things]
    assert np.all(makers > 0), "a flattr of a thing that does not exist"
    own = makers == chunk.givers
    void: Bools = own | things.hidden[chunk.things] | chunk.hidden
    return void, own


def _draws(chunk: Chunk, pots: Ints) -> Ints:
    """Give how much each lot gives to its member's pot: oldest first."""
    if not len(chunk.lot_left):
        return np.zeros(0, np.int64)
    members = chunk.lot_members
    before = np.cumsum(chunk.lot_left) - chunk.lot_left
    first = np.diff(members, prepend=-1) != 0  # no mutant: no member's number
    assert np.all(np.diff(members) >= 0), "lots come sorted by member"
    base = np.repeat(before[first], np.diff(np.flatnonzero(first), append=len(members)))
    draws: Ints = np.clip(pots[members - chunk.first] - (before - base), 0, chunk.lot_left)
    return draws


def _shares(
    month: int,
    first: int,
    offsets: Ints,
    things: Ints,
    *,
    pots: Ints,
    counts: Ints,
    members: Ints | None = None,
) -> Ints:
    """Give each flattr's share; `offsets` index into pots and counts and never fall."""
    base, odd = np.divmod(pots, np.maximum(counts, 1))
    amounts: Ints = base[offsets]
    if members is None:
        members = np.arange(first, first + len(pots), dtype=np.int64)
    left_over = odd > 0  # no mutant: only slower
    at = np.flatnonzero(left_over[offsets])
    segments = (np.cumsum(left_over) - 1)[offsets[at]]
    mixes = _mixes(month, members[left_over], segments, things[at])
    amounts[at[_smallest(mixes, segments, odd[left_over])]] += 1
    return amounts


def _mixes(month: int, members: Ints, segments: Ints, things: Ints) -> Words:
    """Give the mix of each flattr, as `mix` does for one."""
    chained = _splitmix64(members.astype(np.uint64) ^ np.uint64(splitmix64(month)))
    mixes = chained[segments]
    mixes ^= things.astype(np.uint64)
    return _splitmix64(mixes)


def _splitmix64(states: Words) -> Words:
    """Give one step of splitmix64 from each state; changes its argument."""
    z = states
    z += np.uint64(GOLDEN)
    z ^= z >> np.uint64(30)
    z *= np.uint64(FIRST)
    z ^= z >> np.uint64(27)
    z *= np.uint64(SECOND)
    z ^= z >> np.uint64(31)
    return z


def _smallest(mixes: Words, segments: Ints, wanted: Ints) -> Bools:
    """Mark the `wanted` smallest mixes of each segment; segments count from 0 and never fall.

    Segment and mix are packed into one word, so that one sort does for all. The lowest bits of
    the mixes have no room in it; where they decide, the segment is done again in full.
    """
    if not len(mixes):
        return np.zeros(0, np.bool_)
    sizes = np.bincount(segments, minlength=len(wanted))
    ends = np.cumsum(sizes)
    bits = np.uint64(len(wanted).bit_length())
    packed = mixes >> bits
    packed |= segments.astype(np.uint64) << (np.uint64(64) - bits)  # no mutant: only slower
    last = np.sort(packed)[ends - sizes + wanted - 1]  # no mutant: only slower
    chosen: Bools = packed <= last[segments]  # no mutant: only slower
    found = np.bincount(segments[chosen], minlength=len(wanted))
    for segment in np.flatnonzero(found != wanted).tolist():
        here = slice(int(ends[segment] - sizes[segment]), int(ends[segment]))
        order = np.argsort(mixes[here], kind="stable")  # no mutant: no two are equal
        chosen[here] = False
        chosen[here][order[: wanted[segment]]] = True
    return chosen


def _check(pots: Ints, *, draws: Ints, amounts: Ints, idle: NDArray[Any]) -> None:
    total = int(pots.sum())
    assert np.all(pots >= 0), "a pot is never negative"
    assert int(draws.sum()) == total, "the lots give exactly the pots"
    assert int(amounts.sum()) + int(pots[idle].sum()) == total, "the shares are exactly the pots"
