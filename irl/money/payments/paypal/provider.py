"""PayPal as a provider of payments: an order a deposit, captured once the member approved it."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlsplit

from irl.errors import ProviderUnavailable
from irl.house import House
from irl.money.micros import text
from irl.money.payments.paypal import words
from irl.money.payments.paypal.client import Client, Reply, client, part
from irl.money.payments.paypal.signature import Signatures
from irl.money.payments.paypal.words import Event
from irl.money.payments.protocol import CURRENCY, News, Opened, Post, Wanted

_NOT_YET: Final = frozenset({"ORDER_NOT_APPROVED", "INSTRUMENT_DECLINED", "PAYER_ACTION_REQUIRED"})
"""Issues of a capture after which the member can still pay."""
_NAME_MOST: Final = 127


class PayPal:
    """See `irl.money.payments.protocol.Provider`."""

    name = "paypal"
    pay_url_lasts = True

    def __init__(self, house: House) -> None:
        self._house = house
        self._settings = house.settings

    @property
    def _client(self) -> Client:
        return client(self._house)

    async def open(self, wanted: Wanted) -> Opened:
        """Create an order; with the same request id PayPal gives the same order again."""
        reply = await self._client.ask(
            "POST", "/v2/checkout/orders", said=self._order(wanted), request_id=wanted.id
        )
        pay_url = words.pay_url(reply.said)
        name = reply.said.get("id")
        parts = urlsplit(pay_url)
        is_theirs = f"{parts.scheme}://{parts.netloc}" == self._settings.paypal_pay_origin
        if not reply.is_good or not isinstance(name, str) or not is_theirs:
            raise ProviderUnavailable("PayPal does not open the payment.", retry_after_s=60)
        return Opened(provider_ref=name, pay_url=pay_url)

    async def look(self, wanted: Wanted) -> News | None:
        """Read the order, and capture it if the member approved it."""
        if not wanted.provider_ref:
            return None
        news = await self._read(wanted.provider_ref)
        if news is None or news.what != "approved":
            return news
        reply = await self._client.ask(
            "POST",
            f"/v2/checkout/orders/{part(wanted.provider_ref)}/capture",
            said={},
            request_id=f"{wanted.id}-capture",
        )
        if not reply.is_good:
            return await self._not_captured(wanted.provider_ref, reply)
        return self._understood(reply)

    async def heard(self, post: Post, *, now: datetime) -> News:
        """Check a webhook and understand it; what it lacks is asked for."""
        told = await proven(self._house, post, now=now)
        merchant = self._settings.paypal_merchant
        news = words.news_of_event(told, merchant=merchant)
        if news.what == "reversed" and not news.deposit_id and news.capture_ref:
            reply = await self._client.ask("GET", f"/v2/payments/captures/{part(news.capture_ref)}")
            found = words.news_of_event(Event(told.id, told.kind, reply.said), merchant=merchant)
            news = dataclasses.replace(news, deposit_id=found.deposit_id)
        if news.what == "captured" and "payee" not in told.resource and news.provider_ref:
            # Who was paid is not said; the order says it.
            order = await self._read(news.provider_ref)
            if order is not None and order.capture_ref == news.capture_ref:
                return dataclasses.replace(order, event=news.event, kind=news.kind)
        return news

    async def _read(self, order: str) -> News | None:
        reply = await self._client.ask("GET", f"/v2/checkout/orders/{part(order)}")
        # An order that was never paid is forgotten after a while.
        return self._understood(reply) if reply.is_good else None

    def _understood(self, reply: Reply) -> News | None:
        return words.news_of_order(reply.said, merchant=self._settings.paypal_merchant)

    async def _not_captured(self, order: str, reply: Reply) -> News | None:
        if reply.issue in _NOT_YET:
            return None
        if reply.issue == "ORDER_ALREADY_CAPTURED":
            return await self._read(order)
        raise ProviderUnavailable("PayPal does not take the payment.", retry_after_s=60)

    def _order(self, wanted: Wanted) -> dict[str, Any]:
        amount = text(wanted.amount)
        assert Decimal(amount) * 100 % 1 == 0, "a deposit is whole cents"
        here = f"{self._settings.base_url}/deposits/{wanted.id}"
        return {
            "intent": "CAPTURE",
            "purchase_units": [
                {
                    "custom_id": wanted.id,
                    "invoice_id": wanted.id,
                    "description": "Money to give to makers",
                    "amount": {"currency_code": CURRENCY, "value": amount},
                }
            ],
            "payment_source": {
                "paypal": {
                    "experience_context": {
                        "brand_name": self._settings.host[:_NAME_MOST],
                        "shipping_preference": "NO_SHIPPING",
                        "user_action": "PAY_NOW",
                        "return_url": f"{here}/back",
                        "cancel_url": f"{here}?cancelled=1",
                    }
                }
            },
        }


async def proven(house: House, post: Post, *, now: datetime) -> Event:
    """Give the event of a webhook that is proven to come from PayPal and to be for us.

    Raises:
        EventRefused: it is not.
        ProviderUnavailable: PayPal's certificate cannot be fetched.
    """
    settings = house.settings
    signatures = house.outside.kept(
        (Signatures, settings), lambda: Signatures(settings, house.outside)
    )
    await signatures.check(post, now=now)
    return words.event(post.body)
