"""Booking: what a provider's news do to a deposit and to the ledger, in one transaction.

The truth is the provider's. A payment that was captured is booked even if it was said to be
declined before; one that is said to be taken back before it was booked is booked and taken back
at once; what comes afterwards changes nothing. So whatever arrives, how often, and in whichever
order, the ledger ends the same. A deposit's state changes under a condition, and its transfers
have its number as their key: nothing depends on knowing events that came before.

The provider's commission is paid out of the fee of the very deposit, as far as that goes, and of
the house's losses beyond; also the other way round, when a deposit that was taken back costs one.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, Literal

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from irl import month as months
from irl.db import Connection, Row
from irl.errors import DepositDecided, NotFound, PaymentDiffers
from irl.house import House, inputs_changed
from irl.money import ledger, reversals
from irl.money.ledger import FEE, LOSS, Transfer
from irl.money.micros import Micros
from irl.money.payments.protocol import CURRENCY, News, Paid
from irl.rules import EURO
from irl.schema import deposits, lots, provider_events
from irl.secret import is_public_id
from irl.sentence import Sentence

State = Literal["pending", "booked", "declined", "reversed"]

DIFFERS: Final = " (differs)"
A_PART: Final = " (a part)"
SECOND: Final = " (a second payment)"
REMARKS: Final = (DIFFERS, A_PART, SECOND)
"""What an event's kind ends with if it was not booked: an operator should look at it."""

_WORD_MOST: Final = 120
"""Characters that are kept of a provider's word for something."""

# Held until the end of the transaction: who decides the same deposit meanwhile sees what became of it.
_HELD: Final = (
    select(deposits).where(deposits.c.public_id == bindparam("deposit_id")).with_for_update()
)

_DECISIONS: Final[dict[str, tuple[State, State]]] = {
    "approve": ("pending", "booked"),
    "decline": ("pending", "declined"),
    "chargeback": ("booked", "reversed"),
}
"""What play money may decide: of a deposit in which state, or again in which."""

_DECIDED: Final[dict[State, Sentence]] = {
    "pending": Sentence("This deposit is not booked yet."),
    "booked": Sentence("This deposit is booked already."),
    "declined": Sentence("This deposit is declined already."),
    "reversed": Sentence("This deposit is reversed already."),
}


async def hear(house: House, *, provider: str, news: News, now: datetime) -> None:
    """Do what a provider tells; again, or later than something else, it changes nothing.

    Raises:
        NotFound: there is no such deposit with this provider.
        PaymentDiffers: amount, currency or receiver are not the deposit's; that is noted.
    """

    async def work(connection: Connection) -> bool:
        row = await _held(connection, provider, news.deposit_id)
        fits = _fits(row, news)
        await _note(connection, provider, row, news, fits=fits, now=now)
        if fits:
            await _apply(connection, row, news, house, now)
        return fits

    if not await house.db.write(work):
        raise PaymentDiffers(
            "What was paid is not what was asked for; it is noted, and not booked."
        )


async def told(house: House, *, provider: str, deposit_id: str, what: str, now: datetime) -> None:
    """Do what play money decides: `approve`, `decline` or `chargeback`; again changes nothing.

    Raises:
        NotFound: there is no such deposit with this provider.
        DepositDecided: it contradicts what was decided before.
    """
    before, after = _DECISIONS[what]

    async def work(connection: Connection) -> None:
        row = await _held(connection, provider, deposit_id)
        if row["state"] == after:
            return
        if row["state"] != before:
            raise DepositDecided(_DECIDED[row["state"]])
        if after == "booked":
            await _book(connection, row, house, now)
        elif after == "declined":
            await _turn(connection, row, ("pending",), "declined")
        else:
            await _reverse(connection, row, now)

    await house.db.write(work)


async def pay_commission(
    connection: Connection, row: Row, commission: int, *, now: datetime
) -> bool:
    """Pay what the provider kept of a booked deposit, once; tell whether it was done now."""
    is_new = await connection.value(
        update(deposits)
        .where(deposits.c.id == row["id"], deposits.c.commission_micros.is_(None))
        .values(commission_micros=commission)
        .returning(deposits.c.id)
    )
    if is_new is None:
        return False
    of_fee = 0 if row["state"] == "reversed" else min(commission, row["fee_micros"])
    transfers = [
        Transfer(
            kind="commission",
            subject=row["id"],
            part=account,
            debit=account,
            credit=ledger.provider(row["provider"]),
            amount=Micros(amount),
        )
        for account, amount in ((FEE, of_fee), (LOSS, commission - of_fee))
        if amount
    ]
    posted = await ledger.post(connection, transfers, now=now)
    assert posted, "a commission is paid once"
    return True


async def _held(connection: Connection, provider: str, deposit_id: str) -> Row:
    row = None
    if is_public_id(deposit_id):
        row = await connection.one(_HELD, deposit_id=deposit_id)
    if row is None or row["provider"] != provider:
        raise NotFound("There is no such deposit.")
    return row


def _fits(row: Row, news: News) -> bool:
    """Tell whether what was paid is what was asked for; less may be taken back than was paid."""
    if news.commission is not None and not 0 <= news.commission <= row["amount_micros"]:
        return False
    if news.what == "captured":
        return news.paid is not None and _micros(news.paid) == row["amount_micros"]
    if news.what == "reversed":
        return news.paid is not None and 0 < _micros(news.paid) <= row["amount_micros"]
    return news.paid is None or news.paid.is_ours


def _micros(paid: Paid) -> Decimal:
    """Give what was paid to us, in micro-euros; nothing if it was not to us or not in euros."""
    return paid.amount * EURO if paid.is_ours and paid.currency == CURRENCY else Decimal(-1)


async def _note(
    connection: Connection, provider: str, row: Row, news: News, *, fits: bool, now: datetime
) -> None:
    upsert = (sqlite if connection.engine == "sqlite" else postgresql).insert(provider_events)
    values: dict[str, Any] = {
        "provider": provider,
        "event": news.event[:_WORD_MOST],
        "kind": news.kind[:_WORD_MOST] + _remark(row, news, fits=fits),
        "deposit_id": row["id"],
        "told_at": months.to_instant(now),
    }
    await connection.all(upsert.values(values).on_conflict_do_nothing())


def _remark(row: Row, news: News, *, fits: bool) -> str:
    """Give what an operator should see of a piece of news that is not booked."""
    if not fits:
        return DIFFERS
    if news.what == "reversed" and not _is_whole(row, news):
        return A_PART
    known, told = row["capture_ref"], news.capture_ref
    is_second = news.what == "captured" and None not in {known, told} and known != told
    return SECOND if is_second else ""


async def _apply(connection: Connection, row: Row, news: News, house: House, now: datetime) -> None:
    if news.what == "declined":
        await _turn(connection, row, ("pending",), "declined")
        return
    if news.what not in {"captured", "reversed"}:
        return
    if news.what == "reversed" and not _is_whole(row, news):
        return  # a part: one reversal a deposit, when all of it was taken back
    if news.what == "reversed":
        # Before any balance, as everywhere: two that wait for each other would be stopped.
        await inputs_changed(connection)
    if row["state"] in {"pending", "declined"}:
        row = await _book(connection, row, house, now)
    if news.capture_ref is not None and row["capture_ref"] is None:
        await connection.all(
            update(deposits)
            .where(deposits.c.id == row["id"])
            .values(capture_ref=news.capture_ref[:_WORD_MOST])
        )
    if news.commission is not None and await pay_commission(
        connection, row, news.commission, now=now
    ):
        row = {**row, "commission_micros": news.commission}
    if news.what == "reversed" and row["state"] == "booked":
        await _reverse(connection, row, now)


def _is_whole(row: Row, news: News) -> bool:
    return news.paid is not None and _micros(news.paid) == row["amount_micros"]


async def _book(connection: Connection, row: Row, house: House, now: datetime) -> Row:
    """Book a deposit that was not, and give its row as it is then."""
    at = months.to_instant(now)
    await _turn(connection, row, ("pending", "declined"), "booked", booked_at=at)
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
    assert posted, "a deposit that is not booked has no transfers"
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
    return {**row, "state": "booked", "booked_at": at}


async def _reverse(connection: Connection, row: Row, now: datetime) -> None:
    at = months.to_instant(now)
    await _turn(connection, row, ("booked",), "reversed", reversed_at=at)
    await reversals.take_back(connection, row, now=now)


async def _turn(
    connection: Connection, row: Row, before: tuple[State, ...], after: State, **instants: int
) -> None:
    """Change the state of a deposit, which is held, if it is still what it may be."""
    await connection.all(
        update(deposits)
        .where(deposits.c.id == row["id"], deposits.c.state.in_(before))
        .values(state=after, **instants)
    )
