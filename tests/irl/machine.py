"""What the machines of Hypothesis share: a house that some have joined, and a clock of its own."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hypothesis.stateful import RuleBasedStateMachine

from irl import month as months
from irl.house import House, opened
from irl.members.member import Member
from irl.month import Month
from irl.settings import Settings
from tests.cast import Cast

_IN_MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
START = datetime(2026, 11, 23, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Beginning:
    """A filled database of which each example gets a copy, and who has joined in it."""

    settings: Settings
    database: Path
    joined: dict[str, Member]


def beginning(
    empty: Path, folder: Path, settings: Settings, fill: Callable[[Cast], Awaitable[None]]
) -> Beginning:
    """Let people join once; each example starts from there."""
    database = folder / "irl.db"
    shutil.copy(empty, database)

    async def filled() -> dict[str, Member]:
        async with opened(_at(settings, database)) as house:
            cast = Cast(house, START)
            await fill(cast)
            return cast.joined

    return Beginning(settings, database, asyncio.run(filled()))


class Machine(RuleBasedStateMachine):
    """A house of its own for each example; `begins` is set by the test."""

    begins: Beginning

    def __init__(self) -> None:
        super().__init__()
        # In memory where there is such a place: these machines never look after a power cut.
        self.folder = Path(tempfile.mkdtemp(prefix="irl-machine-", dir=_IN_MEMORY))
        shutil.copy(self.begins.database, self.folder / "irl.db")
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        settings = _at(self.begins.settings, self.folder / "irl.db")
        self.house: House = self.run(self.stack.enter_async_context(opened(settings)))
        self.cast = Cast(self.house, START, dict(self.begins.joined))

    def run(self, work: Any) -> Any:
        return self.runner.run(work)

    def teardown(self) -> None:
        self.run(self.stack.aclose())
        self.runner.close()
        shutil.rmtree(self.folder)

    def rows(self, sql: str) -> list[dict[str, Any]]:
        async def read() -> list[dict[str, Any]]:
            async with self.house.db.reading() as connection:
                return await connection.run(sql)

        found: list[dict[str, Any]] = self.run(read())
        return found

    @property
    def month(self) -> Month:
        """The month in which a scan counts now."""
        month = months.of(self.cast.now)
        closed = {row["month"] for row in self.rows("SELECT month FROM months")}
        while month in closed:
            month = months.add(month, 1)
        return month

    @property
    def first_open(self) -> Month:
        """The month that is closed next."""
        closed = [row["month"] for row in self.rows("SELECT month FROM months")]
        return months.add(Month(max(closed)), 1) if closed else months.of(START)


def _at(settings: Settings, database: Path) -> Settings:
    return settings.model_copy(update={"database_url": f"sqlite:///{database}"})
