"""Mail servers that are down, slow, busy or rude: no request suffers, each mail arrives once."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import httpx2
import pytest

from irl import outbox
from irl.db import Connection
from irl.house import House, opened
from irl.outbox import Mail
from irl.settings import Settings
from tests.conftest import NOW
from tests.mailserver import DROPS, GOOD, MailServer, Mood, make_certificates
from tests.service import running
from tests.trials.street import LONG

pytestmark = pytest.mark.long

MAILS, SEEDS = (400, 20) if LONG else (60, 2)
PATIENCE_S = 1.0

LATER = (
    Mood(rcpt="450 Mailbox busy"),
    Mood(rcpt="421 Closing"),
    Mood(data="451 Try again"),
    Mood(wait_s=2 * PATIENCE_S, takes=False),
)
NEVER = (Mood(rcpt="550 No such mailbox"), Mood(data="554 Refused"))


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MailServer]:
    root = make_certificates(tmp_path / "certificates")
    monkeypatch.setenv("SSL_CERT_FILE", str(root))
    server = MailServer(tmp_path / "certificates")
    server.start()
    yield server
    server.stop()


class Rude:
    """A server's mood for each recipient: bad now and then, and for some for good."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.bad = 0.3
        self.refused: set[str] = set()
        self.now: dict[str, Mood] = {}

    def __call__(self, recipient: str) -> Mood:
        # The same mood for the recipient and for the data of one try.
        if recipient in self.now:
            return self.now.pop(recipient)
        mood = self._next(recipient)
        if mood.rcpt.startswith("250"):
            self.now[recipient] = mood
        return mood

    def _next(self, recipient: str) -> Mood:
        if self.chance.random() >= self.bad:
            return GOOD
        # One who is too slow costs a second of the trial.
        mood = self.chance.choices([*LATER, *NEVER, DROPS], [4, 2, 4, 0.3, 1, 1, 2])[0]
        if mood in NEVER:
            self.refused.add(recipient)
        return mood


async def _post(house: House, count: int) -> set[str]:
    people = {f"person{i}@house.example" for i in range(count)}
    mails = [
        Mail(recipient=person, subject="Hello", body="Hello.\n", message_id=f"mail-{n}")
        for n, person in enumerate(sorted(people))
    ]

    async def work(connection: Connection) -> None:
        await outbox.post_all(connection, mails, now=NOW)

    await house.db.write(work)
    return people


async def _send_for_hours(house: House, server: MailServer, chance: random.Random) -> datetime:
    """Let two senders send, while the server is down now and then."""
    now = NOW
    for _ in range(6):
        if chance.random() < 0.4:
            server.stop()
            assert await outbox.send_waiting(house, now=now, patience_s=PATIENCE_S) == 0
            server.start()
        both = [outbox.send_waiting(house, now=now, patience_s=PATIENCE_S) for _ in range(2)]
        await asyncio.gather(*both)
        now += timedelta(minutes=chance.randint(1, 60))
    return now


@pytest.mark.timeout(600 if LONG else 120)
@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.anyio
async def test_whatever_the_server_does_each_mail_arrives_once_after_recovery(
    settings: Settings, server: MailServer, seed: int
) -> None:
    mood = Rude(seed)
    server.mood = mood
    dropped: set[str] = set()

    def watched(recipient: str) -> Mood:
        found = mood(recipient)
        if found.hangs_up:
            dropped.add(recipient)
        return found

    server.mood = watched
    settings = settings.model_copy(update={"mail_url": server.url})
    async with opened(settings) as house:
        people = await _post(house, MAILS)
        now = await _send_for_hours(house, server, random.Random(seed))
        mood.bad = 0
        await outbox.send_waiting(house, now=now + timedelta(days=1))
        before = len(server.taken)
        assert await outbox.send_waiting(house, now=now + timedelta(days=30)) == 0
        assert len(server.taken) == before
        async with house.db.reading() as connection:
            left = await connection.run(
                "SELECT recipient, trouble FROM outbox WHERE sent_at IS NULL"
            )
    # Who was refused for good got nothing after that, and everybody else got it.
    assert {row["recipient"] for row in left} <= mood.refused
    assert all(row["trouble"] for row in left)
    got = {mail["To"] for mail in server.taken}
    assert people - mood.refused <= got
    for recipient in people:
        copies = server.to(recipient)
        assert len({mail["Message-ID"] for mail in copies}) <= 1
        assert len(copies) <= 1 or recipient in dropped


@pytest.mark.long
@pytest.mark.parametrize("how", ["down", "rude", *(["silent", "busy"] if LONG else [])])
def test_no_request_suffers_from_a_mail_server_and_the_mails_arrive_after_recovery(
    server: MailServer, tmp_path: Path, empty_sqlite: Path, how: str
) -> None:
    """The whole service, with its clock beside it, and people who join meanwhile."""
    moods = {
        "silent": Mood(wait_s=300, takes=False),
        "busy": Mood(rcpt="450 Busy"),
        "rude": Mood(hangs_up=True, takes=False),
    }
    (tmp_path / "irl.db").write_bytes(empty_sqlite.read_bytes())
    url = f"sqlite:///{tmp_path / 'irl.db'}"
    if how == "down":
        server.stop()
    else:
        server.mood = lambda _to: moods[how]
    with running(tmp_path, url, IRL_MAIL_URL=server.url) as service:
        clock = service.beside("clock")
        try:
            codes = service.irl("invite", "-n", "20").split()
            slowest = _join(service.client(), codes)
        finally:
            clock.kill()
            clock.wait(10)
    assert slowest < 5
    assert server.taken == []
    server.mood = lambda _to: GOOD
    if server.controller is None:
        server.start()
    later = Settings(database_url=url, mail_url=server.url, sandbox=True)
    asyncio.run(_recover(later))
    assert sorted(mail["To"] for mail in server.taken) == sorted(_people(20))
    assert set(server.counts().values()) == {1}


def _people(count: int) -> list[str]:
    return [f"person{i}@street.example" for i in range(count)]


def _join(web: httpx2.Client, codes: list[str]) -> float:
    """Let people ask to join; give how long the slowest waited for the answer."""
    slowest = 0.0
    for person, code in zip(_people(len(codes)), codes, strict=True):
        begun = time.monotonic()
        answer = web.post(
            "/api/v1/members",
            json={
                "email": person,
                "nickname": person.partition("@")[0],
                "password": "standing before it",
                "invitation": code,
            },
        )
        slowest = max(slowest, time.monotonic() - begun)
        assert answer.status_code == 201, answer.text
    return slowest


async def _recover(settings: Settings) -> None:
    """Send until nothing waits, some hours later by the sender's own clock."""
    async with opened(settings) as house:
        await outbox.send_waiting(house, now=datetime.now(NOW.tzinfo) + timedelta(hours=6))
