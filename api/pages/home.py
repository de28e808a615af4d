"""The first page, and what every page is made of."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from api.pages import templates
from api.pages.page import Asked, page
from api.state import Request
from irl.errors import NotFound

_TYPES: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@page()
async def home(asked: Asked) -> Response:
    """Say what this is."""
    return asked.show("home.html")


async def static(request: Request) -> Response:
    """Give a static file; its address changes when it does, so it can be kept for ever."""
    name = request.path_params["name"]
    if name not in templates.STATIC:
        raise NotFound("There is no such file.")
    return Response(
        templates.STATIC[name],
        media_type=_TYPES[name[name.rindex(".") :]],
        headers={"Cache-Control": "public, max-age=31536000, immutable"},
    )
