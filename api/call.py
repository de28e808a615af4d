"""A call of the API: what it takes and answers, said once, for the program and for its document.

`@call(...)` turns a function into an endpoint. The function is given who asks and what they said,
both checked; what it returns is the answer. So an endpoint is one call of the domain between two
lines of words.
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, TypeVar, overload

from pydantic import BaseModel
from pydantic_core import to_json
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api import bodies
from api.state import Reader
from irl import language as languages
from irl.errors import TokenRefused
from irl.house import House
from irl.members import tokens
from irl.members.member import Member

B = TypeVar("B", bound=BaseModel)

ScopeName = Literal["flattr", "thing", "wallet", "any"]
"""What a token must be for; `any` takes a token of any scope."""

Way = Literal["json", "query", "form", "photo"]
"""How a shape comes: as JSON, as query parameters, as a form, as a form with a photo."""

_JSON: Final = (b"content-type", b"application/json")
_PRIVATE: Final = (b"cache-control", b"no-store")


@dataclass(slots=True, kw_only=True)
class Asked:
    """A request, as an endpoint sees it."""

    scope: Scope
    receive: Receive
    house: House
    token: str | None
    now: datetime
    holder: Member | None = None

    @property
    def member(self) -> Member:
        """Who asks; only for calls that need a token."""
        assert self.holder is not None
        return self.holder

    @property
    def reader(self) -> Reader:
        """What reads photos."""
        reader: Reader = self.scope["state"]["reader"]
        return reader

    @property
    def address(self) -> str:
        """The network address of who asks, for throttles."""
        client = self.scope.get("client")
        return client[0] if client else "unknown"

    @property
    def base_url(self) -> str:
        """Where the house lives."""
        return self.house.settings.base_url

    @property
    def language(self) -> str | None:
        """What `Accept-Language` asks for, of what the house speaks; None where it is not sent."""
        said: bytes | None = self.scope["named"].get(b"accept-language")
        return None if said is None else languages.wanted(said.decode("latin-1"))

    def part(self, name: str) -> str:
        """Give a part of the path, for instance `id`."""
        part: str = self.scope["path_params"][name]
        return part


class Call:
    """An endpoint as an ASGI application, and its description.

    Args:
        function: what it does.
        scope: what the bearer's token must be for; None when no token is needed.
        optional_scope: the same for a token that may be left out; the function looks at it.
        takes: the shapes that it takes, by the kind of body or as query.
        answer: the shape of its JSON answer, or None.
        status: of its answer.
        media_type: of its answer when that is not JSON.
    """

    def __init__(
        self,
        function: Callable[..., Awaitable[Any]],
        *,
        scope: ScopeName | None,
        optional_scope: ScopeName | None,
        takes: dict[Way, type[BaseModel]],
        answer: Any,
        status: int,
        media_type: str | None,
    ) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.scope = scope
        self.optional_scope = optional_scope
        self.takes = takes
        self.answer = answer
        self.status = status
        self.media_type = media_type
        # A call that takes several shapes, or a photo, reads them itself.
        self._only: tuple[Way, type[BaseModel]] | None = None
        if len(takes) == 1 and "photo" not in takes:
            self._only = next(iter(takes.items()))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        house: House = scope["state"]["house"]
        asked = Asked(
            scope=scope,
            receive=receive,
            house=house,
            token=bearer(scope),
            now=scope["state"]["clock"](),
        )
        if self.scope is not None:
            asked.holder = await _holder(house, asked.token, self.scope)
        if self._only is None:
            result = await self.function(asked)
        else:
            result = await self.function(asked, await _said(scope, receive, *self._only))
        if isinstance(result, Response):
            await result(scope, receive, send)
        else:
            await _present(send, self.status, result)


@overload
def call(
    *,
    body: type[B],
    scope: ScopeName | None = None,
    answer: Any = None,
    status: int = 200,
) -> Callable[[Callable[[Asked, B], Awaitable[object]]], Call]: ...


@overload
def call(
    *,
    query: type[B],
    scope: ScopeName | None = None,
    answer: Any = None,
    status: int = 200,
) -> Callable[[Callable[[Asked, B], Awaitable[object]]], Call]: ...


@overload
def call(
    *,
    form: type[B],
    scope: ScopeName | None = None,
    answer: Any = None,
    status: int = 200,
) -> Callable[[Callable[[Asked, B], Awaitable[object]]], Call]: ...


@overload
def call(
    *,
    takes: dict[Way, type[BaseModel]] | None = None,
    scope: ScopeName | None = None,
    optional_scope: ScopeName | None = None,
    answer: Any = None,
    status: int = 200,
    media_type: str | None = None,
) -> Callable[[Callable[[Asked], Awaitable[object]]], Call]: ...


def call(
    *,
    body: type[BaseModel] | None = None,
    query: type[BaseModel] | None = None,
    form: type[BaseModel] | None = None,
    takes: dict[Way, type[BaseModel]] | None = None,
    scope: ScopeName | None = None,
    optional_scope: ScopeName | None = None,
    answer: Any = None,
    status: int = 200,
    media_type: str | None = None,
) -> Callable[[Callable[..., Awaitable[object]]], Call]:
    """Make an endpoint of a function.

    Args:
        body: the shape of its JSON body.
        query: the shape of its query parameters.
        form: the shape of its form without files.
        takes: several shapes, of which the function reads one itself.
        scope: see `Call`.
        optional_scope: see `Call`.
        answer: see `Call`.
        status: see `Call`.
        media_type: see `Call`.
    """
    said: dict[Way, type[BaseModel] | None] = {"json": body, "query": query, "form": form}
    shapes = takes or {way: shape for way, shape in said.items() if shape is not None}

    def made(function: Callable[..., Awaitable[object]]) -> Call:
        return Call(
            function,
            scope=scope,
            optional_scope=optional_scope,
            takes=shapes,
            answer=answer,
            status=status,
            media_type=media_type,
        )

    return made


def bearer(scope: Scope) -> str | None:
    """Give the token of the request (RFC 6750, section 2.1), or None when there is none.

    Raises:
        TokenRefused: there is an Authorization of another kind.
    """
    said: bytes | None = scope["named"].get(b"authorization")
    if said is None:
        return None
    kind, _, token = said.decode("latin-1").partition(" ")
    if kind.lower() != "bearer" or not token.strip():
        raise TokenRefused("Send the token as: Authorization: Bearer TOKEN.")
    return token.strip()


async def _holder(house: House, token: str | None, scope: ScopeName) -> Member:
    if token is None:
        raise TokenRefused("This call needs a token: Authorization: Bearer TOKEN.")
    return await tokens.holder(house, token, scope=None if scope == "any" else scope)


async def _said(scope: Scope, receive: Receive, way: Way, shape: type[BaseModel]) -> BaseModel:
    if way == "json":
        return await bodies.json_body(scope, receive, shape)
    if way == "form":
        return await bodies.text_form(scope, receive, shape)
    return bodies.query(scope, shape)


async def _present(send: Send, status: int, result: object) -> None:
    body = b"" if result is None else to_json(result)
    headers = [_PRIVATE]
    if status != 204:  # which has neither body nor length (RFC 9110, section 8.6)
        headers.append((b"content-length", str(len(body)).encode()))
    if body:
        headers.append(_JSON)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
