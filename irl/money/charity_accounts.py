"""Charities as the operator sees them: with their bank account, and what is there to pay out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, select

from irl import month as months
from irl.db import Connection, Row
from irl.errors import NotFound
from irl.house import House
from irl.money import ledger, revenue
from irl.money.micros import Micros
from irl.money.payout_addresses import masked
from irl.rules import CENT
from irl.schema import charities

_ALL: Final = select(charities).order_by(charities.c.retired_at.is_not(None), charities.c.id)
_ONE: Final = select(charities).where(charities.c.id == bindparam("charity_id"))


@dataclass(frozen=True, slots=True, kw_only=True)
class CharityAccount:
    """A charity; `iban` is shortened, amounts are micro-euros.

    Attributes:
        id: of the charity.
        name: of the charity.
        url: of the charity.
        retired_at: since when nobody can choose it, or None.
        holder: of its bank account, or None while there is none.
        iban: of its bank account, shortened.
        balance_micros: what it was given and was not asked for yet.
        payable_micros: what can be paid out today, in whole cents.
        can_be_paid: there is an account, and enough for a payout.
    """

    id: int
    name: str
    url: str
    retired_at: datetime | None
    holder: str | None
    iban: str | None
    balance_micros: Micros
    payable_micros: Micros
    can_be_paid: bool


async def all_of(house: House, *, now: datetime) -> tuple[CharityAccount, ...]:
    """Give all charities, those that can be chosen first; the first is the house's."""
    async with house.db.reading() as connection:
        rows = await connection.all(_ALL)
        return tuple([await _built(house, connection, row, now=now) for row in rows])


async def of(house: House, charity_id: int, *, now: datetime) -> CharityAccount:
    """Give one charity, retired or not.

    Raises:
        NotFound: there is no such charity.
    """
    async with house.db.reading() as connection:
        row = None
        if 0 < charity_id < 2**63:
            row = await connection.one(_ONE, charity_id=charity_id)
        if row is None:
            raise NotFound("There is no such charity.")
        return await _built(house, connection, row, now=now)


async def _built(
    house: House, connection: Connection, row: Row, *, now: datetime
) -> CharityAccount:
    account = ledger.charity(row["id"])
    there = revenue.payable(await revenue.portions(connection, account), on=months.to_day(now))
    payable = Micros(sum(portion.micros for portion in there) // CENT * CENT)
    return CharityAccount(
        id=row["id"],
        name=row["name"],
        url=row["url"],
        retired_at=months.from_instant(row["retired_at"]) if row["retired_at"] else None,
        holder=row["account_holder"],
        iban=masked(row["iban"]) if row["iban"] else None,
        balance_micros=await ledger.balance(connection, account),
        payable_micros=payable,
        can_be_paid=row["iban"] is not None and payable >= house.rules.payout_least_micros,
    )
