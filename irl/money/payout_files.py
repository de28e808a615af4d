"""Payment files: all payouts by SEPA that wait, as one pain.001.001.09, made and stored once.

A file is never made again: asking anew gives what was stored, byte for byte, so a bank that gets
it twice knows it by its message id. It is computed outside the transaction in which its payouts
become exported; if they changed meanwhile, it is thrown away and computed anew.

sepaxml writes and checks the document (ISO 20022, pain.001.001.09). Its ids are random and its
clock is the machine's, so both are set here: the message id is the file's, and the id of each
payment, by which a bank names one that comes back, is the payout's own.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from xml.etree import ElementTree as ET

from sepaxml import SepaTransfer
from sepaxml.validation import try_valid_xml
from sqlalchemy import bindparam, insert, select

from irl import month as months
from irl.db import Connection, Row
from irl.errors import Invalid, NotFound
from irl.house import House
from irl.money import payouts
from irl.money.micros import Micros
from irl.money.payout_addresses import Method
from irl.rules import CENT
from irl.schema import payout_files
from irl.schema import payouts as table
from irl.secret import is_public_id, public_id

SCHEMA: Final = "pain.001.001.09"
MOST: Final = 10_000
"""Payouts of one file; the rest goes into the next."""

_NAMESPACE: Final = f"{{urn:iso:std:iso:20022:tech:xsd:{SCHEMA}}}"

_WAITING: Final = (
    select(table)
    .where(table.c.state == "requested", table.c.method == "sepa")
    .order_by(table.c.id)
    .limit(MOST)
)
_LATEST: Final = (
    select(payout_files)
    .where(payout_files.c.method == "sepa")
    .order_by(payout_files.c.id.desc())
    .limit(1)
)
_ONE: Final = select(payout_files).where(payout_files.c.public_id == bindparam("file_id"))
_INSIDE: Final = (
    select(table.c.public_id)
    .join(payout_files, payout_files.c.id == table.c.file_id)
    .where(payout_files.c.public_id == bindparam("file_id"))
    .order_by(table.c.id)
)
_STORED: Final = (
    select(
        payout_files.c.public_id,
        payout_files.c.method,
        payout_files.c.made_at,
        payout_files.c.payouts,
        payout_files.c.amount_micros,
    )
    .order_by(payout_files.c.id.desc())
    .limit(50)
)
_ALL: Final = select(payout_files.c.id).order_by(payout_files.c.id)
_BODY: Final = select(payout_files).where(payout_files.c.id == bindparam("number"))


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutFile:
    """A stored file; `is_new` tells whether this call made it."""

    id: str
    made_at: datetime
    payouts: int
    amount_micros: Micros
    body: str
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A file or batch without what is in it; only one by SEPA is for a bank."""

    id: str
    method: Method
    made_at: datetime
    payouts: int
    amount_micros: Micros


class Changed(Exception):
    """What a file was computed from is not what is there now: nothing was stored."""


async def export(house: House, *, now: datetime) -> PayoutFile:
    """Put all waiting payouts by SEPA into a new file; without any, give the latest file again.

    Raises:
        Invalid: the house's own account is not set, with the setting's name.
        NotFound: nothing waits, and there is no file yet.
    """
    while True:
        async with house.db.snapshot() as connection:
            rows = await connection.all(_WAITING)
            latest = await connection.one(_LATEST)
        if not rows:
            if latest is None:
                raise NotFound("No payout by SEPA waits, and none was ever made.")
            return _built(latest, is_new=False)
        file_id = public_id()
        body = await asyncio.to_thread(written, house, rows, file_id=file_id, now=now)
        try:
            return await store(house, rows, method="sepa", file_id=file_id, body=body, now=now)
        except Changed:
            continue


async def store(
    house: House, rows: list[Row], *, method: str, file_id: str, body: str, now: datetime
) -> PayoutFile:
    """Store a file or batch for ever, and mark its payouts as sent with it; both or nothing.

    Raises:
        Changed: one of the payouts is not waiting any more; nothing was stored.
    """

    async def work(connection: Connection) -> Row:
        row = await connection.one(
            insert(payout_files)
            .values(
                public_id=file_id,
                method=method,
                made_at=months.to_instant(now),
                payouts=len(rows),
                amount_micros=sum(row["amount_micros"] for row in rows),
                body=body,
                body_sha256=hashlib.sha256(body.encode()).hexdigest(),
            )
            .returning(*payout_files.c)
        )
        assert row is not None
        if not await payouts.export(connection, rows, file_id=row["id"], now=now):
            raise Changed
        return row

    return _built(await house.db.write(work), is_new=True)


async def of(house: House, file_id: str) -> PayoutFile:
    """Give a stored file again.

    Raises:
        NotFound: there is no such file.
    """
    async with house.db.reading() as connection:
        row = await connection.one(_ONE, file_id=file_id) if is_public_id(file_id) else None
    if row is None:
        raise NotFound("There is no such file.")
    return _built(row, is_new=False)


async def stored(connection: Connection) -> tuple[StoredFile, ...]:
    """Give the files and batches that are stored, the latest first, at most 50."""
    return tuple(
        StoredFile(
            id=row["public_id"],
            method=row["method"],
            made_at=months.from_instant(row["made_at"]),
            payouts=row["payouts"],
            amount_micros=row["amount_micros"],
        )
        for row in await connection.all(_STORED)
    )


async def for_bank(house: House, file_id: str) -> PayoutFile:
    """Give a stored file again, if it is one for a bank.

    Raises:
        NotFound: there is no such file, or it is a batch for a provider.
    """
    found = await of(house, file_id)
    if not found.body.startswith("<?xml"):
        raise NotFound("There is no such file.")
    return found


async def inside(house: House, file_or_payout_id: str) -> tuple[str, ...]:
    """Give the ids of a file's payouts; what names no file is taken for a payout's own id."""
    async with house.db.reading() as connection:
        rows = await connection.all(_INSIDE, file_id=file_or_payout_id)
    return tuple(row["public_id"] for row in rows) or (file_or_payout_id,)


async def changed(connection: Connection) -> list[str]:
    """Give a finding for each stored file that is not what it was when it was made."""
    found = []
    for each in await connection.all(_ALL):  # one after the other, so memory stays flat
        row = await connection.one(_BODY, number=each["id"])
        assert row is not None, "files are never deleted"
        if hashlib.sha256(row["body"].encode()).hexdigest() != row["body_sha256"]:
            found.append(f"payout file {row['public_id']} is not what was stored")
    return found


def written(house: House, rows: list[Row], *, file_id: str, now: datetime) -> str:
    """Write payouts as pain.001.001.09, checked against its schema.

    Raises:
        Invalid: the house's own account is not set, with the setting's name.
    """
    settings = house.settings
    if not settings.sepa_name or not settings.sepa_iban:
        raise Invalid("Set IRL_SEPA_NAME and IRL_SEPA_IBAN: the account that pays.", field="sepa")
    config = {
        "name": settings.sepa_name,
        "IBAN": settings.sepa_iban,
        "batch": True,
        "currency": "EUR",
    }
    if settings.sepa_bic:
        config["BIC"] = settings.sepa_bic
    transfer = SepaTransfer(config, schema=SCHEMA, clean=False)
    for row in rows:
        assert row["amount_micros"] % CENT == 0, "a payout is whole cents"
        transfer.add_payment(
            {
                "name": row["holder"],
                "IBAN": row["address"],
                "amount": row["amount_micros"] // CENT,
                "execution_date": now.date(),
                "description": f"flattr in real life {row['public_id']}",
                "endtoend_id": row["public_id"],
            }
        )
    body = _with_ids(transfer.export(validate=False), file_id=file_id, now=now)
    try_valid_xml(body.encode(), SCHEMA)
    return body


def _with_ids(document: bytes, *, file_id: str, now: datetime) -> str:
    root = ET.fromstring(document)  # noqa: S314 - written by this process
    for name, text in (
        ("MsgId", file_id),
        ("CreDtTm", f"{now:%Y-%m-%dT%H:%M:%SZ}"),
        ("PmtInfId", f"{file_id}-1"),
    ):
        [element] = root.iter(f"{_NAMESPACE}{name}")
        element.text = text
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _built(row: Row, *, is_new: bool) -> PayoutFile:
    return PayoutFile(
        id=row["public_id"],
        made_at=months.from_instant(row["made_at"]),
        payouts=row["payouts"],
        amount_micros=row["amount_micros"],
        body=row["body"],
        is_new=is_new,
    )
