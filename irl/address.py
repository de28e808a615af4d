"""Addresses of databases. Pure."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from irl.connection import Engine


def engine_of(url: str) -> Engine:
    """Tell the engine from a database address.

    Raises:
        ValueError: neither `sqlite:///…` nor `postgresql://…`.
    """
    scheme = urlsplit(url).scheme
    if scheme == "sqlite":
        return "sqlite"
    if scheme == "postgresql":
        return "postgresql"
    raise ValueError("a database address starts with sqlite:/// or postgresql://")


def file_path(url: str) -> Path:
    """Give the path of a SQLite database: `sqlite:///var/irl.db` is relative, four slashes are not."""
    return Path(unquote(url.removeprefix("sqlite:///")))


def lock_path(url: str) -> Path:
    """Give the path of the lock beside a SQLite database."""
    path = file_path(url)
    return path.with_name(path.name + ".lock")
