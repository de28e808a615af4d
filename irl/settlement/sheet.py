"""A statement as CSV (RFC 4180), for a spreadsheet.

Every line is one figure of one section, so a section can be filtered and summed; sections tell the
same money from different sides, and are not to be added to each other.

Titles and names are other people's: a text that a spreadsheet would take for a formula gets an
apostrophe before it (OWASP, "CSV Injection"). Whether a cell is a text is a matter of its column
and not of what stands in it, so an amount below zero stays a number. The file begins with a byte
order mark, without which Excel takes UTF-8 for something else.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Final, NamedTuple

from irl import month as months
from irl.rules import EURO
from irl.settlement import document
from irl.settlement.movements import Account
from irl.settlement.statement import Statement

BYTE_ORDER_MARK: Final = "\ufeff"

# Also as Japanese and Chinese keyboards write them: full width.
_FORMULAS: Final = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")

_COLUMNS: Final = (
    *("month", "section", "what", "at", "thing", "title", "maker", "flattrs"),
    *("amount_eur", "amount_micros", "note"),
)


class Line(NamedTuple):
    """One line; an amount becomes two cells."""

    section: str
    what: str
    micros: int | None
    at: str = ""
    thing: str = ""
    title: str = ""
    maker: str = ""
    flattrs: int | str = ""
    note: str = ""


def of(statement: Statement) -> str:
    """Write the statement as CSV, with CRLF at the end of each line."""
    written = io.StringIO()
    written.write(BYTE_ORDER_MARK)
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    month = months.text(statement.month)
    for line in _lines(statement):
        title, maker = _harmless(line.title), _harmless(line.maker)
        amounts = ("", "") if line.micros is None else (_euros(line.micros), line.micros)
        cells = (line.section, line.what, line.at, line.thing, title, maker, line.flattrs)
        writer.writerow((month, *cells, *amounts, line.note))
    return written.getvalue()


def _lines(statement: Statement) -> Iterator[Line]:
    yield from _given(statement)
    for receipt in statement.received:
        yield Line(
            "received",
            "thing",
            receipt.amount_micros,
            thing=receipt.thing_id,
            title=receipt.title,
            flattrs=receipt.flattrs,
        )
    for payable in statement.payable:
        day = months.from_day(payable.payable_on).isoformat()
        yield Line("payable", "from", payable.amount_micros, at=day)
    yield from _account("funds", statement.funds)
    yield from _account("revenue", statement.revenue)
    for deposit in statement.deposits:
        yield Line("deposits", "amount", deposit.amount_micros, note=deposit.id)
        yield Line("deposits", "fee", -deposit.fee_micros, note=deposit.id)
    for back in statement.reversals:
        at = months.iso(back.at)
        yield Line("deposits", "reversed", -back.amount_micros, at=at, note=back.id)
    yield Line("chain", "previous", None, note=statement.previous or "none")
    yield Line("chain", "hash", None, note=document.of(statement)["hash"])


def _given(statement: Statement) -> Iterator[Line]:
    for share in statement.shares:
        yield Line(
            "given",
            "flattr",
            share.share_micros,
            at=months.iso(share.given_at),
            thing=share.thing_id,
            title=share.title,
            maker=share.maker,
            flattrs=1,
            note=share.void or "",
        )
    if statement.charity is not None:
        yield Line("given", "charity", statement.pot_micros, title=statement.charity, flattrs=0)


def _account(section: str, account: Account) -> Iterator[Line]:
    yield Line(section, "opening", account.opening_micros)
    for one in account.movements:
        yield Line(section, one.kind, one.amount_micros, at=months.iso(one.at), note=one.key)
    yield Line(section, "closing", account.closing_micros)


def _euros(micros: int) -> str:
    """Write an amount in euros with all six places."""
    sign, rest = ("-", -micros) if micros < 0 else ("", micros)
    return f"{sign}{rest // EURO}.{rest % EURO:06}"


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULAS) else text
