"""What stands in the paths of the operator's pages."""

from __future__ import annotations

from api.pages.page import Asked
from irl.errors import NotFound


def number(asked: Asked) -> int:
    """Read the `id` of the path as a number.

    Raises:
        NotFound: it is none.
    """
    text = asked.part("id")
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise NotFound("There is nothing at this address.")
    return int(text)
