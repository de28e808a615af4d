"""What became of the money: a page for everybody, with bars that are drawn here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from api.pages.page import Asked, page
from irl.money.micros import Micros
from irl.settlement import transparency
from irl.settlement.transparency import Figures

WIDTH: Final = 320
"""Of the longest bar, in the units of the drawing."""

_NAMES: Final = (
    ("deposited", "Deposited"),
    ("fee", "Fee: the part of the house"),
    ("commission", "Commission of providers, out of the fee"),
    ("given", "Given to makers"),
    ("charity", "Given to charity"),
    ("paid_out", "Paid out to makers"),
    ("funds", "Still there to give, at the end"),
    ("revenue", "Still with makers here, at the end"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One line of the drawing."""

    name: str
    micros: Micros | None
    width: float


@page()
async def look(asked: Asked) -> Response:
    """Show the path of one euro, and the figures of closed months."""
    found = await transparency.published(asked.house)
    drawn = next((figures for figures in found if _is_telling(figures)), None)
    return asked.show(
        "transparency.html",
        months=found,
        drawn=drawn,
        bars=bars(drawn) if drawn else (),
        width=WIDTH,
        fewest=transparency.FEWEST,
        fee=asked.house.rules.fee_basis_points,
    )


def _is_telling(figures: Figures) -> bool:
    """Tell whether money came in or was given, and it may be told."""
    return bool(figures.deposited or figures.given or figures.charity)


def bars(figures: Figures) -> tuple[Bar, ...]:
    """Measure the bars of a month, the longest over the whole width; whole units will do."""
    amounts = {name: getattr(figures, name) for name, _ in _NAMES}
    most = max((micros for micros in amounts.values() if micros), default=0)
    return tuple(
        Bar(
            name=words,
            micros=amounts[name],
            width=max(1, WIDTH * amounts[name] // most) if (amounts[name] or 0) > 0 else 0,
        )
        for name, words in _NAMES
    )
