"""Mails about payouts, in the member's language: a payout that was not asked for is seen at once."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, select

from irl import language as languages
from irl import outbox
from irl.db import Connection, Row
from irl.money.payout_addresses import masked
from irl.schema import members
from irl.sentence import Euros, Sentence, Value

_EMAIL: Final = select(members.c.email, members.c.language).where(
    members.c.id == bindparam("member_id")
)


async def asked(connection: Connection, row: Row, *, now: datetime) -> None:
    """Tell the member that a payout was asked for, in the caller's transaction."""
    await _tell(
        connection,
        row,
        subject=Sentence("A payout of {amount} was asked for", **_named(row)),
        said=Sentence(
            "Your payout of {amount} to {holder}, {address}, was asked for. It is sent in the next"
            " days.",
            **_named(row),
        ),
        now=now,
    )


async def returned(connection: Connection, row: Row, *, why: str, now: datetime) -> None:
    """Tell the member that a payout came back; a charity and who left get no mail."""
    await _tell(
        connection,
        row,
        subject=Sentence("A payout of {amount} came back", **_named(row)),
        said=Sentence(
            "Your payout of {amount} to {holder}, {address}, came back: {why}. The money is in your"
            " revenue again.",
            why=why,
            **_named(row),
        ),
        now=now,
    )


async def _tell(
    connection: Connection, row: Row, *, subject: Sentence, said: Sentence, now: datetime
) -> None:
    to = await connection.one(_EMAIL, member_id=row["member_id"])
    if to is None or to["email"] is None:
        return
    speaks = languages.of(to["language"])
    body = speaks.says(
        "Hello,\n\n{said}\n\n"
        "If this was not you, change your password and tell the operator at once.\n",
        said=said,
    )
    await outbox.post(
        connection,
        recipient=to["email"],
        subject=speaks.says(subject),
        body=body,
        language=speaks.code,
        now=now,
    )


def _named(row: Row) -> dict[str, Value]:
    return {
        "amount": Euros(row["amount_micros"]),
        "holder": row["holder"],
        "address": masked(row["address"]),
    }
