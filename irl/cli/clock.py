"""`irl clock`: its duties, each in its own time, so that a slow mail server delays no closing.

Every duty may be done by several processes, or be cut off at any point and begun again.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import click

from irl import calendar, outbox
from irl import month as months
from irl.cli.command import in_house
from irl.cli.command import now as moment
from irl.errors import Conflict, Unavailable
from irl.giving import idle_warnings, pockets, scans, subscription_rounds
from irl.house import House
from irl.members import erasing, joining, sessions, throttles
from irl.money import deposits, reload, sending
from irl.settlement import audits, errands, runner, transparency

GoOn = Callable[[], bool]
"""Says no once the clock is to stop; what takes long asks it now and then."""

MAIL_S: Final = 1.0
ROUNDS_S: Final = 10.0
DEPOSITS_S: Final = 60.0
PAYOUTS_S: Final = 60.0
CHORES_S: Final = 3600.0
ERRANDS_S: Final = 5.0
AUDIT_S: Final = 600.0


@dataclass(frozen=True, slots=True)
class Duty:
    """Something to do again and again, so many seconds after it was done."""

    every_s: float
    do: Callable[[House, GoOn], Awaitable[object]]

    async def keep(self, house: House, stopped: asyncio.Event) -> None:
        """Do it until stopped."""
        while not stopped.is_set():
            try:
                await self.do(house, lambda: not stopped.is_set())
            except Unavailable as trouble:
                # It may come back, and so may we.
                click.echo(f"irl: {trouble.message}", err=True)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopped.wait(), self.every_s)


async def keep_all(house: House, stopped: asyncio.Event) -> None:
    """Do all duties until stopped; what goes wrong in one ends them all."""
    duties = (
        Duty(MAIL_S, mail),
        Duty(ROUNDS_S, rounds),
        Duty(DEPOSITS_S, Deposits().catch_up),
        Duty(PAYOUTS_S, Payouts().send),
        Duty(CHORES_S, _chores),
        Duty(ERRANDS_S, do_errands),
        Duty(AUDIT_S, audit),
    )
    tasks = [asyncio.create_task(duty.keep(house, stopped)) for duty in duties]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def mail(house: House, go_on: GoOn) -> None:
    """Send what waits in the outbox."""
    await outbox.send_waiting(house, now=moment(), go_on=go_on)


async def rounds(house: House, go_on: GoOn) -> None:
    """Go round members and subscriptions; a round that is over costs a look."""
    await subscription_rounds.give_due(house, now=moment(), go_on=go_on)
    await idle_warnings.post_due(house, now=moment(), go_on=go_on)
    await reload.post_due(house, now=moment(), go_on=go_on)


@dataclass(slots=True)
class Deposits:
    """Looks after deposits whose provider did not tell how they ended."""

    looked_at: datetime | None = None

    async def catch_up(self, house: House, _: GoOn) -> None:
        """Ask about what is pending since the last look."""
        # From before the look, so that no deposit falls between two of them.
        since, self.looked_at = self.looked_at, moment()
        await deposits.catch_up(house, since=since, now=self.looked_at)


@dataclass(slots=True)
class Payouts:
    """Sends payouts by providers, and asks once an hour what became of those it sent."""

    asked_at: datetime | None = None

    async def send(self, house: House, _: GoOn) -> None:
        """Send what waits."""
        now = moment()
        due = self.asked_at is None or (now - self.asked_at).total_seconds() >= CHORES_S
        self.asked_at = now if due else self.asked_at
        await sending.send_waiting(house, now=now, ask_all=due)


async def do_errands(house: House, _: GoOn) -> None:
    """Do what the operator asked for on a page."""
    await errands.do(house, now=moment())


async def audit(house: House, go_on: GoOn) -> None:
    """Audit the ledger once a day; it only reads, so it is given up when the clock is to stop."""
    auditing = asyncio.create_task(audits.run_if_due(house, now=moment()))
    try:
        while go_on() and not auditing.done():
            await asyncio.wait({auditing}, timeout=0.5)
    finally:
        auditing.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await auditing


async def _chores(house: House, _: GoOn) -> None:
    await chores(house, now=moment())


async def chores(house: House, *, now: datetime) -> None:
    """Do what is due once an hour: close ended months in order, forget what is past its days.

    Those who left go once the month is closed in which they did.
    """
    await joining.forget_old(house, now=now)
    await pockets.forget_old(house, now=now)
    await scans.forget_old(house, now=now)
    await outbox.forget_old(house, now=now)
    await sessions.forget_old(house, now=now)
    await throttles.forget_old(house, now=now)
    async with house.db.reading() as connection:
        ended = (await calendar.look(connection, now=now)).ended
    for month in ended:
        try:
            await runner.settle(house, month, early=False, now=now)
        except Conflict as refused:
            # Late scans still have their days, or another process is closing it.
            click.echo(f"irl: {months.text(month)}: {refused.message}", err=True)
            break
    await transparency.keep(house)
    await erasing.finish_due(house, now=now)


@click.command()
def clock() -> None:
    """Send mail, give for subscriptions, warn, forget what is old and close months, until stopped."""

    async def work(house: House) -> None:
        stopped = asyncio.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(name, stopped.set)
        await keep_all(house, stopped)

    in_house(work)
