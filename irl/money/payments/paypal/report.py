"""PayPal's activity report, downloaded as CSV in English, with all columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from irl.errors import Invalid
from irl.money.payments.report import Row, Understood, amount
from irl.sentence import Sentence

_NEEDED: Final = frozenset({"Type", "Status", "Currency", "Gross", "Fee", "Transaction ID"})
_NAMES: Final = ("Custom Number", "Invoice Number", "Transaction ID", "Reference Txn ID")
_COUNTS: Final = frozenset({"completed", "refunded", "partially refunded", "reversed"})


def understand(header: Iterable[str]) -> Callable[[Row], Understood] | None:
    """Give what reads a line of this report, or None if it is another's."""
    return _line if set(header) >= _NEEDED else None


def _line(row: Row) -> Understood:
    if row["Status"].casefold() not in _COUNTS or row.get("Balance Impact") == "Memo":
        return None
    if row["Currency"] != "EUR":
        raise Invalid(
            Sentence("The report has a line in {currency}.", currency=repr(row["Currency"][:10])),
            field="file",
        )
    names = tuple(row.get(name, "") for name in _NAMES)
    return row["Transaction ID"], names, amount(row["Gross"]), amount(row["Fee"]), row["Type"]
