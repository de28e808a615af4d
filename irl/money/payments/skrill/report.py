"""Skrill's account history, downloaded as CSV in English, with all columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

from irl.money.payments.report import Row, Understood, amount

_NEEDED: Final = frozenset({"ID", "Type", "Status", "Reference", "[-] EUR", "[+] EUR"})
_RELATED: Final = "ID of the corresponding Skrill transaction"
_COUNTS: Final = frozenset({"processed"})


def understand(header: Iterable[str]) -> Callable[[Row], Understood] | None:
    """Give what reads a line of this report, or None if it is another's."""
    return partial(_line) if set(header) >= _NEEDED else None


def _line(row: Row) -> Understood:
    if row["Status"].casefold() not in _COUNTS:
        return None
    change = amount(row["[+] EUR"]) - abs(amount(row["[-] EUR"]))
    names = (row["Reference"], row["ID"], row.get(_RELATED, ""))
    is_fee = "fee" in row["Type"].casefold()
    gross, fee = (0, change) if is_fee else (change, 0)
    return row["ID"], names, gross, fee, row["Type"]
