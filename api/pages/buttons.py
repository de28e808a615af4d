"""Buttons for other places: the code of a thing on the web, as a link, a script, a picture, a feed's line."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Final

from starlette.responses import Response

from api.pages import templates
from api.pages.page import Asked, forward, page
from irl import things
from irl.language import Language
from irl.things import Thing, placements
from irl.things.figures import FEWEST
from qr import Code, render

_HEADERS: Final = {
    "Cache-Control": "public, max-age=600",  # its count changes
    "Content-Security-Policy": "default-src 'none'; sandbox",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Snippets:
    """Lines to copy, each HTML or XML; all of them lead to the page of a code."""

    address: str
    link: str
    script: str
    image: str
    head: str
    feed: str


@page(members_only=True)
async def make(asked: Asked) -> Response:
    """Have a code for the web, which stands behind buttons and links."""
    await placements.for_web(
        asked.house, asked.part("id"), maker_id=asked.member.id, mask=render.MASK, now=asked.now
    )
    return forward(f"/things/{asked.part('id')}#anywhere")


@page()
async def image(asked: Asked) -> Response:
    """Give a button as a picture, with the count of flattrs where that says nothing of anybody."""
    thing = await things.of(asked.house, asked.part("id"))
    count = None if thing.flattrs < FEWEST else _short(thing.flattrs)
    drawn = templates.filled("button.svg", language=asked.speaks, count=count)
    return Response(drawn, media_type="image/svg+xml", headers=_HEADERS)


def snippets(thing: Thing, code: Code, *, base_url: str, speaks: Language) -> Snippets:
    """Write what a maker copies to other places."""
    address = f"{base_url}/t/{code}"
    words = escape(speaks.says("Flattr this"))
    title = escape(speaks.says("Flattr “{title}”", title=thing.title))
    picture = f"{base_url}/things/{thing.id}/button.svg"
    return Snippets(
        address=address,
        link=f'<a href="{address}">{words}</a>',
        script=f'<a class="flattr-button" href="{address}">{words}</a>\n'
        f'<script src="{base_url}/static/button.js" defer></script>',
        image=f'<a href="{address}"><img src="{picture}" alt="{words}" height="32"></a>',
        head=f'<link rel="payment" href="{address}" title="{title}">',
        feed=f'<atom:link rel="payment" href="{address}" title="{title}" type="text/html"/>',
    )


def _short(count: int) -> str:
    return str(count) if count < 10_000 else f"{count // 1000}k"
