"""Play money as a provider of payments: its till is a page of our own."""

from __future__ import annotations

from datetime import datetime

from irl.errors import EventRefused
from irl.house import House
from irl.money.payments.protocol import News, Opened, Post, Wanted


class Sandbox:
    """See `irl.money.payments.protocol.Provider`."""

    name = "sandbox"
    pay_url_lasts = True

    def __init__(self, house: House) -> None:
        self._house = house

    async def open(self, wanted: Wanted) -> Opened:
        """Name the page on which a person decides."""
        base_url = self._house.settings.base_url
        return Opened(provider_ref=None, pay_url=f"{base_url}/sandbox/checkout/{wanted.id}")

    async def look(self, wanted: Wanted) -> News | None:  # noqa: ARG002 - the Protocol's
        """Know nothing that the house does not know: decisions are booked at once."""
        return None

    async def heard(self, post: Post, *, now: datetime) -> News:  # noqa: ARG002 - the Protocol's
        """Refuse: play money is decided on its own page."""
        raise EventRefused("Play money is decided at its till.")
