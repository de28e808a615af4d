"""Alembic's entry: the schema of irl on the address that `irl migrate` hands over."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import Any

from alembic import context
from sqlalchemy import Connection, create_engine, event, pool

from irl.schema import metadata


def migrate(connection: Connection) -> None:
    sqlite = connection.dialect.name == "sqlite"
    if sqlite:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=sqlite,
        compare_server_default=False,
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()


async def migrate_postgresql(url: str) -> None:
    # Needs greenlet, which only the extra `postgres` brings.
    from sqlalchemy.ext.asyncio import create_async_engine  # noqa: PLC0415

    engine = create_async_engine(
        url.replace("postgresql://", "postgresql+asyncpg://", 1), poolclass=pool.NullPool
    )
    try:
        async with engine.connect() as connection:
            await connection.run_sync(migrate)
    finally:
        await engine.dispose()


def migrate_sqlite(url: str) -> None:
    engine = create_engine(url, poolclass=pool.NullPool)

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _: Any) -> None:
        # Python's sqlite3 would commit before DDL; we begin ourselves, so that a migration is whole.
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")

    with engine.connect() as connection:
        migrate(connection)
    engine.dispose()


given = context.config.attributes.get("url") or context.config.get_main_option("sqlalchemy.url")
assert given, "irl migrate gives the address"
if given.startswith("sqlite"):
    migrate_sqlite(given)
else:
    asyncio.run(migrate_postgresql(given))
