"""Months and audits: how they stand, and asking for what takes long.

A month is closed by the clock and not here: computing it takes all of a processor for as long as
it lasts, and it lands in one transaction that no scan could pass. So the page only writes down
what is wanted (see `irl.settlement.errands`), and shows the command that does the same.
"""

from __future__ import annotations

from starlette.responses import Response

from api.pages import forms
from api.pages.page import Asked, forward, page
from irl import month
from irl.errors import Invalid, NotFound
from irl.settlement import errands, states


@page(operators_only=True)
async def look(asked: Asked) -> Response:
    """Show the months and the last audit."""
    return await _shown(asked, forms.NOTHING)


@page(operators_only=True)
async def close(asked: Asked) -> Response:
    """Ask the clock to close a month, under the rules of `irl settle`."""
    form = await forms.read(asked)
    try:
        wanted = month.parse(asked.part("month"))
    except Invalid:
        raise NotFound("There is no such month.") from None
    try:
        await errands.ask_to_close(
            asked.house, wanted, early=form.text("early") == "yes", now=asked.now
        )
    except forms.Refusals as trouble:
        return await _shown(asked, form.refused(trouble))
    return forward("/house/months")


@page(operators_only=True)
async def audit(asked: Asked) -> Response:
    """Ask the clock for an audit."""
    await errands.ask_to_audit(asked.house, now=asked.now)
    return forward("/house/months")


async def _shown(asked: Asked, form: forms.Form) -> Response:
    return asked.show(
        "house/months.html", form=form, ledger=await states.look(asked.house, now=asked.now)
    )
