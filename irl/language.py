"""Languages: what people read is said in theirs; English is what stands in the program.

Catalogues lie in `irl/locales`, since mails are written here; they are compiled in memory when a
language is first used (GNU gettext's format, by Babel), so there is no build step. Amounts, dates
and plurals follow Unicode's CLDR.
"""

from __future__ import annotations

import gettext
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Any, Final

from babel import Locale, dates, numbers
from babel.messages import mofile, pofile

from irl import month as months
from irl.month import Day, Month
from irl.rules import CENT, EURO
from irl.sentence import Euros, Sentence, Value

ENGLISH: Final = "en"
NAMES: Final[Mapping[str, str]] = {"en": "English", "fr": "Français", "de": "Deutsch"}
"""What the house speaks, by the code of ISO 639-1, each with its own name for itself."""

_LOCALES: Final = {"en": "en_GB", "fr": "fr_FR", "de": "de_DE"}
_CATALOGUES: Final = Path(__file__).parent / "locales"
_HEADER_MOST: Final = 200
_MINUS: Final = "\N{MINUS SIGN}"


@dataclass(frozen=True)
class Language:
    """One language: translates, and writes amounts and moments."""

    code: str

    @cached_property
    def locale(self) -> Locale:
        """Babel's data about it."""
        return Locale.parse(_LOCALES[self.code])

    @cached_property
    def translations(self) -> gettext.NullTranslations:
        """The catalogue; the empty one of English gives every text as it is."""
        file = _CATALOGUES / f"{self.code}.po"
        if self.code == ENGLISH:
            return gettext.NullTranslations()
        compiled = io.BytesIO()
        with file.open("rb") as text:
            mofile.write_mo(compiled, pofile.read_po(text, locale=self.code))
        compiled.seek(0)
        return gettext.GNUTranslations(compiled)

    def says(self, text: str, /, **values: Value) -> str:
        """Say a text, or a `Sentence` with its values; what no catalogue knows stays English."""
        if isinstance(text, Sentence):
            values |= text.values
            text = text.template
        # To gettext the empty text is the catalogue's own header.
        said = self.translations.gettext(text) if text else ""
        return said.format(**{k: self._value(v) for k, v in values.items()}) if values else said

    def count(self, one: str, many: str, number: int, /, **values: Value) -> str:
        """Say how many, in the form that the language has for this number; `{n}` is the number."""
        said = self.translations.ngettext(one, many, number)
        return said.format(n=self.number(number), **{k: self._value(v) for k, v in values.items()})

    def money(self, micros: int) -> str:
        """Write an amount of micro-euros as money: cents, or all six decimals where they count."""
        return _money(self.code, micros)

    def cents(self, micros: int) -> str:
        """Write an amount as money in whole cents, rounded down: for what is not final."""
        return _money(self.code, micros // CENT * CENT)

    def figure(self, micros: int) -> str:
        """Write an amount as `money` does, without its currency, for the columns of a table."""
        form = "#,##0.00" if micros % CENT == 0 else "#,##0.000000"
        shown = numbers.format_decimal(Decimal(micros) / EURO, format=form, locale=self.locale)
        return shown.replace("-", _MINUS)

    @property
    def point(self) -> str:
        """The sign between euros and cents."""
        return numbers.get_decimal_symbol(self.locale)

    def number(self, number: int) -> str:
        """Write a whole number."""
        return numbers.format_decimal(number, locale=self.locale)

    def amount(self, micros: int) -> str:
        """Write an amount as a person would type it into a field: `5.00` or `5,00`."""
        return f"{micros // EURO}{self.point}{micros % EURO // CENT:02}"

    def percent(self, basis_points: int) -> str:
        """Write hundredths of a per cent: `10 %`, `7.5 %` as the language writes it."""
        return numbers.format_percent(
            Decimal(basis_points) / 10_000,
            format="#,##0.##" + self._percent_sign,
            locale=self.locale,
        )

    def moment(self, moment: datetime) -> str:
        """Write an instant, in UTC."""
        day = dates.format_date(moment, format="long", locale=self.locale)
        return f"{day}, {dates.format_time(moment, format='HH:mm', locale=self.locale)} UTC"

    def day(self, day: Day | date) -> str:
        """Write a day."""
        shown = day if isinstance(day, date) else months.from_day(day)
        return dates.format_date(shown, format="long", locale=self.locale)

    def short_day(self, day: date) -> str:
        """Write a day of a year that is known, for the columns of a table: `4 Dec`."""
        return dates.format_skeleton("MMMd", day, locale=self.locale)

    def month(self, month: Month) -> str:
        """Write a month with its year."""
        return dates.format_skeleton("yMMMM", months.start(month), locale=self.locale)

    @property
    def _percent_sign(self) -> str:
        return "%" if self.code == ENGLISH else "\N{NO-BREAK SPACE}%"

    def _value(self, value: Value) -> str:
        if isinstance(value, Euros):
            return self.money(value)
        if isinstance(value, datetime):
            return self.moment(value)
        if isinstance(value, int):
            return self.number(value)
        return self.says(value) if isinstance(value, Sentence) else str(value)


@cache
def of(code: str | None) -> Language:
    """Give a language by its code; English for one that the house does not speak."""
    return Language(code if code is not None and code in NAMES else ENGLISH)


def wanted(header: str) -> str:
    """Choose from an `Accept-Language` header (RFC 9110, section 12.5.4) what the house speaks."""
    asked = []
    for place, part in enumerate(header[:_HEADER_MOST].split(",")):
        name, _, weight = part.partition(";")
        code = name.strip().lower().partition("-")[0]
        try:
            quality = float(weight.strip().removeprefix("q=")) if weight else 1.0
        except ValueError:
            continue
        if code in NAMES and quality > 0:
            asked.append((-quality, place, code))
    return min(asked)[2] if asked else ENGLISH


@lru_cache(maxsize=4096)
def _money(code: str, micros: int) -> str:
    locale = of(code).locale
    pattern: Any = locale.currency_formats["standard"]
    if micros % CENT:
        pattern = pattern.pattern.replace("0.00", "0.000000")
    shown = numbers.format_currency(
        Decimal(micros) / EURO, "EUR", pattern, locale=locale, currency_digits=micros % CENT == 0
    )
    return shown.replace("-", _MINUS)
