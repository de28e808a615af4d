"""One PostgreSQL database for all tests of the domain, emptied before each: ten times quicker."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from irl.house import House
from irl.schema import metadata
from tests import postgres

SQLITE_ALONE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what is refused before any engine is asked."""

Rows = Callable[[str], Awaitable[list[dict[str, Any]]]]


async def _empty(url: str) -> None:
    import asyncpg

    connection = await asyncpg.connect(url)
    try:
        # As a replica's session the triggers that keep transfers from being deleted do not fire.
        await connection.execute("SET session_replication_role = replica; SET lock_timeout = '5s'")
        tables = [table.name for table in metadata.sorted_tables if table.name != "house"]
        await connection.execute("; ".join(f"DELETE FROM {name}" for name in tables))
        await connection.execute(
            "DELETE FROM house WHERE name <> 'settlement_epoch'; UPDATE house SET value = 0"
        )
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def one_postgresql(postgresql: postgres.Server) -> Iterator[str]:
    name = "irl_one_for_all"
    postgresql.drop(name)
    yield postgresql.create(name, template="template_irl")
    postgresql.drop(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path, empty_sqlite: Path) -> str:
    """The address of an empty, migrated database: once on SQLite, once on PostgreSQL."""
    if request.param == "sqlite":
        shutil.copy(empty_sqlite, tmp_path / "irl.db")
        return f"sqlite:///{tmp_path / 'irl.db'}"
    url: str = request.getfixturevalue("one_postgresql")
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, _empty(url)).result()
    return url


@pytest.fixture
def rows(house: House) -> Rows:
    """Read rows by SQL, for what no verb shows."""

    async def read(sql: str) -> list[dict[str, Any]]:
        async with house.db.reading() as connection:
            return await connection.run(sql)

    return read


def day(number: int, month: int = 11, hour: int = 12) -> datetime:
    """A day of 2026, at noon."""
    return datetime(2026, month, number, hour, tzinfo=UTC)
