"""Skrill as a provider of payments: a session to pay in, and posts that tell how it ended."""

from __future__ import annotations

from datetime import datetime

from irl.house import House
from irl.money.micros import text
from irl.money.payments.protocol import CURRENCY, News, Opened, Post, Wanted
from irl.money.payments.skrill import words
from irl.money.payments.skrill.client import client


class Skrill:
    """See `irl.money.payments.protocol.Provider`."""

    name = "skrill"
    pay_url_lasts = False  # a session ends after a quarter of an hour

    def __init__(self, house: House) -> None:
        self._house = house
        self._settings = house.settings

    async def open(self, wanted: Wanted) -> Opened:
        """Prepare a payment; no money moves by that, so a second one is harmless."""
        here = f"{self._settings.base_url}/deposits/{wanted.id}"
        sid = await client(self._house).prepare(
            {
                "pay_to_email": self._settings.skrill_email,
                "transaction_id": wanted.id,
                "amount": text(wanted.amount),
                "currency": CURRENCY,
                "language": "EN",
                "recipient_description": self._settings.host[:30],
                "detail1_description": "Deposit",
                "detail1_text": "Money to give to makers",
                "return_url": f"{here}/back",
                "cancel_url": f"{here}?cancelled=1",
                "status_url": f"{self._settings.base_url}/hooks/skrill",
            }
        )
        return Opened(provider_ref=None, pay_url=f"{self._settings.skrill_url}/?sid={sid}")

    async def look(self, wanted: Wanted) -> News | None:
        """Ask for the status by our own id; the answer has the fields of a status post."""
        said = await client(self._house).status(wanted.id)
        return None if said is None else self._news(said)

    async def heard(self, post: Post, *, now: datetime) -> News:  # noqa: ARG002 - the Protocol's
        """Check a status post and understand it."""
        return self._news(words.fields(post.body))

    def _news(self, said: dict[str, str]) -> News:
        settings = self._settings
        words.check(
            said,
            secret=settings.skrill_secret.get_secret_value(),
            needs_sha=settings.skrill_needs_sha,
        )
        return words.news(said, merchant=settings.skrill_merchant, email=settings.skrill_email)
