"""Lines of a provider's own report, whichever provider wrote it: what came, what went, what it kept.

A report is a CSV file that the operator downloads. It is read line by line and is bounded.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from irl.errors import Invalid
from irl.money.micros import Micros
from irl.rules import EURO
from irl.sentence import Sentence

MOST_LINES: Final = 200_000
MOST_BYTES: Final = 256 * 1024 * 1024

_COLUMNS_MOST: Final = 200
LINE_MOST: Final = 16 * 1024
_AMOUNT: Final = re.compile(r"[+-]?[0-9]{1,9}(\.[0-9]{1,6})?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line that changed the balance; amounts in micro-euros, with the sign of the change.

    Attributes:
        number: of the line in the file, from 1.
        ref: the provider's own id of it; may be empty.
        names: what it may be about: our ids, and the provider's.
        gross: what came or went, without the fee.
        fee: what the provider kept, below zero.
        kind: the provider's word for it.
    """

    number: int
    ref: str
    names: tuple[str, ...]
    gross: Micros
    fee: Micros
    kind: str

    @property
    def net(self) -> int:
        """What it did to the provider's account."""
        return self.gross + self.fee


Row = Mapping[str, str]
Understood = tuple[str, tuple[str, ...], int, int, str] | None
"""Ref, names, gross, fee and kind; None for a line that changed no balance."""


def lines(
    text: Iterable[str], understand: Callable[[Iterable[str]], Callable[[Row], Understood] | None]
) -> Iterator[Line]:
    """Read a report; the first line names its columns, which `understand` must know.

    Raises:
        Invalid: it is no report of this provider, or a line cannot be understood.
    """
    reader = csv.reader(_bounded(text))
    try:
        header = [name.strip() for name in next(reader)]
        read = understand(header) if len(header) <= _COLUMNS_MOST else None
        if read is None:
            raise Invalid("The first line does not name the columns of a report.", field="file")
        for count, cells in enumerate(reader):
            if count >= MOST_LINES:
                raise Invalid(
                    Sentence("A report has at most {most} lines.", most=MOST_LINES), field="file"
                )
            if len(cells) < len(header):
                continue  # a blank line, or a sum at the end
            found = read(dict(zip(header, map(str.strip, cells), strict=False)))
            if found is not None:
                ref, names, gross, fee, kind = found
                yield Line(
                    number=reader.line_num,
                    ref=ref,
                    names=tuple(name for name in names if name),
                    gross=Micros(gross),
                    fee=Micros(fee),
                    kind=kind[:80],
                )
    except csv.Error as trouble:
        raise Invalid(
            Sentence("Line {line} cannot be read.", line=reader.line_num), field="file"
        ) from trouble
    except StopIteration:
        raise Invalid("The file is empty.", field="file") from None


def amount(text: str) -> int:
    """Read an amount in euros, `1,234.56` or empty for nothing; micro-euros.

    Raises:
        Invalid: it is none.
    """
    plain = text.replace(",", "").replace(" ", "")
    if not plain:
        return 0
    if _AMOUNT.fullmatch(plain) is None:
        raise Invalid(
            Sentence("{text} is no amount such as 1,234.56.", text=repr(text[:40])), field="file"
        )
    return int(Decimal(plain) * EURO)


def _bounded(text: Iterable[str]) -> Iterator[str]:
    for line in text:
        if len(line) > LINE_MOST:
            raise Invalid("A line is too long for a report.", field="file")
        if "\0" in line:  # PostgreSQL can neither keep it nor look for it
            raise Invalid("A report is text, without NUL.", field="file")
        yield line
