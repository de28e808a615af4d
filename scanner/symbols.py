"""What every QR code of a size has in common: its function patterns (ISO/IEC 18004, 6.3)."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

UNKNOWN: Final = -1
"""A module that is not the same in all symbols of its size."""

_FINDER: Final = 7
_ALIGNMENT: Final = 5


def dimension(version: int) -> int:
    """Give the modules on a side of a version, 1 to 40."""
    return 17 + 4 * version


def function_patterns(modules: int) -> NDArray[np.int8]:
    """Draw the finder, timing and alignment patterns of a symbol.

    Args:
        modules: on a side; 21, 25 … 177.

    Returns:
        `modules` x `modules` of 1 (dark), 0 (light) and `UNKNOWN`, rows from the top.
    """
    drawn = np.full((modules, modules), UNKNOWN, np.int8)
    corner = np.zeros((_FINDER + 1, _FINDER + 1), np.int8)
    corner[:_FINDER, :_FINDER] = _rings(_FINDER)
    drawn[: _FINDER + 1, : _FINDER + 1] = corner
    drawn[: _FINDER + 1, -_FINDER - 1 :] = corner[:, ::-1]
    drawn[-_FINDER - 1 :, : _FINDER + 1] = corner[::-1]
    timing = (np.arange(_FINDER + 1, modules - _FINDER - 1) + 1) % 2
    drawn[_FINDER - 1, _FINDER + 1 : -_FINDER - 1] = timing
    drawn[_FINDER + 1 : -_FINDER - 1, _FINDER - 1] = timing
    for row, column in alignment_centres(modules):
        drawn[row - 2 : row + 3, column - 2 : column + 3] = _rings(_ALIGNMENT)
    drawn[modules - _FINDER - 1, _FINDER + 1] = 1  # the module that is always dark
    return drawn


def alignment_centres(modules: int) -> list[tuple[int, int]]:
    """Give row and column of the middles of the alignment patterns (annex E)."""
    version = (modules - 17) // 4
    if version == 1:
        return []
    count = version // 7 + 2
    # The last ones are evenly spaced, by an even number; the table of the standard has one
    # exception, version 32.
    step = 26 if version == 32 else -(-(modules - 13) // (2 * (count - 1))) * 2
    places = [6, *(modules - 7 - step * back for back in reversed(range(count - 1)))]
    ends = {places[0], places[-1]}
    return [
        (row, column)
        for row in places
        for column in places
        # Three of the corners are finder patterns.
        if not ({row, column} <= ends and (row, column) != (places[-1], places[-1]))
    ]


def _rings(side: int) -> NDArray[np.int8]:
    """Draw a dark square, a light one inside it and a dark one inside that."""
    away = np.abs(np.arange(side) - side // 2)
    return np.asarray(np.maximum(away[:, None], away[None, :]) != side // 2 - 1, np.int8)
