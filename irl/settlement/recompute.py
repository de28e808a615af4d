"""Statements checked without the house: every figure computed again from what the file itself says.

A file is somebody else's word. What is no statement is refused; of a statement each thing that
does not fit is a finding: shares, sums, balances, keys, the hash, and the link to the file before.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from stat import S_ISREG
from typing import Any, Final, NoReturn

from irl import month as months
from irl.month import Month
from irl.settlement import findings
from irl.settlement.shape import StatementShape

MOST_BYTES: Final = 32 * 2**20
"""A file; a statement has about 350 bytes a flattr."""

MOST_FILES: Final = 10_000


class Unreadable(ValueError):
    """A file that is no JSON object, is too large, or cannot be read; its words say which."""


def files(path: Path) -> list[Path]:
    """Give a file, or what a folder holds that ends in `.json`, by name.

    Raises:
        Unreadable: there is no such file or folder, or nothing or too much in it.
    """
    if not path.is_dir():
        return [path]
    found = sorted(each for each in path.iterdir() if each.suffix == ".json")
    if not found:
        raise Unreadable("there is no .json in this folder")
    if len(found) > MOST_FILES:
        raise Unreadable(f"more than {MOST_FILES} files")
    return found


def read(path: Path) -> dict[str, Any]:
    """Read a file that somebody handed over.

    Raises:
        Unreadable: with why.
    """
    try:
        # Before it is opened: a pipe would have us wait.
        if not S_ISREG(path.stat().st_mode):
            raise Unreadable("not a file")
        with path.open("rb") as file:
            text = file.read(MOST_BYTES + 1)
    except OSError as trouble:
        raise Unreadable(trouble.strerror or "it cannot be read") from None
    if len(text) > MOST_BYTES:
        raise Unreadable(f"larger than {MOST_BYTES // 2**20} MiB")
    try:
        found = json.loads(
            text,
            parse_float=_refuse,
            parse_constant=_refuse,
            parse_int=_whole,
            object_pairs_hook=_once,
        )
    except Unreadable:
        raise
    except (ValueError, RecursionError):
        raise Unreadable("not JSON") from None
    if not isinstance(found, dict):
        raise Unreadable("not a statement")
    return found


def _refuse(text: str) -> NoReturn:
    raise Unreadable(f"a number that is not whole: {text[:20]}")


def _whole(text: str) -> int:
    if len(text) > 20:
        raise Unreadable("a number of more than 20 digits")
    return int(text)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Unreadable("the same key twice in one object")
    return found


# --- the chain -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What must fit between a statement and the one before it."""

    member: int
    month: Month
    begins_at: str
    ends_at: str
    before: tuple[int, int]
    """Funds and revenue, in micro-euros."""
    after: tuple[int, int]
    previous: str | None
    hash: str


def link(found: dict[str, Any]) -> Link:
    """Give the link of a document without findings."""
    said = StatementShape.model_validate(found)
    return Link(
        member=said.member,
        month=months.parse(said.month),
        begins_at=said.begins_at,
        ends_at=said.ends_at,
        before=(said.funds.opening_micros, said.revenue.opening_micros),
        after=(said.funds.closing_micros, said.revenue.closing_micros),
        previous=said.previous,
        hash=said.hash,
    )


def broken(links: Sequence[Link]) -> list[str]:
    """Compare statements with those before them, each member's own; give what is wrong.

    A month that is missing between two others is a finding: the link over it cannot be seen.
    """
    wrong: list[str] = []
    for before, after in pairwise(sorted(links, key=lambda each: (each.member, each.month))):
        if before.member == after.member:
            month = f"member {after.member}, {months.text(after.month)}"
            wrong += [f"{month}: {each}" for each in _unlinked(before, after)]
    return wrong[: findings.MOST]


def _unlinked(before: Link, after: Link) -> Iterator[str]:
    name = months.text(before.month)
    if before.month == after.month:
        if before.hash != after.hash:
            yield "two statements that say different things"
        return
    if months.add(before.month, 1) != after.month:
        yield f"the month before is missing; the last before it is {name}"
        return
    if after.previous != before.hash:
        yield f"it does not name the statement of {name}, whose hash is {before.hash}"
    if after.before != before.after:
        yield f"funds and revenue are not what they were after {name}"
    if after.begins_at != before.ends_at:
        yield f"it does not begin where {name} ended"


def compared(paths: Sequence[Path]) -> list[str]:
    """Check files, and whole folders of them, each by itself and as a chain; give what is wrong.

    Raises:
        Unreadable: with the file's name and why.
    """
    wrong: list[str] = []
    links: list[Link] = []
    for path in paths:
        try:
            wanted = files(path)
        except Unreadable as trouble:
            raise Unreadable(f"{_name(path)}: {trouble}") from None
        for file in wanted:
            try:
                found = read(file)
            except Unreadable as trouble:
                raise Unreadable(f"{_name(file)}: {trouble}") from None
            here = findings.of(found)
            wrong += [f"{_name(file)}: {each}" for each in here]
            if not here:
                links.append(link(found))
    return [*wrong, *broken(links)]


def _name(path: Path) -> str:
    """Give a path's name without what a terminal would obey."""
    return "".join(letter if letter.isprintable() else "?" for letter in str(path))
