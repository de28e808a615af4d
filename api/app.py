"""The table of routes, on one page, and what holds it together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, Router

from api import docs, health, openapi, pages, problems, state
from api.door import Door
from api.hooks import Hook
from api.logs import AccessLog
from api.state import Clock, Reader, State, utc_now
from api.v1 import (
    charities,
    codes,
    deposits,
    flattrs,
    frames,
    members,
    payouts,
    pictures,
    reload,
    reports,
    scans,
    statements,
    subscriptions,
    things,
    tokens,
    transparency,
    wallet,
)
from irl.settings import Settings

API: list[BaseRoute] = [
    Route("/api/v1/scans", scans.hand_in, methods=["POST"]),
    Route("/api/v1/frames", frames.look, methods=["POST"]),
    Route("/api/v1/members", members.ask, methods=["POST"]),
    Route("/api/v1/members/verify", members.verify, methods=["POST"]),
    Route("/api/v1/members/verify/resend", members.resend, methods=["POST"]),
    Route("/api/v1/tokens", tokens.issue, methods=["POST"]),
    Route("/api/v1/tokens/{id}", tokens.revoke, methods=["DELETE"]),
    Route("/api/v1/me", wallet.me, methods=["GET"]),
    Route("/api/v1/me/budget", wallet.set_budget, methods=["PUT"]),
    Route("/api/v1/me/reload", reload.mine, methods=["GET"]),
    Route("/api/v1/me/reload", reload.want, methods=["PUT"]),
    Route("/api/v1/me/charity", charities.mine, methods=["GET"]),
    Route("/api/v1/me/charity", charities.choose, methods=["PUT"]),
    Route("/api/v1/charities", charities.listed, methods=["GET"]),
    Route("/api/v1/me/deposits", deposits.ask, methods=["POST"]),
    Route("/api/v1/me/deposits", deposits.mine, methods=["GET"]),
    Route("/api/v1/me/deposits/{id}", deposits.of, methods=["GET"]),
    Route("/api/v1/me/payouts", payouts.mine, methods=["GET"]),
    Route("/api/v1/me/payouts", payouts.ask, methods=["POST"]),
    Route("/api/v1/me/payouts/{id}", payouts.of, methods=["GET"]),
    Route("/api/v1/me/payout-address", payouts.address, methods=["GET"]),
    Route("/api/v1/me/payout-address", payouts.set_address, methods=["PUT"]),
    Route("/api/v1/me/moves", payouts.move, methods=["POST"]),
    Route("/api/v1/me/moves", payouts.moved, methods=["GET"]),
    Route("/api/v1/me/flattrs", flattrs.of_month, methods=["GET"]),
    Route("/api/v1/me/flattrs/{id}", flattrs.undo, methods=["DELETE"]),
    Route("/api/v1/me/subscriptions", subscriptions.mine, methods=["GET"]),
    Route("/api/v1/subscriptions", subscriptions.begin, methods=["POST"]),
    Route("/api/v1/subscriptions/{id}", subscriptions.of, methods=["GET"]),
    Route("/api/v1/subscriptions/{id}", subscriptions.change, methods=["PATCH"]),
    Route("/api/v1/subscriptions/{id}", subscriptions.end, methods=["DELETE"]),
    Route("/api/v1/me/statements/{month}.csv", statements.csv, methods=["GET"]),
    Route("/api/v1/me/statements/{month}.pdf", statements.pdf, methods=["GET"]),
    Route("/api/v1/me/statements/{month}", statements.of, methods=["GET"]),
    Route("/api/v1/things", things.register, methods=["POST"]),
    Route("/api/v1/things", things.find, methods=["GET"]),
    Route("/api/v1/things/{id}", things.of, methods=["GET"]),
    Route("/api/v1/things/{id}", things.change, methods=["PATCH"]),
    Route("/api/v1/things/{id}", things.delete, methods=["DELETE"]),
    Route("/api/v1/things/{id}/picture", pictures.put, methods=["PUT"]),
    Route("/api/v1/things/{id}/picture", pictures.drop, methods=["DELETE"]),
    Route("/api/v1/things/{id}/codes", codes.make, methods=["POST"]),
    Route("/api/v1/codes/{code}.svg", codes.svg, methods=["GET"]),
    Route("/api/v1/codes/{code}.png", codes.png, methods=["GET"]),
    Route("/api/v1/codes/{code}.pdf", codes.pdf, methods=["GET"]),
    Route("/api/v1/codes/{code}", codes.revoke, methods=["DELETE"]),
    Route("/api/v1/reports", reports.send, methods=["POST"]),
    Route("/api/v1/transparency", transparency.of, methods=["GET"]),
    Route("/sandbox/checkout/{id}", deposits.decide, methods=["POST"]),
]

HOOKS: list[BaseRoute] = [
    Route("/hooks/paypal", Hook("paypal"), methods=["POST"]),
    Route("/hooks/skrill", Hook("skrill"), methods=["POST"]),
]

HOUSE: list[BaseRoute] = [
    Route("/healthz", health.healthz, methods=["GET"]),
    Route("/problems/{name}", docs.problem, methods=["GET"]),
]

# --- pages: their own table is in api/pages/__init__.py ------------------------------------------

PAGES: list[BaseRoute] = pages.ROUTES


def create(
    settings: Settings,
    *,
    reader: Reader | None = None,
    clock: Clock = utc_now,
    log: AccessLog | None = None,
) -> Door:
    """Make the application.

    Args:
        settings: of the operator.
        reader: what reads photos; None starts the scanner's workers.
        clock: what tells the time.
        log: where requests are noted.
    """
    made = docs.Docs(openapi.document(API, base_url=settings.base_url))
    about: list[BaseRoute] = [
        Route("/api/v1/openapi.json", made.document, methods=["GET"]),
        Route("/api/docs", made.page, methods=["GET"]),
    ]

    @asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[State]:
        async with state.opened(settings, reader=reader, clock=clock) as opened:
            yield opened
        if log is not None:
            log.flush()

    # Routes are tried in their order, so the two ways that are gone most stand first: scans, and
    # the page of a code, with which the pages begin.
    routes = [API[0], *PAGES, *API[1:], *about, *HOOKS, *HOUSE]
    router = Router(routes, redirect_slashes=False, lifespan=lifespan)
    return Door(
        router,
        base_url=settings.base_url,
        answer=_answer,
        log=log,
        pay_origins=settings.pay_origins,
    )


async def _answer(request: Request, trouble: Exception) -> Response:
    """Answer an error with its problem: a page for people, a document for programs."""
    if isinstance(trouble, HTTPException) and trouble.status_code == 405:
        trouble.headers = {"Allow": ", ".join(_allowed(request))}
    problem = problems.of(trouble)
    wants_page = "text/html" in request.headers.get("accept", "")
    if wants_page and not request.url.path.startswith("/api/"):
        return await pages.problem(request, problem)
    return problems.answer(problem, request_id=request.scope["request_id"])


def _allowed(request: Request) -> list[str]:
    """Give the methods of all routes with this address (RFC 9110, section 10.2.1)."""
    fitting = [
        route for route in request.scope["router"].routes if route.matches(request.scope)[0].value
    ]
    return sorted({method for route in fitting for method in route.methods or ()})
