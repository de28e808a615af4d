"""What the chunks came to, kept in a temporary file until it lands, so that memory stays flat."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Iterator
from types import TracebackType
from typing import Final, Self

import numpy as np

from irl.settlement.core import Closed

_NAMES: Final = tuple(field.name for field in dataclasses.fields(Closed))


class Spool:
    """Closed chunks in the order in which they were put in; the file has no name and goes alone."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="irl-settle-")  # noqa: SIM115 - __exit__ closes it
        self._sizes: list[list[int]] = []
        self.pots = 0
        """Givers with a pot."""
        self.draws = 0
        """Lots that they draw from."""
        self.voids = 0
        """Flattrs that do not count."""

    def __enter__(self) -> Self:
        """Give the spool itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove the file."""
        self._file.close()

    def put(self, closed: Closed) -> None:
        """Add a chunk."""
        self.pots += len(closed.pots)
        self.draws += len(closed.draws)
        self.voids += len(closed.void_members)
        columns = [getattr(closed, name) for name in _NAMES]
        self._sizes.append([len(column) for column in columns])
        for column in columns:
            self._file.write(column.astype(np.int64).tobytes())

    def __iter__(self) -> Iterator[Closed]:
        """Give all chunks, one after the other; one reader at a time."""
        self._file.seek(0)
        for sizes in self._sizes:
            columns = [np.frombuffer(self._file.read(8 * size), np.int64) for size in sizes]
            yield Closed(**dict(zip(_NAMES, columns, strict=True)))
