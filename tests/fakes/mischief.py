"""What a provider can do wrong, ordered at `POST /control/faults`; and what it was asked."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

FOREVER_S = 3600


class Fault(BaseModel):
    """What goes wrong with the next `times` requests whose path begins with `path`.

    `how` is an HTTP status to answer without doing anything, `slow` (the answer takes `seconds`),
    `hang` (nothing is done, no answer comes), `drop` (all is done and no answer comes), or
    `nonsense` (all is done, and the answer is not what was promised).
    """

    path: str
    how: str
    times: int = 1
    seconds: float = 1.0


@dataclass
class Mischief:
    """Wraps a fake provider; without faults it changes nothing."""

    app: ASGIApp
    faults: list[Fault] = field(default_factory=list)
    asked: Counter[str] = field(default_factory=Counter)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path = scope["path"]
        if path == "/control/faults":
            await (await self._ordered(Request(scope, receive)))(scope, receive, send)
            return
        self.asked[f"{scope['method']} {path}"] += 1
        fault = self._next(path)
        if fault is None:
            await self.app(scope, receive, send)
        else:
            await self._misbehave(fault, scope, receive, send)

    def order(self, path: str, how: str, *, times: int = 1, seconds: float = 1.0) -> None:
        """Order a fault."""
        self.faults.append(Fault(path=path, how=how, times=times, seconds=seconds))

    def count(self, start: str) -> int:
        """Count the requests that began so, for instance `POST /v2/checkout/orders`."""
        return sum(times for name, times in self.asked.items() if name.startswith(start))

    async def _ordered(self, request: Request) -> Response:
        if request.method == "POST":
            self.faults.append(Fault.model_validate_json(await request.body()))
        elif request.method == "DELETE":
            self.faults.clear()
        return JSONResponse(
            {"faults": [fault.model_dump() for fault in self.faults], "asked": dict(self.asked)}
        )

    def _next(self, path: str) -> Fault | None:
        for fault in self.faults:
            if fault.times and path.startswith(fault.path):
                fault.times -= 1
                return fault
        return None

    async def _misbehave(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        if fault.how == "slow":
            await asyncio.sleep(fault.seconds)
            await self.app(scope, receive, send)
        elif fault.how == "hang":
            await asyncio.sleep(FOREVER_S)
        elif fault.how in {"drop", "nonsense"}:
            await self.app(scope, receive, _unheard)
            if fault.how == "nonsense":
                await Response(b"<html>Sorry")(scope, receive, send)
            else:
                # Without an answer the server breaks the connection.
                raise ConnectionAbortedError("the answer is dropped")
        else:
            await Response(status_code=int(fault.how))(scope, receive, send)


async def _unheard(_: Message) -> None:
    """Swallow an answer."""
