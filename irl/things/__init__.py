"""Things that can be flattred, their placements with codes, and reports about them."""

from irl.things.catalogue import (
    CATEGORIES,
    Draft,
    Page,
    Thing,
    change,
    delete,
    find,
    mine,
    of,
    register,
)

__all__ = [
    "CATEGORIES",
    "Draft",
    "Page",
    "Thing",
    "change",
    "delete",
    "find",
    "mine",
    "of",
    "register",
]
