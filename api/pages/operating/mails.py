"""Mails that were not sent: why, and what can be done about each."""

from __future__ import annotations

from starlette.responses import Response

from api.pages.operating import paths
from api.pages.page import Asked, forward, page
from irl import undelivered


@page(operators_only=True)
async def look(asked: Asked) -> Response:
    """Show what waits and what was given up; recipients are shortened, texts are not shown."""
    return asked.show(
        "house/mails.html",
        queue=await undelivered.look(asked.house, now=asked.now),
        now=asked.now,
    )


@page(operators_only=True)
async def again(asked: Asked) -> Response:
    """Have a mail tried at once."""
    await undelivered.again(asked.house, paths.number(asked), now=asked.now)
    return forward("/house/mails")


@page(operators_only=True)
async def drop(asked: Asked) -> Response:
    """Give a mail up."""
    await undelivered.drop(asked.house, paths.number(asked))
    return forward("/house/mails")
