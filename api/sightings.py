"""From a photo to codes of ours: where the scanner and `qr.parse` meet."""

from __future__ import annotations

from collections.abc import Iterable

import qr
from api.errors import NoCodeInPhoto
from api.state import Reader
from qr import Code


async def codes_in(reader: Reader, photo: bytes, *, base_url: str) -> tuple[Code, ...]:
    """Give the distinct codes of ours in a photo, at least one.

    Raises:
        NoCodeInPhoto: nothing was read in it.
        CodeError: something was read, and nothing of it is ours.
        ScannerError: it was not read.
    """
    texts = [sighting.text for sighting in await reader.read(photo)]
    if not texts:
        raise NoCodeInPhoto("No code was found in this photo.", field="photo")
    return tuple(ours(texts, base_url=base_url)) or (qr.parse(texts[0], base_url=base_url),)


def ours(texts: Iterable[str], *, base_url: str) -> dict[Code, str]:
    """Give the distinct codes of ours among texts, in their order, each with its text."""
    found: dict[Code, str] = {}
    for text in texts:
        try:
            found.setdefault(qr.parse(text, base_url=base_url), text)
        except qr.CodeError:
            continue
    return found
