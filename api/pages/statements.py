"""Statements: one's own account of a closed month."""

from __future__ import annotations

from starlette.responses import Response

from api.pages.page import Asked, page
from irl import month as months
from irl.errors import Invalid, NotFound
from irl.settlement import statements


@page(members_only=True)
async def of(asked: Asked) -> Response:
    """Show what was given and received in a closed month, with how the pot was divided."""
    try:
        month = months.parse(asked.part("month"))
    except Invalid:
        raise NotFound("There is no such month.") from None
    statement = await statements.of(asked.house, asked.member.id, month, now=asked.now)
    return asked.show("statement.html", statement=statement, rule=statements.RULE)
