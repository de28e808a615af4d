"""The commands of the domain: what they print, and how they end."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from api.cli import main
from irl import month
from irl.cli import clock as duties
from irl.db import Connection, Database
from irl.house import House, opened
from irl.members import invitations, joining
from irl.settings import Settings
from irl.settlement import errands
from irl.things import reports
from tests.cast import Cast
from tests.irl.conftest import Rows, day

ROOT = Path(__file__).parents[2]
THIS_MONTH = month.text(month.of(datetime.now(UTC)))


@pytest.fixture
def database_url(tmp_path: Path, empty_sqlite: Path) -> str:
    """These commands run on SQLite, as programs of their own do."""
    (tmp_path / "irl.db").write_bytes(empty_sqlite.read_bytes())
    return f"sqlite:///{tmp_path / 'irl.db'}"


@pytest.fixture(autouse=True)
def environment(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IRL_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("IRL_MAIL_URL", settings.mail_url)
    monkeypatch.delenv("PORT", raising=False)


def run(*words: str) -> Result:
    return CliRunner().invoke(main, words)


def program(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from api.cli import main; main()", *words],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | environment,
    )


def test_invite_prints_only_the_codes() -> None:
    result = run("invite", "-n", "3")
    assert result.exit_code == 0
    assert re.fullmatch(r"([0-9a-f]{17}\n){3}", result.stdout)
    assert result.stderr == ""
    assert len(run("invite").stdout.splitlines()) == 1
    assert run("invite", "-n", "0").exit_code == 2


def test_settle_ends_with_what_became_of_it(settings: Settings, tmp_path: Path) -> None:
    assert run("settle", "2099-01").exit_code == 2
    refused = run("settle", THIS_MONTH)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert refused.stderr.startswith("irl: ")
    assert len(refused.stderr.splitlines()) == 1
    assert run("settle", "november").exit_code == 2
    import fcntl

    with (tmp_path / "irl.db.settle").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert run("settle", THIS_MONTH, "--early").exit_code == 75
    done = run("settle", THIS_MONTH, "--early")
    assert (done.exit_code, done.stdout) == (0, f"{THIS_MONTH} is closed\n")
    again = run("settle", THIS_MONTH)
    assert (again.exit_code, again.stdout) == (0, f"{THIS_MONTH} was closed already\n")
    assert settings.plays


def test_early_is_for_play_money_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IRL_SANDBOX", "false")
    result = run("settle", THIS_MONTH, "--early")
    assert result.exit_code == 2
    assert "play money" in result.stderr


def test_audit_finds_what_does_not_add_up(settings: Settings) -> None:
    clean = run("audit")
    assert (clean.exit_code, clean.stdout) == (0, "clean\n")

    async def spoil() -> None:
        async def work(connection: Connection) -> None:
            await connection.run("INSERT INTO balances (account, balance_micros) VALUES (9, 5)")

        async with Database.open(settings.database_url) as database:
            await database.write(work)

    asyncio.run(spoil())
    spoilt = run("audit")
    assert spoilt.exit_code == 1

    async def kept() -> list[bool]:
        async with opened(settings) as house, house.db.reading() as connection:
            rows = await connection.run("SELECT findings FROM audits ORDER BY id")
        return [row["findings"] > 0 for row in rows]

    assert asyncio.run(kept()) == [False, True]
    assert spoilt.stdout
    assert "clean" not in spoilt.stdout


def test_mail_sends_what_waits(settings: Settings) -> None:
    async def ask() -> None:
        async with opened(settings) as house:
            await Cast(house, datetime.now(UTC)).member("Alice")

    asyncio.run(ask())
    assert run("mail").stdout == "1 sent\n"
    assert run("mail").stdout == "0 sent\n"


def test_reports_are_listed_and_decided(settings: Settings) -> None:
    async def report() -> str:
        async with opened(settings) as house:
            thing = await Cast(house, datetime.now(UTC)).thing("Alice", "Lighthouse")
            await reports.send(
                house,
                code=None,
                thing_id=thing.id,
                reason="not_the_maker",
                text="I painted\nthis.",
                address="192.0.2.9",
                now=datetime.now(UTC),
            )
            return thing.id

    thing_id = asyncio.run(report())
    told = f"1 the thing {thing_id} Lighthouse not_the_maker: I painted this.\n"
    assert run("reports", "list").stdout == told
    assert run("reports", "hide", "1").stdout == "1 hide\n"
    assert run("reports", "list").stdout == ""
    assert run("reports", "list", "--hiding").stdout == told
    assert run("reports", "keep", "1").stdout == "1 keep\n"
    assert run("reports", "list", "--hiding").stdout == ""
    again = run("reports", "keep", "1")
    assert (again.exit_code, again.stderr) == (
        2,
        "irl: There is no such report, or it was decided so already.\n",
    )


def test_operator_gives_the_role_and_takes_it(settings: Settings) -> None:
    async def join() -> None:
        async with opened(settings) as house:
            await Cast(house, datetime.now(UTC)).member("Alice")

    asyncio.run(join())
    assert run("operator", "alice@house.example").stdout == "Alice is an operator\n"
    assert run("operator", "alice@house.example", "--no").stdout == "Alice is no operator\n"
    refused = run("operator", "bob@house.example")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert refused.stderr == "irl: Nobody has joined with this e-mail address.\n"


def test_charity_adds_to_the_list() -> None:
    assert run("charity", "Sea Rescue", "https://sea.example").stdout == "1 Sea Rescue\n"
    refused = run("charity", "Sea Rescue", "sea.example")
    assert refused.exit_code == 2
    assert "https://" in refused.stderr


def test_a_retired_charity_leaves_the_list() -> None:
    run("charity", "Sea Rescue", "https://sea.example")
    assert run("charity", "Sea Rescue", "--retire").stdout == "1 Sea Rescue\n"
    refused = run("charity", "Sea Rescue", "--retire")
    assert (refused.exit_code, refused.stdout) == (2, "")


def test_mail_says_what_is_left_and_why(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def ask() -> None:
        async with opened(settings) as house:
            await Cast(house, datetime.now(UTC)).member("Alice")

    asyncio.run(ask())
    monkeypatch.setenv("IRL_MAIL_URL", "smtp://127.0.0.1:9")
    first, second = run("mail").stdout.splitlines()
    assert first == "0 sent"
    assert second.startswith("1 waiting: ")


def test_migrate_makes_the_schema_and_check_only_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "new" / "irl.db"
    monkeypatch.setenv("IRL_DATABASE_URL", f"sqlite:///{path}")
    missing = run("migrate", "--check")
    assert missing.exit_code == 1
    assert not path.exists()
    assert run("migrate").exit_code == 0
    assert run("migrate", "--check").exit_code == 0
    (tmp_path / "file").touch()
    monkeypatch.setenv("IRL_DATABASE_URL", f"sqlite:///{tmp_path / 'file' / 'irl.db'}")
    refused = run("migrate")
    assert refused.exit_code == 2
    assert len(refused.stderr.splitlines()) == 1


@pytest.mark.parametrize("command", ["migrate", "invite", "mail"])
def test_a_bad_setting_ends_every_command_with_one_line(
    monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("IRL_DATABASE_URL", "mysql://host/irl")
    refused = run(command)
    assert refused.exit_code == 2
    assert refused.stderr.startswith("irl: IRL_DATABASE_URL: ")
    assert len(refused.stderr.splitlines()) == 1


def test_the_script_ends_with_the_same_codes(settings: Settings) -> None:
    assert program("settle", THIS_MONTH, "--early", IRL_SANDBOX="false").returncode == 2
    assert program("audit").returncode == 0
    assert settings.plays


def test_the_clock_sends_mail_until_it_is_stopped(settings: Settings, tmp_path: Path) -> None:
    async def ask() -> None:
        async with opened(settings) as house:
            await Cast(house, datetime.now(UTC)).member("Alice")

    asyncio.run(ask())
    clock = subprocess.Popen(
        [sys.executable, "-c", "from irl.cli.clock import clock; clock([])"],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 20
    while not list(tmp_path.glob("outbox/*.eml")) and time.monotonic() < deadline:
        time.sleep(0.05)
    clock.send_signal(signal.SIGTERM)
    said = clock.communicate(timeout=20)[1]
    assert (clock.returncode, said) == (0, "")
    assert len(list(tmp_path.glob("outbox/*.eml"))) == 1


@pytest.mark.anyio
async def test_chores_close_what_is_due_in_order_and_wait_for_the_rest(
    house: House, members: Cast, rows: Rows, capsys: pytest.CaptureFixture[str]
) -> None:
    await members.funds("Bob", euros=20, budget=5)
    await members.scan("Bob", await members.payload("Alice", "Lighthouse"))
    await duties.chores(house, now=day(2, 12))
    assert await rows("SELECT * FROM months") == []
    assert "2026-11" in capsys.readouterr().err
    [invitation] = await invitations.issue(house, 1, now=members.now)
    await joining.ask(
        house,
        email="never@house.example",
        nickname="Never",
        password="a password of nobody",
        invitation=invitation,
        pocket=None,
        address="192.0.2.1",
        now=members.now,
    )
    await duties.chores(house, now=day(4, 1) + timedelta(days=365))
    closed = await rows("SELECT month FROM months WHERE state = 'closed' ORDER BY month")
    assert [row["month"] for row in closed] == [202611, 202612]
    assert await rows("SELECT * FROM joinings") == []
    assert capsys.readouterr().err == ""


@pytest.mark.anyio
async def test_the_clock_audits_once_a_day_and_does_errands(house: House, rows: Rows) -> None:
    await duties.audit(house, lambda: True)
    await duties.audit(house, lambda: True)
    assert len(await rows("SELECT * FROM audits")) == 1
    await errands.ask_to_audit(house, now=datetime.now(UTC))
    await duties.do_errands(house, lambda: True)
    assert len(await rows("SELECT * FROM audits")) == 2


@pytest.mark.anyio
async def test_an_audit_is_given_up_when_the_clock_is_to_stop(house: House, rows: Rows) -> None:
    await duties.audit(house, lambda: False)
    assert await rows("SELECT * FROM audits") == []
    await duties.audit(house, lambda: True)
    assert len(await rows("SELECT * FROM audits")) == 1
