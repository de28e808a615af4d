"""What Skrill's status posts say, and whether they are signed by us both. Pure.

Both sign the raw strings as they stand in the post: merchant id, transaction id, MD5 of the secret
word in upper case, amount, currency and status, one behind the other; `md5sig` is the MD5 of that,
`sha2sig` the SHA-256. An amount may be written 25.46, 25.4 or 25, so it is compared as a number.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Final
from urllib.parse import parse_qsl

from irl.errors import EventRefused
from irl.money.payments.protocol import News, Paid, What

_FIELDS_MOST: Final = 64
_AMOUNT: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?", re.ASCII)
_REFUSED: Final = "This does not come from Skrill."

_STATES: Final[Mapping[str, What]] = {
    "2": "captured",
    "0": "nothing",  # pending: the money is on its way
    "-1": "declined",  # cancelled
    "-2": "declined",  # failed
    "-3": "reversed",  # charged back
}


def fields(body: bytes) -> dict[str, str]:
    """Read a post's fields, each given once.

    Raises:
        EventRefused: it is no form, or says something twice.
    """
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_FIELDS_MOST,
        )
    except ValueError:
        raise EventRefused(_REFUSED) from None
    found = dict(pairs)
    if len(found) != len(pairs):
        raise EventRefused(_REFUSED)
    return found


def check(said: Mapping[str, str], *, secret: str, needs_sha: bool) -> None:
    """Check the signatures of a post: each that is there, and the one that must be.

    Raises:
        EventRefused: one is wrong or missing.
    """
    word = hashlib.md5(secret.encode(), usedforsecurity=False).hexdigest().upper()
    names = ("merchant_id", "transaction_id", "", "mb_amount", "mb_currency", "status")
    signed = "".join(said.get(name, "") if name else word for name in names).encode()
    wanted = {
        "md5sig": hashlib.md5(signed, usedforsecurity=False).hexdigest(),
        "sha2sig": hashlib.sha256(signed).hexdigest(),
    }
    found = {name for name in wanted if name in said}
    if ("sha2sig" if needs_sha else "md5sig") not in found:
        raise EventRefused(_REFUSED)
    for name in sorted(found):
        if not hmac.compare_digest(said[name].lower().encode(), wanted[name].encode()):
            raise EventRefused(_REFUSED)


def news(said: Mapping[str, str], *, merchant: str, email: str) -> News:
    """Understand a post whose signature was checked.

    Raises:
        EventRefused: its amount or status is none.
    """
    status, amount = said.get("status", ""), said.get("mb_amount", "")
    if status not in _STATES or _AMOUNT.fullmatch(amount) is None:
        raise EventRefused("This is no status of Skrill's.")
    receiver = said.get("pay_to_email", "").casefold()
    return News(
        event=f"{said.get('mb_transaction_id', '')} {status}",
        kind=f"status {status}",
        what=_STATES[status],
        deposit_id=said.get("transaction_id", ""),
        capture_ref=said.get("mb_transaction_id") or None,
        paid=Paid(
            amount=Decimal(amount),
            currency=said.get("mb_currency", ""),
            is_ours=said.get("merchant_id") == merchant and receiver == email.casefold(),
        ),
    )
