"""A sentence for people: English, with the values in it kept apart, so that it can be translated.

It is a `str`, so whoever wants plain English uses it as one; `irl.language` says it in another
language. A plain string literal that has no values in it needs none of this.
"""

from __future__ import annotations

from typing import Protocol, Self


class Euros(int):
    """Micro-euros as a value of a sentence: written as an amount of money in each language."""

    __slots__ = ()

    def __str__(self) -> str:
        """Write it in English, as programs read it: `5.00 EUR`, or with all six decimals."""
        sign, micros = ("-", -self) if self < 0 else ("", int(self))
        whole, rest = divmod(micros, 1_000_000)
        cents, odd = divmod(rest, 10_000)
        return f"{sign}{whole}.{cents:02} EUR" if odd == 0 else f"{sign}{whole}.{rest:06} EUR"


class Moment(Protocol):
    """An instant, which is a `datetime`; said so, since the heart of settlement knows no clock."""

    def isoformat(self) -> str:
        """Write it as ISO 8601."""


Value = str | int | Moment
"""What may stand in a sentence: texts as they are, numbers, `Euros`, moments."""


class Sentence(str):
    """English text that remembers its template and values.

    Attributes:
        template: the text with `{name}` where a value stands; what catalogues translate.
        values: by name.
    """

    __slots__ = ("template", "values")

    template: str
    values: dict[str, Value]

    def __new__(cls, template: str, /, **values: Value) -> Self:
        """Make a sentence; without values the template is the text itself."""
        made = super().__new__(cls, template.format(**values) if values else template)
        made.template = template
        made.values = values
        return made
