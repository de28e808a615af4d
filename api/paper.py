"""A4 pages from a list of strips: what does not fit on a page begins the next one.

reportlab's own flowables read mark-up in their texts, and titles are other people's. Here a text is
drawn as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import pairwise
from typing import Final

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from irl.language import Language
from qr.lettering import Lines, faces, fit, printable

PAGE_WIDTH, PAGE_HEIGHT = A4
MARGIN: Final = 20 * mm
WIDTH: Final = PAGE_WIDTH - 2 * MARGIN
TOP: Final = PAGE_HEIGHT - 22 * mm
BOTTOM: Final = 26 * mm
FOOT: Final = 14 * mm

Colour = tuple[float, float, float]
INK: Final[Colour] = (0.11, 0.11, 0.09)
SOFT: Final[Colour] = (0.38, 0.36, 0.33)
RULE: Final[Colour] = (0.80, 0.78, 0.74)
ACCENT: Final[Colour] = (0.106, 0.184, 0.722)
"""The ultramarine of the pages."""

Draw = Callable[[Canvas, float], None]
"""Draws onto a canvas, from this height in points downwards."""


@dataclass(frozen=True, slots=True)
class Strip:
    """A part of the page's whole width.

    Attributes:
        height: in points.
        draw: how it is drawn.
        keep: whether it stays on one page with the strip after it, as a heading does.
        head: what is drawn above it when it is the first on a page, as the head of a table.
    """

    height: float
    draw: Draw
    keep: bool = False
    head: Strip | None = None


def pages_of(strips: Sequence[Strip]) -> list[list[Strip]]:
    """Lay strips onto pages; a strip that is higher than a page has one of its own."""
    pages: list[list[Strip]] = [[]]
    room = TOP - BOTTOM
    for strip, follower in pairwise([*strips, Strip(0, _nothing)]):
        needed = strip.height + (follower.height if strip.keep else 0)
        if needed > room and pages[-1]:
            pages.append([strip.head] if strip.head else [])
            room = TOP - BOTTOM - (strip.head.height if strip.head else 0)
        pages[-1].append(strip)
        room -= strip.height
    return pages


def printed(
    strips: Sequence[Strip], *, title: str, subject: str, running: str, speaks: Language
) -> bytes:
    """Print strips as PDF, with page numbers; the same input gives the same bytes.

    Args:
        strips: from the top of the first page on.
        title: of the document.
        subject: of the document.
        running: what stands at the foot of each page, beside its number.
        speaks: the language that the strips are written in.
    """
    buffer = BytesIO()
    fonts = faces()
    canvas = Canvas(
        buffer,
        pagesize=A4,
        pageCompression=1,
        invariant=1,
        initialFontName=fonts.plain,  # else every page names Helvetica, which is not embedded
        lang=str(speaks.locale).replace("_", "-"),
    )
    canvas.setTitle(printable(title))
    canvas.setSubject(printable(subject))
    canvas.setCreator("flattr in real life")
    canvas.setViewerPreference("DisplayDocTitle", "true")
    pages = pages_of(strips)
    for number, page in enumerate(pages, 1):
        top = TOP
        for strip in page:
            strip.draw(canvas, top)
            top -= strip.height
        rule(canvas, FOOT + 12)
        put(
            canvas,
            fit(running, font=fonts.plain, width=WIDTH - 80, tries=((7.5, 1),)),
            FOOT + 9,
            colour=SOFT,
        )
        at = speaks.says("Page {number} of {pages}", number=number, pages=len(pages))
        right = fit(at, font=fonts.plain, width=80, tries=((7.5, 1),))
        put(canvas, right, FOOT + 9, right=WIDTH, colour=SOFT)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def text(
    words: str,
    *,
    size: float,
    bold: bool = False,
    colour: Colour = INK,
    above: float = 0,
    below: float = 0,
    keep: bool = False,
) -> Strip:
    """Make a strip of a paragraph, with room above and below it in points."""
    fonts = faces()
    font = fonts.bold if bold else fonts.plain
    lines = fit(words, font=font, width=WIDTH, tries=((size, 40),))

    def draw(canvas: Canvas, top: float) -> None:
        put(canvas, lines, top - above, colour=colour)

    return Strip(above + lines.height + below, draw, keep=keep)


def put(
    canvas: Canvas,
    lines: Lines,
    top: float,
    *,
    left: float = 0,
    right: float | None = None,
    colour: Colour = INK,
) -> None:
    """Draw lines from the left, or up to the right, both counted from the left margin."""
    canvas.setFillColorRGB(*colour)
    canvas.setFont(lines.font, lines.size)
    for number, line in enumerate(lines.lines):
        # A base line lies about one font size below the top of its line.
        base = top - number * lines.leading - lines.size
        if right is None:
            canvas.drawString(MARGIN + left, base, line)
        else:
            canvas.drawRightString(MARGIN + right, base, line)


def dot(canvas: Canvas, top: float, *, size: float) -> None:
    """Draw the sign of the house at the left margin, as wide as `size` in points."""
    canvas.setFillColorRGB(*ACCENT)
    canvas.circle(MARGIN + size / 2, top - size / 2, size / 2, stroke=0, fill=1)


def rule(canvas: Canvas, height: float, *, colour: Colour = RULE, thick: float = 0.5) -> None:
    """Draw a line across the page."""
    canvas.setStrokeColorRGB(*colour)
    canvas.setLineWidth(thick)
    canvas.line(MARGIN, height, MARGIN + WIDTH, height)


def _nothing(canvas: Canvas, top: float) -> None:
    """Draw nothing."""
