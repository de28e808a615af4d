"""The files that a command line names: photos, and folders of them."""

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from scanner.guards import MAX_PHOTO_BYTES

PICTURES: Final = frozenset({".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif"})
"""How names of pictures end, in any case. A file that is named itself may have any name."""


@dataclass(frozen=True, slots=True)
class File:
    """One file to read, or one place where none could be found: then `trouble` says why."""

    path: Path
    trouble: str | None = None


def listed(named: Iterable[Path]) -> Iterator[File]:
    """Give the files that are named, and the pictures in the folders that are named.

    A folder is walked to its depth, in the order of the names. Hidden files and folders in it are
    left out, and links to folders are not followed, so that a loop of them ends.
    """
    for path in named:
        if not _is_folder(path):
            yield File(path)
            continue
        empty = True
        for file in _pictures(path):
            empty = False
            yield file
        if empty:
            yield File(path, "The folder holds no picture.")


def contents(path: Path) -> bytes:
    """Read a file, but not much more of it than a photo may have.

    Raises:
        OSError: it cannot be read; also when it is a pipe or a device, which might never end.
    """
    # A pipe without a writer would wait for one as soon as it is opened.
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "Not a file")
    with path.open("rb") as file:
        return file.read(MAX_PHOTO_BYTES + 1)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # Whoever reads it is told why: a link to itself, a folder that is closed.
        return False


def _pictures(folder: Path) -> Iterator[File]:
    # A stack and no recursion: folders may be nested deeper than Python's calls.
    waiting: list[tuple[Path, bool]] = [(folder, True)]
    while waiting:
        path, is_folder = waiting.pop()
        if not is_folder:
            yield File(path)
            continue
        try:
            with os.scandir(path) as entries:
                inside = sorted(entries, key=lambda entry: entry.name, reverse=True)
        except OSError as error:
            yield File(path, error.strerror or str(error))
            continue
        waiting += [
            (Path(one), one.is_dir(follow_symlinks=False)) for one in inside if _wanted(one)
        ]


def _wanted(entry: "os.DirEntry[str]") -> bool:
    if entry.name.startswith("."):
        return False
    if entry.is_dir(follow_symlinks=False):
        return True
    return Path(entry.name).suffix.lower() in PICTURES and not _is_folder(Path(entry))
