"""SQLite's connections, one kind that reads and one that writes, set by pragmas as each opens."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any, Final

from irl.errors import Unavailable

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


def refuse_other_file(path: Path) -> None:
    """Refuse what is no database: SQLite would make an empty one of a mistyped name.

    Raises:
        OSError: the file cannot be read.
        Unavailable: it is something else (SQLite file format, section 1.3).
    """
    if not path.exists():
        raise Unavailable(f"There is no database {path}; run: irl migrate")
    with path.open("rb") as file:
        if file.read(16) not in (b"", b"SQLite format 3\x00"):
            raise Unavailable(f"{path} is no SQLite database.")
