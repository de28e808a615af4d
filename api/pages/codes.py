"""The page of a code: what stands before a person who scanned it. Looking gives nothing."""

from __future__ import annotations

import functools
from datetime import datetime
from typing import Final, Literal

from starlette.responses import Response

import qr
from api.pages import forms, templates
from api.pages.page import Asked, forward, page
from irl.errors import NotFound
from irl.giving import subscriptions, worth
from irl.language import Language
from irl.things import placements, reports
from irl.things.placements import Placement
from irl.things.reports import REASONS
from qr import Code

Hours = Literal["not_yet", "open", "over"]

PAGES_KEPT: Final = 1024
"""Pages of codes kept for visitors: about 5 KB each."""


@page()
async def look(asked: Asked) -> Response:
    """Show the thing of a code, and the button."""
    placement = await placements.by_code(asked.house, code_of(asked))
    if placement.revoked:
        return asked.show("code_revoked.html", status=410, placement=placement)
    if asked.holder is None:
        return _for_visitors(asked, placement)
    thing_id = placement.thing.id
    seen = await worth.of_thing(asked.house, asked.holder.id, thing_id, now=asked.now)
    subscription = None
    if seen.given is not None:
        subscription = await subscriptions.of_thing(
            asked.house, asked.holder.id, thing_id, now=asked.now
        )
    return asked.show(
        "code.html",
        placement=placement,
        hours=_hours(placement, asked.now),
        seen=seen,
        subscription=subscription,
        is_new=asked.query("given") is not None,
        nonce=forms.new_nonce(),
    )


def _hours(placement: Placement, now: datetime) -> Hours:
    if placement.closes_at is not None and now >= placement.closes_at:
        return "over"
    return "open" if placement.open_at(now) else "not_yet"


def _for_visitors(asked: Asked, placement: Placement) -> Response:
    """Show the page to somebody who is not signed in: but for the nonce the same for all.

    It is the page that is opened most, so it is filled in once and kept as long as nothing in it
    changes.
    """
    hours = _hours(placement, asked.now)
    has_pocket = asked.pocket is not None
    parts = _filled(placement, hours, asked.speaks, has_pocket=has_pocket)
    return templates.answer(forms.new_nonce().join(parts))


@functools.lru_cache(maxsize=PAGES_KEPT)
def _filled(placement: Placement, hours: Hours, speaks: Language, *, has_pocket: bool) -> list[str]:
    """Give what stands before and behind each nonce, whose place a random word keeps."""
    place = forms.new_nonce()
    text = templates.filled(
        "code.html",
        language=speaks,
        me=None,
        has_pocket=has_pocket,
        form=forms.NOTHING,
        here=f"/t/{placement.code}",
        placement=placement,
        hours=hours,
        seen=None,
        subscription=None,
        is_new=False,
        nonce=place,
    )
    return text.split(place)


@page()
async def visit(asked: Asked) -> Response:
    """Count one showing of the page, without any person."""
    await placements.visit(asked.house, code_of(asked), now=asked.now)
    return Response(status_code=204)


@page()
async def show_report(asked: Asked) -> Response:
    """Show the form for saying that something is not right."""
    return _report(asked, code_of(asked), forms.NOTHING)


@page()
async def report(asked: Asked) -> Response:
    """Say that something is not right; nobody needs to be signed in."""
    code = code_of(asked)
    form = await forms.read(asked)
    try:
        await reports.send(
            asked.house,
            code=code,
            thing_id=None,
            reason=form.text("reason"),
            text=form.text("text"),
            address=asked.address,
            now=asked.now,
        )
    except forms.Refusals as trouble:
        return _report(asked, code, form.refused(trouble))
    return forward("/reported")


@page()
async def reported(asked: Asked) -> Response:
    """Say thank you."""
    return asked.show("reported.html")


def code_of(asked: Asked) -> Code:
    """Read the code of the path, as printed or as typed.

    Raises:
        NotFound: it is none.
    """
    try:
        return qr.parse(asked.part("code"), base_url=asked.base_url)
    except qr.CodeError:
        raise NotFound("This is not a code of ours, or a character of it was mistyped.") from None


def _report(asked: Asked, code: Code, form: forms.Form) -> Response:
    return asked.show("report.html", form=form, code=code, reasons=REASONS)
