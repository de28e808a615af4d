"""SQLite's connections, one kind that reads and one that writes, set by pragmas as each opens."""

from __future__ import annotations

import sqlite3
from typing import Any, Final

WRITER_PRAGMAS: Final = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=1",
    "wal_autocheckpoint=1000",
    "cache_size=-65536",
)
"""What a writing SQLite connection is set to; 65536 KiB of cache."""


class Reader(sqlite3.Connection):
    """Reads; a write is refused by SQLite itself.

    The file is not mapped into memory: an error of the disk would then end the process.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for pragma in ("query_only=1", "wal_autocheckpoint=0"):
            self.execute(f"PRAGMA {pragma}")
        self.row_factory = sqlite3.Row


class Writer(sqlite3.Connection):
    """Writes; opened, used and closed only under the lock beside the database."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for pragma in WRITER_PRAGMAS:
            self.execute(f"PRAGMA {pragma}").fetchall()
        self.row_factory = sqlite3.Row
