"""Payouts: asked for, sent, then paid or returned; each step is one transfer.

==========  ==================================  ==========================================
state       transfer that led here              means
==========  ==================================  ==========================================
requested   revenue (or charity) → reserved     asked for; its portions are taken
exported    reserved → in transit               in a file or told to a provider, once
paid        in transit → the provider           it arrived, as far as the provider says
returned    back to where it came from          its portions can be paid out again
==========  ==================================  ==========================================

A payout whose outcome is unknown stays where it is: it is asked about, and never sent again under
another key. One that comes back after it was paid is returned from the provider's account.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, insert, select, update

from irl import month as months
from irl.db import Connection, Row
from irl.errors import NoPayoutAddress, NotFound, NotPayable, PayoutDecided
from irl.house import House
from irl.money import ledger, payout_mails, revenue
from irl.money.ledger import Account, Transfer
from irl.money.micros import Micros, whole_cents
from irl.money.payout import Payout, State, built
from irl.rules import CENT
from irl.schema import charities, payout_addresses, payouts
from irl.secret import is_public_id, public_id
from irl.sentence import Euros, Sentence
from irl.text import line

MOST_MICROS: Final = 10**15
"""A thousand million euros: what one payment of a SEPA file can hold (EPC132-08, AT-T002)."""

_HELD: Final = (
    select(payouts).where(payouts.c.public_id == bindparam("payout_id")).with_for_update()
)
_ONE: Final = select(payouts).where(payouts.c.public_id == bindparam("payout_id"))
_MINE: Final = (
    select(payouts)
    .where(payouts.c.member_id == bindparam("member_id"))
    .order_by(payouts.c.id.desc())
    .limit(200)
)
_UNDECIDED: Final = (
    select(payouts)
    .where(payouts.c.state.in_(["requested", "exported"]))
    .order_by(payouts.c.id)
    .limit(10_000)
)
_ADDRESS: Final = select(payout_addresses).where(
    payout_addresses.c.member_id == bindparam("member_id")
)
_CHARITY: Final = select(charities).where(charities.c.id == bindparam("charity_id"))


async def ask(house: House, member_id: int, *, amount_micros: int | None, now: datetime) -> Payout:
    """Ask for revenue to be paid out; None asks for all that can be, in whole cents.

    `irl.members.payouts.ask` wants the member's password first.

    Raises:
        Invalid: not whole cents, or below the least payout, with the field `amount_micros`.
        NoPayoutAddress: the member has not said where to.
        NotPayable: there is not so much that can be paid out now.
    """

    async def work(connection: Connection) -> Row:
        await revenue.hold(connection, [ledger.revenue(member_id)])
        address = await connection.one(_ADDRESS, member_id=member_id)
        if address is None:
            raise NoPayoutAddress("Say first where payouts go.")
        row = await _request(
            connection,
            house,
            ledger.revenue(member_id),
            to={
                "member_id": member_id,
                "method": address["method"],
                "holder": address["holder"],
                "address": address["address"],
            },
            amount=amount_micros,
            now=now,
        )
        await payout_mails.asked(connection, row, now=now)
        return row

    return built(await house.db.write(work))


async def ask_for_charity(house: House, charity_id: int, *, now: datetime) -> Payout:
    """Ask for all that a charity can be paid out now, in whole cents.

    Raises:
        NotFound: there is no such charity.
        NoPayoutAddress: the operator has not said where to.
        NotPayable: there is too little that can be paid out now.
    """

    async def work(connection: Connection) -> Row:
        await revenue.hold(connection, [ledger.charity(charity_id)])
        row = await connection.one(_CHARITY, charity_id=charity_id)
        if row is None:
            raise NotFound("There is no such charity.")
        if row["iban"] is None:
            raise NoPayoutAddress("This charity has no account yet.")
        return await _request(
            connection,
            house,
            ledger.charity(charity_id),
            to={
                "charity_id": charity_id,
                "method": "sepa",
                "holder": row["account_holder"],
                "address": row["iban"],
            },
            amount=None,
            now=now,
        )

    return built(await house.db.write(work))


async def of(house: House, member_id: int, payout_id: str) -> Payout:
    """Give a member's payout.

    Raises:
        NotFound: it does not exist or is somebody else's.
    """
    async with house.db.reading() as connection:
        row = await connection.one(_ONE, payout_id=payout_id) if is_public_id(payout_id) else None
    if row is None or row["member_id"] != member_id:
        raise NotFound("There is no such payout.")
    return built(row)


async def mine(house: House, member_id: int) -> tuple[Payout, ...]:
    """Give a member's payouts, newest first, at most 200."""
    async with house.db.reading() as connection:
        return tuple(built(row) for row in await connection.all(_MINE, member_id=member_id))


async def undecided(house: House) -> tuple[Payout, ...]:
    """Give the payouts that were asked for or sent and are neither paid nor returned."""
    async with house.db.reading() as connection:
        return tuple(built(row) for row in await connection.all(_UNDECIDED))


async def export(
    connection: Connection, rows: Sequence[Row], *, file_id: int, now: datetime
) -> bool:
    """Mark payouts as sent with a file or batch, in the caller's transaction.

    Returns:
        False if one of them was not waiting any more: the caller must undo all.
    """
    at = months.to_instant(now)
    transfers = []
    for row in rows:
        if not await _turn(
            connection, row, ["requested"], "exported", exported_at=at, file_id=file_id
        ):
            return False
        transfers.append(
            _transfer(
                "payout_export", row, ledger.reserved(row["id"]), ledger.in_transit(row["id"])
            )
        )
    posted = await ledger.post(connection, transfers, now=now)
    assert posted, "a payout is sent once"
    return True


async def paid(
    house: House, payout_id: str, *, now: datetime, ref: str | None = None, cost: int = 0
) -> bool:
    """Note that a payout arrived; give whether that is new.

    Args:
        house: the house.
        payout_id: of the payout.
        now: the moment.
        ref: the provider's name for it.
        cost: what the provider charged for it, in micros: the house's loss, since no deposit's
            fee is for it.

    Raises:
        NotFound: there is no such payout.
        PayoutDecided: it was never sent, or it came back.
    """

    async def work(connection: Connection) -> bool:
        row = await _held(connection, payout_id)
        if row["state"] == "paid":
            return False
        if row["state"] != "exported":
            raise PayoutDecided(
                Sentence(
                    "The payout {payout} is {state}, so it cannot be paid.",
                    payout=payout_id,
                    state=row["state"],
                )
            )
        at = months.to_instant(now)
        turned = await _turn(
            connection,
            row,
            ["exported"],
            "paid",
            paid_at=at,
            provider_ref=ref or row["provider_ref"],
        )
        assert turned, "it is held since it was read"
        provider = ledger.provider(row["method"])
        transfers = [_transfer("payout_paid", row, ledger.in_transit(row["id"]), provider)]
        if cost > 0:
            charged = _transfer("payout_cost", row, ledger.LOSS, provider)
            transfers.append(replace(charged, amount=Micros(cost)))
        posted = await ledger.post(connection, transfers, now=now)
        assert posted, "a payout is paid once"
        return True

    return await house.db.write(work)


async def returned(house: House, payout_id: str, *, why: str, now: datetime) -> bool:
    """Note that a payout came back, or was never sent; give whether that is new.

    What it took can be paid out again. The member gets a mail.

    Raises:
        NotFound: there is no such payout.
        Invalid: `why` is not one line.
    """
    why = line(why, field="why", most=200)

    async def work(connection: Connection) -> bool:
        row = await _held(connection, payout_id)
        before: State = row["state"]
        if before == "returned":
            return False
        account = _account(row)
        await revenue.hold(connection, [account])
        at = months.to_instant(now)
        turned = await _turn(connection, row, [before], "returned", returned_at=at, trouble=why)
        assert turned, "it is held since it was read"
        came_from = {
            "requested": ledger.reserved(row["id"]),
            "exported": ledger.in_transit(row["id"]),
            "paid": ledger.provider(row["method"]),
        }[before]
        posted = await ledger.post(
            connection, [_transfer("payout_return", row, came_from, account)], now=now
        )
        assert posted, "a payout comes back once"
        await payout_mails.returned(connection, row, why=why, now=now)
        return True

    return await house.db.write(work)


async def _request(
    connection: Connection,
    house: House,
    account: Account,
    *,
    to: dict[str, object],
    amount: int | None,
    now: datetime,
) -> Row:
    least = house.rules.payout_least_micros
    if amount is not None:
        amount = whole_cents(amount, least=least, most=MOST_MICROS, field="amount_micros")
    on = months.to_day(now)
    there = revenue.payable(await revenue.portions(connection, account), on=on)
    most = sum(portion.micros for portion in there) // CENT * CENT
    wanted = min(most, MOST_MICROS) if amount is None else amount
    if not least <= wanted <= most:
        raise NotPayable(
            Sentence(
                "{most} can be paid out now; the least is {least}.",
                most=Euros(most),
                least=Euros(least),
            ),
            field="amount_micros",
        )
    row = await connection.one(
        insert(payouts)
        .values(
            public_id=public_id(),
            state="requested",
            amount_micros=wanted,
            requested_at=months.to_instant(now),
            **to,
        )
        .returning(*payouts.c)
    )
    assert row is not None
    taken = revenue.take(there, wanted)
    transfer = _transfer("payout_request", row, account, ledger.reserved(row["id"]))
    posted = await ledger.post(connection, [transfer], now=now)
    assert posted, "a new payout has no transfers"
    await revenue.draw(connection, taken, kind="payout", subject=row["id"])
    return row


def _transfer(kind: str, row: Row, debit: Account, credit: Account) -> Transfer:
    return Transfer(
        kind=kind, subject=row["id"], debit=debit, credit=credit, amount=row["amount_micros"]
    )


def _account(row: Row) -> Account:
    if row["member_id"] is not None:
        return ledger.revenue(row["member_id"])
    return ledger.charity(row["charity_id"])


async def _held(connection: Connection, payout_id: str) -> Row:
    row = await connection.one(_HELD, payout_id=payout_id) if is_public_id(payout_id) else None
    if row is None:
        raise NotFound("There is no such payout.")
    return row


async def _turn(
    connection: Connection, row: Row, before: Sequence[State], after: State, **values: object
) -> bool:
    """Change the state of a payout if it is still what it was; tell whether it was."""
    turned = await connection.value(
        update(payouts)
        .where(payouts.c.id == row["id"], payouts.c.state.in_(before))
        .values(state=after, **values)
        .returning(payouts.c.id)
    )
    return turned is not None
