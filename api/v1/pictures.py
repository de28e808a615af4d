"""The picture of a thing: put and dropped by its maker, seen by everybody."""

from __future__ import annotations

from api import bodies
from api.bodies import NoFields
from api.call import Asked, call
from api.drawing import drawn
from api.errors import MediaTypeRefused
from api.v1.shapes import ThingShape, thing_shape
from irl.things import pictures


@call(takes={"photo": NoFields}, scope="thing", answer=ThingShape)
async def put(asked: Asked) -> ThingShape:
    """Show a thing of one's own with this picture, drawn anew, and no longer with another."""
    if not bodies.is_form(asked.scope):
        raise MediaTypeRefused("Send the picture as multipart/form-data.")
    photo, _ = await bodies.photo_form(asked.scope, asked.receive, NoFields)
    picture = await drawn(asked.reader, photo)
    thing = await pictures.put(
        asked.house, asked.member.id, asked.part("id"), picture, now=asked.now
    )
    return thing_shape(thing, asked.base_url)


@call(scope="thing", status=204)
async def drop(asked: Asked) -> None:
    """Show a thing of one's own without a picture."""
    await pictures.drop(asked.house, asked.member.id, asked.part("id"))
