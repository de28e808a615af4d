"""The start of every fake provider: its address, what it tells, and its routes behind mischief."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.routing import BaseRoute

from tests.fakes.mischief import Mischief
from tests.fakes.posting import Posting


@dataclass
class Provider(ABC):
    """The state that both have; `url` is set once the port is known."""

    url: str = ""
    posting: Posting = field(default_factory=Posting)
    more_routes: list[BaseRoute] = field(default_factory=list)

    @property
    @abstractmethod
    def routes(self) -> list[BaseRoute]:
        """What this provider answers."""

    def app(self) -> Mischief:
        """Make the application; `more_routes` are those of other files."""

        @asynccontextmanager
        async def lifespan(_: object) -> AsyncIterator[None]:
            yield
            await self.posting.close()

        return Mischief(Starlette(routes=[*self.routes, *self.more_routes], lifespan=lifespan))
