"""A statement as PDF: the same value that JSON and CSV are made of, for a folder or a tax office."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from api import ledger_words, paper
from api.paper import RULE, SOFT, WIDTH, Strip
from api.paper_table import SIZE, SMALL, Table, line, point_of
from irl.language import Language
from irl.sentence import Euros
from irl.settlement import document
from irl.settlement.movements import Account
from irl.settlement.statement import RULE as ROUNDING
from irl.settlement.statement import Share, Statement
from qr.lettering import Lines, faces, fit, printable

_LEFT: Final = 16 * mm  # of the things in the table of what was given, beside the day


def made(statement: Statement, *, nickname: str, host: str, speaks: Language) -> bytes:
    """Print a statement on A4 pages; the same statement in a language gives the same bytes.

    Args:
        statement: the value; it never changes.
        nickname: of the member whose statement it is.
        host: the house that states it, such as ``flattr.example``.
        speaks: the language of all words but titles and names; no figure depends on it.
    """
    said = {"month": speaks.month(statement.month), "name": nickname, "host": host}
    title = speaks.says("Statement of {month}", **said)
    strips = [
        *_title(statement, title, speaks.says("{name} at {host}", **said), speaks),
        *_given(statement, speaks),
        *_received(statement, speaks),
        *_accounts(statement, speaks),
        *(_division(statement, speaks) if statement.shares else ()),
        *_chain(statement, speaks),
    ]
    return paper.printed(
        strips,
        title=f"{title}, {nickname}",
        subject=speaks.says("What {name} gave and received at {host} in {month}", **said),
        running=f"{title} · {nickname} · {host}",
        speaks=speaks,
    )


def _title(statement: Statement, title: str, whose: str, speaks: Language) -> Iterator[Strip]:
    yield _brand()
    yield paper.text(title, size=22, bold=True, below=4)
    yield paper.text(whose, size=10.5, below=2)
    if statement.early:
        closed = speaks.says(
            "Closed early on {moment}. It never changes.", moment=statement.closed_at
        )
    else:
        closed = speaks.says("Closed on {moment}. It never changes.", moment=statement.closed_at)
    yield paper.text(closed, size=8.5, colour=SOFT, below=14)
    figures = (
        (speaks.says("Given"), speaks.money(statement.pot_micros)),
        (speaks.says("Received"), speaks.money(statement.received_micros)),
        (speaks.says("Funds after"), speaks.money(statement.funds.closing_micros)),
        (speaks.says("Revenue after"), speaks.money(statement.revenue.closing_micros)),
    )
    yield _boxes(figures)


def _brand() -> Strip:
    """Set the house's name behind its sign, the dot."""
    name = line("flattr in real life", 9, bold=True)

    def draw(canvas: Canvas, top: float) -> None:
        paper.dot(canvas, top - 1.5, size=8)
        paper.put(canvas, name, top, left=12)

    return Strip(name.height + 14, draw)


def _boxes(figures: Sequence[tuple[str, str]]) -> Strip:
    """Set figures side by side, each in its box."""
    fonts = faces()
    gap, height, inside = 3 * mm, 44.0, 9.0
    width = (WIDTH - gap * (len(figures) - 1)) / len(figures)
    names = [_fitting(name, width - 2 * inside) for name, _ in figures]
    # One size for all, so that none looks larger than it is.
    sizes = (15.0, 13.0, 11.5, 10.0, 8.5, 7.0)
    widest = max(stringWidth(value, fonts.bold, 1) for _, value in figures)
    size = next((each for each in sizes if widest * each <= width - 2 * inside), sizes[-1])
    values = [line(value, size, bold=True) for _, value in figures]

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


def _given(statement: Statement, speaks: Language) -> Iterator[Strip]:
    yield _heading(speaks.says("Given"))
    yield paper.text(" ".join(_purse(statement, speaks)), size=9, below=8)
    if statement.charity is not None:
        words = speaks.says(
            "Nothing was flattred, so the pot went to {charity}.", charity=statement.charity
        )
        yield paper.text(words, size=9, below=8)
    if not statement.shares:
        yield paper.text(speaks.says("No flattrs."), size=9, colour=SOFT)
        return
    amounts = [None if s.void else speaks.figure(s.share_micros) for s in statement.shares]
    total = speaks.figure(sum(share.share_micros for share in statement.shares))
    names = (
        speaks.says("Day"),
        speaks.says("Thing"),
        speaks.says("Thing no."),
        speaks.says("Share, EUR"),
    )
    table = Table(names, left=_LEFT, point=speaks.point, at=point_of([*amounts, total], speaks))
    rows = [
        table.row(
            day=speaks.short_day(share.given_at),
            name=_title_of(share.thing_id, share.title, speaks),
            under=" · ".join(part for part in (share.artist, share.maker) if part),
            count=str(share.number),
            amount=amount or _why(share, speaks),
        )
        for share, amount in zip(statement.shares, amounts, strict=True)
    ]
    yield from table.whole(rows, table.total(_counted(len(rows), speaks), total))


def _title_of(thing_id: str, title: str, speaks: Language) -> str:
    """Give a title, or the thing's id where our fonts have few of its letters."""
    shown = printable(title, faces().plain)
    lost = shown.count("?") - title.count("?")
    return speaks.says("Thing {id}", id=thing_id) if 2 * lost > len(shown) else title


def _purse(statement: Statement, speaks: Language) -> Iterator[str]:
    budget, funds = statement.budget_micros, statement.funds_micros
    if budget is None:
        yield speaks.says("No budget was set.")
    else:
        yield speaks.says("The budget was {amount}.", amount=Euros(budget))
    if funds is not None:
        yield speaks.says("There to give: {amount}.", amount=Euros(funds))


def _why(share: Share, speaks: Language) -> str:
    own = share.void == "own_thing"
    return speaks.says("your own") if own else speaks.says("did not count")


def _received(statement: Statement, speaks: Language) -> Iterator[Strip]:
    yield _heading(speaks.says("Received"))
    if not statement.received:
        yield paper.text(speaks.says("Nothing."), size=9, colour=SOFT)
        return
    amounts = [speaks.figure(receipt.amount_micros) for receipt in statement.received]
    total = speaks.figure(statement.received_micros)
    names = ("", speaks.says("Thing"), speaks.says("Flattrs"), speaks.says("Amount, EUR"))
    table = Table(names, left=0, point=speaks.point, at=point_of([*amounts, total], speaks))
    rows = [
        table.row(
            name=_title_of(receipt.thing_id, receipt.title, speaks),
            count=speaks.number(receipt.flattrs),
            amount=amount,
        )
        for receipt, amount in zip(statement.received, amounts, strict=True)
    ]
    flattrs = sum(receipt.flattrs for receipt in statement.received)
    yield from table.whole(rows, table.total(_counted(flattrs, speaks), total))
    for payable in statement.payable:
        words = speaks.says(
            "{amount} can be paid out from {day} on.",
            amount=Euros(payable.amount_micros),
            day=speaks.day(payable.payable_on),
        )
        yield paper.text(words, size=9, above=4)


# --- what moved ----------------------------------------------------------------------------------


def _accounts(statement: Statement, speaks: Language) -> Iterator[Strip]:
    for name, account in (
        (speaks.says("Funds"), statement.funds),
        (speaks.says("Revenue"), statement.revenue),
    ):
        if not ledger_words.is_quiet(account):
            yield from _account(name, account, speaks)
    if not statement.deposits and not statement.reversals:
        return
    yield _heading(speaks.says("Deposits"))
    for deposit in statement.deposits:
        words = speaks.says(
            "{amount} came in: {fee} fee, {net} to give.",
            amount=Euros(deposit.amount_micros),
            fee=Euros(deposit.fee_micros),
            net=Euros(deposit.net_micros),
        )
        yield paper.text(words, size=9, below=3)
    for back in statement.reversals:
        words = speaks.says(
            "{amount} taken back on {moment}.", amount=Euros(back.amount_micros), moment=back.at
        )
        yield paper.text(words, size=9, below=3)


def _account(name: str, account: Account, speaks: Language) -> Iterator[Strip]:
    opening, *amounts, closing = (
        speaks.figure(micros)
        for micros in (
            account.opening_micros,
            *(one.amount_micros for one in account.movements),
            account.closing_micros,
        )
    )
    yield _heading(name)
    names = (speaks.says("Day"), speaks.says("What moved"), "", "EUR")
    at = point_of([opening, *amounts, closing], speaks)
    table = Table(names, left=_LEFT, point=speaks.point, at=at)
    rows = [
        table.row(
            day=speaks.short_day(one.at),
            name=ledger_words.of(one, speaks),
            under=one.key,
            amount=amount,
        )
        for one, amount in zip(account.movements, amounts, strict=True)
    ]
    before = table.row(name=speaks.says("Before"), amount=opening)
    yield from table.whole([before, *rows], table.total(speaks.says("After"), closing))


def _chain(statement: Statement, speaks: Language) -> Iterator[Strip]:
    yield _heading(speaks.says("How to see that nothing was changed"))
    words = speaks.says(
        "The hash is computed from all that this statement says but names, and from the hash of"
        " the month before. irl recompute checks the JSON file of this statement; how anybody"
        " else can is written in the documents of the house."
    )
    yield paper.text(words, size=8.5, colour=SOFT, below=6, keep=True)
    yield _hash(speaks.says("Hash"), document.of(statement)["hash"], keep=True)
    first = speaks.says("none: this is the first statement")
    yield _hash(speaks.says("Before"), statement.previous or first)


def _hash(name: str, value: str, *, keep: bool = False) -> Strip:
    shown = fit(value, font=faces().code, width=WIDTH - _LEFT, tries=((8, 1), (7, 1)))
    label = line(name, SMALL)

    def draw(canvas: Canvas, top: float) -> None:
        paper.put(canvas, label, top - 1, colour=SOFT)
        paper.put(canvas, shown, top, left=_LEFT)

    return Strip(shown.height + 3, draw, keep=keep)


# --- how it was divided --------------------------------------------------------------------------


def _division(statement: Statement, speaks: Language) -> Iterator[Strip]:
    yield _heading(speaks.says("How the pot was divided"))
    yield paper.text(speaks.says(ROUNDING), size=SIZE, colour=SOFT, below=6)
    words = speaks.says(
        "Pot: {pot} micro-euros. Odd micro-euros: {odd}. Month: {month}."
        " Number of the member: {member}. The number of each thing stands in its line above.",
        # As text: these go into a computation, so nothing stands between their digits.
        pot=str(statement.pot_micros),
        odd=str(statement.odd_micros),
        month=str(statement.month),
        member=str(statement.member),
    )
    yield paper.text(words, size=SIZE, colour=SOFT)


def _heading(words: str) -> Strip:
    return paper.text(words, size=13, bold=True, above=22, below=6, keep=True)


def _counted(flattrs: int, speaks: Language) -> str:
    return speaks.count("{n} flattr", "{n} flattrs", flattrs)


def _fitting(words: str, width: float) -> Lines:
    return fit(words, font=faces().plain, width=width, tries=((8, 1), (7, 1), (6, 1)))
