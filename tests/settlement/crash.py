"""Closes a month in a process of its own, and kills it before the n-th thing that it does.

Run as `python -m tests.settlement.crash URL N`; N of 0 kills nothing and prints how many there are.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from irl import settlement
from irl.db import Connection
from irl.house import opened
from irl.month import Month
from irl.settings import Settings
from irl.settlement import bulk

NOW = datetime(2026, 12, 5, tzinfo=UTC)
_done = 0


def _counted(work: Callable[..., Any], kill_at: int) -> Callable[..., Any]:
    async def counted(*given: Any, **named: Any) -> Any:
        global _done  # noqa: PLW0603 - a count of the whole process
        _done += 1
        if _done == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return await work(*given, **named)

    return counted


async def main(url: str, kill_at: int) -> None:
    for owner, names in ((bulk, ("columns", "insert", "change")), (Connection, ("run",))):
        for name in names:
            setattr(owner, name, _counted(getattr(owner, name), kill_at))
    async with opened(Settings(database_url=url, sandbox=True)) as house:
        await settlement.settle(house, Month(202611), now=NOW)
    sys.stdout.write(f"{_done}\n")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
