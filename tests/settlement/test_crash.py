"""Killed anywhere and run again, a settlement leaves the very same ledger."""

from __future__ import annotations

import asyncio
import collections
import itertools
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from irl import settlement
from irl.house import House, opened
from irl.money import charities
from irl.settings import Settings
from irl.settlement import audit
from tests import postgres
from tests.cast import Cast
from tests.settlement import crash
from tests.settlement.conftest import NOVEMBER, day, ledger, run

ROOT = Path(__file__).parents[2]
SAMPLE = 10
"""Kills of each kind in an ordinary run; all of them with IRL_LONG=1."""

_WRITES = "pwrite64,write,fdatasync,fsync,ftruncate"
Fresh = Callable[[], str]


async def _fill(house: House) -> None:
    """A month with everything in it: shares, odd micros, voids, charity, several lots."""
    members = Cast(house, day(2))
    await charities.add(house, name="The house's", url="https://charity.example", now=day(1))
    works = [await members.payload(f"Maker{i % 3}", f"Work {i}") for i in range(6)]
    for i in range(6):
        members.now = day(2 + 4 * i)
        member = await members.funds(f"Giver{i}", euros=10, budget=2 + i)
        if i:
            await members.funds(f"Giver{i}", euros=8)
            await members.scan(f"Giver{i}", *works[: i + 1])
        else:
            for days in (7, 2):
                await run(
                    house,
                    "INSERT INTO warnings (month, member_id, days, sent_at)"
                    f" VALUES (202611, {member.id}, {days}, 1)",
                )
    await run(house, "UPDATE things SET hidden_at = 1 WHERE id = 2")


T = TypeVar("T")


def _in_house(url: str, work: Callable[[House], Awaitable[T]]) -> T:
    async def inside() -> T:
        async with opened(Settings(database_url=url, sandbox=True, invite_only=True)) as house:
            return await work(house)

    return asyncio.run(inside())


@pytest.fixture(autouse=True)
def unmeasured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Coverage hears nothing of a process that is killed, and counting doubles the time of each."""
    monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)


@pytest.fixture(scope="module")
def filled_sqlite(tmp_path_factory: pytest.TempPathFactory, empty_sqlite: Path) -> Path:
    path = tmp_path_factory.mktemp("crash") / "irl.db"
    shutil.copy(empty_sqlite, path)
    _in_house(f"sqlite:///{path}", _fill)
    return path


@pytest.fixture
def fresh_sqlite(filled_sqlite: Path, tmp_path: Path) -> Fresh:
    """Gives the address of a new copy of the filled database at each call."""
    copies = itertools.count()

    def fresh() -> str:
        path = tmp_path / f"{next(copies)}.db"
        shutil.copy(filled_sqlite, path)
        return f"sqlite:///{path}"

    return fresh


@pytest.fixture(scope="module")
def fresh_postgresql(postgresql: postgres.Server) -> Iterator[Fresh]:
    _in_house(postgresql.create("crash_filled", template="template_irl"), _fill)
    copies = itertools.count()
    made = ["crash_filled"]

    def fresh() -> str:
        made.append(f"crash_{next(copies)}")
        return postgresql.create(made[-1], template="crash_filled")

    yield fresh
    for name in made:
        postgresql.drop(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def fresh(request: pytest.FixtureRequest) -> Fresh:
    found: Fresh = request.getfixturevalue(f"fresh_{request.param}")
    return found


async def _settle_and_read(house: House) -> dict[str, list[tuple[object, ...]]]:
    await settlement.settle(house, NOVEMBER, now=crash.NOW)
    assert await audit.audit(house) == []
    return await ledger(house)


def _sample(count: int) -> list[int]:
    assert count >= SAMPLE
    if os.environ.get("IRL_LONG"):
        return list(range(1, count + 1))
    return sorted({1 + round(i * (count - 1) / (SAMPLE - 1)) for i in range(SAMPLE)})


def _killed(url: str, kill_at: int, *before: str) -> subprocess.CompletedProcess[str]:
    command = [*before, sys.executable, "-m", "tests.settlement.crash", url, str(kill_at)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


@pytest.mark.long
@pytest.mark.timeout(600 if os.environ.get("IRL_LONG") else 120)
def test_killed_between_statements_it_ends_the_same(fresh: Fresh) -> None:
    expected = _in_house(fresh(), _settle_and_read)
    whole = _killed(fresh(), 0)
    assert whole.returncode == 0, whole.stderr
    for kill_at in _sample(int(whole.stdout)):
        url = fresh()
        assert _killed(url, kill_at).returncode == -9
        assert _in_house(url, _settle_and_read) == expected, f"killed before {kill_at}"


def _traces() -> bool:
    if shutil.which("strace") is None:
        return False
    tried = subprocess.run(["strace", "-f", "true"], capture_output=True, check=False)
    return tried.returncode == 0


@pytest.mark.skipif(not _traces(), reason="strace is not there or may not trace")
@pytest.mark.long
@pytest.mark.timeout(600 if os.environ.get("IRL_LONG") else 120)
def test_killed_inside_a_write_it_ends_the_same(fresh_sqlite: Fresh, tmp_path: Path) -> None:
    """Every write and sync of the file is a place to die, also within one commit."""
    expected = _in_house(fresh_sqlite(), _settle_and_read)
    log = tmp_path / "strace"
    traced = _killed(fresh_sqlite(), 0, "strace", "-f", "-o", str(log), f"-etrace={_WRITES}")
    assert traced.returncode == 0, traced.stderr
    by_call = collections.Counter(
        (found[1], found[2])
        for line in log.read_text().splitlines()
        if (found := re.match(r"(\d+) +(pwrite64|fdatasync|fsync|ftruncate)\(", line))
    )
    most: dict[str, int] = {}
    for (_, call), count in by_call.items():
        most[call] = max(count, most.get(call, 0))
    points = [(call, n) for call, count in sorted(most.items()) for n in range(1, count + 1)]
    for at in _sample(len(points)):
        call, n = points[at - 1]
        url = fresh_sqlite()
        inject = f"-einject={call}:signal=KILL:when={n}"
        died = _killed(url, 0, "strace", "-f", "-o", "/dev/null", inject)
        assert died.returncode in {-9, 137}, (call, n, died.stderr)
        assert _in_house(url, _settle_and_read) == expected, f"killed in {call} {n}"


def test_of_two_settlers_at_once_one_settles(fresh: Fresh) -> None:
    expected = _in_house(fresh(), _settle_and_read)
    url = fresh()
    command = [sys.executable, "-m", "tests.settlement.crash", url, "0"]
    racing = [
        subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(4)
    ]
    ended = [(each.communicate()[1].decode(), each.returncode) for each in racing]
    assert any(code == 0 for _, code in ended), ended
    for trouble, code in ended:
        assert code == 0 or "SettlerAtWork" in trouble
    assert _in_house(url, _settle_and_read) == expected
