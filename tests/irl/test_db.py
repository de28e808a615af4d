"""The one door to SQL: what is grouped, undone, refused and survived, on both engines."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
import textwrap
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import bindparam, select

from irl import db
from irl.db import Connection, Database, ForRows
from irl.errors import IrlError, Unavailable
from irl.schema import house as figures

pytestmark = pytest.mark.anyio

ONLY_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ONLY_POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

ADD = ForRows(
    "INSERT INTO house (name, value) SELECT name, value FROM given",
    {"name": "text", "value": "number"},
)
ONE = select(figures.c.value).where(figures.c.name == bindparam("wanted"))


class Refused(IrlError):
    """What a test's own work raises."""


async def add(connection: Connection, name: str, value: int = 0) -> str:
    await connection.all(ADD, rows=[[name, value]])
    return name


async def names(database: Database) -> set[str]:
    async with database.reading() as connection:
        rows = await connection.run("SELECT name FROM house")
    return {row["name"] for row in rows} - {"settlement_epoch"}


@pytest.fixture
async def database(database_url: str, anyio_backend: str) -> Any:  # noqa: ARG001
    async with Database.open(database_url) as opened:
        yield opened


async def test_many_items_of_the_same_work_share_transactions(database: Database) -> None:
    sizes = []

    async def work(connection: Connection, items: list[str]) -> list[str]:
        sizes.append(len(items))
        for item in items:
            await add(connection, item)
        return [f"{item}!" for item in items]

    wanted = [f"item {i}" for i in range(100)]
    answers = await asyncio.gather(*(database.write_together(work, item) for item in wanted))
    assert answers == [f"{item}!" for item in wanted]
    assert sum(sizes) == 100
    assert len(sizes) <= 3
    assert await names(database) == set(wanted)


async def test_one_bad_item_harms_no_other(database: Database) -> None:
    async def work(connection: Connection, items: list[str]) -> list[str]:
        for item in items:
            await add(connection, item)
            if item == "bad":
                raise Refused("not this one")
        return items

    wanted = ["a", "b", "bad", "c", "a again"]
    ends = await asyncio.gather(
        *(database.write_together(work, item) for item in wanted), return_exceptions=True
    )
    assert [isinstance(end, Refused) for end in ends] == [False, False, True, False, False]
    assert await names(database) == {"a", "b", "c", "a again"}


async def test_what_the_engine_refuses_of_one_harms_no_other(database: Database) -> None:
    async def once(name: str) -> str:
        async def work(connection: Connection) -> str:
            return await add(connection, name)

        return await database.write(work)

    ends = await asyncio.gather(
        *(once(name) for name in ("a", "b", "b", "c")), return_exceptions=True
    )
    assert [isinstance(end, Exception) for end in ends].count(True) == 1
    assert await names(database) == {"a", "b", "c"}


async def test_works_of_both_kinds_are_each_answered(database: Database) -> None:
    async def together(connection: Connection, items: list[str]) -> list[str]:
        return [await add(connection, item) for item in items]

    async def alone(connection: Connection) -> str:
        return await add(connection, "alone")

    async def bad(connection: Connection) -> str:
        await add(connection, "bad")
        raise Refused("no")

    ends = await asyncio.gather(
        database.write_together(together, "one"),
        database.write(alone),
        database.write(bad),
        database.write_together(together, "two"),
        return_exceptions=True,
    )
    assert [ends[0], ends[1], ends[3]] == ["one", "alone", "two"]
    assert isinstance(ends[2], Refused)
    assert await names(database) == {"one", "alone", "two"}


async def test_what_work_raises_undoes_all_it_did(database: Database) -> None:

    async def work(connection: Connection) -> None:
        await add(connection, "half done")
        raise Refused("halfway")

    with pytest.raises(Refused) as refused:
        await database.write(work)
    assert refused.value.__cause__ is not refused.value
    assert await names(database) == set()


@ONLY_SQLITE
async def test_many_writes_are_one_commit(database: Database) -> None:
    said: list[str] = []

    async def trace(connection: Connection) -> None:
        await connection.raw.set_trace_callback(said.append)

    async def once(name: str) -> None:
        async def work(connection: Connection) -> None:
            await add(connection, name)

        await database.write(work)

    await database.write(trace)
    said.clear()
    await asyncio.gather(*(once(f"name {i}") for i in range(50)))
    assert said.count("COMMIT") == said.count("BEGIN IMMEDIATE") <= 2
    assert len(await names(database)) == 50


async def test_a_cancelled_caller_leaves_the_pool_as_it_was(database: Database) -> None:
    begun = asyncio.Event()

    async def slow(connection: Connection) -> None:
        await add(connection, "slow")
        begun.set()
        await asyncio.sleep(0.05)

    for _ in range(12):
        begun.clear()
        writing = asyncio.create_task(database.write(slow))
        await begun.wait()
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)

        async def clear(connection: Connection) -> None:
            await connection.run("DELETE FROM house WHERE name = 'slow'")

        await database.write(clear)

    async def read() -> None:
        async with database.reading() as connection:
            await connection.run("SELECT 1")
            await asyncio.sleep(10)

    await asyncio.gather(*(names(database) for _ in range(20)))

    for _ in range(12):
        reading = asyncio.create_task(read())
        await asyncio.sleep(0.005)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
    assert await names(database) == set()


async def test_what_nobody_waits_for_any_more_is_not_begun(database: Database) -> None:
    release = asyncio.Event()

    async def holds_up(connection: Connection, items: list[int]) -> list[int]:  # noqa: ARG001
        await release.wait()
        return items

    async def work(connection: Connection, items: list[str]) -> list[str]:
        return [await add(connection, item) for item in items]

    first = asyncio.create_task(database.write_together(holds_up, 1))
    await asyncio.sleep(0.02)
    cancelled = asyncio.create_task(database.write_together(work, "cancelled"))
    await asyncio.sleep(0.02)
    cancelled.cancel()
    await asyncio.gather(cancelled, return_exceptions=True)
    release.set()
    await first
    assert await database.write_together(work, "kept") == "kept"
    assert await names(database) == {"kept"}


async def test_a_reader_cannot_write(database: Database) -> None:
    async with database.reading() as connection:
        with pytest.raises(Exception, match=r"(?i)read-?only"):
            await connection.run("DELETE FROM house")
        assert await connection.value(ONE, wanted="settlement_epoch") == 0
        assert await connection.one(ONE, wanted="nothing") is None
        assert await connection.value(ONE, wanted="nothing") is None


async def test_a_snapshot_sees_one_state_and_nothing_that_comes_later(database: Database) -> None:
    async def work(connection: Connection) -> None:
        await add(connection, "later")

    async with database.snapshot() as connection:
        before = await connection.run("SELECT count(*) AS n FROM house")
        await database.write(work)
        assert await connection.run("SELECT count(*) AS n FROM house") == before
    assert await names(database) == {"later"}


async def test_many_readers_at_once_are_all_served(database: Database) -> None:
    found = await asyncio.gather(*(names(database) for _ in range(100)))
    assert found == [set()] * 100


async def test_lookups_that_wait_are_done_together(database: Database) -> None:
    sizes = []

    async def look(connection: Connection, items: list[str]) -> list[object]:
        sizes.append(len(items))
        if "bad" in items:
            raise Refused("no")
        return [await connection.value(ONE, wanted=item) for item in items]

    asked = [database.read_together(look, "settlement_epoch") for _ in range(40)]
    assert await asyncio.gather(*asked) == [0] * 40
    assert len(sizes) <= 3
    with pytest.raises(Refused):
        await database.read_together(look, "bad")


async def test_closing_finishes_what_waits(database_url: str) -> None:
    async with Database.open(database_url) as database:

        async def work(connection: Connection, items: list[str]) -> list[str]:
            await asyncio.sleep(0.02)
            return [await add(connection, item) for item in items]

        waiting = [asyncio.create_task(database.write_together(work, f"{i}")) for i in range(20)]
        await asyncio.sleep(0)
    assert len(await asyncio.gather(*waiting)) == 20
    async with Database.open(database_url) as database:
        assert len(await names(database)) == 20


async def test_closing_twice_is_harmless(database_url: str) -> None:
    async with Database.open(database_url) as database:
        await names(database)
    await database.disconnect()


async def test_closing_waits_for_who_still_reads_or_writes(database_url: str) -> None:
    database = Database(database_url)
    await database.connect()

    async def read() -> None:
        async with database.reading() as connection:
            await connection.run("SELECT 1")
            await asyncio.sleep(0.1)

    async def work(connection: Connection) -> None:
        await add(connection, "written")
        await asyncio.sleep(0.1)

    going = [asyncio.create_task(read()), asyncio.create_task(database.write(work))]
    await asyncio.sleep(0.05)
    await asyncio.wait_for(database.disconnect(), 2)
    await asyncio.gather(*going)
    async with Database.open(database_url) as again:
        assert await names(again) == {"written"}


def test_an_address_names_its_engine_and_file() -> None:
    assert db.engine_of("sqlite:///var/irl.db") == "sqlite"
    assert db.engine_of("postgresql://host/irl") == "postgresql"
    with pytest.raises(ValueError, match="sqlite:///"):
        db.engine_of("mysql://host/irl")
    assert db.file_path("sqlite:///var/irl.db") == Path("var/irl.db")
    assert db.file_path("sqlite:////tmp/a%20b.db") == Path("/tmp/a b.db")
    assert db.lock_path("sqlite:////tmp/irl.db") == Path("/tmp/irl.db.lock")


async def refused(url: str) -> str:
    with pytest.raises(Unavailable) as told:
        async with Database.open(url):
            raise AssertionError("this cannot be opened")
    assert "\n" not in told.value.message
    return told.value.message


@ONLY_SQLITE
async def test_what_is_no_database_is_told_in_one_line(tmp_path: Path, database_url: str) -> None:
    del database_url
    (tmp_path / "text.db").write_text("This is no database." * 100)
    await refused(f"sqlite:///{tmp_path}/text.db")
    await refused(f"sqlite:///{tmp_path}")


@ONLY_SQLITE
async def test_a_folder_that_cannot_be_made_is_told_in_one_line(
    tmp_path: Path, database_url: str
) -> None:
    del database_url
    (tmp_path / "file").write_text("")
    await refused(f"sqlite:///{tmp_path}/file/irl.db")


@ONLY_SQLITE
async def test_a_database_that_is_not_there_or_not_migrated_is_told_and_not_made(
    tmp_path: Path, database_url: str
) -> None:
    del database_url
    await refused(f"sqlite:///{tmp_path}/missing.db")
    assert not (tmp_path / "missing.db").exists()
    sqlite3.connect(tmp_path / "empty.db").close()
    (tmp_path / "empty.db").touch()
    await refused(f"sqlite:///{tmp_path}/empty.db")


@ONLY_POSTGRESQL
async def test_a_server_that_is_not_there_is_told_in_one_line(database_url: str) -> None:
    del database_url
    await refused("postgresql://nobody@127.0.0.1:9/irl")


@ONLY_POSTGRESQL
async def test_a_server_that_lets_nobody_in_is_told_in_one_line(database_url: str) -> None:
    address = database_url.rpartition("/")[0]
    await refused(f"{address}/no_such_database")
    await refused(address.replace("postgres:", "nobody:", 1) + "/irl")


@ONLY_POSTGRESQL
async def test_a_connection_that_was_killed_is_replaced(database: Database) -> None:

    async def kill(connection: Connection) -> None:
        await connection.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )

    async def work(connection: Connection) -> None:
        await add(connection, "mine")
        pid = (await connection.run("SELECT pg_backend_pid() AS pid"))[0]["pid"]
        async with database.reading() as other:
            await other.run("SELECT pg_terminate_backend($1)", (pid,))
        await asyncio.sleep(0.05)
        await connection.run("SELECT 1")

    await names(database)
    with pytest.raises(Unavailable):
        await database.write(work)
    assert await names(database) == set()

    async def comes_back() -> bool:
        for _ in range(20):  # each killed connection may be noticed by one statement on it
            with suppress(Exception):
                return await names(database) == set()
            await asyncio.sleep(0.05)
        return False

    for _ in range(6):
        with suppress(Unavailable):
            await database.write(kill)
        assert await comes_back()
    await database.write(kill)


@ONLY_SQLITE
async def test_a_full_disk_is_told_and_nothing_is_recorded(database: Database) -> None:
    async def full(connection: Connection) -> None:
        [pages] = await connection.run("PRAGMA page_count")
        await connection.run(f"PRAGMA max_page_count = {pages['page_count']}")

    async def work(connection: Connection) -> None:
        for i in range(200):
            await add(connection, f"{i} " + "a" * 2000)

    async def free(connection: Connection) -> None:
        await connection.run("PRAGMA max_page_count = 1000000")

    await database.write(full)
    with pytest.raises(Unavailable):
        await database.write(work)
    await database.write(free)
    assert await names(database) == set()
    await database.write(work)
    assert len(await names(database)) == 200


@ONLY_SQLITE
async def test_connections_are_set_as_the_design_says(database: Database) -> None:
    wanted = ("journal_mode", "synchronous", "query_only", "wal_autocheckpoint", "foreign_keys")

    async def pragmas(connection: Connection) -> dict[str, object]:
        found: dict[str, object] = {}
        for name in wanted:
            found |= (await connection.run(f"PRAGMA {name}"))[0]
        return found

    writer = await database.write(pragmas)
    assert (writer["journal_mode"], writer["synchronous"], writer["foreign_keys"]) == ("wal", 2, 1)
    assert (writer["query_only"], writer["wal_autocheckpoint"]) == (0, 1000)
    async with database.reading() as connection:
        reader = await pragmas(connection)
    assert (reader["query_only"], reader["wal_autocheckpoint"]) == (1, 0)


WRITER = textwrap.dedent(
    """
    import asyncio, json, sys, time
    from irl.db import Connection, Database

    async def main(url: str, who: str, many: int) -> None:
        held = []
        for part in range(2):  # opened and closed again, since that too writes
            async with Database.open(url) as database:

                async def once(i: int) -> None:
                    async def work(connection: Connection) -> None:
                        begun = time.monotonic_ns()
                        await connection.run(
                            "INSERT INTO house (name, value) VALUES (?, ?)",
                            (f"{who} {part} {i} " + "x" * 3000, i),
                        )
                        held.append((begun, time.monotonic_ns()))

                    await database.write(work)

                for i in range(0, many // 2, 5):
                    await asyncio.gather(*(once(i + j) for j in range(5)))
        print(json.dumps(held))

    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
    """
)


@ONLY_SQLITE
@pytest.mark.long
async def test_processes_that_write_at_once_go_one_at_a_time_and_lose_nothing(
    database_url: str,
) -> None:
    many = 1000 if os.environ.get("IRL_LONG") else 100
    writers = [
        subprocess.Popen(  # noqa: ASYNC220 - they run beside this test
            [sys.executable, "-c", WRITER, database_url, str(who), str(many)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        for who in range(4)
    ]
    async with Database.open(database_url) as database:
        while any(writer.poll() is None for writer in writers):
            await names(database)
            await asyncio.sleep(0.01)
        said = [writer.communicate()[0] for writer in writers]
        assert [writer.returncode for writer in writers] == [0] * 4
        assert len(await names(database)) == 4 * many
        async with database.reading() as connection:
            assert await connection.run("PRAGMA integrity_check") == [{"integrity_check": "ok"}]
    spans = [
        (who, begun, ended) for who, text in enumerate(said) for begun, ended in json.loads(text)
    ]
    held = sorted((begun, ended, who) for who, begun, ended in spans)
    assert len(held) == 4 * many
    for (_, ended, one), (begun, _, other) in pairwise(held):
        assert ended <= begun, f"writers {one} and {other} were at it together"


def test_rows_are_given_to_both_engines_as_one_parameter() -> None:
    assert ADD.text("sqlite").count("?") == 1
    assert ADD.text("postgresql").count("$1") == 1


async def test_rows_arrive_as_they_were_given(database: Database) -> None:
    echo = ForRows(
        "SELECT n, said, counted FROM given ORDER BY n", {"said": "text", "counted": "number"}
    )
    given: list[list[object]] = [["Grüße 👋", 2**62], ["'; --", -1], [None, None], ["", 0]]
    async with database.reading() as connection:
        rows = await connection.all(echo, rows=given)
        assert await connection.all(echo, rows=[]) == []
    assert [list(row.values()) for row in rows] == [[n, *said] for n, said in enumerate(given)]
