"""Providers of payments: play money, PayPal and Skrill; three folders that look alike.

What a provider must do stands in `protocol`. Each folder has a `provider` that does it; the two
that speak to a server have a `client` beside it. To add one, copy a neighbouring folder and name
it here, in `irl.money.ledger.PROVIDERS` and in the settings.
"""

from __future__ import annotations

from irl.errors import NotFound
from irl.house import House
from irl.money.payments.paypal.provider import PayPal
from irl.money.payments.protocol import Provider
from irl.money.payments.sandbox.provider import Sandbox
from irl.money.payments.skrill.provider import Skrill


def offered(house: House) -> tuple[str, ...]:
    """Give the names of the providers that this house offers: those that are set up."""
    settings = house.settings
    found = {
        "sandbox": settings.plays,
        "paypal": settings.has_paypal,
        "skrill": settings.has_skrill,
    }
    return tuple(name for name, is_offered in found.items() if is_offered)


def named(house: House, name: str) -> Provider:
    """Give a provider that this house offers.

    Raises:
        NotFound: it does not.
    """
    if name not in offered(house):
        raise NotFound("This provider of payments is not offered here.")
    if name == "paypal":
        return PayPal(house)
    return Skrill(house) if name == "skrill" else Sandbox(house)
