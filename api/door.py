"""The door: everything that holds for each request, in one ASGI class, since each layer costs.

In: a request id; no unsafe request from a page of another site; no body that is larger or slower
than it may be. Out: security headers, the id, a line in the access log, and a problem document
for whatever went wrong outside the endpoints.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import BodyTooLarge, BodyTooSlow, ForeignOrigin, PhotoTooLarge
from api.logs import AccessLog
from irl.sentence import Sentence
from scanner import MAX_PHOTO_BYTES

MAX_BODY_BYTES: Final = 1024 * 1024
MAX_FORM_BYTES: Final = MAX_PHOTO_BYTES + 64 * 1024
"""A photo and the few fields beside it."""

PATIENCE_S: Final = 10.0
"""Seconds that a body may take, and one more for each `SLOWEST_BYTES` that have come."""
SLOWEST_BYTES: Final = 16 * 1024
LOOK_S: Final = 1.0
"""Seconds between two looks at bodies that are waited for."""

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_METHODS: Final = _SAFE | {"POST", "PUT", "PATCH", "DELETE"}
_SAME_SITE: Final = frozenset({b"same-origin", b"none"})
_DISCARD_S: Final = 2.0

_POLICY: Final = (
    "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; "
    "form-action 'self'{pay_origins}"
)
_HEADERS: Final = {
    "x-content-type-options": "nosniff",
    # Not no-referrer: browsers then send "Origin: null" with our own forms.
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(self), geolocation=(), microphone=()",
    "cross-origin-opener-policy": "same-origin",
}
_HSTS: Final = "max-age=31536000"

_log = logging.getLogger("api")

Answer = Callable[[Request, Exception], Awaitable[Response]]


class Door:
    """Wraps the application.

    Args:
        app: the application behind the door.
        base_url: where the house lives; its scheme decides about HSTS, its host about origins.
        answer: gives the answer to an exception.
        log: where requests are noted, or None.
        pay_origins: where a form may lead to in the end, beside here: providers of payments.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        base_url: str,
        answer: Answer,
        log: AccessLog | None = None,
        pay_origins: Sequence[str] = (),
    ) -> None:
        self._app = app
        self._answer = answer
        self._log = log
        base = urlsplit(base_url)
        self._origin = f"{base.scheme}://{base.netloc}".encode()
        policy = _POLICY.format(pay_origins="".join(f" {origin}" for origin in pay_origins))
        named = _HEADERS | {"content-security-policy": policy}
        named |= {"strict-transport-security": _HSTS} if base.scheme == "https" else {}
        self._headers = [(name.encode(), value.encode()) for name, value in named.items()]
        self._patience = _Patience()
        process = secrets.token_hex(4)
        self._ids = (f"{process}{number:06x}" for number in itertools.count())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request in, and its answer out."""
        scope["app"] = self  # the router raises what it cannot find instead of answering itself
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        scope["request_id"] = request_id = next(self._ids)
        scope["named"] = headers = dict(scope["headers"])
        out = _Out(send, [*self._headers, (b"x-request-id", request_id.encode())])
        try:
            if scope["method"] not in _SAFE:
                self._check_origin(headers)
                receive = Body(receive, headers, self._patience)
            await self._app(scope, receive, out)
        except Exception as trouble:  # noqa: BLE001 - each is answered, and a bug is logged
            await self._say(trouble, scope, receive, out)
        if self._log is not None:
            route = getattr(scope.get("route"), "path", None)
            method = scope["method"] if scope["method"] in _METHODS else "other"
            ms = (time.perf_counter() - began) * 1000
            self._log.note(
                method=method, route=route, status=out.status, ms=ms, request_id=request_id
            )

    def _check_origin(self, headers: dict[bytes, bytes]) -> None:
        """Refuse what a browser sends for another site's page.

        A browser says so itself (W3C Fetch Metadata); older ones send at least an Origin with
        each such request (Fetch standard), and programs send neither. A token without a cookie
        is nothing that a browser adds by itself.
        """
        if b"authorization" in headers and b"cookie" not in headers:
            return
        site = headers.get(b"sec-fetch-site")
        if site is not None:
            if site not in _SAME_SITE:
                raise ForeignOrigin("This was sent from a page of another site.")
            return
        origin = headers.get(b"origin")
        if origin is None or origin.lower() == self._origin:
            return
        if origin.lower().partition(b"://")[2] != headers.get(b"host", b"").lower():
            raise ForeignOrigin("This was sent from a page of another site.")

    async def _say(self, trouble: Exception, scope: Scope, receive: Receive, out: _Out) -> None:
        """Answer an error; a bug is logged, and breaks the connection if an answer is under way."""
        if isinstance(trouble, ClientDisconnect):
            return  # nobody is there to hear it
        answer = await self._answer(Request(scope), trouble)
        if answer.status_code == 500 or out.status:
            _log.error(
                "a request failed", exc_info=trouble, extra={"request_id": scope["request_id"]}
            )
        if out.status:
            raise trouble
        if isinstance(receive, Body) and not receive.is_whole:
            # The server closes after the end of this answer, and a sender that still sends would
            # see a broken connection and not the answer; so the end waits a little.
            out.withholds_end = True
            await answer(scope, receive, out)
            await receive.discard()
            await out.finish()
        else:
            await answer(scope, receive, out)


class Body:
    """Receives a request's body within its bounds; afterwards whatever the server says."""

    __slots__ = (
        "_began",
        "_is_photo",
        "_most",
        "_patience",
        "_receive",
        "_said",
        "_taken",
        "is_late",
        "is_whole",
    )

    def __init__(self, receive: Receive, headers: dict[bytes, bytes], patience: _Patience) -> None:
        self._receive = receive
        self._patience = patience
        self._is_photo = headers.get(b"content-type", b"").startswith(b"multipart/")
        self._most = MAX_FORM_BYTES if self._is_photo else MAX_BODY_BYTES
        self._taken = 0
        self._began = time.monotonic()
        said = headers.get(b"content-length", b"0")
        self._said = int(said) if said.isdigit() else 0
        self.is_whole = False
        self.is_late = False

    async def __call__(self) -> Message:
        """Give the next message.

        Raises:
            BodyTooLarge, PhotoTooLarge: more came, or is said to come, than may come.
            BodyTooSlow: less came than must come.
        """
        if self.is_whole:
            return await self._receive()
        self._check(self._said)
        task = self._patience.wait_with(self)
        try:
            message = await self._receive()
        except asyncio.CancelledError:
            if self.is_late and not task.uncancel():
                raise BodyTooSlow("The body did not come in time.") from None
            raise
        finally:
            self._patience.leave(self)
        self.is_whole = not message.get("more_body", False)
        self._taken += len(message.get("body", b""))
        self._check(self._taken)
        return message

    def is_out_of_time(self, now: float) -> bool:
        """Tell whether more of the body should have come by now."""
        return now > self._began + PATIENCE_S + self._taken / SLOWEST_BYTES

    async def discard(self) -> None:
        """Throw away for a moment what still comes."""
        try:
            async with asyncio.timeout(_DISCARD_S):
                while (await self._receive()).get("more_body", False):
                    pass
        except TimeoutError:
            return

    def _check(self, size: int) -> None:
        if size <= self._most:
            return
        if self._is_photo:
            megabytes = MAX_PHOTO_BYTES // 2**20
            raise PhotoTooLarge(
                Sentence("A photo has at most {most} MiB.", most=megabytes), field="photo"
            )
        raise BodyTooLarge(Sentence("At most {most} bytes are taken here.", most=MAX_BODY_BYTES))


class _Patience:
    """Ends the wait for bodies that are out of time, by a look at all of them now and then.

    A timer for each body would cost a request several microseconds, and nearly all are there
    before the timer is.
    """

    __slots__ = ("_is_looking", "_waiting")

    def __init__(self) -> None:
        self._waiting: dict[Body, asyncio.Task[object]] = {}
        self._is_looking = False

    def wait_with(self, body: Body) -> asyncio.Task[object]:
        """Watch a body whose task is about to wait for it; give the task."""
        task = asyncio.current_task()
        assert task is not None
        self._waiting[body] = task
        if not self._is_looking:
            self._is_looking = True
            asyncio.get_running_loop().call_later(LOOK_S, self._look)
        return task

    def leave(self, body: Body) -> None:
        """Stop watching a body."""
        del self._waiting[body]

    def _look(self) -> None:
        now = time.monotonic()
        for body, task in self._waiting.items():
            if body.is_out_of_time(now):
                body.is_late = True
                task.cancel()
        self._is_looking = bool(self._waiting)
        if self._is_looking:
            asyncio.get_running_loop().call_later(LOOK_S, self._look)


class _Out:
    """Sends an answer with the headers that all answers have, and remembers its status."""

    __slots__ = ("_headers", "_send", "status", "withholds_end")

    def __init__(self, send: Send, headers: list[tuple[bytes, bytes]]) -> None:
        self._send = send
        self._headers = headers
        self.status = 0
        self.withholds_end = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message.get("headers", ()), *self._headers]
        elif self.withholds_end:
            message = {**message, "more_body": True}
        await self._send(message)

    async def finish(self) -> None:
        """Send the end that was withheld."""
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})
