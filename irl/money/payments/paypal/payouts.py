"""PayPal Payouts: each payout is a batch of one, under an id that PayPal takes only once.

PayPal remembers a `sender_batch_id` for 30 days and refuses it a second time with a link to the
batch that it has (Payouts v1, "Create batch payout"). So what may not have been heard is said
again, with the same id and the same words; never after `KNOWN_FOR`, when PayPal may have forgotten.
A batch of one cannot be refused for somebody else's address.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from irl import month as months
from irl.db import Row
from irl.errors import ProviderUnavailable
from irl.house import House
from irl.money import payout_queue, payouts
from irl.money.micros import text
from irl.money.payments.outcome import Outcome
from irl.money.payments.paypal.client import Reply, client, part
from irl.money.payments.protocol import CURRENCY
from irl.rules import EURO

KNOWN_FOR: Final = timedelta(days=25)

_STATES: Final[Mapping[str, Outcome]] = {
    "SUCCESS": "paid",
    "FAILED": "returned",
    "RETURNED": "returned",
    "BLOCKED": "returned",
    "REFUNDED": "returned",
    "REVERSED": "returned",
}
"""Of an item; NEW, PENDING, ONHOLD and UNCLAIMED are not decided yet."""

_BATCH: Final = re.compile(r"[0-9A-Za-z]{1,60}", re.ASCII)
_BATCH_LINK: Final = re.compile(r".*/v1/payments/payouts/([0-9A-Za-z]{1,60})(\?.*)?", re.ASCII)
_REF: Final = "batch "


def words(row: Row, *, file_id: str) -> str:
    """Write what will be said to PayPal about a payout; `file_id` becomes the batch's id."""
    return json.dumps(
        {
            "sender_batch_header": {
                "sender_batch_id": file_id,
                "recipient_type": "EMAIL",
                "email_subject": "Your payout from flattr in real life",
            },
            "items": [
                {
                    "sender_item_id": row["public_id"],
                    "receiver": row["address"],
                    "amount": {"currency": CURRENCY, "value": text(row["amount_micros"])},
                    "note": "Thank you for what you make.",
                }
            ],
        }
    )


async def send(house: House, row: Row, *, now: datetime) -> Outcome:
    """Say what is stored of a payout, or say it again; note PayPal's name for the batch.

    Raises:
        ProviderUnavailable: PayPal does not answer, so it is not known whether it heard.
    """
    if now - months.from_instant(row["exported_at"]) > KNOWN_FOR:
        return await _unclear(house, row, "PayPal never said that it heard; look there")
    said = json.loads(row["body"])
    batch_id = said["sender_batch_header"]["sender_batch_id"]
    reply = await client(house).ask("POST", "/v1/payments/payouts", said=said, request_id=batch_id)
    batch = _named(reply, batch_id)
    if batch is not None:
        await payout_queue.note(house, row, ref=f"{_REF}{batch}", trouble=None, instead_of=None)
        return "unknown"
    if reply.status == 400 and reply.said.get("name") == "VALIDATION_ERROR":
        # Nothing of it was done, and never will be.
        await payouts.returned(
            house, row["public_id"], why=f"PayPal refuses {_issue(reply)}", now=now
        )
        return "returned"
    return await _unclear(house, row, f"PayPal answers {reply.status} {_issue(reply)}")


async def look(house: House, row: Row, *, now: datetime) -> Outcome:
    """Ask what became of a payout that PayPal has heard of, and note it.

    Raises:
        ProviderUnavailable: PayPal does not answer.
    """
    assert row["provider_ref"].startswith(_REF)
    batch = row["provider_ref"].removeprefix(_REF)
    reply = await client(house).ask("GET", f"/v1/payments/payouts/{part(batch)}")
    if not reply.is_good:
        raise ProviderUnavailable("PayPal does not say what became of it.", retry_after_s=60)
    item = _item(reply.said, row)
    status = str(item.get("transaction_status", ""))
    batch_status = _dict(reply.said.get("batch_header")).get("batch_status")
    if not item and batch_status in {"DENIED", "CANCELED"}:
        status = "FAILED"
    outcome = _STATES.get(status, "unknown")
    if outcome == "paid":
        ref = str(item.get("transaction_id") or batch)[:120]
        await payouts.paid(house, row["public_id"], ref=ref, cost=_cost(item), now=now)
    elif outcome == "returned":
        why = f"PayPal says {status.lower()}"
        await payouts.returned(house, row["public_id"], why=why, now=now)
    return outcome


def _item(said: Mapping[str, Any], row: Row) -> Mapping[str, Any]:
    """Give the item that is this very payout; nothing if there is no such one."""
    items = said.get("items")
    for each in items if isinstance(items, list) else []:
        item = _dict(each)
        asked = _dict(item.get("payout_item"))
        amount = _dict(asked.get("amount"))
        if (
            asked.get("sender_item_id") == row["public_id"]
            and amount.get("currency") == CURRENCY
            and _micros(amount.get("value")) == row["amount_micros"]
        ):
            return item
    return {}


def _named(reply: Reply, batch_id: str) -> str | None:
    """Give PayPal's name for the batch: it took it, or it had it already."""
    header = _dict(reply.said.get("batch_header"))
    name = header.get("payout_batch_id")
    theirs = _dict(header.get("sender_batch_header")).get("sender_batch_id", batch_id)
    if reply.is_good and isinstance(name, str) and _BATCH.fullmatch(name) and theirs == batch_id:
        return name
    about_batch = "sender_batch_id" in json.dumps(reply.said.get("details", "")).lower()
    links = reply.said.get("links")
    for link in links if about_batch and isinstance(links, list) else []:
        match = _BATCH_LINK.fullmatch(str(_dict(link).get("href", "")))
        if match is not None:
            return match[1]
    return None


def _cost(item: Mapping[str, Any]) -> int:
    fee = _dict(item.get("payout_item_fee"))
    micros = _micros(fee.get("value")) if fee.get("currency") == CURRENCY else None
    return max(0, micros or 0)


def _micros(value: object) -> int | None:
    try:
        micros = Decimal(str(value)) * EURO
    except InvalidOperation:
        return None
    return int(micros) if micros.is_finite() and micros == int(micros) else None


def _issue(reply: Reply) -> str:
    return "".join(one for one in reply.issue if one.isalnum() or one in " _")[:80] or "it"


async def _unclear(house: House, row: Row, trouble: str) -> Outcome:
    ref = row["provider_ref"]
    await payout_queue.note(house, row, ref=ref, trouble=trouble, instead_of=ref)
    return "unknown"


def _dict(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
