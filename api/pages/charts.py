"""Charts: columns measured here and drawn as SVG by the template, so that no script is needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

WIDTH: Final = 300
HEIGHT: Final = 60
"""Of a chart, in the units of the drawing; the page stretches it."""

_GAP: Final = 2
_LEAST_TOP: Final = 4
"""What fills the whole height at the least, so that a single flattr does not look like a crowd."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a chart, standing on its ground."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Chart:
    """The columns of one row of counts, their sum, and the greatest of them."""

    columns: tuple[Column, ...]
    total: int
    most: int


def chart(counts: Sequence[int]) -> Chart:
    """Measure the columns of some counts, none of them below zero; nothing stands where one is 0."""
    most = max(counts, default=0)
    step = WIDTH / max(1, len(counts))
    top = max(most, _LEAST_TOP)
    columns = tuple(
        Column(
            x=round(place * step + _GAP / 2, 2),
            y=round(HEIGHT - HEIGHT * count / top, 2),
            width=round(step - _GAP, 2),
            height=round(HEIGHT * count / top, 2),
        )
        for place, count in enumerate(counts)
        if count
    )
    return Chart(columns, sum(counts), most)
