"""The pages; each module has the name of its room in irl."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from api import problems
from api.problems import Problem

ROUTES: list[BaseRoute] = []


async def problem(request: Request, problem: Problem) -> Response:
    """Show a problem to a person."""
    return problems.answer(problem, request_id=request.scope["request_id"])
