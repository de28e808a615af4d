"""A printed page with one code: plain, correct, and readable when the symbol is not."""

from io import BytesIO
from typing import Final

from reportlab.lib.pagesizes import A6
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from qr.lettering import Lines, faces, fit, printable
from qr.render import QUIET_ZONE, Symbol, runs

__all__ = ["draw_symbol", "label"]

_PAGE_WIDTH, _PAGE_HEIGHT = A6
_SYMBOL_SIDE: Final = 86 * mm  # with its quiet zone, which also keeps the text away
_SYMBOL_BOTTOM: Final = 57 * mm
_MARGIN: Final = 10 * mm
_GAP: Final = 3  # points between two blocks of text
_TEXT_WIDTH: Final = _PAGE_WIDTH - 2 * _MARGIN

# Font size in points and most lines. Set together the lowest of these still leave a gap between
# the upper block (title, artist) and the lower one (code, host); a test adds them up.
_TITLE: Final = ((20.0, 1), (17.0, 2), (14.0, 3), (11.0, 4))
_ARTIST: Final = ((12.0, 1), (10.0, 1), (8.0, 2))
_CODE: Final = ((19.0, 1), (12.0, 1), (8.0, 1))
_HOST: Final = ((11.0, 1), (8.5, 1), (7.0, 2), (5.5, 4))


def label(symbol: Symbol, *, title: str, artist: str | None, code_groups: str, host: str) -> bytes:
    """One page A6 portrait as PDF: the symbol, title and artist, the code in groups, the host.

    The symbol is one vector path in black ink only (grey 0 and not a mixture of colours), fonts
    are embedded, and nothing ever leaves the page: long texts are set smaller, then in more
    lines, then cut. The same input gives the same bytes on a system with the same fonts.

    Args:
        symbol: of the printed address.
        title: of the thing; letters that the fonts lack become question marks.
        artist: the name printed under the title, or None.
        code_groups: the code as people type it, such as ``Code.grouped``.
        host: where they type it, such as ``flattr.example``.
    """
    buffer = BytesIO()
    upper, lower = _blocks(title=title, artist=artist, code_groups=code_groups, host=host)
    # Without a font of ours at the start every page names Helvetica, which is not embedded.
    canvas = Canvas(
        buffer, pagesize=A6, pageCompression=1, invariant=1, initialFontName=faces().plain
    )
    canvas.setTitle(printable(title) or code_groups)
    canvas.setAuthor(printable(artist or ""))
    canvas.setSubject(f"{printable(code_groups)} {printable(host)}")
    canvas.setCreator("qr")
    draw_symbol(
        canvas,
        symbol,
        left=(_PAGE_WIDTH - _SYMBOL_SIDE) / 2,
        bottom=_SYMBOL_BOTTOM,
        side=_SYMBOL_SIDE,
    )
    _draw_lines(canvas, upper, top=_SYMBOL_BOTTOM)
    _draw_lines(canvas, lower, top=_MARGIN + _height(lower))
    canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def draw_symbol(canvas: Canvas, symbol: Symbol, *, left: float, bottom: float, side: float) -> None:
    """Draw a symbol with its quiet zone into a square, as one path of run-length rectangles.

    Args:
        canvas: reportlab's canvas.
        symbol: what to draw.
        left: of the square with the quiet zone, in points.
        bottom: of the same square, in points.
        side: of the same square, in points.
    """
    module = side / symbol.full_size
    canvas.saveState()
    # From here on a unit is a module, counted from the symbol's top left corner downwards.
    canvas.translate(left + QUIET_ZONE * module, bottom + side - QUIET_ZONE * module)
    canvas.scale(module, -module)
    path = canvas.beginPath()
    for x, y, length in runs(symbol):
        path.rect(x, y, length, 1)
    canvas.setFillGray(0)
    canvas.drawPath(path, stroke=0, fill=1)
    canvas.restoreState()


def _blocks(
    *, title: str, artist: str | None, code_groups: str, host: str
) -> tuple[list[Lines], list[Lines]]:
    fonts = faces()
    upper = [
        fit(title, font=fonts.bold, width=_TEXT_WIDTH, tries=_TITLE),
        fit(artist or "", font=fonts.plain, width=_TEXT_WIDTH, tries=_ARTIST),
    ]
    lower = [
        fit(code_groups, font=fonts.code, width=_TEXT_WIDTH, tries=_CODE),
        fit(host, font=fonts.plain, width=_TEXT_WIDTH, tries=_HOST),
    ]
    return upper, lower


def _height(blocks: list[Lines]) -> float:
    return sum(block.height for block in blocks) + _GAP * (len(blocks) - 1)


def _draw_lines(canvas: Canvas, blocks: list[Lines], *, top: float) -> None:
    canvas.setFillGray(0)
    for block in blocks:
        canvas.setFont(block.font, block.size)
        for number, line in enumerate(block.lines):
            # A base line lies about one font size below the top of its line.
            canvas.drawCentredString(
                _PAGE_WIDTH / 2, top - number * block.leading - block.size, line
            )
        top -= block.height + _GAP
