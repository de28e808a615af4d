"""Frames of a viewfinder: which codes of ours are in sight, several times a second."""

from __future__ import annotations

from typing import Final

from typing_extensions import TypedDict

import qr
from api import bodies, sightings
from api.bodies import NoFields
from api.call import Asked, call
from api.errors import MediaTypeRefused
from api.v1.shapes import AddressText
from scanner import Look

MAX_FRAME_BYTES: Final = 256 * 1024
"""Of a whole body; 640 x 480 pixels as JPEG are 30 to 80 KB."""


class SeenShape(TypedDict):
    """A code in sight, well formed and of this house; whether it was issued is not looked up."""

    code: str
    address: AddressText


class SeenInFrameShape(TypedDict):
    """The codes in sight, each once; none is no error."""

    codes: list[SeenShape]


@call(takes={"photo": NoFields}, answer=SeenInFrameShape)
async def look(asked: Asked) -> SeenInFrameShape:
    """Tell which codes of ours a frame of a viewfinder shows; nothing is recorded or stored."""
    if not bodies.is_form(asked.scope):
        raise MediaTypeRefused("Send the frame as multipart/form-data.")
    frame, _ = await bodies.photo_form(asked.scope, asked.receive, NoFields, most=MAX_FRAME_BYTES)
    texts = [sighting.text for sighting in await asked.reader.read(frame, look=Look.FRAME)]
    return SeenInFrameShape(
        codes=[
            SeenShape(code=code.text, address=qr.address(code, base_url=asked.base_url))
            for code in sightings.ours(texts, base_url=asked.base_url)
        ]
    )
