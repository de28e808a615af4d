"""How long it takes to close a month, against a bare scan of the same flattrs on the same engine.

The data lie on disk: every member has thirty flattrs and a pot that does not divide by thirty,
things are Zipf over 100,000, and one deposit of eight is so young that it sets its own payable day. The settling runs in a process of its own, whose peak memory is told,
and the run ends with the audit, which must be clean.
"""

from __future__ import annotations

import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from irl import migrations, settlement
from irl.db import Connection
from irl.house import House, opened
from irl.month import Month
from irl.settings import Settings
from irl.settlement import audit, bulk
from scripts.benchmarks.rows import Row, note
from tests import postgres

ROOT = Path(__file__).parents[2]
MONTH = Month(202610)
NOW = datetime(2026, 11, 4, tzinfo=UTC)
MEMBERS = {"settle-840k": 28_000, "settle-30m": 1_000_000}
EACH = 30
THINGS = 100_000
MAKERS = 25_000
JOINED_AT = 1_790_900_000_000  # 2026-10-02
DAY = 20261002
SCAN = """SELECT count(*), sum(member_id), sum(thing_id), sum(placement_id) FROM flattrs
  WHERE month = 202610"""
"""The baseline: the engine reads giver, thing and placement of each flattr, and nothing else."""


def run(case: str) -> Iterator[Row]:
    """Give the figures of one case: on SQLite, and on PostgreSQL where a server is found."""
    with tempfile.TemporaryDirectory(prefix="irl-bench-") as folder:
        yield from _engine(case, "sqlite", f"sqlite:///{folder}/irl.db")
    if postgres.available():
        with postgres.Server.start() as server:
            name = f"bench_{case.removeprefix('settle-')}"
            try:
                yield from _engine(case, "postgresql", server.create(name))
            finally:
                server.drop(name)


def _engine(case: str, engine: str, url: str) -> Iterator[Row]:
    migrations.upgrade(url)
    note(f"{engine}: {MEMBERS[case]} members with {EACH} flattrs each; baseline: {SCAN}")
    asyncio.run(_in_house(url, lambda house: _fill(house, MEMBERS[case])))
    scan_s = asyncio.run(_in_house(url, _scan))
    yield Row(bench=case, case=f"{engine} scan", value=round(scan_s, 3), unit="s")
    for what in ("settle", "audit"):
        told = subprocess.run(
            [sys.executable, "-m", "scripts.benchmarks.settle", what, url],
            stdout=subprocess.PIPE,
            check=True,
            text=True,
            cwd=ROOT,
        )
        figures = json.loads(told.stdout)
        yield Row(
            bench=case,
            case=f"{engine} {what}",
            value=round(figures["s"], 3),
            unit="s",
            of=f"{engine} scan",
            ratio=round(figures["s"] / scan_s, 2),
            peak_mb=round(figures["peak_mb"]),
        )


async def _in_house(url: str, work: Any) -> Any:
    settings = Settings(database_url=url, sandbox=True)
    async with opened(settings) as house:
        return await work(house)


# --- the data ------------------------------------------------------------------------------------

_FILL = (
    """INSERT INTO members (id, nickname, email, email_key, password_hash, seal, joined_at,
         budget_micros)
       WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {all})
       SELECT n, 'member ' || n, n || '@house.example', n || '@house.example', 'x',
         '00000000000000000000000000000000', {at}, 5000000 FROM numbers""",
    """INSERT INTO things (id, public_id, maker_id, title, artist, description, url, category,
         language, created_at)
       WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {things})
       SELECT n, 'thing ' || n, {members} + 1 + n % {makers}, 'A work', '', '', '', 'images', '', {at}
       FROM numbers""",
    """INSERT INTO placements (id, code, thing_id, name, mask, created_at)
       SELECT id, id, id, '', 3, {at} FROM things""",
    """INSERT INTO budgets (member_id, set_at, budget_micros)
       SELECT id, {at}, 1000000 * (CASE id % 4 WHEN 0 THEN 2 WHEN 1 THEN 4 WHEN 2 THEN 5 ELSE 10 END)
       FROM members WHERE id <= {members}""",
    """INSERT INTO deposits (id, public_id, member_id, provider, state, amount_micros, fee_micros,
         net_micros, created_at, booked_at, rules)
       SELECT id, 'deposit ' || id, id, 'sandbox', 'booked', 10000000, 1000000, 9000000, {at}, {at},
         '{{}}' FROM members WHERE id <= {members}""",
    """INSERT INTO lots (member_id, deposit_id, booked_at, payable_on, amount_micros, left_micros)
       SELECT member_id, id, {at}, 20261101 + CASE id % 8 WHEN 0 THEN id % 29 ELSE 0 END,
         net_micros, net_micros
       FROM deposits""",
    """INSERT INTO transfers (kind, subject, part, debit_account, credit_account, amount_micros,
         posted_at)
       SELECT 'deposit', id, 0, 11, member_id * 8 + 1, net_micros, {at} FROM deposits""",
    """INSERT INTO transfers (kind, subject, part, debit_account, credit_account, amount_micros,
         posted_at)
       SELECT 'fee', id, 0, 11, 0, fee_micros, {at} FROM deposits""",
    """INSERT INTO balances (account, balance_micros)
       SELECT member_id * 8 + 1, net_micros FROM deposits""",
    """INSERT INTO balances (account, balance_micros)
       SELECT 0, sum(fee_micros) FROM deposits UNION ALL SELECT 11, -sum(amount_micros) FROM deposits""",
)


async def _fill(house: House, members: int) -> None:
    values = {"all": members + MAKERS, "members": members, "at": JOINED_AT}
    values |= {"things": THINGS, "makers": MAKERS}
    for statement in _FILL:
        await house.db.write(partial(_run, statement.format(**values)))
    counts = np.zeros(THINGS + 1, np.int64)
    async for batch in _flattrs(house, members):
        counts += np.bincount(batch, minlength=THINGS + 1)
    placed = np.flatnonzero(counts)
    for table, when in (
        ("placement_months", {"month": MONTH}),
        ("placement_days", {"day_on": DAY}),
    ):
        names, batches = ["placement_id", "flattrs"], [[placed, counts[placed]]]
        insert = partial(bulk.insert, table=table, names=names, batches=batches, **when)
        await house.db.write(insert)
    if house.db.engine == "postgresql":
        # What autovacuum does after a while; VACUUM needs a connection outside any transaction.
        async with house.db._lent(house.db._writers, house.db._writable) as connection:  # noqa: SLF001
            await connection.raw.execute("VACUUM (ANALYZE)")


async def _run(sql: str, connection: Connection) -> None:
    await connection.run(sql)


async def _flattrs(house: House, members: int) -> AsyncIterator[np.ndarray[Any, Any]]:
    """Give every member thirty different things, some far more often than others."""
    random = np.random.default_rng(30)
    weights = np.cumsum(1 / np.arange(1, THINGS + 1))
    names = random.permutation(THINGS) + 1
    for first in range(1, members + 1, 20_000):
        givers = np.repeat(np.arange(first, min(first + 20_000, members + 1)), EACH + 24)
        at = np.searchsorted(weights, random.random(len(givers)) * weights[-1])
        keys = np.unique(givers << 20 | names[at])
        owners = keys >> 20
        keys = keys[np.arange(len(keys)) - np.searchsorted(owners, owners) < EACH]
        owners, things = keys >> 20, keys & 0xFFFFF

        async def write(connection: Connection, owners: Any = owners, things: Any = things) -> None:
            await bulk.insert(
                connection,
                "flattrs",
                ["member_id", "thing_id", "placement_id", "given_at"],
                [[owners, things, things, JOINED_AT + owners]],
                month=MONTH,
            )

        await house.db.write(write)
        yield things


# --- what is measured ----------------------------------------------------------------------------


async def _scan(house: House) -> float:
    async with house.db.reading() as connection:
        took = []
        for _ in range(3):
            begun = time.perf_counter()
            await connection.run(SCAN)
            took.append(time.perf_counter() - begun)
        return min(took)


async def _child(house: House, what: str) -> None:
    begun = time.perf_counter()
    if what == "settle":
        await settlement.settle(house, MONTH, now=NOW, progress=_tell(begun))
    else:
        findings = await audit.audit(house)
        assert not findings, findings
    took = time.perf_counter() - begun
    print(json.dumps({"s": took, "peak_mb": _peak_mb()}))


def _tell(begun: float) -> settlement.Progress:
    """Say on standard error when each step began, for whoever wants to make it faster."""
    seen: set[str] = set()

    def progress(step: str, _: float) -> None:
        if step not in seen:
            seen.add(step)
            print(
                f"{time.perf_counter() - begun:7.3f} s {_peak_mb():4.0f} MB {step}", file=sys.stderr
            )

    return progress


def _peak_mb() -> float:
    """Give this process's peak; ru_maxrss would begin with that of the one that started it."""
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    asyncio.run(_in_house(sys.argv[2], lambda house: _child(house, sys.argv[1])))
