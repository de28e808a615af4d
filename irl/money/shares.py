"""How one pot is divided: equally, exactly, and by nobody's number.

A giver's pot over n flattrs: each gets `pot // n`, and the `pot % n` flattrs with the smallest mix
get one micro more. The mix of a flattr is

    splitmix64(splitmix64(splitmix64(month) ^ member) ^ thing)

over 64-bit whole numbers, month being yyyymm, member and thing the house's inner numbers, and
splitmix64 the generator of Steele, Lea and Flood, "Fast splittable pseudorandom number
generators" (OOPSLA 2014), with its argument as the state before the step. For one month and
member it is one-to-one in the thing, so no two flattrs of one giver ever have the same mix.

`irl.settlement.core` does the same for millions of flattrs at once. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from irl.money.micros import Micros

GOLDEN: Final = 0x9E3779B97F4A7C15
FIRST: Final = 0xBF58476D1CE4E5B9
SECOND: Final = 0x94D049BB133111EB
_ALL: Final = (1 << 64) - 1


def splitmix64(state: int) -> int:
    """Give the output of one step of splitmix64 from this state; 64 bits in, 64 bits out."""
    z = (state + GOLDEN) & _ALL
    z = ((z ^ z >> 30) * FIRST) & _ALL
    z = ((z ^ z >> 27) * SECOND) & _ALL
    return z ^ z >> 31


def mix(month: int, member: int, thing: int) -> int:
    """Give the 64 bits that decide who gets the odd micros; see the module's formula."""
    return splitmix64(splitmix64(splitmix64(month) ^ member) ^ thing)


def shares(month: int, member: int, pot: int, things: Sequence[int]) -> list[Micros]:
    """Divide one giver's pot over the things flattred; micros, in the order of `things`."""
    if not things:
        return []
    share, odd = divmod(pot, len(things))
    mixes = [mix(month, member, thing) for thing in things]
    favoured = set(sorted(mixes)[:odd])
    return [Micros(share + (one in favoured)) for one in mixes]
