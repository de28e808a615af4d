"""Skrill's send money: a transfer is prepared, which moves nothing, and then executed once.

Skrill is asked first what it knows of a payout. Only what it does not know is prepared; the
prepared session is noted before it is executed, so whoever comes later executes the very same,
which Skrill does once. A session lasts 15 minutes ("Send Money", Automated Payments Interface).
After that a payout of which Skrill knows nothing is prepared anew only if Skrill said clearly that
it did not execute the last one; otherwise it waits for the operator.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from irl import month as months
from irl.db import Row
from irl.errors import ProviderUnavailable
from irl.house import House
from irl.money import payout_queue, payouts
from irl.money.micros import text
from irl.money.payments.outcome import Outcome
from irl.money.payments.protocol import CURRENCY
from irl.money.payments.skrill.client import client

SESSION: Final = timedelta(minutes=14)
"""How long a prepared transfer is executed; Skrill keeps it for 15 minutes."""
FORGOTTEN: Final = timedelta(minutes=30)
"""From when on a session is surely over, whatever the clocks say."""

_STATES: Final[Mapping[str, Outcome]] = {
    "2": "paid",
    "-1": "returned",
    "-2": "returned",
    "-3": "returned",
}
"""1 is scheduled: the receiver has no account yet; 0 is pending."""

_ADDRESS_ERRORS: Final = frozenset(
    {"INVALID_BNF_EMAIL", "DISALLOWED_RECIPIENT", "COUNTRY_BLOCKED_FOR_PAYMENTS"}
)
"""Refusals of the receiver, before anything was moved: it will never be otherwise."""
_UNCLEAR_ERRORS: Final = frozenset({"ALREADY_EXECUTED", "EXECUTION_PENDING", "SESSION_EXPIRED"})
"""After these a transfer may have been executed."""

_SID: Final = re.compile(r"[0-9A-Za-z-]{16,64}", re.ASCII)
_ERROR: Final = re.compile(r"[A-Z0-9_]{1,60}", re.ASCII)
_NOT_DONE: Final = "Skrill did not execute it: "
_PATH: Final = "/app/pay.pl"


def words(row: Row, *, file_id: str) -> str:
    """Write what will be said to Skrill about a payout."""
    return json.dumps(
        {
            "amount": text(row["amount_micros"]),
            "currency": CURRENCY,
            "bnf_email": row["address"],
            "subject": "Your payout from flattr in real life",
            "note": f"Thank you for what you make. ({file_id})",
            "frn_trn_id": row["public_id"],
        }
    )


async def send(house: House, row: Row, *, now: datetime) -> Outcome:
    """Bring a payout one step on: ask, prepare, execute.

    Raises:
        ProviderUnavailable: Skrill does not answer, so it is not known what it did.
    """
    known = await client(house).status(row["public_id"])
    if known is not None:
        return await _known(house, row, known, now=now)
    if row["provider_ref"] is not None:
        _, at, sid = row["provider_ref"].split(" ")
        age = now - months.from_instant(int(at))
        if age <= SESSION:
            return await _execute(house, row, row["provider_ref"], sid, now=now)
        if age <= FORGOTTEN:
            return "unknown"
        if not (row["trouble"] or "").startswith(_NOT_DONE):
            trouble = "Skrill knows nothing of it; look there before it is returned"
            return await _noted(house, row, row["provider_ref"], trouble)
    return await _prepare(house, row, now=now)


look = send
"""Asking what became of it is the first thing that sending does."""


async def _prepare(house: House, row: Row, *, now: datetime) -> Outcome:
    said = json.loads(row["body"])
    answer = await _said(house, {"action": "prepare", **said}, harmless_again=True)
    sid, error = answer.findtext("sid", "").strip(), _error(answer)
    if error in _ADDRESS_ERRORS:
        await payouts.returned(house, row["public_id"], why=f"Skrill refuses {error}", now=now)
        return "returned"
    if _SID.fullmatch(sid) is None:
        return await _noted(house, row, row["provider_ref"], f"{_NOT_DONE}{error or 'no session'}")
    ref = f"sid {months.to_instant(now)} {sid}"
    # Of two who prepared at once only one may execute.
    if not await payout_queue.note(
        house, row, ref=ref, trouble=None, instead_of=row["provider_ref"]
    ):
        return "unknown"
    return await _execute(house, row, ref, sid, now=now)


async def _execute(house: House, row: Row, ref: str, sid: str, *, now: datetime) -> Outcome:
    answer = await _said(house, {"action": "transfer", "sid": sid}, harmless_again=False)
    error = _error(answer)
    if error is not None:
        clear = error not in _UNCLEAR_ERRORS
        return await _noted(house, row, ref, f"{_NOT_DONE if clear else 'Skrill answers '}{error}")
    transaction = answer.find("transaction")
    if transaction is None:
        return "unknown"
    said = {child.tag: (child.text or "").strip() for child in transaction}
    return await _known(house, row, said, now=now)


async def _known(house: House, row: Row, said: Mapping[str, str], *, now: datetime) -> Outcome:
    status = said.get("status", "")
    outcome = _STATES.get(status, "unknown")
    if outcome == "paid":
        ref = said.get("mb_transaction_id") or said.get("id") or row["public_id"]
        await payouts.paid(house, row["public_id"], ref=ref[:120], now=now)
    elif outcome == "returned":
        await payouts.returned(house, row["public_id"], why=f"Skrill says {status}", now=now)
    return outcome


async def _noted(house: House, row: Row, ref: str | None, trouble: str) -> Outcome:
    await payout_queue.note(house, row, ref=ref, trouble=trouble, instead_of=ref)
    return "unknown"


async def _said(house: House, fields: Mapping[str, str], *, harmless_again: bool) -> Element:
    answer = await client(house).ask(_PATH, fields, harmless_again=harmless_again)
    try:
        root = fromstring(answer.body) if answer.is_good else None
    except (ParseError, DefusedXmlException, ValueError):
        root = None
    if root is None or root.tag != "response":
        raise ProviderUnavailable("Skrill does not answer as it should.", retry_after_s=60)
    found: Element = root
    return found


def _error(answer: Element) -> str | None:
    found = answer.findtext("error/error_msg")
    if found is None:
        return None
    found = found.strip()
    return found if _ERROR.fullmatch(found) else "an error"
