"""Reports: what people say is not right, and what the operator decides."""

from __future__ import annotations

from starlette.responses import Response

from api.pages import forms
from api.pages.operating import paths
from api.pages.page import Asked, forward, page
from irl.things import reports


@page(operators_only=True)
async def waiting(asked: Asked) -> Response:
    """Show the reports that wait for a decision."""
    return asked.show(
        "house/reports.html", reports=await reports.waiting(asked.house), are_decided=False
    )


@page(operators_only=True)
async def decided(asked: Asked) -> Response:
    """Show the reports that were decided; a decision can be changed."""
    return asked.show(
        "house/reports.html", reports=await reports.decided(asked.house), are_decided=True
    )


@page(operators_only=True)
async def decide(asked: Asked) -> Response:
    """Hide what a report is about, or keep it."""
    form = await forms.read(asked)
    await reports.decide(asked.house, paths.number(asked), form.text("decision"), now=asked.now)
    return forward("/house/reports/decided" if form.text("from") == "decided" else "/house/reports")
