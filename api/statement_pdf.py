"""A statement as PDF: the same value that JSON and CSV are made of, for a folder or a tax office."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from api import ledger_words, paper
from api.paper import ACCENT, INK, RULE, SOFT, WIDTH, Strip
from irl import month as months
from irl.money import micros
from irl.settlement import document
from irl.settlement.movements import Account
from irl.settlement.statement import RULE as ROUNDING
from irl.settlement.statement import Share, Statement
from qr.lettering import Lines, faces, fit, printable

_LEFT: Final = 16 * mm  # of the things in the table of what was given, beside the day
_COUNT: Final = 126 * mm  # where the second column of figures ends
_SIZE: Final = 8.5
_SMALL: Final = 7.0
_PAD: Final = 3.5


def made(statement: Statement, *, nickname: str, host: str) -> bytes:
    """Print a statement on A4 pages; the same statement gives the same bytes.

    Args:
        statement: the value; it never changes.
        nickname: of the member whose statement it is.
        host: the house that states it, such as ``flattr.example``.
    """
    month = f"{months.start(statement.month):%B %Y}"
    strips = [
        *_title(statement, month=month, nickname=nickname, host=host),
        *_given(statement),
        *_received(statement),
        *_accounts(statement),
        *(_division(statement) if statement.shares else ()),
        *_chain(statement),
    ]
    return paper.printed(
        strips,
        title=f"Statement of {month}, {nickname}",
        subject=f"What {nickname} gave and received at {host} in {month}",
        running=f"Statement of {month}  ·  {nickname}  ·  {host}",
    )


def _title(statement: Statement, *, month: str, nickname: str, host: str) -> Iterator[Strip]:
    closed = "Closed early" if statement.early else "Closed"
    yield paper.text("flattr in real life", size=9, bold=True, colour=ACCENT, below=14)
    yield paper.text(f"Statement of {month}", size=22, bold=True, below=4)
    yield paper.text(f"{nickname} at {host}", size=10.5, below=2)
    closed_at = _moment(statement.closed_at)
    yield paper.text(f"{closed} on {closed_at}. It never changes.", size=8.5, colour=SOFT, below=14)
    figures = (
        ("Given, EUR", micros.text(statement.pot_micros)),
        ("Received, EUR", micros.text(statement.received_micros)),
        ("Funds after, EUR", micros.text(statement.funds.closing_micros)),
        ("Revenue after, EUR", micros.text(statement.revenue.closing_micros)),
    )
    yield _boxes(figures)


def _boxes(figures: Sequence[tuple[str, str]]) -> Strip:
    """Set figures side by side, each in its box."""
    fonts = faces()
    gap, height, inside = 3 * mm, 44.0, 9.0
    width = (WIDTH - gap * (len(figures) - 1)) / len(figures)
    names = [_line(name, 8) for name, _ in figures]
    # One size for all, so that none looks larger than it is.
    sizes = (15.0, 13.0, 11.5, 10.0, 8.5, 7.0)
    widest = max(stringWidth(value, fonts.bold, 1) for _, value in figures)
    size = next((each for each in sizes if widest * each <= width - 2 * inside), sizes[-1])
    values = [_line(value, size, bold=True) for _, value in figures]

    def draw(canvas: Canvas, top: float) -> None:
        for number, (name, value) in enumerate(zip(names, values, strict=True)):
            left = number * (width + gap)
            canvas.setStrokeColorRGB(*RULE)
            canvas.setLineWidth(0.75)
            canvas.roundRect(paper.MARGIN + left, top - height, width, height, 5)
            paper.put(canvas, name, top - 8, left=left + inside, colour=SOFT)
            paper.put(canvas, value, top - height + 10 + size, left=left + inside)

    return Strip(height, draw)


# --- what was given and received -----------------------------------------------------------------


def _given(statement: Statement) -> Iterator[Strip]:
    yield _heading("Given")
    yield paper.text(_purse(statement), size=9, below=8)
    if statement.charity is not None:
        words = f"Nothing was flattred, so the pot went to {statement.charity}."
        yield paper.text(words, size=9, below=8)
    if not statement.shares:
        yield paper.text("No flattrs.", size=9, colour=SOFT)
        return
    amounts = [None if s.void else micros.text(s.share_micros) for s in statement.shares]
    total = micros.text(sum(share.share_micros for share in statement.shares))
    table = _Table(("Day", "Thing", "Thing no.", "Share, EUR"), _LEFT, _point([*amounts, total]))
    rows = [
        table.row(
            day=f"{share.given_at.day} {share.given_at:%b}",
            name=_title_of(share.thing_id, share.title),
            under=" · ".join(part for part in (share.artist, share.maker) if part),
            count=str(share.number),
            amount=amount or _why(share),
        )
        for share, amount in zip(statement.shares, amounts, strict=True)
    ]
    yield from table.whole(rows, table.total(_counted(len(rows)), total))


def _title_of(thing_id: str, title: str) -> str:
    """Give a title, or the thing's id where our fonts have few of its letters."""
    shown = printable(title, faces().plain)
    lost = shown.count("?") - title.count("?")
    return f"Thing {thing_id}" if 2 * lost > len(shown) else title


def _purse(statement: Statement) -> str:
    if statement.budget_micros is None:
        words = "No budget was set"
    else:
        words = f"The budget was {micros.text(statement.budget_micros)} EUR"
    if statement.funds_micros is not None:
        words += f"; {micros.text(statement.funds_micros)} EUR were there to give"
    return f"{words}."


def _why(share: Share) -> str:
    return "your own" if share.void == "own_thing" else "did not count"


def _received(statement: Statement) -> Iterator[Strip]:
    yield _heading("Received")
    if not statement.received:
        yield paper.text("Nothing.", size=9, colour=SOFT)
        return
    amounts = [micros.text(receipt.amount_micros) for receipt in statement.received]
    total = micros.text(statement.received_micros)
    table = _Table(("", "Thing", "Flattrs", "Amount, EUR"), 0, _point([*amounts, total]))
    rows = [
        table.row(
            name=_title_of(receipt.thing_id, receipt.title),
            count=str(receipt.flattrs),
            amount=amount,
        )
        for receipt, amount in zip(statement.received, amounts, strict=True)
    ]
    flattrs = sum(receipt.flattrs for receipt in statement.received)
    yield from table.whole(rows, table.total(_counted(flattrs), total))
    for payable in statement.payable:
        date = months.from_day(payable.payable_on)
        amount = micros.text(payable.amount_micros)
        words = f"{amount} EUR can be paid out from {date.day} {date:%B %Y} on."
        yield paper.text(words, size=9, above=4)


# --- what moved ----------------------------------------------------------------------------------


def _accounts(statement: Statement) -> Iterator[Strip]:
    for name, account in (("Funds", statement.funds), ("Revenue", statement.revenue)):
        if not ledger_words.is_quiet(account):
            yield from _account(name, account)
    if not statement.deposits and not statement.reversals:
        return
    yield _heading("Deposits")
    for deposit in statement.deposits:
        amount, fee, net = (
            micros.text(each)
            for each in (deposit.amount_micros, deposit.fee_micros, deposit.net_micros)
        )
        words = f"{amount} EUR came in; {fee} EUR were the fee, {net} EUR became funds."
        yield paper.text(words, size=9, below=3)
    for back in statement.reversals:
        amount = micros.text(back.amount_micros)
        yield paper.text(f"{amount} EUR were taken back on {_moment(back.at)}.", size=9, below=3)


def _account(name: str, account: Account) -> Iterator[Strip]:
    opening, closing = _signed(account.opening_micros), _signed(account.closing_micros)
    amounts = [_signed(one.amount_micros) for one in account.movements]
    yield _heading(name)
    table = _Table(("Day", "What moved", "", "EUR"), _LEFT, _point([opening, *amounts, closing]))
    rows = [
        table.row(
            day=f"{one.at.day} {one.at:%b}",
            name=ledger_words.of(one),
            under=one.key,
            amount=amount,
        )
        for one, amount in zip(account.movements, amounts, strict=True)
    ]
    before = table.row(name="Before", amount=opening)
    yield from table.whole([before, *rows], table.total("After", closing))


def _signed(amount: int) -> str:
    return micros.text(amount).replace("-", "\u2212")


def _chain(statement: Statement) -> Iterator[Strip]:
    yield _heading("How to see that nothing was changed")
    words = (
        "The hash is computed from all that this statement says but names, and from the hash of"
        " the month before. irl recompute checks the JSON file of this statement; how anybody"
        " else can is written in the documents of the house."
    )
    yield paper.text(words, size=8.5, colour=SOFT, below=6, keep=True)
    yield _hash("Hash", document.of(statement)["hash"], keep=True)
    yield _hash("Before", statement.previous or "none: this is the first statement")


def _hash(name: str, value: str, *, keep: bool = False) -> Strip:
    shown = fit(value, font=faces().code, width=WIDTH - _LEFT, tries=((8, 1), (7, 1)))
    label = _line(name, _SMALL)

    def draw(canvas: Canvas, top: float) -> None:
        paper.put(canvas, label, top - 1, colour=SOFT)
        paper.put(canvas, shown, top, left=_LEFT)

    return Strip(shown.height + 3, draw, keep=keep)


# --- how it was divided --------------------------------------------------------------------------


def _division(statement: Statement) -> Iterator[Strip]:
    yield _heading("How the pot was divided")
    yield paper.text(ROUNDING, size=8.5, colour=SOFT, below=6)
    yield paper.text(
        f"Pot: {statement.pot_micros} micro-euros. Odd micro-euros: {statement.odd_micros}."
        f" Month: {statement.month}. Number of the member: {statement.member}."
        " The number of each thing stands in its line above.",
        size=8.5,
        colour=SOFT,
    )


# --- tables --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Table:
    """Day, thing, a number, an amount; `point` is where the decimal points stand."""

    names: tuple[str, str, str, str]
    left: float
    point: float

    def whole(self, rows: list[Strip], total: Strip) -> Iterator[Strip]:
        """Put rows under the head; the last one stays with the total."""
        yield self.head()
        yield from rows[:-1]
        yield replace(rows[-1], keep=True)
        yield total

    def head(self) -> Strip:
        """Name the columns; stays with the first row."""
        day, thing, count, amount = (_line(name, _SMALL, bold=True) for name in self.names)

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
        title = fit(name, font=fonts.plain, width=width, tries=((_SIZE, 2),))
        small = fit(under, font=fonts.plain, width=width, tries=((_SMALL, 1),))
        height = title.height + small.height + 2 * _PAD

        def draw(canvas: Canvas, top: float) -> None:
            below = top - _PAD
            paper.put(canvas, _line(day, _SIZE), below, colour=SOFT)
            paper.put(canvas, title, below, left=self.left)
            paper.put(canvas, small, below - title.height, left=self.left, colour=SOFT)
            paper.put(canvas, _line(count, _SIZE), below, right=_COUNT, colour=SOFT)
            self._amount(canvas, amount, below)
            paper.rule(canvas, top - height)

        return Strip(height, draw, head=self.head())

    def total(self, name: str, amount: str) -> Strip:
        """Make the last row, which says how much it comes to."""
        line = _line(name, _SIZE, bold=True)

        def draw(canvas: Canvas, top: float) -> None:
            paper.rule(canvas, top, colour=INK, thick=0.75)
            paper.put(canvas, line, top - _PAD, left=self.left)
            self._amount(canvas, amount, top - _PAD)

        return Strip(line.height + 2 * _PAD, draw, head=self.head())

    def _amount(self, canvas: Canvas, amount: str, top: float) -> None:
        whole, point, _ = amount.partition(".")
        line = _line(amount, _SIZE)
        if point:
            left = self.point - stringWidth(whole, line.font, _SIZE)
            paper.put(canvas, line, top, left=left)
        else:  # a reason instead of an amount
            paper.put(canvas, line, top, right=WIDTH, colour=SOFT)


def _point(amounts: Sequence[str | None]) -> float:
    """Find where the decimal point stands so that the longest fraction ends at the right margin."""
    fractions = [amount.partition(".")[2] for amount in amounts if amount is not None]
    widest = max(fractions, key=len, default="00")
    return float(WIDTH - stringWidth(f".{widest}", faces().plain, _SIZE))


def _line(words: str, size: float, *, bold: bool = False) -> Lines:
    fonts = faces()
    font = fonts.bold if bold else fonts.plain
    return fit(words, font=font, width=WIDTH, tries=((size, 1),))


def _heading(words: str) -> Strip:
    return paper.text(words, size=13, bold=True, above=22, below=6, keep=True)


def _counted(flattrs: int) -> str:
    return f"{flattrs} {'flattr' if flattrs == 1 else 'flattrs'}"


def _moment(moment: datetime) -> str:
    return f"{moment.day} {moment:%B %Y, %H:%M} UTC"
