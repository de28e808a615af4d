"""Mails that were not sent, as the operator sees them: why, to whom about, and what can be done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import and_, bindparam, func, or_, select, update

from irl import month as months
from irl.db import Connection, Row
from irl.errors import NotFound
from irl.house import House
from irl.outbox import NEVER, TAKEN_FOR
from irl.schema import outbox

DROPPED: Final = "The operator dropped it."
_MOST: Final = 100
_MARGIN: Final = TAKEN_FOR + timedelta(minutes=1)

_LEFT: Final = outbox.c.sent_at.is_(None)
_GIVEN_UP: Final = and_(_LEFT, outbox.c.due_at == NEVER, outbox.c.trouble.is_distinct_from(DROPPED))
_WAITING: Final = and_(_LEFT, outbox.c.due_at < NEVER)
# Somebody who is sending a mail has put off its due time by less than this.
_IS_FREE: Final = and_(
    or_(_GIVEN_UP, and_(_WAITING, outbox.c.due_at > bindparam("free_at"))),
    or_(outbox.c.expires_at.is_(None), outbox.c.expires_at > bindparam("now_at")),
)
_COLUMNS: Final = (
    outbox.c.id,
    outbox.c.recipient,
    outbox.c.subject,
    outbox.c.created_at,
    outbox.c.due_at,
    outbox.c.tries,
    outbox.c.trouble,
    outbox.c.expires_at,
)
_FIRST_GIVEN_UP: Final = (
    select(*_COLUMNS).where(_GIVEN_UP).order_by(outbox.c.id.desc()).limit(_MOST)
)
_FIRST_WAITING: Final = select(*_COLUMNS).where(_WAITING).order_by(outbox.c.due_at).limit(_MOST)
_HOW_MANY_GIVEN_UP: Final = select(func.count()).select_from(outbox).where(_GIVEN_UP)
_HOW_MANY_WAITING: Final = select(func.count()).select_from(outbox).where(_WAITING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Undelivered:
    """A mail that was not sent; the recipient is shortened, and nobody here sees the text.

    Attributes:
        id: of the mail.
        recipient: `a…@example.org`.
        subject: of the mail.
        created_at: when it was posted.
        due_at: when it is tried next; None when it was given up.
        tries: how often it was tried.
        trouble: the latest, or None.
        can_be_tried: whether `again` would have it tried at once.
    """

    id: int
    recipient: str
    subject: str
    created_at: datetime
    due_at: datetime | None
    tries: int
    trouble: str | None
    can_be_tried: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """How many mails wait and were given up, and the first 100 of each."""

    waiting: int
    given_up: int
    first_waiting: tuple[Undelivered, ...]
    latest_given_up: tuple[Undelivered, ...]


async def look(house: House, *, now: datetime) -> Queue:
    """Give what was not sent: what waits by when it is due, what was given up by the latest."""
    async with house.db.reading() as connection:
        waiting, given_up = await count(connection)
        return Queue(
            waiting=waiting,
            given_up=given_up,
            first_waiting=_built(await connection.all(_FIRST_WAITING), now),
            latest_given_up=_built(await connection.all(_FIRST_GIVEN_UP), now),
        )


async def count(connection: Connection) -> tuple[int, int]:
    """Count the mails that wait, and those that were given up."""
    return (
        int(await connection.value(_HOW_MANY_WAITING)),
        int(await connection.value(_HOW_MANY_GIVEN_UP)),
    )


async def again(house: House, mail_id: int, *, now: datetime) -> None:
    """Have a mail tried at once that was given up, or that would be tried much later.

    Raises:
        NotFound: there is none that can be: it was sent, is being sent, is due soon, or is of no
            use any more.
    """
    free = update(outbox).where(outbox.c.id == bindparam("mail_id"), _IS_FREE)

    async def work(connection: Connection) -> None:
        freed = await connection.value(
            free.values(due_at=bindparam("now_at"), tries=0).returning(outbox.c.id),
            mail_id=_number(mail_id),
            now_at=months.to_instant(now),
            free_at=months.to_instant(now + _MARGIN),
        )
        if freed is None:
            raise NotFound("There is no such mail that can be tried again now.")

    await house.db.write(work)


async def drop(house: House, mail_id: int) -> None:
    """Give up a mail for good; one that is being sent just now may still arrive.

    It stays in the outbox until its days are over, so that nothing posts it once more.

    Raises:
        NotFound: there is no such mail, or it was sent.
    """

    async def work(connection: Connection) -> None:
        dropped = await connection.value(
            update(outbox)
            .where(outbox.c.id == _number(mail_id), or_(_GIVEN_UP, _WAITING))
            .values(due_at=NEVER, trouble=DROPPED)
            .returning(outbox.c.id)
        )
        if dropped is None:
            raise NotFound("There is no such mail that waits.")

    await house.db.write(work)


def _number(mail_id: int) -> int:
    return mail_id if 0 < mail_id < 2**63 else 0


def _built(rows: list[Row], now: datetime) -> tuple[Undelivered, ...]:
    return tuple(_one(row, now) for row in rows)


def _one(row: Row, now: datetime) -> Undelivered:
    at, free_at = months.to_instant(now), months.to_instant(now + _MARGIN)
    is_of_use = row["expires_at"] is None or row["expires_at"] > at
    name, _, host = row["recipient"].rpartition("@")
    recipient = f"{name[:1]}…@{host}"
    return Undelivered(
        id=row["id"],
        recipient=recipient,
        subject=row["subject"],
        created_at=months.from_instant(row["created_at"]),
        due_at=months.from_instant(row["due_at"]) if row["due_at"] < NEVER else None,
        tries=row["tries"],
        # Servers like to say whom they refuse.
        trouble=row["trouble"] and row["trouble"].replace(row["recipient"], recipient),
        can_be_tried=is_of_use and row["due_at"] > free_at,
    )
