"""Pictures of things: uploaded on the thing's page, shown to everybody by their own address."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from api import bodies
from api.bodies import NoFields
from api.drawing import drawn
from api.errors import MediaTypeRefused
from api.pages import forms
from api.pages.page import Asked, forward, page
from api.pages.things import shown_again
from api.state import Request
from irl.things import pictures
from irl.things.pictures import Size

_HEADERS: Final = {
    # A new picture has a new address.
    "Cache-Control": "public, max-age=31536000, immutable",
    "Content-Security-Policy": "default-src 'none'; sandbox",
}


@page(members_only=True)
async def put(asked: Asked) -> Response:
    """Show a thing with this picture from now on."""
    try:
        if not bodies.is_form(asked.scope):
            raise MediaTypeRefused("Send the picture as multipart/form-data.")
        photo, _ = await bodies.photo_form(asked.scope, asked.receive, NoFields)
        picture = await drawn(asked.reader, photo)
        await pictures.put(asked.house, asked.member.id, asked.part("id"), picture, now=asked.now)
    except forms.Refusals as trouble:
        return await shown_again(asked, forms.filled(photo="").refused(trouble))
    return forward(f"/things/{asked.part('id')}#picture")


@page(members_only=True)
async def drop(asked: Asked) -> Response:
    """Show a thing without a picture from now on."""
    await pictures.drop(asked.house, asked.member.id, asked.part("id"))
    return forward(f"/things/{asked.part('id')}#picture")


async def large(request: Request) -> Response:
    """Give a picture."""
    return await _content(request, "large")


async def small(request: Request) -> Response:
    """Give a picture, small."""
    return await _content(request, "small")


async def _content(request: Request, size: Size) -> Response:
    content = await pictures.content(request.state["house"], request.path_params["id"], size)
    return Response(content, media_type="image/webp", headers=_HEADERS)
