"""The application in process, on the test's own house, with a client and a camera."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx2
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

import scanner
from api import app as application
from api.state import State
from irl.house import House
from irl.members import tokens
from scanner import Health, Look, Picture, Sighting
from tests.api.said import assert_as_documented
from tests.cast import Cast
from tests.conftest import NOW


class ReaderInProcess:
    """Reads photos as the pool does, without its processes."""

    async def read(self, photo: bytes, *, look: Look = Look.PHOTO) -> tuple[Sighting, ...]:
        return await asyncio.to_thread(scanner.read, photo, look=look)

    async def picture(self, photo: bytes) -> Picture:
        return await asyncio.to_thread(scanner.picture, photo)

    def health(self) -> Health:
        return Health(
            workers=1,
            ready=1,
            busy=0,
            waiting=0,
            restarts=0,
            decoders=scanner.decoders_live(),
            sandbox={},
        )


@dataclass
class Clock:
    """Stands still until a test moves it."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@dataclass(frozen=True)
class Running:
    """Gives an application the state that its lifespan would open."""

    app: ASGIApp
    state: State

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app({**scope, "state": dict(self.state)}, receive, send)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def web(house: House, clock: Clock) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the running application, without a token."""
    state = State(house=house, reader=ReaderInProcess(), clock=clock)
    running = Running(application.create(house.settings), state)
    transport = httpx2.ASGITransport(app=running, client=("192.0.2.7", 40000))
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost:8000") as client:
        yield client


@dataclass
class Hands:
    """Somebody of the cast with a token: `await bob.get("/me")`."""

    web: httpx2.AsyncClient
    token: str
    token_id: str
    headers: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.headers = {"Authorization": f"Bearer {self.token}"}

    async def ask(self, method: str, path: str, **said: Any) -> httpx2.Response:
        """Ask, and see that a JSON answer has the shape that the document promises."""
        headers = {**self.headers, **said.pop("headers", {})}
        answer = await self.web.request(method, f"/api/v1{path}", headers=headers, **said)
        assert_as_documented(answer)
        return answer

    async def get(self, path: str) -> httpx2.Response:
        return await self.ask("GET", path)

    async def post(self, path: str, **said: Any) -> httpx2.Response:
        return await self.ask("POST", path, **said)


@dataclass
class People:
    """Hands of the cast over HTTP."""

    web: httpx2.AsyncClient
    cast: Cast

    async def __call__(self, name: str, *scopes: str) -> Hands:
        """Join if need be, and get a token with these scopes; all of them by default."""
        member = await self.cast.member(name)
        issued = await tokens.issue(
            self.cast.house,
            member.id,
            name="a test",
            scopes=scopes or tokens.SCOPES,
            now=self.cast.now,
        )
        return Hands(self.web, issued.token, issued.token_id)


@pytest.fixture
def people(web: httpx2.AsyncClient, members: Cast) -> People:
    return People(web, members)


@pytest.fixture
async def alice(people: People) -> Hands:
    """She makes."""
    return await people("Alice")


@pytest.fixture
async def bob(people: People) -> Hands:
    """He gives."""
    return await people("Bob")


@pytest.fixture
async def charlie(people: People) -> Hands:
    """He must see nothing of others."""
    return await people("Charlie")
