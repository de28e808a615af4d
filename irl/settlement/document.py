"""A statement as a JSON document, and its hash.

The hash is SHA-256 over the document as RFC 8785 (JSON Canonicalization Scheme) writes it: keys
sorted, no blanks, UTF-8. It has whole numbers only, so nothing else of that scheme is needed. Left
out are `hash` itself and what can be said otherwise later without the statement changing: names
(a title, an artist, a maker, a charity) and the words of the rule.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final

from irl import month as months
from irl.settlement.movements import Account
from irl.settlement.statement import RULE, RULE_NAME, Statement

VERSION: Final = 1
UNHASHED: Final = frozenset({"hash", "title", "artist", "maker", "charity", "words"})
"""Members of objects that the hash leaves out, wherever they stand."""


def of(statement: Statement) -> dict[str, Any]:
    """Give the whole document, with its hash."""
    document = {
        "version": VERSION,
        "month": months.text(statement.month),
        "member": statement.member,
        "begins_at": months.iso(statement.begins_at),
        "ends_at": months.iso(statement.ends_at),
        "closed_at": months.iso(statement.closed_at),
        "early": statement.early,
        "given": _given(statement),
        "received": _received(statement),
        "funds": _account(statement.funds),
        "revenue": _account(statement.revenue),
        "deposits": [
            {
                "id": deposit.id,
                "key": deposit.key,
                "amount_micros": deposit.amount_micros,
                "fee_micros": deposit.fee_micros,
                "net_micros": deposit.net_micros,
            }
            for deposit in statement.deposits
        ],
        "reversals": [
            {
                "deposit": reversal.id,
                "at": months.iso(reversal.at),
                "amount_micros": reversal.amount_micros,
            }
            for reversal in statement.reversals
        ],
        "previous": statement.previous,
    }
    return {**document, "hash": digest(document)}


def digest(document: dict[str, Any]) -> str:
    """Give the hash of a document, as 64 hexadecimal characters.

    Raises:
        UnicodeEncodeError: it holds half a surrogate pair, which UTF-8 cannot write.
    """
    return hashlib.sha256(canonical(document)).hexdigest()


def canonical(document: dict[str, Any]) -> bytes:
    """Write what is hashed of a document, byte for byte as everybody else must."""
    return json.dumps(
        _hashed(document), ensure_ascii=False, separators=(",", ":"), sort_keys=True
    ).encode()


def _hashed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _hashed(one) for key, one in value.items() if key not in UNHASHED}
    if isinstance(value, list):
        return [_hashed(one) for one in value]
    return value


def _given(statement: Statement) -> dict[str, Any]:
    return {
        "budget_micros": statement.budget_micros,
        "funds_micros": statement.funds_micros,
        "taken_back_micros": statement.taken_back_micros,
        "pot_micros": statement.pot_micros,
        "charity_id": statement.charity_id,
        "charity": statement.charity,
        "shares": [
            {
                "thing": {
                    "id": share.thing_id,
                    "title": share.title,
                    "artist": share.artist,
                    "maker": {"nickname": share.maker},
                },
                "given_at": months.iso(share.given_at),
                "share_micros": share.share_micros,
                "void": share.void,
                "number": share.number,
                "mix": f"{share.mix:016x}",
            }
            for share in statement.shares
        ],
        "rounding": {
            "rule": RULE_NAME,
            "words": RULE,
            "month": int(statement.month),
            "member": statement.member,
            "odd_micros": statement.odd_micros,
        },
    }


def _received(statement: Statement) -> dict[str, Any]:
    return {
        "things": [
            {
                "thing": {"id": receipt.thing_id, "title": receipt.title},
                "flattrs": receipt.flattrs,
                "amount_micros": receipt.amount_micros,
            }
            for receipt in statement.received
        ],
        "total_micros": statement.received_micros,
        "payable": [
            {
                "payable_on": months.from_day(payable.payable_on).isoformat(),
                "amount_micros": payable.amount_micros,
            }
            for payable in statement.payable
        ],
    }


def _account(account: Account) -> dict[str, Any]:
    return {
        "opening_micros": account.opening_micros,
        "movements": [
            {
                "key": one.key,
                "kind": one.kind,
                "at": months.iso(one.at),
                "amount_micros": one.amount_micros,
            }
            for one in account.movements
        ],
        "closing_micros": account.closing_micros,
    }
