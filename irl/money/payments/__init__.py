"""Providers of payments: where a member pays, and what they tell us afterwards.

Only play money so far. A provider has a name (the `provider` of a deposit and its account in the
ledger), an address where a deposit is paid, and calls `money.deposits.told` with what happened.
"""

from __future__ import annotations

from irl.house import House


def offered(house: House) -> tuple[str, ...]:
    """Give the names of the providers that this house offers."""
    return ("sandbox",) if house.settings.plays else ()


def checkout_url(house: House, provider: str, deposit_id: str) -> str:
    """Give the address where a deposit is paid."""
    assert provider == "sandbox"
    return f"{house.settings.base_url}/sandbox/checkout/{deposit_id}"
