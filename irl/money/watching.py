"""What the operator should see of money that comes and goes: troubles, and what waits long."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Select, bindparam, func, or_, select

from irl import month as months
from irl.db import Connection, Row
from irl.house import House
from irl.money import payout_files, payouts
from irl.money.booking import REMARKS
from irl.money.micros import Micros
from irl.money.payout import Payout
from irl.money.payout_files import StoredFile
from irl.schema import deposits, provider_events

TROUBLE_DAYS: Final = 90
"""How long trouble is told; older events are in the table."""

_PENDING_FROM: Final = timedelta(days=1)
_PENDING_UNTIL: Final = timedelta(days=30)
_MOST: Final = 50

_EVENTS: Final = (
    select(provider_events, deposits.c.public_id, deposits.c.amount_micros)
    .outerjoin(deposits, deposits.c.id == provider_events.c.deposit_id)
    .order_by(provider_events.c.told_at.desc(), provider_events.c.event)
    .limit(_MOST)
)
_IS_TROUBLE: Final = (
    or_(*(provider_events.c.kind.endswith(remark) for remark in REMARKS)),
    provider_events.c.told_at >= bindparam("since"),
)
_TROUBLES: Final = _EVENTS.where(*_IS_TROUBLE)
_HOW_MANY_TROUBLES: Final = select(func.count()).select_from(provider_events).where(*_IS_TROUBLE)
_IS_PENDING: Final = (
    deposits.c.state == "pending",
    deposits.c.created_at.between(bindparam("since"), bindparam("until")),
)
_PENDING: Final = (
    select(deposits).where(*_IS_PENDING).order_by(deposits.c.created_at.desc()).limit(_MOST)
)
_HOW_MANY_PENDING: Final = select(func.count()).select_from(deposits).where(*_IS_PENDING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What a provider told about a deposit; `remark` says why it was not simply booked."""

    provider: str
    kind: str
    remark: str
    told_at: datetime
    deposit_id: str | None
    amount_micros: Micros | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingDeposit:
    """A deposit whose provider has not said for a day or more how it ended."""

    id: str
    provider: str
    amount_micros: Micros
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """At most 50 of each, the latest first; payouts the oldest first.

    Attributes:
        troubles: events of the last 90 days that are not what was asked for.
        events: the latest events of all.
        pending: deposits that were asked for one to thirty days ago.
        pending_in_all: how many.
        payouts: asked for or sent, neither paid nor returned.
        files: payment files that are stored.
    """

    troubles: tuple[Event, ...]
    events: tuple[Event, ...]
    pending: tuple[PendingDeposit, ...]
    pending_in_all: int
    payouts: tuple[Payout, ...]
    files: tuple[StoredFile, ...]


async def look(house: House, *, now: datetime) -> Watched:
    """Give what the operator should see."""
    undecided = await payouts.undecided(house)
    async with house.db.reading() as connection:
        rows = await connection.all(_PENDING, **_pending_span(now))
        return Watched(
            troubles=await _events(connection, _TROUBLES, since=_trouble_since(now)),
            events=await _events(connection, _EVENTS),
            pending=tuple(
                PendingDeposit(
                    id=row["public_id"],
                    provider=row["provider"],
                    amount_micros=row["amount_micros"],
                    created_at=months.from_instant(row["created_at"]),
                )
                for row in rows
            ),
            pending_in_all=await pending(connection, now=now),
            payouts=undecided,
            files=await payout_files.stored(connection),
        )


async def troubles(connection: Connection, *, now: datetime) -> int:
    """Count the events of the last 90 days that are not what was asked for."""
    return int(await connection.value(_HOW_MANY_TROUBLES, since=_trouble_since(now)))


async def pending(connection: Connection, *, now: datetime) -> int:
    """Count the deposits that are pending for one to thirty days."""
    return int(await connection.value(_HOW_MANY_PENDING, **_pending_span(now)))


def _trouble_since(now: datetime) -> int:
    return months.to_instant(now - timedelta(days=TROUBLE_DAYS))


def _pending_span(now: datetime) -> dict[str, int]:
    return {
        "since": months.to_instant(now - _PENDING_UNTIL),
        "until": months.to_instant(now - _PENDING_FROM),
    }


async def _events(connection: Connection, wanted: Select[Any], **values: int) -> tuple[Event, ...]:
    return tuple(_event(row) for row in await connection.all(wanted, **values))


def _event(row: Row) -> Event:
    kind, remark = row["kind"], ""
    for each in REMARKS:
        if kind.endswith(each):
            kind, remark = kind.removesuffix(each), each
    return Event(
        provider=row["provider"],
        kind=kind,
        remark=remark.strip(" ()"),
        told_at=months.from_instant(row["told_at"]),
        deposit_id=row["public_id"],
        amount_micros=row["amount_micros"],
    )
