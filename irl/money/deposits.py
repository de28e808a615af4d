"""Deposits: asked for, opened with a provider, looked after until it is known what became of them.

What a provider tells is done by `irl.money.booking`, in one transaction. Here the house talks to
providers, never inside a transaction: the deposit is written before the provider hears of it, so
that whatever breaks in between can be taken up again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import bindparam, insert, select, update

from irl import month as months
from irl.db import Connection, Row
from irl.errors import Invalid, NotFound, PaymentDiffers, ProviderUnavailable
from irl.house import House
from irl.money import booking, payments, sending
from irl.money.booking import State
from irl.money.micros import Micros, fee, whole_cents
from irl.money.payments.protocol import News, Post, Wanted
from irl.schema import deposits
from irl.secret import is_public_id, public_id
from irl.sentence import Sentence

ASKED_FOR: Final = timedelta(days=7)
"""How long a provider is asked about a deposit that stays pending."""

_FIRST_LOOK: Final = timedelta(minutes=2)
_LOOKS_MOST: Final = 500

_ONE: Final = select(deposits).where(deposits.c.public_id == bindparam("deposit_id"))
_MINE: Final = (
    select(deposits)
    .where(deposits.c.member_id == bindparam("member_id"))
    .order_by(deposits.c.id.desc())
    .limit(200)
)
_LEFT: Final = (
    select(deposits)
    .where(deposits.c.state == "pending", deposits.c.pay_url.is_not(None))
    .where(deposits.c.created_at >= bindparam("since"))
    .where(deposits.c.created_at <= bindparam("until"))
    .order_by(deposits.c.created_at.desc())
)
_OPENED: Final = (
    update(deposits)
    .where(deposits.c.id == bindparam("of_id"))
    .values(provider_ref=bindparam("ref"), pay_url=bindparam("url"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deposit:
    """Money coming in; amounts in micro-euros. `checkout_url` is where to pay."""

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
        ProviderUnavailable: it does not answer; the deposit is there, and `of` tries again.
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
            Sentence(
                "A provider is one of: {providers}.", providers=", ".join(payments.offered(house))
            ),
            field="provider",
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

    return _built(house, await _opened(house, await house.db.write(work)))


async def of(house: House, member_id: int, deposit_id: str) -> Deposit:
    """Give a member's deposit; one that could not be opened with its provider is opened now.

    Raises:
        NotFound: it does not exist or is somebody else's.
        ProviderUnavailable: the provider still does not answer.
    """
    row = await _of(house, member_id, deposit_id)
    if row["state"] == "pending" and row["pay_url"] is None:
        row = await _opened(house, row)
    return _built(house, row)


async def seen(house: House, member_id: int, deposit_id: str) -> Deposit:
    """Give a member's deposit as it is known here, without asking anybody.

    Raises:
        NotFound: it does not exist or is somebody else's.
    """
    return _built(house, await _of(house, member_id, deposit_id))


async def mine(house: House, member_id: int) -> tuple[Deposit, ...]:
    """Give a member's deposits, newest first, at most 200."""
    async with house.db.reading() as connection:
        return tuple(_built(house, row) for row in await connection.all(_MINE, member_id=member_id))


async def pay(house: House, member_id: int, deposit_id: str, *, now: datetime) -> str:
    """Give where to pay a deposit now: its own page, if it was paid or the money is on its way.

    Raises:
        NotFound: it does not exist, is somebody else's, or its provider is not offered any more.
        ProviderUnavailable: the provider does not answer.
    """
    row = await _of(house, member_id, deposit_id)
    till = payments.named(house, row["provider"])
    anew = not till.pay_url_lasts and row["pay_url"] is not None
    # Before it is opened once more: nobody shall pay twice.
    if row["state"] != "pending" or (anew and await _is_known(house, row, now=now)):
        return f"{house.settings.base_url}/deposits/{deposit_id}"
    return _built(house, await _opened(house, row, anew=anew)).checkout_url


async def look(house: House, member_id: int, deposit_id: str, *, now: datetime) -> Deposit:
    """Ask the provider what became of a deposit, take what was approved, and book it.

    Raises:
        NotFound: it does not exist or is somebody else's.
        ProviderUnavailable: the provider does not answer.
        PaymentDiffers: what was paid is not what was asked for.
    """
    row = await _of(house, member_id, deposit_id)
    if row["state"] == "pending":
        await _look(house, row, now=now)
    return await seen(house, member_id, deposit_id)


async def heard(
    house: House, *, provider: str, headers: Mapping[str, str], body: bytes, now: datetime
) -> None:
    """Do what was posted by somebody who can prove to be the provider.

    Raises:
        EventRefused: it is not proven.
        NotFound: the provider is not offered, or tells of no deposit of ours.
        PaymentDiffers: what was paid is not what was asked for.
        ProviderUnavailable: what the proof or the booking needs cannot be had now.
    """
    till = payments.named(house, provider)
    news = await till.heard(Post(headers=headers, body=body), now=now)
    if news.payout_id:
        await sending.heard(house, news.payout_id, now=now)
    if news.what == "nothing" and not news.deposit_id:
        return  # about something else than a payment
    await booking.hear(house, provider=provider, news=news, now=now)
    if news.what == "approved":
        row = await _row(house, news.deposit_id)
        assert row is not None, "it was booked"
        if row["state"] == "pending":
            await _look(house, row | {"provider_ref": news.provider_ref}, now=now)


async def catch_up(house: House, *, since: datetime | None, now: datetime) -> int:
    """Ask about deposits that are pending; give how many are not any more.

    Two minutes after it was asked for the provider is asked about a deposit for the first time,
    then after four, eight and so on, for a week.

    Args:
        house: the house.
        since: when this was done last; None asks about all, after a start.
        now: the moment.
    """
    until = now - _FIRST_LOOK
    async with house.db.reading() as connection:
        rows = await connection.all(
            _LEFT, since=months.to_instant(now - ASKED_FOR), until=months.to_instant(until)
        )
    due = [row for row in rows if since is None or _is_due(row, since, now)]
    decided, silent = 0, set()
    for row in due[:_LOOKS_MOST]:
        if row["provider"] in silent or row["provider"] not in payments.offered(house):
            continue
        try:
            decided += await _look(house, row, now=now)
        except ProviderUnavailable:
            silent.add(row["provider"])  # the others of this provider wait for the next time
        except PaymentDiffers:
            continue
    return decided


async def _is_known(house: House, row: Row, *, now: datetime) -> bool:
    """Tell whether the provider knows of a payment of this deposit; do what it says of it."""
    news = await payments.named(house, row["provider"]).look(_wanted(row))
    if news is not None:
        await _do(house, row, news, now=now)
    return news is not None


async def _look(house: House, row: Row, *, now: datetime) -> bool:
    """Ask the provider about a deposit, and do what it says; tell whether that decides it."""
    news = await payments.named(house, row["provider"]).look(_wanted(row))
    return news is not None and await _do(house, row, news, now=now)


async def _do(house: House, row: Row, news: News, *, now: datetime) -> bool:
    if news.what in {"approved", "nothing"}:
        return False
    if news.deposit_id != row["public_id"]:
        raise PaymentDiffers("The provider speaks of another deposit.")
    await booking.hear(house, provider=row["provider"], news=news, now=now)
    return True


async def _opened(house: House, row: Row, *, anew: bool = False) -> Row:
    """Open a deposit with its provider, unless it is; give its row as it is then."""
    if row["provider"] == "sandbox" or (row["pay_url"] is not None and not anew):
        return row
    opened = await payments.named(house, row["provider"]).open(_wanted(row))

    async def work(connection: Connection) -> None:
        await connection.all(_OPENED, of_id=row["id"], ref=opened.provider_ref, url=opened.pay_url)

    await house.db.write(work)
    return row | {"provider_ref": opened.provider_ref, "pay_url": opened.pay_url}


def _is_due(row: Row, since: datetime, now: datetime) -> bool:
    """Tell whether 2, 4, 8, … minutes after a deposit was asked for lie between two moments."""
    created = months.from_instant(row["created_at"])
    before, after = (int((moment - created) / timedelta(minutes=1)) for moment in (since, now))
    return max(0, before).bit_length() < after.bit_length()


async def _of(house: House, member_id: int, deposit_id: str) -> Row:
    row = await _row(house, deposit_id)
    if row is None or row["member_id"] != member_id:
        raise NotFound("There is no such deposit.")
    return row


async def _row(house: House, deposit_id: str) -> Row | None:
    if not is_public_id(deposit_id):
        return None
    async with house.db.reading() as connection:
        return await connection.one(_ONE, deposit_id=deposit_id)


def _wanted(row: Row) -> Wanted:
    return Wanted(
        id=row["public_id"], amount=row["amount_micros"], provider_ref=row["provider_ref"]
    )


def _built(house: House, row: Row) -> Deposit:
    base_url = house.settings.base_url
    ours = "sandbox/checkout" if row["provider"] == "sandbox" else "deposits"
    return Deposit(
        id=row["public_id"],
        provider=row["provider"],
        state=row["state"],
        amount_micros=row["amount_micros"],
        fee_micros=row["fee_micros"],
        net_micros=row["net_micros"],
        created_at=months.from_instant(row["created_at"]),
        checkout_url=row["pay_url"] or f"{base_url}/{ours}/{row['public_id']}",
    )
