"""Migrations: up, down and up again on both engines, and what differs is told."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from irl import migrations
from irl.db import Connection, Database, Row
from irl.errors import Unavailable
from irl.schema import metadata
from tests import postgres

TABLES = {table.name for table in metadata.sorted_tables}


@pytest.fixture(params=["sqlite", "postgresql"])
def fresh_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An address without any table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'a folder' / '100%.db'}"
        return
    server: postgres.Server = request.getfixturevalue("postgresql")
    server.drop("irl_migrations")
    yield server.create("irl_migrations")
    server.drop("irl_migrations")


async def run(url: str, sql: str) -> None:
    async def work(connection: Connection) -> None:
        await connection.run(sql)

    async with Database.open(url) as database:
        await database.write(work)


async def read(url: str, sql: str) -> list[Row]:
    async with Database.open(url) as database, database.reading() as connection:
        return await connection.run(sql)


async def tables(url: str) -> set[str]:
    sql = {
        "sqlite": "SELECT name FROM sqlite_schema WHERE type = 'table'",
        "postgresql": "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'",
    }
    async with Database.open(url) as database, database.reading() as connection:
        rows = await connection.run(sql[database.engine])
    return {row["name"] for row in rows} - {"alembic_version", "sqlite_sequence"}


def test_up_and_down_and_up_again_is_the_schema(fresh_url: str) -> None:
    migrations.upgrade(fresh_url)
    migrations.upgrade(fresh_url)
    assert migrations.drifts(fresh_url) is None
    assert asyncio.run(tables(fresh_url)) == TABLES
    migrations.downgrade(fresh_url, "base")
    assert asyncio.run(tables(fresh_url)) == set()
    assert migrations.drifts(fresh_url) is not None
    migrations.upgrade(fresh_url)
    assert migrations.drifts(fresh_url) is None
    asyncio.run(run(fresh_url, "ALTER TABLE members DROP COLUMN left_at"))
    found = migrations.drifts(fresh_url)
    assert found is not None
    assert "left_at" in found


async def first_charity(url: str) -> str:
    async with Database.open(url) as database, database.reading() as connection:
        [row] = await connection.run("SELECT name FROM charities")
    return str(row["name"])


def test_a_database_of_the_first_schema_keeps_its_rows(fresh_url: str) -> None:
    migrations.upgrade(fresh_url)
    migrations.downgrade(fresh_url, "0001")
    assert migrations.drifts(fresh_url) is not None
    sql = (
        "INSERT INTO charities (name, url, created_at) VALUES ('Trees', 'https://trees.example', 1)"
    )
    asyncio.run(run(fresh_url, sql))
    migrations.upgrade(fresh_url)
    assert migrations.drifts(fresh_url) is None
    assert asyncio.run(first_charity(fresh_url)) == "Trees"


def test_flattrs_given_before_are_counted_on_their_days_in_utc(fresh_url: str) -> None:
    migrations.upgrade(fresh_url)
    for sql in (
        "INSERT INTO members (id, nickname, seal, joined_at) VALUES (1, 'A', '', 0)",
        """INSERT INTO things (id, public_id, maker_id, title, artist, description, url, category,
             language, created_at) VALUES (1, 't', 1, '', '', '', '', '', '', 0)""",
        (
            "INSERT INTO placements (id, code, thing_id, name, mask, created_at)"
            " VALUES (1, 1, 1, '', 0, 0), (2, 2, 1, '', 0, 0)"
        ),
        # 2026-11-23: its first millisecond, its last, and the one after it.
        """INSERT INTO flattrs (month, member_id, thing_id, placement_id, given_at) VALUES
             (202611, 1, 1, 1, 1795392000000), (202611, 2, 1, 1, 1795478399999),
             (202611, 3, 1, 1, 1795478400000), (202610, 4, 1, 2, 1795392000000)""",
        (
            "INSERT INTO placement_days (placement_id, day_on, visits, flattrs)"
            " VALUES (1, 20261123, 7, 2), (1, 20261124, 0, 1), (2, 20261122, 4, 0), (2, 20261123, 0, 1)"
        ),
    ):
        asyncio.run(run(fresh_url, sql))
    days = "SELECT * FROM placement_days ORDER BY placement_id, day_on"
    before = asyncio.run(read(fresh_url, days))
    assert len(before) == 4
    migrations.downgrade(fresh_url, "0001")
    visits = asyncio.run(read(fresh_url, "SELECT visits FROM visits ORDER BY placement_id"))
    assert visits == [{"visits": 7}, {"visits": 4}]
    migrations.upgrade(fresh_url)
    assert asyncio.run(read(fresh_url, days)) == before


def test_a_database_that_is_not_there_is_told_and_not_made(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "irl.db"
    found = migrations.drifts(f"sqlite:///{path}")
    assert found is not None
    assert "no database" in found
    assert not path.parent.exists()


def test_every_table_of_sqlite_is_strict(empty_sqlite: Path) -> None:
    connection = sqlite3.connect(empty_sqlite)
    rows = connection.execute("SELECT name, strict FROM pragma_table_list WHERE schema = 'main'")
    found = dict(rows.fetchall())
    connection.close()
    assert {name for name, strict in found.items() if strict} == TABLES


@pytest.mark.parametrize(
    "url",
    ["sqlite:///{folder}", "sqlite:///{folder}/file/irl.db", "postgresql://nobody@127.0.0.1:9/irl"],
)
def test_what_cannot_be_migrated_is_told_in_one_line(tmp_path: Path, url: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Unavailable) as refused:
        migrations.upgrade(url.format(folder=tmp_path))
    assert "\n" not in refused.value.message
