"""What our own scripts call: a form comes in, JSON goes out, and what is wrong is said to people.

The door's check of origins holds here as for every form.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from pydantic_core import to_json
from starlette.responses import Response

from api import problems
from api.pages import forms
from api.pages.forms import Form
from api.pages.page import Asked, Page, page
from irl.errors import TokenRefused

Answer: TypeAlias = dict[str, Any]


def called(function: Callable[[Asked, Form], Awaitable[Answer]]) -> Page:
    """Make an endpoint for a member's own script of a function; see `open_to_all`."""

    async def of_members(asked: Asked, form: Form) -> Answer:
        if asked.holder is None:
            raise TokenRefused("Please sign in first.")
        return await function(asked, form)

    return open_to_all(of_members)


def open_to_all(function: Callable[[Asked, Form], Awaitable[Answer]]) -> Page:
    """Make an endpoint for a script of a function: `detail` says what is wrong, in words."""

    @page()
    async def answered(asked: Asked) -> Response:
        try:
            return _json(200, await function(asked, await forms.read(asked)), {})
        except (*forms.Refusals, TokenRefused) as trouble:
            problem = problems.of(trouble)
            said = {"detail": asked.speaks.says(problem.detail), "field": problem.field}
            return _json(problem.kind.status, said, dict(problem.headers))

    return answered


def _json(status: int, said: Answer, headers: dict[str, str]) -> Response:
    return Response(
        to_json(said),
        status_code=status,
        media_type="application/json",
        headers={"Cache-Control": "no-store"} | headers,
    )
