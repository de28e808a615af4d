"""The domain of a running service, from tests that have no event loop of their own to lend.

Playwright's own loop runs in the thread of such a test, so each call goes through another thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from irl import migrations
from irl.house import opened
from irl.members import sessions
from irl.members.member import Member
from irl.settings import Settings
from tests.cast import Cast
from tests.service import Service

T = TypeVar("T")


@dataclass(frozen=True)
class Street:
    """Where a running service stands; members join and things are hung at once, not by typing."""

    service: Service
    joined: dict[str, Member] = field(default_factory=dict)
    _secrets: dict[int, str] = field(default_factory=dict)

    def does(self, work: Callable[[Cast], Awaitable[T]]) -> T:
        """Do something with a cast on the service's own database, now."""

        async def run() -> T:
            async with opened(settings_of(self.service)) as house:
                return await work(Cast(house, datetime.now(UTC), self.joined))

        with ThreadPoolExecutor(1) as thread:
            return thread.submit(asyncio.run, run()).result()

    def session(self, name: str) -> str:
        """Join under this name and sign in; gives the secret of the session."""

        async def joined(cast: Cast) -> str:
            member = await cast.member(name)
            return await sessions.start(cast.house, member.id, now=cast.now)

        return self.does(joined)

    def session_of(self, member_id: int) -> str:
        """Sign in somebody who joined already, once."""
        if member_id not in self._secrets:
            self._secrets[member_id] = self.does(
                lambda cast: sessions.start(cast.house, member_id, now=cast.now)
            )
        return self._secrets[member_id]


def settings_of(service: Service) -> Settings:
    """Give the settings that a service runs with."""
    return Settings(
        database_url=service.database_url,
        base_url=service.url,
        mail_url=f"file:{service.folder / 'outbox'}",
        sandbox=True,
    )


def emptied(folder: Path) -> str:
    """Make an empty database in a folder; gives its address."""
    url = f"sqlite:///{folder / 'irl.db'}"
    migrations.upgrade(url)
    return url
