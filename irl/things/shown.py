"""The picture of a thing as pages show it, and what a query of things needs to find it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from irl.db import Row
from irl.schema import pictures

COLUMNS: Final = (
    pictures.c.public_id.label("picture_id"),
    pictures.c.width.label("picture_width"),
    pictures.c.height.label("picture_height"),
)
"""Of an outer join with `pictures`, beside the thing's own columns."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture: its id for the outside, and the sides of the large one in pixels."""

    id: str
    width: int
    height: int


def shown(row: Row) -> Shown | None:
    """Give the picture of a thing's row, if it has one and the operator did not hide the thing."""
    if row["picture_id"] is None or row["hidden_at"] is not None:
        return None
    return Shown(row["picture_id"], row["picture_width"], row["picture_height"])
