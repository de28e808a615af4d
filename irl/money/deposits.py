"""Deposits: asked for, then booked, declined or reversed by what the provider tells.

A deposit is booked once, whatever arrives: its state changes under a condition, and its transfers
have its number as their key.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from sqlalchemy import bindparam, insert, select, update

from irl import month as months
from irl.db import Connection, Row
from irl.errors import DepositDecided, Invalid, NotFound
from irl.house import House
from irl.money import ledger, payments, reversals
from irl.money.ledger import FEE, Transfer
from irl.money.micros import Micros, fee, whole_cents
from irl.schema import deposits, lots
from irl.secret import is_public_id, public_id

State = Literal["pending", "booked", "declined", "reversed"]

_ONE: Final = select(deposits).where(deposits.c.public_id == bindparam("deposit_id"))
# Held until the end of the transaction: who decides the same deposit meanwhile sees what became of it.
_HELD: Final = _ONE.with_for_update()
_MINE: Final = (
    select(deposits)
    .where(deposits.c.member_id == bindparam("member_id"))
    .order_by(deposits.c.id.desc())
    .limit(200)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deposit:
    """Money coming in; amounts in micro-euros."""

    id: str
    provider: str
    state: State
    amount_micros: Micros
    fee_micros: Micros
    net_micros: Micros
    created_at: datetime
    checkout_url: str


async def ask(
    house: House, member_id: int, *, amount_micros: int, provider: str, now: datetime
) -> Deposit:
    """Ask for a deposit; the answer says the fee, and where to pay.

    Raises:
        Invalid: the amount is out of the limits or not whole cents, or the provider is unknown.
    """
    rules = house.rules
    amount = whole_cents(
        amount_micros,
        least=rules.deposit_least_micros,
        most=rules.deposit_most_micros,
        field="amount_micros",
    )
    if provider not in payments.offered(house):
        raise Invalid(
            f"A provider is one of: {', '.join(payments.offered(house))}.", field="provider"
        )
    its_fee = fee(amount, basis_points=rules.fee_basis_points)

    async def work(connection: Connection) -> Row:
        row = await connection.one(
            insert(deposits)
            .values(
                public_id=public_id(),
                member_id=member_id,
                provider=provider,
                state="pending",
                amount_micros=amount,
                fee_micros=its_fee,
                net_micros=amount - its_fee,
                created_at=months.to_instant(now),
                rules=rules.stored(),
            )
            .returning(*deposits.c)
        )
        assert row is not None
        return row

    return _built(house, await house.db.write(work))


async def of(house: House, member_id: int, deposit_id: str) -> Deposit:
    """Give a member's deposit.

    Raises:
        NotFound: it does not exist or is somebody else's.
    """
    async with house.db.reading() as connection:
        row = await _one(connection, deposit_id)
    if row is None or row["member_id"] != member_id:
        raise NotFound("There is no such deposit.")
    return _built(house, row)


async def mine(house: House, member_id: int) -> tuple[Deposit, ...]:
    """Give a member's deposits, newest first, at most 200."""
    async with house.db.reading() as connection:
        return tuple(_built(house, row) for row in await connection.all(_MINE, member_id=member_id))


async def told(house: House, *, provider: str, deposit_id: str, what: str, now: datetime) -> None:
    """Do what a provider tells: `approve`, `decline` or `chargeback`; again changes nothing.

    Raises:
        NotFound: there is no such deposit with this provider.
        DepositDecided: it contradicts what was decided before.
    """
    assert what in {"approve", "decline", "chargeback"}

    async def work(connection: Connection) -> None:
        row = await _one(connection, deposit_id, hold=True)
        if row is None or row["provider"] != provider:
            raise NotFound("There is no such deposit.")
        if what == "approve":
            await _book(connection, row, house, now)
        elif what == "decline":
            await _decline(connection, row)
        else:
            await _reverse(connection, row, now)

    await house.db.write(work)


async def _one(connection: Connection, deposit_id: str, *, hold: bool = False) -> Row | None:
    if not is_public_id(deposit_id):
        return None
    return await connection.one(_HELD if hold else _ONE, deposit_id=deposit_id)


async def _book(connection: Connection, row: Row, house: House, now: datetime) -> None:
    at = months.to_instant(now)
    if not await _turn(connection, row, "pending", "booked", booked_at=at):
        if row["state"] == "booked":
            return
        raise DepositDecided("This deposit was declined or reversed already.")
    account = ledger.provider(row["provider"])
    transfers = [
        Transfer(
            kind="deposit",
            subject=row["id"],
            debit=account,
            credit=ledger.funds(row["member_id"]),
            amount=row["net_micros"],
        )
    ]
    if row["fee_micros"]:
        transfers.append(
            Transfer(
                kind="fee", subject=row["id"], debit=account, credit=FEE, amount=row["fee_micros"]
            )
        )
    posted = await ledger.post(connection, transfers, now=now)
    assert posted, "a pending deposit has no transfers"
    await connection.all(
        insert(lots).values(
            member_id=row["member_id"],
            deposit_id=row["id"],
            booked_at=at,
            payable_on=months.to_day(now + timedelta(days=house.rules.payout_wait_days)),
            amount_micros=row["net_micros"],
            left_micros=row["net_micros"],
        )
    )


async def _decline(connection: Connection, row: Row) -> None:
    if not await _turn(connection, row, "pending", "declined") and row["state"] != "declined":
        raise DepositDecided("This deposit was paid already.")


async def _reverse(connection: Connection, row: Row, now: datetime) -> None:
    at = months.to_instant(now)
    if not await _turn(connection, row, "booked", "reversed", reversed_at=at):
        if row["state"] == "reversed":
            return
        raise DepositDecided("This deposit was never paid.")
    await reversals.take_back(connection, row, now=now)


async def _turn(
    connection: Connection, row: Row, before: State, after: State, **instants: int
) -> bool:
    """Change the state of a deposit if it is still what it was; tell whether it was."""
    turned = await connection.value(
        update(deposits)
        .where(deposits.c.id == row["id"], deposits.c.state == before)
        .values(state=after, **instants)
        .returning(deposits.c.id)
    )
    return turned is not None


def _built(house: House, row: Row) -> Deposit:
    return Deposit(
        id=row["public_id"],
        provider=row["provider"],
        state=row["state"],
        amount_micros=row["amount_micros"],
        fee_micros=row["fee_micros"],
        net_micros=row["net_micros"],
        created_at=months.from_instant(row["created_at"]),
        checkout_url=payments.checkout_url(house, row["provider"], row["public_id"]),
    )
