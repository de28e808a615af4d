"""Mail and a real mail server: encrypted, signed in, in every mood that servers have."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from irl import carriers, outbox
from irl.house import House
from tests.conftest import NOW
from tests.irl.conftest import Rows
from tests.irl.test_outbox import with_mail, write
from tests.mailserver import DROPS, GOOD, MailServer, Mood, make_certificates

pytestmark = pytest.mark.anyio

SOON = NOW + timedelta(minutes=2)
NOT_NOW = Mood(rcpt="450 Mailbox busy")
NEVER = Mood(rcpt="550 No such mailbox")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    make_certificates(folder)
    return folder


@pytest.fixture
def server(certificates: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MailServer]:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates / "root.pem"))
    server = MailServer(certificates)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def house(house: House, server: MailServer) -> House:
    return with_mail(house, mail_url=server.url)


def part(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    assert body is not None
    content: str = body.get_content()
    return content


async def people(house: House, count: int) -> list[str]:
    """Write one mail to each of so many people."""
    addresses = [f"person{i}@house.example" for i in range(count)]
    for address in addresses:
        await write(house, recipient=address)
    return addresses


async def test_a_mail_goes_encrypted_and_signed_in_as_text_and_html(
    house: House, server: MailServer, rows: Rows
) -> None:
    await write(house, subject="Grüße & mehr", body="Schön <b>.\n\nhttps://irl.example/a?b=1&c=2\n")
    assert await outbox.send_waiting(house, now=NOW) == 1
    [mail] = server.taken
    assert mail["Subject"] == "Grüße & mehr"
    assert mail.get_content_type() == "multipart/alternative"
    assert "Schön <b>." in part(mail, "plain")
    page = part(mail, "html")
    assert "Schön &lt;b&gt;." in page
    assert 'href="https://irl.example/a?b=1&amp;c=2"' in page
    [row] = await rows("SELECT * FROM outbox")
    assert (row["tries"], row["trouble"]) == (0, None)
    assert row["sent_at"] is not None


async def test_many_mails_share_a_connection(house: House, server: MailServer) -> None:
    await people(house, 60)
    assert await outbox.send_waiting(house, now=NOW) == 60
    assert server.sessions == 2
    assert max(server.counts().values()) == 1


async def test_a_server_whose_certificate_nobody_signed_for_is_told_nothing(
    house: House, server: MailServer, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    await write(house)
    assert await outbox.send_waiting(house, now=NOW) == 0
    assert server.asked == server.sessions == 0
    [row] = await rows("SELECT * FROM outbox")
    assert "certificate" in row["trouble"].lower()
    assert row["tries"] == 0


async def test_a_wrong_password_costs_no_mail(house: House, server: MailServer, rows: Rows) -> None:
    await people(house, 3)
    good = server.url
    with_mail(house, mail_url=good.replace("house:", "house:x"))
    for day in range(40):
        assert await outbox.send_waiting(house, now=NOW + timedelta(days=day)) == 0
    assert all("535" in row["trouble"] for row in await rows("SELECT * FROM outbox"))
    with_mail(house, mail_url=good)
    assert await outbox.send_waiting(house, now=NOW + timedelta(days=41)) == 3
    assert max(server.counts().values()) == 1


async def test_while_the_server_is_down_all_wait_and_then_arrive_once(
    house: House, server: MailServer, rows: Rows
) -> None:
    server.stop()
    addresses = await people(house, 20)
    now = NOW
    for _ in range(60):
        assert await outbox.send_waiting(house, now=now) == 0
        now += timedelta(hours=5)
    assert {row["tries"] for row in await rows("SELECT tries FROM outbox")} == {0}
    server.start()
    assert await outbox.send_waiting(house, now=now) == 20
    assert await outbox.send_waiting(house, now=now + timedelta(days=1)) == 0
    assert sorted(mail["To"] for mail in server.taken) == sorted(addresses)


async def test_one_who_cannot_get_it_now_gets_it_later_and_holds_up_nobody(
    house: House, server: MailServer
) -> None:
    await people(house, 5)
    server.mood = lambda to: NOT_NOW if to.startswith("person2") else GOOD
    assert await outbox.send_waiting(house, now=NOW) == 4
    server.mood = lambda _to: GOOD
    assert await outbox.send_waiting(house, now=NOW) == 0
    assert await outbox.send_waiting(house, now=SOON) == 1
    assert set(server.counts().values()) == {1}
    assert len(server.counts()) == 5


@pytest.mark.parametrize("mood", [NEVER, Mood(data="554 Not wanted here")])
async def test_one_who_will_never_get_it_is_tried_once_and_the_trouble_is_noted(
    house: House, server: MailServer, rows: Rows, mood: Mood
) -> None:
    await people(house, 5)
    server.mood = lambda to: mood if to.startswith("person2") else GOOD
    assert await outbox.send_waiting(house, now=NOW) == 4
    asked = server.asked
    for days in range(1, 30):
        assert await outbox.send_waiting(house, now=NOW + timedelta(days=days)) == 0
    assert server.asked == asked
    [row] = await rows("SELECT * FROM outbox WHERE sent_at IS NULL")
    assert (row["recipient"], row["tries"]) == ("person2@house.example", 1)
    assert (mood.rcpt if mood is NEVER else mood.data)[:3] in row["trouble"]


async def test_who_always_says_later_is_left_after_about_five_days(
    house: House, server: MailServer, rows: Rows
) -> None:
    await write(house)
    server.mood = lambda _to: Mood(data="451 Greylisted")
    now = NOW
    while (await rows("SELECT tries FROM outbox"))[0]["tries"] < outbox.MOST_TRIES:
        assert await outbox.send_waiting(house, now=now) == 0
        now += timedelta(minutes=61)
    assert timedelta(days=4.5) < now - NOW < timedelta(days=5.5)
    asked = server.asked
    assert await outbox.send_waiting(house, now=now + timedelta(days=300)) == 0
    assert server.asked == asked


async def test_a_slow_server_gets_its_time(house: House, server: MailServer) -> None:
    await people(house, 2)
    server.mood = lambda _to: Mood(wait_s=0.5)
    assert await outbox.send_waiting(house, now=NOW) == 2
    assert set(server.counts().values()) == {1}


async def test_a_server_that_is_too_slow_is_left_and_asked_again_later(
    house: House, server: MailServer, rows: Rows
) -> None:
    await people(house, 3)
    slow = Mood(wait_s=3, takes=False)
    server.mood = lambda to: slow if to.startswith("person1") else GOOD
    assert await outbox.send_waiting(house, now=NOW, patience_s=0.5) == 2
    [row] = await rows("SELECT * FROM outbox WHERE sent_at IS NULL")
    assert "Timeout" in row["trouble"]
    server.mood = lambda _to: GOOD
    assert await outbox.send_waiting(house, now=SOON) == 1
    assert sorted(server.counts().values()) == [1, 1, 1]


async def test_a_server_that_hangs_up_before_its_answer_gets_the_same_mail_again(
    house: House, server: MailServer
) -> None:
    await people(house, 3)
    server.mood = lambda to: DROPS if to.startswith("person1") else GOOD
    assert await outbox.send_waiting(house, now=NOW) == 2
    server.mood = lambda _to: GOOD
    assert await outbox.send_waiting(house, now=SOON) == 1
    assert await outbox.send_waiting(house, now=NOW + timedelta(days=1)) == 0
    [first, again] = server.to("person1@house.example")
    assert first["Message-ID"] == again["Message-ID"]
    assert first.get_body() is not None
    assert len(server.counts()) == 3


async def test_two_senders_at_once_send_each_mail_once(house: House, server: MailServer) -> None:
    await people(house, 40)
    sent = await asyncio.gather(*(outbox.send_waiting(house, now=NOW) for _ in range(3)))
    assert sum(sent) == 40
    assert set(server.counts().values()) == {1}


async def test_what_a_dead_sender_had_taken_is_sent_after_its_time(
    house: House, server: MailServer
) -> None:
    await people(house, 4)
    server.mood = lambda _to: Mood(wait_s=60, takes=False)
    dying = asyncio.create_task(outbox.send_waiting(house, now=NOW))
    while not server.asked:  # noqa: ASYNC110 - it is asked in another thread
        await asyncio.sleep(0.02)
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    server.mood = lambda _to: GOOD
    assert await outbox.send_waiting(house, now=NOW + timedelta(minutes=5)) == 0
    assert await outbox.send_waiting(house, now=NOW + timedelta(minutes=11)) == 4
    assert set(server.counts().values()) == {1}


async def test_who_is_told_to_stop_ends_the_mail_and_leaves_the_rest_at_once(
    house: House, server: MailServer
) -> None:
    await people(house, 20)
    assert await outbox.send_waiting(house, now=NOW, go_on=lambda: len(server.taken) < 5) == 5
    assert await outbox.send_waiting(house, now=NOW + timedelta(seconds=1)) == 15
    assert set(server.counts().values()) == {1}


async def test_a_round_that_outlasts_its_lease_gives_the_rest_back(
    house: House, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await people(house, 6)
    monkeypatch.setattr(outbox, "TAKEN_FOR", timedelta(seconds=2.5))
    server.mood = lambda _to: Mood(wait_s=0.6)
    both = [outbox.send_waiting(house, now=NOW, patience_s=1) for _ in range(2)]
    assert sum(await asyncio.gather(*both)) == 6
    assert set(server.counts().values()) == {1}


async def test_a_server_without_smtputf8_is_not_asked_for_what_it_cannot(
    house: House, server: MailServer, rows: Rows
) -> None:
    server.stop()
    server.options = {"enable_SMTPUTF8": False}
    server.start()
    await write(house, recipient="jürgen@house.example")
    await write(house, recipient="dora@müller.example", body="Grüße.\n")
    assert await outbox.send_waiting(house, now=NOW) == 1
    [row] = await rows("SELECT * FROM outbox WHERE sent_at IS NULL")
    assert "SMTPUTF8" in row["trouble"]


async def test_what_is_of_no_use_any_more_is_not_sent(house: House, server: MailServer) -> None:
    async def late(connection: object) -> None:
        await outbox.post(
            connection,  # type: ignore[arg-type]
            recipient="dora@house.example",
            subject="Tonight",
            body="It begins at eight.\n",
            expires_at=NOW + timedelta(hours=1),
            now=NOW,
        )

    await house.db.write(late)
    assert await outbox.send_waiting(house, now=NOW + timedelta(hours=1)) == 0
    assert server.taken == []


def test_the_patience_for_a_batch_ends_before_its_lease() -> None:
    longest = timedelta(seconds=2 * carriers.PATIENCE_S) * (outbox._TOGETHER + 1)
    assert longest < outbox.TAKEN_FOR
