"""All that the house keeps about a member, as one document (GDPR, articles 15 and 20).

Each section is what its query gives. Instants are RFC 3339 in UTC, days ISO 8601, months yyyy-mm,
amounts whole micro-euros. Of a section the latest 100,000 rows are given; `left_out` names those
of which there are more. Secrets are not in it: the house knows them only as hashes.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import BindParameter, Select, bindparam, func, select

from irl import month as months
from irl.db import Row
from irl.errors import NotFound
from irl.house import House
from irl.schema import (
    balances,
    budgets,
    charities,
    deposits,
    flattrs,
    invitations,
    lots,
    members,
    moves,
    nonces,
    outbox,
    passkeys,
    payout_addresses,
    payouts,
    pictures,
    placements,
    pots,
    receipts,
    sessions,
    statement_hashes,
    subscription_months,
    subscriptions,
    thing_tags,
    things,
    tokens,
    voids,
    warnings,
)
from qr.code import Code

MOST: Final = 100_000
"""Rows of one section."""

_ME: Final[BindParameter[int]] = bindparam("member_id")
_THING: Final = (things.c.public_id.label("thing"), things.c.title)
_ACCOUNT: Final = (
    select(
        members.c.nickname,
        members.c.email,
        members.c.joined_at,
        members.c.operator_at,
        members.c.language,
        members.c.shows_flattrs_at,
        members.c.reload_at,
        members.c.budget_micros,
        charities.c.name.label("charity"),
    )
    .join(charities, charities.c.id == members.c.charity_id, isouter=True)
    .where(members.c.id == _ME, members.c.left_at.is_(None))
)


def _of(*columns: Any, owner: Any, newest: Any) -> Select[Any]:
    return select(*columns).where(owner == _ME).order_by(newest.desc()).limit(MOST + 1)


def _but(table: Any, *names: str) -> list[Any]:
    """Give the columns of a table without inner numbers and hashes."""
    return [column for column in table.c if column.name not in {"id", "member_id", *names}]


_SECTIONS: Final[Mapping[str, Select[Any]]] = {
    "budgets": _of(
        budgets.c.set_at,
        budgets.c.budget_micros,
        owner=budgets.c.member_id,
        newest=budgets.c.set_at,
    ),
    "flattrs": _of(
        flattrs.c.month,
        *_THING,
        placements.c.name.label("placement"),
        flattrs.c.given_at,
        voids.c.reason.label("void"),
        owner=flattrs.c.member_id,
        newest=flattrs.c.given_at,
    )
    .join(things, things.c.id == flattrs.c.thing_id)
    .join(placements, placements.c.id == flattrs.c.placement_id)
    .join(
        voids,
        (voids.c.month == flattrs.c.month)
        & (voids.c.member_id == flattrs.c.member_id)
        & (voids.c.thing_id == flattrs.c.thing_id),
        isouter=True,
    ),
    "scans": _of(
        *_but(nonces, "holder", "payload_hash", "placement_id", "funded"),
        owner=nonces.c.holder,
        newest=nonces.c.kept_at,
    ),
    "subscriptions": _of(
        *_THING,
        *_but(subscriptions, "thing_id", "placement_id"),
        owner=subscriptions.c.member_id,
        newest=subscriptions.c.id,
    ).join(things, things.c.id == subscriptions.c.thing_id),
    "subscription_months": _of(
        subscriptions.c.public_id.label("subscription"),
        *_but(subscription_months, "subscription_id"),
        owner=subscriptions.c.member_id,
        newest=subscription_months.c.done_at,
    ).join(subscriptions, subscriptions.c.id == subscription_months.c.subscription_id),
    "warnings": _of(
        *_but(warnings, "mail_id"), owner=warnings.c.member_id, newest=warnings.c.month
    ),
    "things": _of(*_but(things, "maker_id"), owner=things.c.maker_id, newest=things.c.id),
    "tags": _of(*_THING, thing_tags.c.tag, owner=things.c.maker_id, newest=things.c.id).join(
        things, things.c.id == thing_tags.c.thing_id
    ),
    "pictures": _of(
        *_THING,
        pictures.c.public_id,
        pictures.c.width,
        pictures.c.height,
        pictures.c.set_at,
        owner=things.c.maker_id,
        newest=pictures.c.set_at,
    ).join(things, things.c.id == pictures.c.thing_id),
    "placements": _of(
        *_THING,
        *_but(placements, "thing_id", "mask"),
        owner=things.c.maker_id,
        newest=placements.c.id,
    ).join(things, things.c.id == placements.c.thing_id),
    "receipts": _of(
        *_THING,
        receipts.c.month,
        receipts.c.flattrs,
        receipts.c.amount_micros,
        owner=receipts.c.maker_id,
        newest=receipts.c.month,
    ).join(things, things.c.id == receipts.c.thing_id),
    "deposits": _of(*_but(deposits, "rules"), owner=deposits.c.member_id, newest=deposits.c.id),
    "lots": _of(*_but(lots, "deposit_id"), owner=lots.c.member_id, newest=lots.c.id),
    "pots": _of(*_but(pots, "charity_id"), owner=pots.c.member_id, newest=pots.c.month),
    "moves": _of(*_but(moves), owner=moves.c.member_id, newest=moves.c.id),
    "payout_addresses": _of(
        *_but(payout_addresses),
        owner=payout_addresses.c.member_id,
        newest=payout_addresses.c.set_at,
    ),
    "payouts": _of(
        *_but(payouts, "charity_id", "file_id"), owner=payouts.c.member_id, newest=payouts.c.id
    ),
    "statements": _of(
        *_but(statement_hashes),
        owner=statement_hashes.c.member_id,
        newest=statement_hashes.c.month,
    ),
    "sessions": _of(
        *_but(sessions, "token_hash"), owner=sessions.c.member_id, newest=sessions.c.created_at
    ),
    "tokens": _of(
        *_but(tokens, "token_hash"), owner=tokens.c.member_id, newest=tokens.c.created_at
    ),
    "passkeys": _of(
        *_but(passkeys, "credential_id", "public_key"),
        owner=passkeys.c.member_id,
        newest=passkeys.c.created_at,
    ),
    "invitations": _of(
        invitations.c.spent_at, owner=invitations.c.member_id, newest=invitations.c.spent_at
    ),
}
_MAILS: Final = (
    select(outbox.c.subject, outbox.c.created_at, outbox.c.sent_at)
    .where(func.lower(outbox.c.recipient) == bindparam("email"))
    .order_by(outbox.c.id.desc())
    .limit(MOST + 1)
)
_BALANCES: Final = select(balances).where(balances.c.account.between(_ME * 8 + 1, _ME * 8 + 2))


async def of(house: House, member_id: int, *, now: datetime) -> dict[str, Any]:
    """Give all that is kept about a member, for a JSON document.

    Raises:
        NotFound: who asks has left.
    """
    async with house.db.snapshot() as connection:
        account = await connection.one(_ACCOUNT, member_id=member_id)
        if account is None:
            raise NotFound("There is no such member.")
        rows = {
            name: await connection.all(query, member_id=member_id)
            for name, query in _SECTIONS.items()
        }
        rows["mails"] = await connection.all(_MAILS, email=account["email"].lower())
        held = await connection.all(_BALANCES, member_id=member_id)
    micros = {row["account"] % 8: row["balance_micros"] for row in held}
    return {
        "made_at": months.iso(now),
        "host": house.settings.host,
        "account": _said(account)
        | {"funds_micros": micros.get(1, 0), "revenue_micros": micros.get(2, 0)},
        "left_out": sorted(name for name, found in rows.items() if len(found) > MOST),
        **{name: [_said(row) for row in found[:MOST]] for name, found in rows.items()},
    }


def _said(row: Row) -> dict[str, Any]:
    return {name: _value(name, value) for name, value in row.items()}


def _value(name: str, value: Any) -> Any:
    """Write a value as people read it; the name of its column says what it is."""
    if value is None:
        return None
    if name.endswith("_at"):
        return months.iso(months.from_instant(value))
    if name.endswith("_on"):
        return months.from_day(value).isoformat()
    if name in {"month", "last_month"}:
        return months.text(value)
    return str(Code.from_number(value)) if name == "code" else value
