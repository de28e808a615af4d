"""A page: a function that is given who asks and what they said, and returns what is shown.

`@page()` turns it into an endpoint. The session is read once, and only where a cookie came along.
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from starlette.datastructures import QueryParams
from starlette.requests import cookie_parser
from starlette.responses import RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from api import call
from api.pages import cookies, templates
from api.pages.forms import NOTHING, Form
from irl import language as languages
from irl.errors import NotFound
from irl.house import House
from irl.language import Language
from irl.members import sessions


@dataclass(slots=True, kw_only=True)
class Asked(call.Asked):
    """A request, as a page sees it; `token` is the secret of the session, if there is one.

    `known` is the mark of a device that somebody signed in with before.
    """

    pocket: str | None
    known: str | None
    speaks: Language

    def query(self, name: str) -> str | None:
        """Give a query parameter, the first of this name."""
        values = self.queries(name)
        return values[0] if values else None

    def queries(self, name: str) -> list[str]:
        """Give all query parameters of this name."""
        return QueryParams(self.scope["query_string"]).getlist(name)

    def show(
        self, template: str, *, form: Form = NOTHING, status: int = 200, **more: Any
    ) -> Response:
        """Fill in a template; a form that was refused brings its own status."""
        shown = templates.show(
            template,
            language=self.speaks,
            status=form.status or status,
            me=self.holder,
            has_pocket=self.holder is None and self.pocket is not None,
            here=self.scope["path"],
            form=form.said_in(self.speaks),
            **more,
        )
        shown.headers.update(form.headers)
        return shown


class Page:
    """An endpoint as an ASGI application.

    Args:
        function: what it shows.
        members_only: whether a visitor is sent to sign in first.
        operators_only: the same, and for a member who is no operator there is nothing here.
    """

    def __init__(
        self,
        function: Callable[[Asked], Awaitable[Response]],
        *,
        members_only: bool,
        operators_only: bool,
    ) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.members_only = members_only or operators_only
        self.operators_only = operators_only

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        asked = await _asked(scope, receive)
        if self.members_only and asked.holder is None:
            response: Response = _to_sign_in(scope)
        elif self.operators_only and not asked.member.is_operator:
            raise NotFound("There is nothing at this address.")
        else:
            response = await self.function(asked)
        await response(scope, receive, send)


def page(
    *, members_only: bool = False, operators_only: bool = False
) -> Callable[[Callable[[Asked], Awaitable[Response]]], Page]:
    """Make an endpoint of a function; see `Page`."""
    return functools.partial(Page, members_only=members_only, operators_only=operators_only)


def forward(path: str) -> RedirectResponse:
    """Send the browser on after a form was done, so that a reload does not send it again."""
    return RedirectResponse(path, status_code=303, headers={"Cache-Control": "no-store"})


async def _asked(scope: Scope, receive: Receive) -> Asked:
    house: House = scope["state"]["house"]
    sent = cookie_parser(scope["named"].get(b"cookie", b"").decode("latin-1"))
    secret = sent.get(cookies.session_name(house.settings))
    asked = Asked(
        scope=scope,
        receive=receive,
        house=house,
        token=secret,
        now=scope["state"]["clock"](),
        pocket=sent.get(cookies.POCKET),
        known=sent.get(cookies.known_name(house.settings)),
        speaks=languages.of(spoken(scope, sent)),
    )
    if secret is not None:
        asked.holder = await sessions.holder(house, secret, now=asked.now)
        if asked.holder is not None and asked.holder.language is not None:
            asked.speaks = languages.of(asked.holder.language)
    return asked


def spoken(scope: Scope, sent: Mapping[str, str]) -> str:
    """Give the language that a visitor chose, else what the browser asks for."""
    chosen = sent.get(cookies.LANGUAGE)
    if chosen is not None and chosen in languages.NAMES:
        return chosen
    return languages.wanted(scope["named"].get(b"accept-language", b"").decode("latin-1"))


def _to_sign_in(scope: Scope) -> Response:
    """Send a visitor to sign in, and back to the page that was asked for."""
    wanted = "/month"
    if scope["method"] in {"GET", "HEAD"}:
        query = scope["query_string"].decode("latin-1")
        wanted = scope["path"] + (f"?{query}" if query else "")
    return forward(f"/sign-in?next={quote(wanted)}")
