"""Charities: a list kept by the operator; each member may choose one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, bindparam, insert, select, update

from irl import month as months
from irl.db import Connection
from irl.errors import Invalid, NotFound
from irl.house import House, inputs_changed
from irl.money import payout_addresses
from irl.schema import charities, members
from irl.text import line, web_address

_LISTED: Final = (
    select(charities.c.id, charities.c.name, charities.c.url)
    .where(charities.c.retired_at.is_(None))
    .order_by(charities.c.id)
)
_ONE: Final = select(charities.c.id).where(
    charities.c.id == bindparam("charity_id"), charities.c.retired_at.is_(None)
)
_CHOSEN: Final = (
    select(charities.c.id, charities.c.name, charities.c.url)
    .join(members, members.c.charity_id == charities.c.id)
    .where(members.c.id == bindparam("member_id"), charities.c.retired_at.is_(None))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Charity:
    """Receives the pot of an idle month; the first of the list is the house's own choice."""

    id: int
    name: str
    url: str


async def add(house: House, *, name: str, url: str, now: datetime) -> Charity:
    """Add a charity to the list.

    Raises:
        Invalid: with the field at fault.
    """
    name = line(name, field="name", most=120)
    url = web_address(url, field="url")

    async def work(connection: Connection) -> int:
        return int(
            await connection.value(
                insert(charities)
                .values(name=name, url=url, created_at=months.to_instant(now))
                .returning(charities.c.id)
            )
        )

    return Charity(id=await house.db.write(work), name=name, url=url)


async def enter(
    house: House, *, name: str, url: str, account: tuple[str, str] | None, now: datetime
) -> Charity:
    """Add a charity, or find the listed one of this name; set its account (holder, IBAN) if given.

    Raises:
        Invalid: with the field at fault; nothing was added then.
    """
    if account is not None:
        payout_addresses.holder_name(account[0], field="holder")
        payout_addresses.iban(account[1], field="iban")
    known = [charity for charity in await listed(house) if charity.name == name.strip()]
    found = known[0] if known and account else await add(house, name=name, url=url, now=now)
    if account is not None:
        await set_account(house, found.id, holder=account[0], iban=account[1])
    return found


async def listed(house: House) -> tuple[Charity, ...]:
    """Give the charities that can be chosen; the first is the house's."""
    async with house.db.reading() as connection:
        return tuple(Charity(**row) for row in await connection.all(_LISTED))


async def chosen(house: House, member_id: int) -> Charity | None:
    """Give the charity that a member chose, or None where it is left to the house."""
    async with house.db.reading() as connection:
        row = await connection.one(_CHOSEN, member_id=member_id)
    return None if row is None else Charity(**row)


async def retire(house: House, name: str, *, now: datetime) -> Charity:
    """Take a charity off the list; who chose it gives to the house's from this month on.

    Raises:
        NotFound: there is none of this name on the list.
    """
    return await _retire(house, charities.c.name == name.strip(), now=now)


async def retire_one(house: House, charity_id: int, *, now: datetime) -> Charity:
    """Take a charity off the list, as `retire`, by its id.

    Raises:
        NotFound: there is none with this id on the list.
    """
    return await _retire(house, charities.c.id == charity_id, now=now)


async def _retire(house: House, which: ColumnElement[bool], *, now: datetime) -> Charity:
    retired = (
        update(charities)
        .where(which, charities.c.retired_at.is_(None))
        .values(retired_at=months.to_instant(now))
        .returning(charities.c.id, charities.c.name, charities.c.url)
    )

    async def work(connection: Connection) -> Charity:
        row = await connection.one(retired)
        if row is None:
            raise NotFound("There is no such charity on the list.")
        return Charity(**row)

    return await house.db.write(work)


async def choose(house: House, member_id: int, charity_id: int | None) -> None:
    """Choose a charity for idle months, or leave it to the house with None.

    Raises:
        Invalid: there is no such charity, with the field `charity`.
    """
    if charity_id is not None and not 0 < charity_id < 2**63:
        raise Invalid("There is no such charity.", field="charity")

    async def work(connection: Connection) -> None:
        await inputs_changed(connection)
        if charity_id is not None and not await connection.value(_ONE, charity_id=charity_id):
            raise Invalid("There is no such charity.", field="charity")
        await connection.all(
            update(members).where(members.c.id == member_id).values(charity_id=charity_id)
        )

    await house.db.write(work)


async def set_account(house: House, charity_id: int, *, holder: str, iban: str) -> None:
    """Say where a charity's money goes; what was asked for keeps the account it had.

    Raises:
        Invalid: the name or the IBAN is not acceptable, with the field at fault.
        NotFound: there is no such charity.
    """
    values = {
        "account_holder": payout_addresses.holder_name(holder, field="holder"),
        "iban": payout_addresses.iban(iban, field="iban"),
    }

    async def work(connection: Connection) -> None:
        changed = await connection.value(
            update(charities)
            .where(charities.c.id == charity_id)
            .values(values)
            .returning(charities.c.id)
        )
        if changed is None:
            raise NotFound("There is no such charity.")

    await house.db.write(work)
