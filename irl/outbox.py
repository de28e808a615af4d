"""Mail that waits in the database: written in the transaction of what it tells about, sent later.

A request never talks to a mail server. The `clock` process (or `irl mail`) sends what is due and
tries again later what failed. Each mail is sent once and keeps one Message-ID: only when a server
hangs up between taking a mail and saying so, or the sender dies just then, is it sent again, and
the receiver can tell by its Message-ID that it is the same.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from sqlalchemy import and_, bindparam, case, delete, func, or_, select, update

from irl import carriers, letters
from irl import month as months
from irl.carriers import Carrier, Later, Refused, Unreachable
from irl.db import Connection, ForRows, Row
from irl.house import House
from irl.language import ENGLISH
from irl.letters import Letter
from irl.schema import outbox, warnings

MOST_TRIES: Final = 36
"""With the waits below about five days (RFC 5321, section 4.5.4.1, asks for four or five)."""

_WAITS_MINUTES: Final = (1, 2, 5, 10, 30, 60, 120, 240)
_PUT_OFF: Final = timedelta(minutes=1)
_TOGETHER: Final = 8
TAKEN_FOR: Final = timedelta(minutes=10)
"""Longer than `_TOGETHER` mails take whose server uses up all our patience, twice each."""

NEVER: Final = 2**62
"""When a mail is due that nobody tries any more."""

_MESSAGE_ID: Final = re.compile(r"[A-Za-z0-9.-]{1,100}", re.ASCII)

_IS_DUE: Final = and_(outbox.c.sent_at.is_(None), outbox.c.due_at <= bindparam("now_at"))
_IS_DEAD: Final = or_(outbox.c.sent_at.is_not(None), outbox.c.due_at == NEVER)
_TO: Final = func.lower(outbox.c.recipient) == bindparam("recipient")
_POST: Final = ForRows(
    """INSERT INTO outbox
         (recipient, subject, body, html, message_id, created_at, due_at, expires_at, language,
          forgets)
       SELECT recipient, subject, body, html, message_id, created_at, created_at, expires_at,
         language, forgets
       FROM given WHERE true ON CONFLICT (message_id) DO NOTHING RETURNING id, message_id""",
    {
        "recipient": "text",
        "subject": "text",
        "body": "text",
        "html": "text",
        "message_id": "text",
        "created_at": "number",
        "expires_at": "number",
        "language": "text",
        "forgets": "number",
    },
)
_BACKLOG: Final = select(func.count()).select_from(
    select(outbox.c.id).where(_IS_DUE).limit(bindparam("most")).subquery()
)
_EXPIRE: Final = (
    update(outbox)
    .where(_IS_DUE, outbox.c.expires_at <= bindparam("now_at"))
    .values(due_at=NEVER, trouble="It could not be sent while it was of use.")
)
_FORGET: Final = delete(outbox).where(outbox.c.forgets == 1)
_FORGET_LATE: Final = _FORGET.where(_IS_DUE, outbox.c.expires_at <= bindparam("now_at"))
_FORGET_DEAD: Final = _FORGET.where(_IS_DEAD, outbox.c.id == bindparam("mail_id"))
# Who takes mails moves their due time on, so that nobody else sends them meanwhile.
_TAKE: Final = (
    update(outbox)
    .where(
        _IS_DUE,
        outbox.c.id.in_(
            select(outbox.c.id)
            .where(_IS_DUE)
            .order_by(outbox.c.due_at, outbox.c.id)
            .limit(_TOGETHER)
            .with_for_update(skip_locked=True)
        ),
    )
    .values(due_at=bindparam("until_at"))
    .returning(*outbox.c)
)
_PUT_BACK: Final = ForRows(
    """UPDATE outbox SET due_at = given.due_at, trouble = given.trouble
       FROM given WHERE outbox.id = given.id AND outbox.sent_at IS NULL""",
    {"id": "number", "due_at": "number", "trouble": "text"},
)
_LEFT: Final = (
    select(
        case((outbox.c.due_at == bindparam("never"), 1), else_=0).label("dead"),
        outbox.c.trouble,
        func.count().label("n"),
    )
    .where(outbox.c.sent_at.is_(None))
    .group_by("dead", outbox.c.trouble)
    .order_by("dead", func.count().desc(), outbox.c.trouble)
    .limit(20)
)
_OLD: Final = select(outbox.c.id).where(outbox.c.created_at < bindparam("before"), _IS_DEAD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail to be posted.

    `message_id` names a mail that must be sent once, whoever posts it how often; without it each
    is one of its own. After `expires_at` it is of no use and is not sent any more. `language` is
    that in which it is written (ISO 639-1). Of one that `forgets` nothing is kept, neither address
    nor words, once it was sent or is given up.
    """

    recipient: str
    subject: str
    body: str
    html: str | None = None
    message_id: str | None = None
    expires_at: datetime | None = None
    language: str = ENGLISH
    forgets: bool = False


@dataclass(slots=True)
class _Watch:
    """Tells the time from a moment on, so that a long round of mails knows how late it is."""

    begun: datetime
    _at: float = field(default_factory=time.monotonic)

    def now(self) -> datetime:
        return self.begun + timedelta(seconds=time.monotonic() - self._at)


def message_id(seal: str, *about: object) -> str:
    """Name a mail by what it is about: `warning-202611-7-` and 16 characters.

    They are sealed with the member's own key (BLAKE2b, RFC 7693), so the name is the same each
    time, and is nobody else's.
    """
    named = "-".join(map(str, about))
    digest = hashlib.blake2b(named.encode(), key=bytes.fromhex(seal), digest_size=8)
    return f"{named}-{digest.hexdigest()}"


async def post(
    connection: Connection,
    *,
    recipient: str,
    subject: str,
    body: str,
    html: str | None = None,
    message_id: str | None = None,
    expires_at: datetime | None = None,
    language: str = ENGLISH,
    forgets: bool = False,
    now: datetime,
) -> None:
    """Write a mail into the outbox, in the caller's transaction.

    Args:
        connection: of the caller's transaction.
        recipient: an e-mail address.
        subject: one line.
        body: text; a line by itself stays one.
        html: the same words as a page; None has it made of the body.
        message_id: see `Mail`; posting the same again changes nothing.
        expires_at: see `Mail`.
        language: see `Mail`.
        forgets: see `Mail`.
        now: the moment of posting.
    """
    mail = Mail(
        recipient=recipient,
        subject=subject,
        body=body,
        html=html,
        message_id=message_id,
        expires_at=expires_at,
        language=language,
        forgets=forgets,
    )
    await post_all(connection, [mail], now=now)


async def post_all(
    connection: Connection, mails: Sequence[Mail], *, now: datetime
) -> dict[str, int]:
    """Write mails into the outbox; give the numbers of those that are new, by message id."""
    at = months.to_instant(now)
    rows = []
    for mail in mails:
        named = mail.message_id or secrets.token_hex(16)
        assert _MESSAGE_ID.fullmatch(named), "a message id is made of letters, digits and hyphens"
        expires_at = None if mail.expires_at is None else months.to_instant(mail.expires_at)
        written = [mail.recipient, mail.subject, mail.body, mail.html]
        rows.append([*written, named, at, expires_at, mail.language, int(mail.forgets)])
    if not rows:
        return {}
    return {row["message_id"]: row["id"] for row in await connection.all(_POST, rows=rows)}


async def backlog(connection: Connection, *, most: int, now: datetime) -> int:
    """Count the mails that are due, up to `most`: who posts many waits until it is low."""
    at = months.to_instant(now)
    return int(await connection.value(_BACKLOG, most=most, now_at=at))


async def waits(connection: Connection, recipient: str) -> bool:
    """Tell whether a mail to this address still waits to be sent."""
    waiting = select(outbox.c.id).where(_TO, ~_IS_DEAD).limit(1)
    return await connection.value(waiting, recipient=recipient.lower()) is not None


async def forget(connection: Connection, recipient: str) -> None:
    """Forget all mails to this address, in the caller's transaction."""
    await connection.all(delete(outbox).where(_TO), recipient=recipient.lower())


async def left(house: House) -> dict[str, int]:
    """Count the mails that were not sent, by what becomes of them and by the latest trouble."""
    async with house.db.reading() as connection:
        rows = await connection.all(_LEFT, never=NEVER)
    return {
        f"{'given up' if row['dead'] else 'waiting'}: {row['trouble'] or 'not tried yet'}": row["n"]
        for row in rows
    }


async def send_waiting(
    house: House,
    *,
    now: datetime,
    patience_s: float = carriers.PATIENCE_S,
    go_on: Callable[[], bool] = lambda: True,
) -> int:
    """Send every mail that is due; give how many went out.

    A mail that a server refuses for good stays with the trouble noted and is not tried again. One
    that it does not take now is tried again later, for about five days. While no server can be
    reached all stay as they are, for as long as it takes.

    Args:
        house: the house.
        now: the moment of the call; a long round reckons on from it.
        patience_s: how long a server may take for one mail.
        go_on: asked before each mail; once it says no, the rest stays for another time.
    """
    assert 0 < 2 * patience_s < TAKEN_FOR.total_seconds(), "a mail is ours while we send it"
    watch = _Watch(now)
    sent = 0
    async with carriers.opened(house.settings, patience_s=patience_s) as carrier:
        while go_on() and await _any_due(house, watch.now()):
            batch = await house.db.write(partial(_take, now=watch.now()))
            round_ = _Round(house, carrier, watch, watch.now() + TAKEN_FOR, patience_s, go_on)
            sent += await round_.send(batch)
            if round_.trouble is not None:
                break
    return sent


async def forget_old(house: House, *, now: datetime) -> None:
    """Forget mails past their days that were sent, or that nobody tries any more."""
    before = months.to_instant(now - timedelta(days=house.rules.mail_days))

    async def work(connection: Connection) -> int:
        old = _OLD.order_by(outbox.c.created_at).limit(1000)
        gone = delete(outbox).where(outbox.c.id.in_(old)).returning(outbox.c.id)
        return len(await connection.all(gone, before=before))

    async def any_old() -> bool:
        async with house.db.reading() as connection:
            return await connection.value(_OLD.limit(1), before=before) is not None

    while await any_old():
        await house.db.write(work)


async def _any_due(house: House, now: datetime) -> bool:
    async with house.db.reading() as connection:
        return await backlog(connection, most=1, now=now) > 0


async def _take(connection: Connection, *, now: datetime) -> list[Row]:
    at = months.to_instant(now)
    await connection.all(_FORGET_LATE, now_at=at)
    await connection.all(_EXPIRE, now_at=at)
    until = months.to_instant(now + TAKEN_FOR)
    rows = await connection.all(_TAKE, now_at=at, until_at=until)
    return sorted(rows, key=lambda row: row["id"])


@dataclass(slots=True)
class _Round:
    """Sends the mails that were taken together, one after the other, while they are ours."""

    house: House
    carrier: Carrier
    watch: _Watch
    until: datetime
    patience_s: float
    go_on: Callable[[], bool]
    trouble: str | None = None
    """Why nobody's mail can be sent now, if so."""

    async def send(self, batch: list[Row]) -> int:
        """Send the batch; give how many went out."""
        sent = 0
        for place, row in enumerate(batch):
            is_ours = self.watch.now() + timedelta(seconds=2 * self.patience_s) < self.until
            if not is_ours or not self.go_on():
                await self._put_back(batch[place:], timedelta())
                return sent
            try:
                sent += await self._send(row)
            except Unreachable as trouble:
                self.trouble = str(trouble)
                await self._put_back(batch[place:], _PUT_OFF)
                return sent
        return sent

    async def _send(self, row: Row) -> bool:
        try:
            message = letters.compose(_letter(row), sender=self.house.settings.mail_from)
            name = f"{row['id']:08}-{row['message_id'][:8]}"
            await self.carrier.deliver(message, name=name)
        except (Refused, ValueError) as trouble:
            await self._note_trouble(row, str(trouble), tries=row["tries"] + 1, wait=None)
        except Later as trouble:
            tries = row["tries"] + 1
            wait = _WAITS_MINUTES[min(tries, len(_WAITS_MINUTES)) - 1]
            last = tries >= MOST_TRIES
            await self._note_trouble(
                row, str(trouble), tries=tries, wait=None if last else timedelta(minutes=wait)
            )
        else:
            await self._note_sent(row)
            return True
        return False

    async def _note_sent(self, row: Row) -> None:
        at = months.to_instant(self.watch.now())

        async def work(connection: Connection) -> None:
            await connection.all(
                update(outbox).where(outbox.c.id == row["id"]).values(sent_at=at, trouble=None)
            )
            await connection.all(_FORGET_DEAD, mail_id=row["id"])
            # A warning counts from when its mail was taken, and so at the very same moment.
            await connection.all(
                update(warnings).where(warnings.c.mail_id == row["id"]).values(sent_at=at)
            )

        await self.house.db.write(work)

    async def _note_trouble(
        self, row: Row, trouble: str, *, tries: int, wait: timedelta | None
    ) -> None:
        due_at = NEVER if wait is None else months.to_instant(self.watch.now() + wait)
        change = update(outbox).where(outbox.c.id == row["id"])

        async def work(connection: Connection) -> None:
            await connection.all(change.values(tries=tries, trouble=trouble[:500], due_at=due_at))
            await connection.all(_FORGET_DEAD, mail_id=row["id"])

        await self.house.db.write(work)

    async def _put_back(self, rows: list[Row], wait: timedelta) -> None:
        due_at = months.to_instant(self.watch.now() + wait)
        trouble = None if self.trouble is None else self.trouble[:500]
        back = [[row["id"], due_at, trouble or row["trouble"]] for row in rows]

        async def work(connection: Connection) -> None:
            await connection.all(_PUT_BACK, rows=back)

        await self.house.db.write(work)


def _letter(row: Row) -> Letter:
    return Letter(
        recipient=row["recipient"],
        subject=row["subject"],
        body=row["body"],
        html=row["html"],
        message_id=row["message_id"],
        created_at=months.from_instant(row["created_at"]),
        language=row["language"] or ENGLISH,
    )
