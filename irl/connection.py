"""A connection that is lent to work: statements in, rows as dicts out, the same on both engines."""

from __future__ import annotations

import json
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol

from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import asyncpg as postgresql
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler

Row = dict[str, Any]
Engine = Literal["sqlite", "postgresql"]

_SQLITE_DIALECT: Final = sqlite.dialect(paramstyle="qmark")
_POSTGRESQL_DIALECT: Final = postgresql.dialect()  # type: ignore[no-untyped-call]


class Held(Protocol):
    """What `databases` gives for a connection, as far as we use it."""

    @property
    def raw_connection(self) -> Any:
        """The driver's own connection."""


@dataclass(frozen=True, slots=True)
class ForRows:
    """One statement over many rows at once, the rows given as one JSON array of arrays.

    `sql` starts after `WITH given(n, …columns) AS (…)`, which is put before it: `n` counts the
    rows from 0. The same text serves both engines and any number of rows, so it stays prepared.
    """

    sql: str
    columns: dict[str, Literal["number", "text"]] = field(hash=False)

    def text(self, engine: Engine) -> str:
        """Give the whole statement with its one parameter."""
        names = ", ".join(self.columns)
        if engine == "sqlite":
            values = ", ".join(f"json_extract(value, '$[{i}]')" for i in range(len(self.columns)))
            rows = f"SELECT key, {values} FROM json_each(?)"  # noqa: S608 - our own column names
        else:
            values = ", ".join(
                f"(value->>{i})::{'bigint' if kind == 'number' else 'text'}"
                for i, kind in enumerate(self.columns.values())
            )
            rows = f"SELECT n - 1, {values} FROM json_array_elements($1::json) WITH ORDINALITY AS j(value, n)"  # noqa: S608
        return f"WITH given(n, {names}) AS ({rows}) {self.sql}"


class Connection:
    """A connection lent to one caller; every result is a list of dicts or a single value."""

    __slots__ = ("_held", "_texts", "engine")

    def __init__(self, held: Held, engine: Engine, texts: Texts) -> None:
        self._held = held
        self._texts = texts
        self.engine = engine

    @property
    def raw(self) -> Any:
        """The driver's own connection: aiosqlite's or asyncpg's."""
        return self._held.raw_connection

    async def all(self, statement: ClauseElement | ForRows, **values: object) -> list[Row]:
        """Run a statement and give all its rows.

        `values` fill the statement's bind parameters; for a `ForRows` give `rows`.
        """
        sql, parameters = self._texts.of(statement, values)
        return await self.run(sql, parameters)

    async def one(self, statement: ClauseElement | ForRows, **values: object) -> Row | None:
        """Give the first row, or None."""
        rows = await self.all(statement, **values)
        return rows[0] if rows else None

    async def value(self, statement: ClauseElement | ForRows, **values: object) -> Any:
        """Give the first column of the first row, or None."""
        row = await self.one(statement, **values)
        return None if row is None else next(iter(row.values()))

    async def run(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Run text as the engine wants it (`?` or `$1`) and give all rows."""
        if self.engine == "postgresql":
            return [dict(row) for row in await self.raw.fetch(sql, *parameters)]
        # One hop to the connection's thread and back; an open cursor would take three.
        return [dict(row) for row in await self.raw.execute_fetchall(sql, parameters)]

    async def lock(self, name: int, *, shared: bool = False) -> None:
        """Hold a named lock until the transaction ends; SQLite's single writer needs none."""
        if self.engine == "postgresql":
            kind = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
            await self.run(f"SELECT {kind}($1)", (name,))


class Texts:
    """Statements as text; a statement that a module keeps is compiled once."""

    __slots__ = ("_cache", "engine")

    def __init__(self, engine: Engine) -> None:
        self.engine: Engine = engine
        self._cache: weakref.WeakKeyDictionary[Any, Any] = weakref.WeakKeyDictionary()

    def of(
        self, statement: ClauseElement | ForRows, values: dict[str, object]
    ) -> tuple[str, list[object]]:
        """Give a statement as the engine wants it, and its parameters in their order."""
        if isinstance(statement, ForRows):
            return statement.text(self.engine), [
                json.dumps(values["rows"], separators=(",", ":"), ensure_ascii=False)
            ]
        compiled = self._cache.get(statement)
        if compiled is None:
            dialect = _SQLITE_DIALECT if self.engine == "sqlite" else _POSTGRESQL_DIALECT
            compiled = statement.compile(
                dialect=dialect, compile_kwargs={"render_postcompile": True}
            )
            self._cache[statement] = compiled
        assert isinstance(compiled, SQLCompiler)
        parameters = compiled.construct_params(values)
        return str(compiled), [parameters[name] for name in compiled.positiontup or ()]
