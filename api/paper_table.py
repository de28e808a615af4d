"""Tables on paper: a day, a thing, a number, and amounts whose decimal points stand in one line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from api import paper
from api.paper import INK, SOFT, WIDTH, Strip
from irl.language import Language
from qr.lettering import Lines, faces, fit

SIZE: Final = 8.5
SMALL: Final = 7.0

_COUNT: Final = 126 * mm  # where the second column of figures ends
_PAD: Final = 3.5


@dataclass(frozen=True, slots=True)
class Table:
    """Day, thing, a number, an amount.

    Attributes:
        names: of the columns.
        left: where the second column begins, from the left margin in points.
        point: the sign between euros and cents.
        at: where these signs stand, one below the other.
    """

    names: tuple[str, str, str, str]
    left: float
    point: str
    at: float

    def whole(self, rows: list[Strip], total: Strip) -> Iterator[Strip]:
        """Put rows under the head; the last one stays with the total."""
        yield self.head()
        yield from rows[:-1]
        yield replace(rows[-1], keep=True)
        yield total

    def head(self) -> Strip:
        """Name the columns; stays with the first row."""
        day, thing, count, amount = (line(name, SMALL, bold=True) for name in self.names)

        def draw(canvas: Canvas, top: float) -> None:
            paper.put(canvas, day, top, colour=SOFT)
            paper.put(canvas, thing, top, left=self.left, colour=SOFT)
            paper.put(canvas, count, top, right=_COUNT, colour=SOFT)
            paper.put(canvas, amount, top, right=WIDTH, colour=SOFT)
            paper.rule(canvas, top - thing.leading - 3, colour=INK, thick=0.75)

        return Strip(thing.leading + 3, draw, keep=True)

    def row(
        self, *, name: str, amount: str, count: str = "", day: str = "", under: str = ""
    ) -> Strip:
        """Make a row of one thing; a title that is too long for two lines is cut."""
        fonts = faces()
        width = _COUNT - self.left - 18 * mm
        title = fit(name, font=fonts.plain, width=width, tries=((SIZE, 2),))
        small = fit(under, font=fonts.plain, width=width, tries=((SMALL, 1),))
        height = title.height + small.height + 2 * _PAD

        def draw(canvas: Canvas, top: float) -> None:
            below = top - _PAD
            paper.put(canvas, line(day, SIZE), below, colour=SOFT)
            paper.put(canvas, title, below, left=self.left)
            paper.put(canvas, small, below - title.height, left=self.left, colour=SOFT)
            paper.put(canvas, line(count, SIZE), below, right=_COUNT, colour=SOFT)
            self._amount(canvas, amount, below)
            paper.rule(canvas, top - height)

        return Strip(height, draw, head=self.head())

    def total(self, name: str, amount: str) -> Strip:
        """Make the last row, which says how much it comes to."""
        shown = line(name, SIZE, bold=True)

        def draw(canvas: Canvas, top: float) -> None:
            paper.rule(canvas, top, colour=INK, thick=0.75)
            paper.put(canvas, shown, top - _PAD, left=self.left)
            self._amount(canvas, amount, top - _PAD)

        return Strip(shown.height + 2 * _PAD, draw, head=self.head())

    def _amount(self, canvas: Canvas, amount: str, top: float) -> None:
        whole, point, _ = amount.partition(self.point)
        shown = line(amount, SIZE)
        if point:
            left = self.at - stringWidth(whole, shown.font, SIZE)
            paper.put(canvas, shown, top, left=left)
        else:  # a reason instead of an amount
            paper.put(canvas, shown, top, right=WIDTH, colour=SOFT)


def point_of(amounts: Sequence[str | None], speaks: Language) -> float:
    """Find where the decimal point stands so that the longest fraction ends at the right margin."""
    fractions = [amount.partition(speaks.point)[2] for amount in amounts if amount is not None]
    widest = max(fractions, key=len, default="00")
    return float(WIDTH - stringWidth(f"{speaks.point}{widest}", faces().plain, SIZE))


def line(words: str, size: float, *, bold: bool = False) -> Lines:
    """Set words in one line, cut where they are longer than a page is wide."""
    fonts = faces()
    font = fonts.bold if bold else fonts.plain
    return fit(words, font=font, width=WIDTH, tries=((size, 1),))
