"""Codes: make one for a thing, revoke it, get its picture."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Final

from starlette.responses import Response
from typing_extensions import TypedDict

import qr
import qr.code
from api.bodies import Moment, Strict
from api.call import Asked, call
from api.v1.shapes import AddressText, MomentText
from irl import month
from irl.errors import NotFound
from irl.things import placements
from irl.things.placements import Placement
from qr import poster, render

_PICTURE_HEADERS: Final = {
    # A code looks the same for ever: its mask is kept with it.
    "Cache-Control": "public, max-age=31536000, immutable",
    "Content-Security-Policy": "default-src 'none'; sandbox",
}
_POSTER_HEADERS: Final = {"Cache-Control": "public, max-age=300"}  # its title may change


class NewCode(Strict):
    """Where a code is going to hang, and when it is open."""

    placement: str
    opens_at: Moment | None = None
    closes_at: Moment | None = None


class CodeShape(TypedDict):
    """A new code; `address` is what the symbol says, the pictures need no token."""

    code: str
    address: AddressText
    placement: str
    opens_at: MomentText | None
    closes_at: MomentText | None
    svg: AddressText
    png: AddressText
    pdf: AddressText


@call(scope="thing", body=NewCode, answer=CodeShape, status=201)
async def make(asked: Asked, new: NewCode) -> CodeShape:
    """Make a code for a place of a thing of one's own."""
    made = await placements.make(
        asked.house,
        asked.member.id,
        asked.part("id"),
        name=new.placement,
        opens_at=new.opens_at,
        closes_at=new.closes_at,
        mask=render.MASK,
        now=asked.now,
    )
    return code_shape(made, asked.base_url)


@call(scope="thing", status=204)
async def revoke(asked: Asked) -> None:
    """Revoke a code of one's own; flattrs given through it stand."""
    await placements.revoke(asked.house, asked.member.id, _code(asked), now=asked.now)


@call(media_type="image/svg+xml")
async def svg(asked: Asked) -> Response:
    """Get the bare symbol as SVG."""
    placement = await placements.by_code(asked.house, _code(asked))
    picture = render.svg(_symbol(placement, asked.base_url), title=placement.thing.title)
    return Response(picture, media_type="image/svg+xml", headers=_PICTURE_HEADERS)


@call(media_type="image/png")
async def png(asked: Asked) -> Response:
    """Get the bare symbol as PNG: square, black on white, quiet zone 4."""
    placement = await placements.by_code(asked.house, _code(asked))
    picture = render.png(_symbol(placement, asked.base_url))
    return Response(picture, media_type="image/png", headers=_PICTURE_HEADERS)


@call(media_type="application/pdf")
async def pdf(asked: Asked) -> Response:
    """Get a small poster with symbol, title, artist, code and host as PDF."""
    placement = await placements.by_code(asked.house, _code(asked))
    page = await asyncio.to_thread(poster_of, placement, asked.base_url)
    return Response(page, media_type="application/pdf", headers=_POSTER_HEADERS)


def code_shape(placement: Placement, base_url: str) -> CodeShape:
    """Present a placement with the addresses of its pictures."""
    picture = f"{base_url}/api/v1/codes/{placement.code}"
    return CodeShape(
        code=placement.code.text,
        address=qr.address(placement.code, base_url=base_url),
        placement=placement.name,
        opens_at=_written(placement.opens_at),
        closes_at=_written(placement.closes_at),
        svg=f"{picture}.svg",
        png=f"{picture}.png",
        pdf=f"{picture}.pdf",
    )


def poster_of(placement: Placement, base_url: str) -> bytes:
    """Draw the poster of a placement as PDF."""
    return poster.label(
        _symbol(placement, base_url),
        title=placement.thing.title,
        artist=placement.thing.artist or None,
        code_groups=placement.code.grouped,
        host=qr.code.authority(base_url),
    )


def _symbol(placement: Placement, base_url: str) -> render.Symbol:
    return render.symbol(qr.address(placement.code, base_url=base_url), mask=placement.mask)


def _written(moment: datetime | None) -> str | None:
    return None if moment is None else month.iso(moment)


def _code(asked: Asked) -> qr.Code:
    """Read the code of the path; what is none cannot be found."""
    try:
        return qr.parse(asked.part("code"), base_url=asked.base_url)
    except qr.CodeError:
        raise NotFound("There is no such code.") from None
