"""The page of a code: what stands before a person who scanned it. Looking gives nothing."""

from __future__ import annotations

from starlette.responses import Response

import qr
from api.pages import flattrs, forms
from api.pages.page import Asked, forward, page
from irl.errors import NotFound
from irl.giving import subscriptions
from irl.things import placements, reports
from irl.things.reports import REASONS
from qr import Code


@page()
async def look(asked: Asked) -> Response:
    """Show the thing of a code, and the button."""
    placement = await placements.by_code(asked.house, code_of(asked))
    if placement.revoked:
        return asked.show("code_revoked.html", status=410, placement=placement)
    month = await flattrs.with_thing(asked, placement.thing.id)
    subscription = None
    if asked.holder is not None and month is not None and month.given is not None:
        subscription = await subscriptions.of_thing(
            asked.house, asked.holder.id, placement.thing.id, now=asked.now
        )
    return asked.show(
        "code.html",
        placement=placement,
        is_open=placement.open_at(asked.now),
        is_over=placement.closes_at is not None and asked.now >= placement.closes_at,
        month=month,
        subscription=subscription,
        nonce=forms.new_nonce(),
    )


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
