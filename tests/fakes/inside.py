"""Reaching fakes without a network: requests go to the application that has their host."""

from __future__ import annotations

from dataclasses import dataclass, field

import httpx2
from starlette.types import ASGIApp


@dataclass
class Inside(httpx2.AsyncBaseTransport):
    """A transport to applications in this process, by their hosts."""

    apps: dict[str, ASGIApp]
    hosts: dict[str, httpx2.ASGITransport] = field(init=False)

    def __post_init__(self) -> None:
        self.hosts = {
            host: httpx2.ASGITransport(app=app, raise_app_exceptions=True)
            for host, app in self.apps.items()
        }

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        transport = self.hosts.get(request.url.host)
        if transport is None:
            raise httpx2.ConnectError(f"there is no {request.url.host}")
        try:
            return await transport.handle_async_request(request)
        except ConnectionAbortedError as trouble:
            raise httpx2.ReadError("the answer was dropped") from trouble
