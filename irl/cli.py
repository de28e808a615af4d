"""The command line of the domain: everything that needs no web server."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import click

from irl import calendar, migrations, outbox, settings
from irl import month as months
from irl.errors import Conflict, IrlError, SettlerAtWork, Unavailable
from irl.giving import pockets
from irl.house import House, opened
from irl.members import invitations, joining
from irl.money import charities
from irl.settings import SettingsRefused
from irl.settlement import audit as auditing
from irl.settlement import runner

T = TypeVar("T")

REFUSED = 2
AT_WORK = 75
"""EX_TEMPFAIL of sysexits.h: try again later."""

_CLOCK_S = 30


def in_house(work: Callable[[House], Awaitable[T]]) -> T:
    """Open the house that the settings name and work in it.

    What goes wrong in operation ends the program with one clear line and exit code 2.
    """

    async def run() -> T:
        async with opened(settings.load()) as house:
            return await work(house)

    try:
        return asyncio.run(run())
    except SettlerAtWork as trouble:
        _end(trouble.message, AT_WORK)
    except IrlError as trouble:
        _end(trouble.message, REFUSED)
    except SettingsRefused as trouble:
        _end(str(trouble), REFUSED)


def _end(message: str, code: int) -> "click.NoReturn":  # type: ignore[name-defined]
    click.echo(f"irl: {message}", err=True)
    sys.exit(code)


def _now() -> datetime:
    return datetime.now(UTC)
