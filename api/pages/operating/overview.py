"""The house at one look: what needs a person, and whether all is well."""

from __future__ import annotations

from starlette.responses import Response

from api import health
from api.pages.page import Asked, page
from irl import overview


@page(operators_only=True)
async def look(asked: Asked) -> Response:
    """Show what waits for a person."""
    return asked.show(
        "house/overview.html",
        house=await overview.look(asked.house, now=asked.now),
        reading=asked.reader.health(),
        version=health.VERSION,
        engine=asked.house.db.engine,
    )
