"""Scans and code pages over HTTP, against a bare Starlette echo under the same server."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import func, insert, select

from irl import migrations, month
from irl.db import WRITER_PRAGMAS, Connection
from irl.house import House, opened
from irl.members import tokens
from irl.schema import flattrs, members, nonces, placements, things
from irl.settings import Settings
from qr.code import address, mint
from scripts.benchmarks.rows import Row, note

CONNECTIONS = 64
GIVERS = 2_000
ROUNDS = 3
SCANS = 20_000
PAGES = 10_000
_SCRIPT = Path(__file__).with_name("wrk.lua")


@dataclass(frozen=True, slots=True)
class Load:
    """What came back under load."""

    good: int
    other: int
    seconds: float
    p50_ms: float
    p99_ms: float

    @property
    def rate(self) -> float:
        """Good answers a second."""
        return self.good / self.seconds


@dataclass(frozen=True, slots=True)
class Stage:
    """A filled database, and who scans what."""

    url: str
    bearers: tuple[str, ...]
    payloads: tuple[str, ...]


def run(name: str) -> Iterator[Row]:
    """Measure `scan` or `page`; ends if wrk is missing."""
    if shutil.which("wrk") is None:
        subprocess.run(["apt-get", "install", "-y", "-q", "wrk"], check=False, capture_output=True)
    if shutil.which("wrk") is None:
        raise SystemExit("bench: wrk is needed and was not found (Debian's package wrk)")
    with tempfile.TemporaryDirectory(prefix="irl-bench-") as folder:
        stage = asyncio.run(_staged(f"sqlite:///{folder}/irl.db"))
        yield from _scan(stage, Path(folder)) if name == "scan" else _page(stage)


def _scan(stage: Stage, folder: Path) -> Iterator[Row]:
    note(
        f"{ROUNDS} rounds of {SCANS} scans, each a new member, thing and nonce, after as many echoes"
    )
    note(f"{CONNECTIONS} connections, one worker; SQLite pragmas: {', '.join(WRITER_PRAGMAS)}")
    before = _rows(stage.url)
    bare, loads, costs = [], [], []
    with (
        _server("-m", "scripts.benchmarks.echo") as (echo, _),
        _service(stage.url) as (port, served),
    ):
        for number in range(ROUNDS):
            wanted = folder / f"requests-{number}"
            payloads = stage.payloads[number::ROUNDS]
            wanted.write_text("\n".join((*stage.bearers, "", *payloads)) + "\n")
            tag = str(number)
            bare.append(_wrk(echo, "/api/v1/scans", SCANS, wanted, expected="echo", tag=tag))
            began = _cpu_s(served)
            load = _wrk(port, "/api/v1/scans", SCANS, wanted, expected='"flattred"', tag=tag)
            costs.append((_cpu_s(served) - began) / SCANS * 1e6)
            loads.append(load)
        peak = _peak_mb(served)
    landed = tuple(after - b for after, b in zip(_rows(stage.url), before, strict=True))
    good = sum(load.good for load in loads)
    if good != SCANS * ROUNDS or landed != (good, good + sum(load.other for load in loads)):
        raise SystemExit(f"bench: answers {loads}, but flattrs and nonces landed {landed}")
    ratio = median(load.rate / echo.rate for load, echo in zip(loads, bare, strict=True))
    rate, base = median(load.rate for load in loads), median(echo.rate for echo in bare)
    yield Row(bench="scan", case="echo", value=round(base), unit="requests/s")
    yield Row(
        bench="scan",
        case="scan by code, durable",
        value=round(rate),
        unit="requests/s",
        of="echo",
        ratio=round(ratio, 3),
        peak_mb=peak,
    )
    for case, value, unit in (
        (f"p50 at {CONNECTIONS}", median(load.p50_ms for load in loads), "ms"),
        (f"p99 at {CONNECTIONS}", median(load.p99_ms for load in loads), "ms"),
        ("processor time of a scan, all threads", median(costs), "us"),
    ):
        yield Row(bench="scan", case=case, value=round(value, 1), unit=unit)


def _page(stage: Stage) -> Iterator[Row]:
    nothing = Path("-")
    path = "/" + stage.payloads[0].partition("://")[2].partition("/")[2]
    bare, loads = [], []
    with _server("-m", "scripts.benchmarks.echo") as (echo, _), _service(stage.url) as (port, _):
        for _ in range(ROUNDS):
            bare.append(_wrk(echo, "/", PAGES, nothing, expected="hello"))
            loads.append(_wrk(port, path, PAGES, nothing, expected="</html>"))
        weight = _weight_kb(port, path)
    if any(load.good < PAGES for load in loads):
        raise SystemExit(f"bench: {loads}")
    ratio = median(load.rate / echo.rate for load, echo in zip(loads, bare, strict=True))
    yield Row(
        bench="page", case="echo", value=round(median(b.rate for b in bare)), unit="requests/s"
    )
    yield Row(
        bench="page",
        case="code page",
        value=round(median(load.rate for load in loads)),
        unit="requests/s",
        of="echo",
        ratio=round(ratio, 3),
    )
    yield Row(bench="page", case="code page with its styles", value=weight, unit="KB")


async def _staged(url: str) -> Stage:
    """Fill a database: givers with tokens, things with codes, one maker."""
    await asyncio.to_thread(migrations.upgrade, url)
    now = datetime.now(UTC)
    async with opened(_settings(url)) as house:
        issued = await house.db.write(lambda connection: _members(connection, now))
        bearers = [
            (await tokens.issue(house, member, name="bench", scopes=["flattr"], now=now)).token
            for member in issued[1:]
        ]
        payloads = await _codes(house, issued[0], ROUNDS * SCANS // GIVERS)
    return Stage(url, tuple(bearers), payloads)


async def _members(connection: Connection, now: datetime) -> list[int]:
    rows = []
    for number in range(GIVERS + 1):
        joined_at = month.to_instant(now)
        values = {"nickname": f"m{number}", "seal": f"{number:032x}", "joined_at": joined_at}
        rows.append(await connection.value(insert(members).values(values).returning(members.c.id)))
    return rows


async def _codes(house: House, maker: int, count: int) -> tuple[str, ...]:
    codes = [mint() for _ in range(count)]

    async def work(connection: Connection) -> None:
        for number, code in enumerate(codes):
            key = await connection.value(
                insert(things)
                .values(
                    public_id=f"{number:013}",
                    maker_id=maker,
                    title=f"Thing {number}",
                    artist="",
                    description="",
                    url="",
                    category="images",
                    language="en",
                    created_at=0,
                )
                .returning(things.c.id)
            )
            values = {"code": code.number, "thing_id": key, "name": "", "mask": 3, "created_at": 0}
            await connection.all(insert(placements).values(values))

    await house.db.write(work)
    return tuple(address(code, base_url=house.settings.base_url) for code in codes)


def _rows(url: str) -> tuple[int, int]:
    """Count flattrs and nonces as they lie in the database."""

    async def count() -> tuple[int, int]:
        async with opened(_settings(url)) as house, house.db.reading() as connection:
            given = await connection.value(select(func.count()).select_from(flattrs))
            kept = await connection.value(select(func.count()).select_from(nonces))
            return given, kept

    return asyncio.run(count())


def _settings(url: str) -> Settings:
    return Settings(database_url=url, base_url="http://localhost:8000")


def _wrk(
    port: int, path: str, requests: int, wanted: Path, *, expected: str, tag: str = ""
) -> Load:
    """Send a fixed number of requests and wait for all answers."""
    seconds = max(5, requests // 2000)
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(_SCRIPT)]
    command += [f"http://127.0.0.1:{port}{path}", "--", str(requests), str(wanted), expected, tag]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"bench: wrk: {done.stderr or done.stdout}")
    result = done.stdout.partition("RESULT ")[2]
    return Load(**json.loads(result))


@contextmanager
def _service(url: str) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    environment = {"IRL_DATABASE_URL": url, "IRL_SANDBOX": "on"}
    with _server("-m", "scripts.benchmarks.service", **environment) as served:
        yield served


@contextmanager
def _server(*command: str, **environment: str) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """Start a server on a free port, wait until it answers, stop it at the end."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, **environment, "PORT": str(port)}
    process = subprocess.Popen(
        [sys.executable, *command, str(port)], env=environment, stderr=subprocess.DEVNULL
    )
    try:
        _wait(port, process)
        yield port, process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        if process.poll() is not None:
            raise SystemExit("bench: the server ended at its start")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise SystemExit("bench: the server did not start")


def _cpu_s(process: subprocess.Popen[bytes]) -> float:
    """Give the processor time that a process has taken, user and system, in all its threads."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _peak_mb(process: subprocess.Popen[bytes]) -> float:
    for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return round(int(line.split()[1]) / 1024, 1)
    return 0.0


def _weight_kb(port: int, path: str) -> float:
    """Give the size of a page and its styles over the wire, in KB."""
    total = 0
    for part in (path, "/static/irl.css"):
        request: Any = urllib.request.Request(f"http://127.0.0.1:{port}{part}")
        with urllib.request.urlopen(request, timeout=10) as answer:
            total += len(answer.read()) + len(str(answer.headers))
    return round(total / 1000, 1)
