"""Columns of whole numbers in and out of the database, thousands of rows at a time.

Settlement reads and writes millions of rows that hold nothing but whole numbers. A Python object
for each would take longer than all the rest, so they travel as arrays: out of SQLite as one text
of numbers a column, in and out of PostgreSQL as its binary COPY format (PostgreSQL manual,
"COPY", File Formats, Binary Format).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from typing import Any, Final

import numpy as np

from irl.db import Connection
from irl.settlement.core import Ints

Column = Ints | int | str
"""A column to write: an array, or one value for all rows."""

_SIGNATURE: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER: Final = b"\xff\xff"

_SLICE: Final = 1 << 12
"""Rows that are Python objects at the same time."""

_TOGETHER: Final = 50
"""Rows that one INSERT brings to SQLite: with one each, it takes three times as long."""


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
    connection: Connection, table: str, names: Sequence[str], rows: Iterable[Sequence[Column]]
) -> None:
    """Insert rows, given as batches of columns, in the caller's transaction."""
    if connection.engine == "sqlite":
        into = f"INSERT INTO {table} ({', '.join(names)}) VALUES "  # noqa: S608 - our own
        row = f"({', '.join('?' * len(names))})"
        for values in _slices(rows):
            many = len(values) - len(values) % _TOGETHER
            await connection.raw.executemany(
                into + ", ".join([row] * _TOGETHER),
                (
                    list(itertools.chain.from_iterable(values[at : at + _TOGETHER]))
                    for at in range(0, many, _TOGETHER)
                ),
            )
            await connection.raw.executemany(into + row, values[many:])
        return
    await connection.raw.copy_to_table(
        table, source=_binary(rows), columns=list(names), format="binary"
    )


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


def _slices(batches: Iterable[Sequence[Column]]) -> Iterator[list[tuple[Any, ...]]]:
    for batch in batches:
        size = _size(batch)
        for at in range(0, size, _SLICE):
            rows = [
                itertools.repeat(column)
                if isinstance(column, (int, str))
                else column[at : at + _SLICE].tolist()
                for column in batch
            ]
            yield list(zip(*rows, strict=False))


def _size(batch: Sequence[Column]) -> int:
    return max((len(column) for column in batch if isinstance(column, np.ndarray)), default=1)


async def _binary(batches: Iterable[Sequence[Column]]) -> AsyncIterator[bytes]:
    yield _SIGNATURE
    for batch in batches:
        yield _packed(batch)
    yield _TRAILER


def _packed(batch: Sequence[Column]) -> bytes:
    """Give one batch of rows as COPY wants them: field count, then length and value of each."""
    kinds = [f"S{len(column)}" if isinstance(column, str) else ">i8" for column in batch]
    fields = [("fields", ">i2")]
    for i, kind in enumerate(kinds):
        fields += [(f"length{i}", ">i4"), (f"value{i}", kind)]
    rows = np.empty(_size(batch), np.dtype(fields))
    rows["fields"] = len(batch)
    for i, (column, kind) in enumerate(zip(batch, kinds, strict=True)):
        rows[f"length{i}"] = np.dtype(kind).itemsize
        rows[f"value{i}"] = column
    return rows.tobytes()
