"""Mail: written with what it tells about, delivered later, kept until somebody took it."""

from __future__ import annotations

import asyncio
import email
import email.policy
import html
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope

from irl import outbox
from irl.db import Connection
from irl.house import House
from tests.cast import Cast
from tests.conftest import NOW
from tests.irl.conftest import Rows

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


async def write(house: House, **said: Any) -> None:
    known = {"recipient": "dora@house.example", "subject": "Hello", "body": "Hello Dora.\n"}

    async def work(connection: Connection) -> None:
        await outbox.post(connection, **known | said, now=NOW)

    await house.db.write(work)


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    content: str = body.get_content()
    return content.replace("\r\n", "\n")


def files(house: House) -> list[Path]:
    return sorted(Path(house.settings.mail_url.removeprefix("file:")).glob("*.eml"))


def delivered(house: House) -> list[EmailMessage]:
    return [
        email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        for file in files(house)
    ]


def with_mail(house: House, **changes: object) -> House:
    object.__setattr__(house, "settings", house.settings.model_copy(update=changes))
    return house


@dataclass
class Inbox:
    """A mail server's own end: it takes what comes, or says what it is told to say."""

    answer: str = "250 OK"
    envelopes: list[Envelope] = field(default_factory=list)

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:  # noqa: ARG002, N802
        if self.answer.startswith("250"):
            self.envelopes.append(envelope)
        return self.answer


@contextmanager
def smtp(**options: Any) -> Iterator[tuple[Inbox, int]]:
    inbox = Inbox()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    server = Controller(inbox, hostname="127.0.0.1", port=port, **options)
    server.start()
    try:
        yield inbox, port
    finally:
        server.stop()


async def test_a_mail_becomes_a_file_that_reads_back(house: House) -> None:
    body = "Grüße aus Zürich,\n\nhttp://localhost/verify?token=" + "a" * 300 + "\n"
    await write(house, subject="Schöne Grüße 👋", body=body)
    assert await outbox.send_waiting(house, now=NOW) == 1
    [mail] = delivered(house)
    assert mail["To"] == "dora@house.example"
    assert mail["From"] == "flattr in real life <house@localhost>"
    assert mail["Subject"] == "Schöne Grüße 👋"
    assert mail["Date"].datetime == NOW
    assert mail["Message-ID"].endswith("@localhost>")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert text_of(mail) == body
    assert await outbox.send_waiting(house, now=NOW + timedelta(days=1)) == 0


async def test_a_link_stays_whole_in_the_file(house: House, members: Cast) -> None:
    await members.member("Alice")
    await outbox.send_waiting(house, now=members.now)
    [file] = files(house)
    assert file.read_bytes().count(b"http://localhost:8000/verify?token=") == 1


async def test_everything_that_is_due_goes_out(house: House) -> None:
    for i in range(130):
        await write(house, subject=f"Mail {i}")
    assert await outbox.send_waiting(house, now=NOW) == 130
    assert [mail["Subject"] for mail in delivered(house)] == [f"Mail {i}" for i in range(130)]


async def test_two_senders_at_once_send_each_mail_once(house: House) -> None:
    for i in range(20):
        await write(house, subject=f"Mail {i}")
    sent = await asyncio.gather(*(outbox.send_waiting(house, now=NOW) for _ in range(2)))
    assert sum(sent) == 20


@pytest.mark.parametrize(
    "recipient", ["jürgen@house.example", "dora@müller.example", "jürgen@müller.example"]
)
async def test_addresses_with_umlauts_get_their_mail(house: House, recipient: str) -> None:
    await write(house, recipient=recipient)
    with smtp(enable_SMTPUTF8=True) as (inbox, port):
        await outbox.send_waiting(with_mail(house, mail_url=f"smtp://127.0.0.1:{port}"), now=NOW)
        [envelope] = inbox.envelopes
    local, _, domain = recipient.partition("@")
    assert envelope.rcpt_tos == [f"{local}@{domain.encode('idna').decode()}"]


async def test_a_mail_that_cannot_be_sent_holds_up_no_other(house: House, rows: Rows) -> None:
    for recipient in ("no address", "a@b\nBcc: all@house.example", "dora@house.example"):
        await write(house, recipient=recipient)
    await write(house, subject="a\nBcc: all@house.example")
    assert await outbox.send_waiting(house, now=NOW) == 1
    [mail] = delivered(house)
    assert mail["To"] == "dora@house.example"
    assert mail["Bcc"] is None
    waiting = await rows("SELECT * FROM outbox WHERE sent_at IS NULL")
    assert len(waiting) == 3
    assert all(row["trouble"] for row in waiting)


async def test_a_server_takes_the_mail(house: House, rows: Rows) -> None:
    await write(house, subject="Grüße", body="Schön.\n")
    with smtp() as (inbox, port):
        house = with_mail(house, mail_url=f"smtp://127.0.0.1:{port}")
        assert await outbox.send_waiting(house, now=NOW) == 1
        [envelope] = inbox.envelopes
    assert isinstance(envelope.content, bytes)
    mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    assert (envelope.mail_from, envelope.rcpt_tos) == ("house@localhost", ["dora@house.example"])
    assert (mail["Subject"], text_of(mail)) == ("Grüße", "Schön.\n")
    [row] = await rows("SELECT * FROM outbox")
    assert (row["tries"], row["trouble"]) == (0, None)


async def test_what_a_server_refuses_stays_and_is_sent_later_as_the_same_mail(
    house: House, rows: Rows
) -> None:
    await write(house)
    with smtp() as (inbox, port):
        house = with_mail(house, mail_url=f"smtp://127.0.0.1:{port}")
        inbox.answer = "451 Try again later"
        assert await outbox.send_waiting(house, now=NOW) == 0
        [kept] = await rows("SELECT * FROM outbox")
        assert kept["tries"] == 1
        assert "451" in kept["trouble"]
        inbox.answer = "250 OK"
        assert await outbox.send_waiting(house, now=NOW) == 0  # not yet due
        assert await outbox.send_waiting(house, now=NOW + timedelta(minutes=2)) == 1
        [envelope] = inbox.envelopes
    assert f"<{kept['message_id']}@localhost>".encode() in (envelope.content or b"")
    [sent] = await rows("SELECT * FROM outbox")
    assert (sent["trouble"], sent["message_id"]) == (None, kept["message_id"])


async def test_a_server_that_is_not_there_costs_no_mail_a_try(house: House, rows: Rows) -> None:
    await write(house)
    house = with_mail(house, mail_url="smtp://127.0.0.1:9")
    assert await outbox.send_waiting(house, now=NOW) == 0
    [row] = await rows("SELECT * FROM outbox")
    assert (row["tries"], row["sent_at"]) == (0, None)
    assert "refused" in row["trouble"].lower() or "connect" in row["trouble"].lower()


async def test_a_server_that_must_be_secure_is_told_nothing_without_tls(
    house: House, rows: Rows
) -> None:
    await write(house)
    with smtp() as (inbox, port):
        for scheme in ("smtp+starttls", "smtps"):
            with_mail(house, mail_url=f"{scheme}://me:secret@127.0.0.1:{port}")
            assert await outbox.send_waiting(house, now=NOW + timedelta(days=1)) == 0
            await house.db.write(_due_again)
        assert inbox.envelopes == []
    [row] = await rows("SELECT * FROM outbox")
    assert row["tries"] == 0
    assert row["trouble"]


async def _due_again(connection: Connection) -> None:
    await connection.run("UPDATE outbox SET due_at = 0")


async def test_a_folder_that_cannot_be_written_keeps_the_mail(
    house: House, rows: Rows, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    await write(house)
    house = with_mail(house, mail_url=f"file:{tmp_path / 'file'}")
    assert await outbox.send_waiting(house, now=NOW) == 0
    [row] = await rows("SELECT * FROM outbox")
    assert "FileExistsError" in row["trouble"]


async def test_a_file_that_cannot_be_put_in_its_place_leaves_no_trace(
    house: House, rows: Rows, tmp_path: Path
) -> None:
    await write(house)
    [row] = await rows("SELECT * FROM outbox")
    in_the_way = tmp_path / "outbox" / f"{row['id']:08}-{row['message_id'][:8]}.eml"
    in_the_way.mkdir(parents=True)
    assert await outbox.send_waiting(house, now=NOW) == 0
    assert list((tmp_path / "outbox").iterdir()) == [in_the_way]


async def test_the_same_message_id_is_posted_once(house: House, rows: Rows) -> None:
    named = outbox.message_id("ab" * 16, "warning", 202611, 7)
    assert named.startswith("warning-202611-7-")
    assert named != outbox.message_id("cd" * 16, "warning", 202611, 7)
    await write(house, message_id=named)
    await write(house, message_id=named, body="Other words.\n")
    assert await outbox.send_waiting(house, now=NOW) == 1
    await write(house, message_id=named)
    assert await outbox.send_waiting(house, now=NOW) == 0
    [mail] = delivered(house)
    assert (mail["Message-ID"], text_of(mail)) == (f"<{named}@localhost>", "Hello Dora.\n")
    assert len(await rows("SELECT id FROM outbox")) == 1


async def test_the_page_says_what_the_text_says_and_loads_nothing(house: House) -> None:
    body = 'Hello "Dora" <script>&amp;,\nsecond line:\n\nhttp://localhost:8000/t/A?b=1&c=2.\n'
    await write(house, subject="<i>1 & 2</i>", body=body)
    await outbox.send_waiting(house, now=NOW)
    [mail] = delivered(house)
    found = mail.get_body(("html",))
    assert found is not None
    page = found.get_content()
    assert page.count("<p ") == 2
    assert "<script" not in page
    assert "src=" not in page
    assert "<title>&lt;i&gt;1 &amp; 2&lt;/i&gt;</title>" in page
    link = "http://localhost:8000/t/A?b=1&amp;c=2"
    assert f'<a href="{link}">{link}</a>.' in page
    words = html.unescape(re.sub(r"<[^>]*>", "", page.partition("<body")[2].partition(">")[2]))
    assert words.split() == body.split()


async def test_a_page_of_its_own_goes_out_as_it_is(house: House) -> None:
    await write(house, html="<p>Hello Dora</p>")
    await outbox.send_waiting(house, now=NOW)
    [mail] = delivered(house)
    found = mail.get_body(("html",))
    assert found is not None
    assert found.get_content().strip() == "<p>Hello Dora</p>"


async def test_sent_mails_are_forgotten_after_their_days_and_waiting_ones_are_not(
    house: House, rows: Rows
) -> None:
    await write(house)
    await write(house, recipient="no address")
    await outbox.send_waiting(house, now=NOW)
    await write(house, subject="Waits")
    month = timedelta(days=house.rules.mail_days)
    await outbox.forget_old(house, now=NOW + month)
    assert len(await rows("SELECT id FROM outbox")) == 3
    await outbox.forget_old(house, now=NOW + month + timedelta(seconds=1))
    assert [row["subject"] for row in await rows("SELECT subject FROM outbox")] == ["Waits"]
