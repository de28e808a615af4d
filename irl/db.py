"""The one door to SQL: SQLite in a file, or PostgreSQL, behind the same few verbs.

`reading()` lends a connection that cannot write, `write(work)` runs work in one transaction and
returns after its commit, `write_together(work, item)` does the same for many callers in one
transaction: all items that wait are handed to `work` at once and answered after one commit.

This module is the only one that imports `databases`, and it knows its traps (version 0.9.0):
it begins transactions itself (`transaction()` sends a deferred BEGIN, which fails under
concurrent writers), never uses the result of `execute()` (a stale rowid on SQLite, nothing on
PostgreSQL), holds its connections (a new one is opened for each acquire otherwise) and releases
them whatever a COMMIT answers (a failing one leaks them otherwise).

Stock SQLite 3.7.0 to 3.51.2 can corrupt a WAL database when two connections write or checkpoint
at once (sqlite.org, "WAL-reset bug"). So every writer, checkpoint and close, in any process, goes one at a time under an
exclusive lock on the file `<database>.lock`; readers are `query_only` and never checkpoint.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any, Final, TypeVar

import databases

from irl.address import engine_of, file_path, lock_path
from irl.connection import Connection, Engine, ForRows, Row, Texts
from irl.errors import Unavailable
from irl.filelock import FileLock
from irl.gathering import MOST_TOGETHER, Failed, Gathering, Unit, Waiting, units
from irl.sqlite import WRITER_PRAGMAS, Reader, Writer, refuse_other_file

T = TypeVar("T")
A = TypeVar("A")
R = TypeVar("R")

__all__ = [
    "CLOSING_LOCK",
    "MOST_TOGETHER",
    "WRITER_PRAGMAS",
    "Connection",
    "Database",
    "Engine",
    "FileLock",
    "ForRows",
    "Row",
    "engine_of",
    "file_path",
    "lock_path",
]

CLOSING_LOCK: Final = 1
"""Held shared while flattrs are given or undone, alone while a month begins to close."""

_READERS: Final = 4
_TRIES: Final = 5


_Pool = asyncio.Queue[databases.core.Connection | None]


class Database:
    """irl's database; open it with `async with Database.open(url)`."""

    def __init__(self, url: str) -> None:
        self.url: Final = url
        self.engine: Final[Engine] = engine_of(url)
        self._texts = Texts(self.engine)
        self._readers: _Pool = asyncio.Queue()
        self._writers: _Pool = asyncio.Queue()
        self._places: list[_Pool] = []
        self._written = Gathering(self._commit, name="irl writer")
        self._looked_up = Gathering(self._look_up, name="irl reader")
        self._lock: FileLock | None = None
        self._reading = self._backend(read_only=True)
        self._writable = self._backend(read_only=False)

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str) -> AsyncIterator[Database]:
        """Open the database and close it again, whatever happens in between.

        Raises:
            Unavailable: it is not there, or not migrated by this program.
        """
        database = cls(url)
        await database.connect()
        try:
            yield database
        finally:
            await database.disconnect()

    async def connect(self) -> None:
        """Connect and begin to take work.

        Raises:
            Unavailable: the file or the server cannot be reached, or is not migrated.
        """
        try:
            if self.engine == "sqlite":
                refuse_other_file(file_path(self.url))
                self._lock = FileLock(lock_path(self.url))
            await self._reading.connect()
            await self._writable.connect()
            # The first writer runs what a crash left behind, so it goes first and under the lock.
            async with self._exclusively():
                self._add(self._writers, await self._hold(self._writable))
            for _ in range(_READERS):
                self._add(self._readers, None)
                if self.engine == "postgresql":
                    self._add(self._writers, None)
            await self._refuse_unmigrated()
        except Exception as trouble:
            await self.disconnect()
            if _is_engine_trouble(trouble):
                raise Unavailable(f"The database cannot be opened: {trouble}.") from trouble
            raise
        self._written.start()
        self._looked_up.start()

    async def _refuse_unmigrated(self) -> None:
        async with self.reading() as connection:
            try:
                await connection.run("SELECT version_num FROM alembic_version")
            except Exception as trouble:
                raise Unavailable("The database is not migrated; run: irl migrate") from trouble

    async def disconnect(self) -> None:
        """Finish what waits, then close every connection; safe to call twice."""
        await self._written.stop()
        await self._looked_up.stop()
        async with self._exclusively():
            while self._places:
                # One that is lent is waited for.
                await _release(await self._places.pop().get())
            await self._reading.disconnect()
            await self._writable.disconnect()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _add(self, pool: _Pool, held: databases.core.Connection | None) -> None:
        """Give a pool one more place; a connection that is None is opened when it is needed."""
        self._places.append(pool)
        pool.put_nowait(held)

    # --- reading ---

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Connection]:
        """Lend a connection that cannot write; each statement sees what is committed.

        Raises:
            Unavailable: the connection broke.
        """
        async with self._lent(self._readers, self._reading) as connection:
            try:
                yield connection
            except Exception as trouble:
                if (translated := _translated(trouble)) is trouble:
                    raise
                raise translated from trouble

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Connection]:
        """Lend a connection on which all statements see one and the same state."""
        begin = (
            "BEGIN"
            if self.engine == "sqlite"
            else ("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        )
        async with self.reading() as connection:
            await connection.run(begin)
            try:
                yield connection
            finally:
                await connection.run("ROLLBACK")

    async def read_together(
        self, work: Callable[[Connection, list[A]], Awaitable[list[R]]], item: A
    ) -> R:
        """Run reading work for this item and all others that wait for the same work, at once.

        `work` gives one result an item, in their order.
        """
        return await self._looked_up.done(work, item, together=True)  # type: ignore[no-any-return]

    async def _look_up(self, batch: list[Waiting]) -> None:
        for unit in units(batch):
            try:
                async with self.reading() as connection:
                    results = await unit.run(connection)
            except Exception as trouble:  # noqa: BLE001 - handed to whoever waits
                results = [Failed(_translated(trouble))] * len(unit.members)
            for waiting, result in zip(unit.members, results, strict=True):
                waiting.give(result)

    # --- writing ---

    async def write(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Run work in one transaction; give its result once it is committed.

        What the work raises undoes all it did, and is raised here.

        Raises:
            Unavailable: the database cannot be written now (disk full, read-only, no server).
        """
        if self.engine == "sqlite":
            return await self._written.done(work, together=False)  # type: ignore[no-any-return]
        return await self._write_alone(work)

    async def write_together(
        self, work: Callable[[Connection, list[A]], Awaitable[list[R]]], item: A
    ) -> R:
        """Run work for this item and all others that wait for the same work, in one transaction.

        `work` gives one result an item, in their order. If it raises, all is undone and each item
        is tried alone, so that one bad item harms no other.

        Raises:
            Unavailable: the database cannot be written now.
        """
        return await self._written.done(work, item, together=True)  # type: ignore[no-any-return]

    async def _commit(self, batch: list[Waiting]) -> None:
        """Do a batch in one transaction; if that fails, each waiting work in one of its own.

        On PostgreSQL each unit has a transaction of its own.
        """
        if self.engine == "postgresql" and len(found := units(batch)) > 1:
            # Each unit takes its rows in their order; two in one transaction would not, and could
            # wait crosswise for those of another process.
            for unit in found:
                await self._commit(unit.members)
            return
        try:
            results = await self._transact(batch)
        except Exception as trouble:  # noqa: BLE001 - handed to whoever waits
            if len(batch) > 1:
                for waiting in batch:
                    await self._commit([waiting])
            else:
                batch[0].give(Failed(_translated(trouble)))
            return
        for waiting, result in results.items():
            waiting.give(result)

    async def _transact(self, batch: list[Waiting]) -> dict[Waiting, Any]:
        results: dict[Waiting, Any] = {}
        async with (
            self._exclusively(),
            self._lent(self._writers, self._writable) as connection,
            self._transaction(connection),
        ):
            found = units(batch)
            for unit in found:
                # A unit that shares the transaction must not spoil it for the others.
                run = unit.run if len(found) == 1 else partial(self._fenced, unit)
                results.update(zip(unit.members, await run(connection), strict=True))
        return results

    async def _fenced(self, unit: Unit, connection: Connection) -> list[Any]:
        """Run a unit so that what it raises undoes only its own doing."""
        await connection.run("SAVEPOINT unit")
        try:
            results = await unit.run(connection)
        except Exception as trouble:  # noqa: BLE001 - handed to whoever waits
            await connection.run("ROLLBACK TO SAVEPOINT unit")
            await connection.run("RELEASE SAVEPOINT unit")
            if len(unit.members) == 1:
                return [Failed(_translated(trouble))]
            return [(await self._fenced(one, connection))[0] for one in unit.alone()]
        await connection.run("RELEASE SAVEPOINT unit")
        return results

    async def _write_alone(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        for attempt in range(1, _TRIES + 1):
            try:
                async with (
                    self._lent(self._writers, self._writable) as connection,
                    self._transaction(connection),
                ):
                    return await work(connection)
            except Exception as trouble:
                if attempt < _TRIES and type(trouble).__name__ in _AGAIN:
                    await asyncio.sleep(0.01 * 2**attempt)
                elif (translated := _translated(trouble)) is trouble:
                    raise
                else:
                    raise translated from trouble
        raise AssertionError("the loop above returns or raises")

    @asynccontextmanager
    async def _transaction(self, connection: Connection) -> AsyncIterator[None]:
        await connection.run("BEGIN IMMEDIATE" if self.engine == "sqlite" else "BEGIN")
        try:
            yield
            await connection.run("COMMIT")
        except BaseException:
            # A COMMIT that failed may already have rolled back.
            with suppress(Exception):
                await connection.run("ROLLBACK")
            raise

    @asynccontextmanager
    async def _exclusively(self) -> AsyncIterator[None]:
        lock = self._lock
        if lock is None:
            yield
            return
        await lock.acquire()
        try:
            yield
        finally:
            lock.release()

    # --- connections ---

    def _backend(self, *, read_only: bool) -> databases.Database:
        if self.engine == "sqlite":
            factory = Reader if read_only else Writer
            return databases.Database(self.url, factory=factory, timeout=30)
        options: dict[str, Any] = {"min_size": 0, "max_size": _READERS + 2}
        if read_only:
            options["server_settings"] = {"default_transaction_read_only": "on"}
        return databases.Database(self.url, **options)

    @asynccontextmanager
    async def _lent(self, pool: _Pool, backend: databases.Database) -> AsyncIterator[Connection]:
        held = await pool.get()
        try:
            if held is not None and _is_closed(held):
                await _release(held)
                held = None
            if held is None:
                held = await self._hold(backend)
            yield Connection(held, self.engine, self._texts)
        finally:
            pool.put_nowait(held)

    async def _hold(self, backend: databases.Database) -> databases.core.Connection:
        """Open a connection that stays ours: `databases` ties each to the task that asked."""

        async def opened() -> databases.core.Connection:
            return await backend.connection().__aenter__()

        return await asyncio.create_task(opened())


def _is_closed(held: databases.core.Connection) -> bool:
    closed = getattr(held.raw_connection, "is_closed", None)
    try:
        return closed is not None and closed()
    except Exception:  # noqa: BLE001 - a dead connection refuses even this question
        return True


async def _release(held: databases.core.Connection | None) -> None:
    if held is not None:
        with suppress(Exception):
            await held.__aexit__(None, None, None)


_AGAIN: Final = frozenset({"SerializationError", "DeadlockDetectedError"})
_BROKEN: Final = frozenset(
    {
        "AdminShutdownError",
        "CannotConnectNowError",
        "ConnectionDoesNotExistError",
        "CrashShutdownError",
        "DiskFullError",
        "InterfaceError",
        "ReadOnlySQLTransactionError",
        "TooManyConnectionsError",
    }
)


def _is_engine_trouble(trouble: Exception) -> bool:
    theirs = type(trouble).__module__.startswith("asyncpg")
    return theirs or isinstance(trouble, OSError | sqlite3.Error)


def _translated(trouble: Exception) -> Exception:
    """Turn an engine's trouble into Unavailable; leave everything else as it is."""
    if (
        isinstance(trouble, (sqlite3.OperationalError, OSError))
        or type(trouble).__name__ in _BROKEN
    ):
        return Unavailable("The house cannot write now; nothing was recorded. Please try again.")
    return trouble
