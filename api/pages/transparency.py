"""What became of the money: a page for everybody, with bars that are drawn here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from api.pages.page import Asked, page
from irl.language import Language
from irl.money import micros
from irl.money.micros import Micros
from irl.rules import EURO
from irl.sentence import Sentence
from irl.settlement import transparency
from irl.settlement.transparency import Figures

WIDTH: Final = 320
"""Of the longest bar, in the units of the drawing."""

_NAMES: Final = (
    ("deposited", Sentence("Deposited")),
    ("fee", Sentence("Fee: the part of the house")),
    ("commission", Sentence("Commission of providers, out of the fee")),
    ("given", Sentence("Given to makers")),
    ("charity", Sentence("Given to charity")),
    ("paid_out", Sentence("Paid out to makers")),
    ("funds", Sentence("Still there to give, at the end")),
    ("revenue", Sentence("Still with makers here, at the end")),
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
        bars=bars(drawn, asked.speaks) if drawn else (),
        width=WIDTH,
        fewest=transparency.FEWEST,
        euro=EURO,
        fee_micros=micros.fee(EURO, basis_points=asked.house.rules.fee_basis_points),
    )


def _is_telling(figures: Figures) -> bool:
    """Tell whether money came in or was given, and it may be told."""
    return bool(figures.deposited or figures.given or figures.charity)


def bars(figures: Figures, speaks: Language) -> tuple[Bar, ...]:
    """Measure the bars of a month, the longest over the whole width; whole units will do."""
    amounts = {name: getattr(figures, name) for name, _ in _NAMES}
    most = max((amount for amount in amounts.values() if amount), default=0)
    return tuple(
        Bar(
            name=speaks.says(words),
            micros=amounts[name],
            width=max(1, WIDTH * amounts[name] // most) if (amounts[name] or 0) > 0 else 0,
        )
        for name, words in _NAMES
    )
