"""What PayPal's JSON says about orders, captures and refunds, read with suspicion. Pure.

The fields are those of Orders v2, Payments v2 and their webhooks (resource version 2.0).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from irl.errors import EventRefused
from irl.money.micros import Micros
from irl.money.payments.protocol import CURRENCY, News, Paid, What
from irl.rules import EURO

Json = Mapping[str, Any]

_AMOUNT: Final = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,6})?", re.ASCII)
_CAPTURE_LINK: Final = re.compile(r".*/v2/payments/captures/([A-Za-z0-9]{1,40})", re.ASCII)

_CAPTURES: Final[Mapping[str, What]] = {
    "COMPLETED": "captured",
    "PARTIALLY_REFUNDED": "captured",
    "REFUNDED": "reversed",
    "DECLINED": "declined",
    "FAILED": "declined",
}
_KINDS: Final[Mapping[str, What]] = {
    "CHECKOUT.ORDER.APPROVED": "approved",
    "PAYMENT.CAPTURE.COMPLETED": "captured",
    "PAYMENT.CAPTURE.DENIED": "declined",
    "PAYMENT.CAPTURE.DECLINED": "declined",
    "PAYMENT.CAPTURE.REFUNDED": "reversed",
    "PAYMENT.CAPTURE.REVERSED": "reversed",
}


_PAYOUTS: Final = "PAYMENT.PAYOUTS-ITEM."
"""Kinds of events about an item of a payout, resource version 2.0 of Payouts v1."""


@dataclass(frozen=True, slots=True)
class Event:
    """A webhook's body: PayPal's id of it, its kind, and what it is about."""

    id: str
    kind: str
    resource: Json


def event(body: bytes) -> Event:
    """Read the body of a webhook.

    Raises:
        EventRefused: it is none.
    """
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        said = None
    found = _dict(said)
    name, kind = _text(found, "id"), _text(found, "event_type")
    if not name or not kind:
        raise EventRefused("This is no event of PayPal's.")
    return Event(name, kind, _dict(found.get("resource")))


def news_of_event(told: Event, *, merchant: str) -> News:
    """Understand an event; `deposit_id` is empty where it does not name one."""
    if told.kind.startswith(_PAYOUTS):
        payout_id = _text(_dict(told.resource.get("payout_item")), "sender_item_id")
        return News(
            event=told.id, kind=told.kind, what="nothing", deposit_id="", payout_id=payout_id
        )
    what = _KINDS.get(told.kind, "nothing")
    reading = {"approved": _approved, "captured": _capture, "reversed": _refund}
    read: Callable[[Json, str], dict[str, Any]] = reading.get(what, _capture)
    return News(event=told.id, kind=told.kind, what=what, **read(told.resource, merchant))


def news_of_order(order: Json, *, merchant: str) -> News | None:
    """Understand an order; None while nothing was paid for it."""
    unit = _first(order, "purchase_units")
    captured = _first(_dict(unit.get("payments")), "captures")
    name, status = _text(order, "id"), _text(order, "status")
    common: dict[str, Any] = {"deposit_id": _text(unit, "custom_id"), "provider_ref": name}
    if captured:
        state = _text(captured, "status")
        what = _CAPTURES.get(state, "nothing")
        known = _capture({"payee": unit.get("payee"), **captured}, merchant)
        return News(event=f"{name} {state}", kind=state, what=what, **(known | common))
    if status == "APPROVED":
        return News(event=f"{name} {status}", kind=status, what="approved", **common)
    if status == "VOIDED":
        return News(event=f"{name} {status}", kind=status, what="declined", **common)
    return None


def pay_url(order: Json) -> str:
    """Give where an order is paid, or nothing."""
    links = order.get("links")
    for link in links if isinstance(links, list) else ():
        if _text(_dict(link), "rel") in {"payer-action", "approve"}:
            return _text(_dict(link), "href")
    return ""


def capture_of_refund(resource: Json) -> str:
    """Give the capture that a refund is of, by its link upwards, or nothing."""
    links = resource.get("links")
    for link in links if isinstance(links, list) else ():
        found = _CAPTURE_LINK.fullmatch(_text(_dict(link), "href"))
        if _text(_dict(link), "rel") == "up" and found:
            return found[1]
    return ""


def _approved(order: Json, _: str) -> dict[str, Any]:
    unit = _first(order, "purchase_units")
    return {"deposit_id": _text(unit, "custom_id"), "provider_ref": _text(order, "id")}


def _capture(capture: Json, merchant: str) -> dict[str, Any]:
    related = _dict(_dict(capture.get("supplementary_data")).get("related_ids"))
    breakdown = _dict(capture.get("seller_receivable_breakdown"))
    payee = _text(_dict(capture.get("payee")), "merchant_id")
    return {
        "deposit_id": _deposit(capture),
        "provider_ref": _text(related, "order_id") or None,
        "capture_ref": _text(capture, "id") or None,
        "paid": _paid(capture.get("amount"), is_ours=payee == merchant),
        "commission": _micros(breakdown.get("paypal_fee")),
    }


def _refund(refund: Json, merchant: str) -> dict[str, Any]:
    """Read a refund: PayPal tells in it how much of the capture was taken back so far."""
    breakdown = _dict(refund.get("seller_payable_breakdown"))
    # The one who pays a refund is the one who was paid; it is not always named.
    payer = _text(_dict(refund.get("payer")), "merchant_id")
    is_ours = payer in {"", merchant}
    so_far = _paid(breakdown.get("total_refunded_amount"), is_ours=is_ours)
    return {
        "deposit_id": _deposit(refund),
        "capture_ref": capture_of_refund(refund) or None,
        "paid": so_far or _paid(refund.get("amount"), is_ours=is_ours),
    }


def _deposit(said: Json) -> str:
    return _text(said, "custom_id") or _text(said, "invoice_id")


def _paid(money: object, *, is_ours: bool) -> Paid | None:
    value, currency = _text(_dict(money), "value"), _text(_dict(money), "currency_code")
    if _AMOUNT.fullmatch(value) is None:
        return None
    # A reversal may be written as what it does to the balance, with a minus.
    return Paid(amount=abs(Decimal(value)), currency=currency, is_ours=is_ours)


def _micros(money: object) -> Micros | None:
    paid = _paid(money, is_ours=True)
    if paid is None or paid.currency != CURRENCY:
        return None
    return Micros(int(paid.amount * EURO))


def _first(said: Json, name: str) -> Json:
    found = said.get(name)
    return _dict(found[0]) if isinstance(found, list) and found else {}


def _dict(said: object) -> Json:
    return said if isinstance(said, dict) else {}


def _text(said: Json, name: str) -> str:
    found = said.get(name)
    return found if isinstance(found, str) and len(found) <= 2000 else ""
