"""Mail that waits in the database: written in the transaction of what it tells about, sent later.

A request never talks to a mail server. The `clock` process (or `irl mail`) sends what is due, and
tries again later what failed; each mail keeps one Message-ID, so that a receiver knows a repeat.
"""

from __future__ import annotations

import asyncio
import contextlib
import email.policy
import os
import secrets
import ssl
import tempfile
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

import aiosmtplib
from email_validator import validate_email
from sqlalchemy import bindparam, insert, select, update

from irl import month as months
from irl.db import Connection, Row
from irl.house import House
from irl.schema import outbox

MOST_TRIES: Final = 12

# Lines up to RFC 5322's limit stay whole, so that a link in a mail is never broken in two.
_POLICY: Final = email.policy.SMTP.clone(max_line_length=998)

_AT_A_TIME: Final = 100
_SMTP_TIMEOUT_S: Final = 20
_TAKEN_FOR: Final = timedelta(minutes=10)
_WAITS_MINUTES: Final = (1, 2, 5, 10, 30, 60, 120, 240)

_WAITING: Final = (
    select(outbox.c.id)
    .where(outbox.c.sent_at.is_(None), outbox.c.due_at <= bindparam("now_at"))
    .where(outbox.c.tries < MOST_TRIES)
    .order_by(outbox.c.id)
    .limit(_AT_A_TIME)
)
# Who takes a mail moves its due time on, so that nobody else sends it meanwhile.
_TAKE: Final = (
    update(outbox)
    .where(outbox.c.id == bindparam("mail"), outbox.c.sent_at.is_(None))
    .where(outbox.c.due_at <= bindparam("now_at"))
    .values(due_at=bindparam("until_at"))
    .returning(*outbox.c)
)


async def post(
    connection: Connection, *, recipient: str, subject: str, body: str, now: datetime
) -> None:
    """Write a mail into the outbox, in the caller's transaction."""
    at = months.to_instant(now)
    await connection.all(
        insert(outbox).values(
            recipient=recipient,
            subject=subject,
            body=body,
            message_id=secrets.token_hex(16),
            created_at=at,
            due_at=at,
            tries=0,
        )
    )


async def send_waiting(house: House, *, now: datetime) -> int:
    """Send every mail that is due; give how many went out.

    A mail that cannot be delivered stays, with the trouble noted, and is tried again later. A
    mail is marked as sent after the server took it; a crash in between sends it once more under
    the same Message-ID.
    """
    sent = 0
    while waiting := await _waiting(house, now):
        for mail in waiting:
            row = await house.db.write(partial(_take, mail=mail, now=now))
            if row is None:
                continue
            trouble = await _deliver(house, row)
            await house.db.write(partial(_note, row=row, trouble=trouble, now=now))
            sent += trouble is None
    return sent


async def _waiting(house: House, now: datetime) -> list[int]:
    async with house.db.reading() as connection:
        rows = await connection.all(_WAITING, now_at=months.to_instant(now))
    return [row["id"] for row in rows]


async def _take(connection: Connection, *, mail: int, now: datetime) -> Row | None:
    until = months.to_instant(now + _TAKEN_FOR)
    return await connection.one(_TAKE, mail=mail, now_at=months.to_instant(now), until_at=until)


async def _note(connection: Connection, *, row: Row, trouble: str | None, now: datetime) -> None:
    change = update(outbox).where(outbox.c.id == row["id"])
    if trouble is None:
        await connection.all(change.values(sent_at=months.to_instant(now), trouble=None))
        return
    wait = timedelta(minutes=_WAITS_MINUTES[min(row["tries"], len(_WAITS_MINUTES) - 1)])
    await connection.all(
        change.values(
            tries=row["tries"] + 1, trouble=trouble[:500], due_at=months.to_instant(now + wait)
        )
    )


async def _deliver(house: House, row: Row) -> str | None:
    """Deliver one mail; give what went wrong, or None."""
    url = urlsplit(house.settings.mail_url)
    try:
        message = compose(house, row)
        if url.scheme == "file":
            await asyncio.to_thread(_write_file, Path(unquote(url.path)), row, message)
        else:
            await _send_smtp(url, message)
    except (OSError, aiosmtplib.SMTPException, ValueError) as trouble:
        return f"{type(trouble).__name__}: {trouble}"
    return None


def compose(house: House, row: Row) -> EmailMessage:
    """Build the message of an outbox row (RFC 5322); headers refuse line breaks by themselves.

    Domains go in ASCII (RFC 5891); only a recipient's own name beyond ASCII needs RFC 6531.
    """
    to = validate_email(row["recipient"], check_deliverability=False, globally_deliverable=False)
    message = EmailMessage(policy=_POLICY.clone(utf8=to.smtputf8))
    name, sender = parseaddr(house.settings.mail_from)
    message["From"] = Address(display_name=name, addr_spec=sender)
    message["To"] = Address(username=to.local_part, domain=to.ascii_domain)
    message["Subject"] = row["subject"]
    message["Date"] = format_datetime(months.from_instant(row["created_at"]))
    message["Message-ID"] = f"<{row['message_id']}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834
    message.set_content(row["body"])
    return message


def _write_file(folder: Path, row: Row, message: EmailMessage) -> None:
    """Write `<number>-<message id>.eml` at once or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{row['id']:08}-{row['message_id'][:8]}.eml"
    handle, temporary = tempfile.mkstemp(dir=folder, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(message.as_bytes())
        Path(temporary).replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise


async def _send_smtp(url: SplitResult, message: EmailMessage) -> None:
    implicit = url.scheme == "smtps"
    client = aiosmtplib.SMTP(
        hostname=url.hostname,
        port=url.port or {"smtps": 465, "smtp+starttls": 587}.get(url.scheme, 25),
        use_tls=implicit,
        start_tls=url.scheme == "smtp+starttls",
        tls_context=ssl.create_default_context() if url.scheme != "smtp" else None,
        timeout=_SMTP_TIMEOUT_S,
    )
    async with client:
        if url.username:
            await client.login(unquote(url.username), unquote(url.password or ""))
        await client.send_message(message)
