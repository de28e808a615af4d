"""What every command of the domain does: open the house, end with one clear line."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import NoReturn, TypeVar

import click

from irl import settings
from irl.errors import IrlError, SettlerAtWork
from irl.house import House, opened
from irl.settings import SettingsRefused

T = TypeVar("T")

NOT_CLEAN = 1
REFUSED = 2
AT_WORK = 75
"""EX_TEMPFAIL of sysexits.h: try again later."""


def in_house(work: Callable[[House], Awaitable[T]]) -> T:
    """Open the house that the settings name and work in it.

    What goes wrong in operation ends the program with one clear line: exit code 2, or 75 when
    another settler is at work.
    """

    async def run() -> T:
        async with opened(settings.load()) as house:
            return await work(house)

    try:
        return asyncio.run(run())
    except SettlerAtWork as trouble:
        end(trouble.message, AT_WORK)
    except IrlError as trouble:
        end(trouble.message, REFUSED)
    except SettingsRefused as trouble:
        end(str(trouble), REFUSED)


def end(message: str, code: int) -> NoReturn:
    """Say one line on standard error and end the program."""
    click.echo(f"irl: {message}", err=True)
    sys.exit(code)


def now() -> datetime:
    """Give the moment of the command."""
    return datetime.now(UTC)
