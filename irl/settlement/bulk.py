"""Columns of whole numbers in and out of the database, thousands of rows at a time.

Settlement reads and writes millions of rows that hold nothing but whole numbers. A Python object
for each would take longer than all the rest, so they travel as arrays: out of SQLite as one text
of numbers a column, in and out of PostgreSQL as its binary COPY format (PostgreSQL manual,
"COPY", File Formats, Binary Format).
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Final

import numpy as np

from irl.db import Connection
from irl.settlement.core import Ints

_SIGNATURE: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER: Final = b"\xff\xff"

_TOGETHER: Final = 50
"""Rows that one INSERT brings to SQLite: with one each, it takes three times as long."""


@asynccontextmanager
async def pragma(connection: Connection, name: str, value: int) -> AsyncIterator[None]:
    """Set a number of a SQLite connection for a while; PostgreSQL has no such thing."""
    if connection.engine != "sqlite":
        yield
        return
    [row] = await connection.run(f"PRAGMA {name}")
    await connection.run(f"PRAGMA {name}={value}")
    try:
        yield
    finally:
        await connection.run(f"PRAGMA {name}={int(row[name])}")


async def columns(
    connection: Connection, names: Sequence[str], tail: str, *parameters: int
) -> list[Ints]:
    """Read `SELECT names FROM tail`: one array a column, rows in any order.

    Every name is an SQL expression for a whole number that is never null; `$1`, `$2`, … stand for
    the parameters.
    """
    if connection.engine == "sqlite":
        concatenated = ", ".join(f"group_concat({name})" for name in names)
        row = (
            await connection.raw.execute_fetchall(
                f"SELECT {concatenated} FROM {_question_marks(tail)}",  # noqa: S608 - our own text
                parameters,
            )
        )[0]
        return [np.fromstring(text or "", np.int64, sep=",") for text in row]
    kind = np.dtype([("fields", ">i2"), *_fields(len(names))])
    received = bytearray()

    async def take(data: bytes) -> None:
        received.extend(data)

    bigints = ", ".join(f"({name})::bigint" for name in names)
    await connection.raw.copy_from_query(
        f"SELECT {bigints} FROM {tail}",  # noqa: S608 - our own text
        *parameters,
        output=take,
        format="binary",
    )
    count, rest = divmod(len(received) - len(_SIGNATURE) - len(_TRAILER), kind.itemsize)
    assert rest == 0, "a column was null"
    rows = np.frombuffer(received, kind, count, len(_SIGNATURE))
    return [rows[f"value{i}"].astype(np.int64) for i in range(len(names))]


async def insert(
    connection: Connection,
    table: str,
    names: Sequence[str],
    batches: Iterable[Sequence[Ints]],
    **same: int | str,
) -> None:
    """Insert rows in the caller's transaction: `names` are the columns of each batch.

    `same` are further columns with one value for all rows; the words in it are our own.
    """
    if connection.engine == "postgresql":
        await connection.raw.copy_to_table(
            table,
            source=_binary(batches, tuple(same.values())),
            columns=[*names, *same],
            format="binary",
        )
        return
    into = f"INSERT INTO {table} ({', '.join([*names, *same])}) VALUES "  # noqa: S608 - our own
    literals = [f"'{value}'" if isinstance(value, str) else str(value) for value in same.values()]
    row = f"({', '.join([*'?' * len(names), *literals])})"
    for batch in batches:
        rows = np.stack(batch, axis=1)
        many = len(rows) - len(rows) % _TOGETHER
        await connection.raw.executemany(
            into + ", ".join([row] * _TOGETHER),
            (each.tolist() for each in rows[:many].reshape(-1, _TOGETHER * len(names))),
        )
        await connection.raw.executemany(into + row, rows[many:].tolist())


async def change(connection: Connection, sql: str, *parameters: int) -> int:
    """Run an INSERT or UPDATE that concerns many rows and give their number."""
    if connection.engine == "sqlite":
        async with connection.raw.execute(_question_marks(sql), parameters) as cursor:
            return int(cursor.rowcount)
    status: str = await connection.raw.execute(sql, *parameters)
    return int(status.rpartition(" ")[2])


def _question_marks(sql: str) -> str:
    return re.sub(r"\$(\d)", r"?\1", sql)


def _fields(count: int) -> list[tuple[str, str]]:
    return [field for i in range(count) for field in ((f"length{i}", ">i4"), (f"value{i}", ">i8"))]


async def _binary(
    batches: Iterable[Sequence[Ints]], same: Sequence[int | str]
) -> AsyncIterator[bytes]:
    """Give rows as COPY wants them: field count, then length and value of each field."""
    yield _SIGNATURE
    for batch in batches:
        values = [*batch, *same]
        kinds = [f"S{len(value)}" if isinstance(value, str) else ">i8" for value in values]
        fields = [("fields", ">i2")]
        for i, kind in enumerate(kinds):
            fields += [(f"length{i}", ">i4"), (f"value{i}", kind)]
        rows = np.empty(len(batch[0]), np.dtype(fields))
        rows["fields"] = len(values)
        for i, (value, kind) in enumerate(zip(values, kinds, strict=True)):
            rows[f"length{i}"] = np.dtype(kind).itemsize
            rows[f"value{i}"] = value
        yield rows.tobytes()
    yield _TRAILER
