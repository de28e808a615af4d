"""Micro-euros: money as integers, 1 EUR = 1,000,000. Pure."""

from __future__ import annotations

import re
from typing import NewType

from irl.errors import Invalid
from irl.rules import CENT, EURO
from irl.sentence import Euros, Sentence

Micros = NewType("Micros", int)
"""An integer number of micro-euros."""

_EUROS = re.compile(r"([0-9]{1,9})(?:[.,]([0-9]{1,2}))?", re.ASCII)


def whole_cents(amount: int, *, least: int, most: int, field: str) -> Micros:
    """Check an amount from outside: an integer, whole cents, between the limits.

    Raises:
        Invalid: naming `field`, with the limits in euros.
    """
    if type(amount) is not int or not least <= amount <= most:
        raise Invalid(
            Sentence(
                "The amount must lie between {least} and {most}.",
                least=Euros(least),
                most=Euros(most),
            ),
            field=field,
        )
    if amount % CENT:
        raise Invalid(
            "The amount must be whole cents (multiples of 10000 micro-euros).", field=field
        )
    return Micros(amount)


def fee(amount: int, *, basis_points: int) -> Micros:
    """Give the fee of a deposit: exact, since a cent is 10,000 micros and a basis point 1/10,000."""
    assert amount % CENT == 0
    return Micros(amount // 10_000 * basis_points)


def parse_euros(text: str, *, field: str) -> Micros:
    """Read what a person types: `5`, `5.00` or `5,00`.

    Raises:
        Invalid: anything else, naming `field`.
    """
    match = _EUROS.fullmatch(text.strip())
    if match is None:
        raise Invalid("Write the amount in euros, for instance 5.00.", field=field)
    return Micros(int(match[1]) * EURO + int((match[2] or "0").ljust(2, "0")) * CENT)


def text(micros: int) -> str:
    """Write micros as euros: `5.00`, and with all six decimals where cents do not say it all."""
    sign, micros = ("-", -micros) if micros < 0 else ("", micros)
    whole, rest = divmod(micros, EURO)
    return f"{sign}{whole}.{rest // CENT:02}" if rest % CENT == 0 else f"{sign}{whole}.{rest:06}"
