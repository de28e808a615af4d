"""Migrations of the schema, and how to run them without a configuration file."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy.exc import SQLAlchemyError

from irl.db import FileLock, engine_of, file_path, lock_path
from irl.errors import Unavailable


def upgrade(url: str) -> None:
    """Bring the database to the newest schema; on SQLite under the lock of its writers.

    Raises:
        Unavailable: it cannot be reached or written.
    """
    _under_lock(url, lambda config: command.upgrade(config, "head"))


def downgrade(url: str, revision: str) -> None:
    """Bring the database back to an older schema.

    Raises:
        Unavailable: it cannot be reached or written.
    """
    _under_lock(url, lambda config: command.downgrade(config, revision))


def drifts(url: str) -> str | None:
    """Say how the database differs from `irl.schema`, or None if it does not.

    Raises:
        Unavailable: it cannot be reached.
    """
    if engine_of(url) == "sqlite" and not file_path(url).exists():
        return f"There is no database {file_path(url)}."
    try:
        _under_lock(url, command.check)
    except CommandError as trouble:
        return str(trouble)
    return None


def _under_lock(url: str, work: Callable[[Config], object]) -> None:
    # What alembic would print is for its own command line.
    config = Config(stdout=io.StringIO())
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["url"] = url
    try:
        if engine_of(url) != "sqlite":
            work(config)
            return
        with FileLock.held(lock_path(url)):
            work(config)
    except (OSError, SQLAlchemyError) as trouble:
        first = str(trouble).partition("\n")[0]
        raise Unavailable(f"The database cannot be migrated: {first}.") from trouble
