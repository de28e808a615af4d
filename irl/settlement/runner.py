"""Closing a month: first it is marked, then computed, then it lands; killed anywhere, run again.

1. `_begin` commits the month's row with the state `closing`, its last instant and the rules in
   force. From then on scans count in another month and nothing of this one is undone.
2. `_compute` reads and divides on a snapshot, in chunks, while the house goes on.
3. `landing.land` writes all in one transaction, in which the month also becomes `closed`.

Every instant that lands was stored by step 1, so a second run after a crash writes the very same.
One settler works at a time; the lock goes with the process that holds it.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from sqlalchemy import bindparam, func, insert, select

from irl import month as months
from irl.db import CLOSING_LOCK, Connection, Database, Row, file_path
from irl.errors import MonthClosed, MonthNotOver, MonthOutOfOrder, SandboxOnly, SettlerAtWork
from irl.house import House
from irl.month import Instant, Month
from irl.rules import Rules
from irl.schema import flattrs, members
from irl.schema import months as closings
from irl.sentence import Sentence
from irl.settlement import core, landing, reading
from irl.settlement.closing import Closing
from irl.settlement.core import Received
from irl.settlement.landing import InputsChanged, Result
from irl.settlement.spool import Spool

Progress = Callable[[str, float], None]
"""Told what is being done and how much of it is done, from 0 to 1."""

_SETTLER_LOCK: Final = 2
"""PostgreSQL's advisory lock that one settler holds; db.CLOSING_LOCK is 1."""

_TRIES: Final = 20
"""How often a month is computed again because something changed meanwhile."""

_ROW: Final = select(closings).where(closings.c.month == bindparam("month"))
_CLOSED: Final = select(closings.c.month).where(closings.c.state == "closed")
_FIRST_JOINED: Final = select(members.c.joined_at).order_by(members.c.id).limit(1)
_FIRST_FLATTR: Final = select(func.min(flattrs.c.month))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A closed month in figures; `already` if it was closed before."""

    month: Month
    already: bool
    givers: int = 0
    makers: int = 0
    flattrs: int = 0
    micros: int = 0


async def settle(
    house: House,
    month: Month,
    *,
    early: bool = False,
    now: datetime,
    progress: Progress = lambda _what, _done: None,
) -> Settled:
    """Close a month and pay its makers, once.

    Raises:
        MonthNotOver: it has not ended, or late scans still have their days.
        MonthOutOfOrder: an earlier month is still open.
        SandboxOnly: early closing, but the money is real.
        SettlerAtWork: another process is settling; nothing was done.
        Unavailable: the database cannot be written now.
    """
    async with house.db.reading() as connection:
        row = await connection.one(_ROW, month=month)
    if row is not None and row["state"] == "closed":
        return Settled(month=month, already=True)
    early = early and now < ripe(house, month)
    if row is None:
        _refuse(house, month, early=early, now=now)
    async with _alone(house.db):
        closing = await _begin(house, month, early=early, now=now)
        if closing is None:
            return Settled(month=month, already=True)
        for _ in range(_TRIES):
            with Spool() as spool:
                result = await _compute(house.db, closing, spool, progress)
                try:
                    await _land(house.db, closing, result, progress)
                except InputsChanged:
                    continue
            progress("done", 1.0)
            return _settled(month, result)
    raise SettlerAtWork("The house kept changing while the month was computed. Please try again.")


async def check(house: House, month: Month, *, early: bool, now: datetime) -> None:
    """See that `settle` would not refuse to close a month now.

    Raises:
        MonthClosed: it is closed already.
        MonthNotOver, MonthOutOfOrder, SandboxOnly: as `settle`.
    """
    async with house.db.reading() as connection:
        row = await connection.one(_ROW, month=month)
        if row is None:
            early = early and now < ripe(house, month)
            _refuse(house, month, early=early, now=now)
            await _refuse_disorder(connection, month)
    if row is not None and row["state"] == "closed":
        raise MonthClosed(Sentence("{month} is closed already.", month=months.text(month)))


def ripe(house: House, month: Month) -> datetime:
    """Give the moment from which on a month may be closed, late scans having had their days."""
    return months.end(month) + timedelta(days=house.rules.ended_least_days)


def _refuse(house: House, month: Month, *, early: bool, now: datetime) -> None:
    if early:
        if not house.settings.plays:
            raise SandboxOnly("Only play money allows a month to be closed early.")
        if now < months.start(month):
            raise MonthNotOver(Sentence("{month} has not begun.", month=months.text(month)))
        return
    if now < ripe(house, month):
        raise MonthNotOver(
            Sentence(
                "{month} can be closed from {moment} on; until then late scans may arrive.",
                month=months.text(month),
                moment=months.iso(ripe(house, month)),
            )
        )


async def _begin(house: House, month: Month, *, early: bool, now: datetime) -> Closing | None:
    """Mark the month as closing, or take up what another run began; None if it is closed."""
    at = months.to_instant(now)
    fresh = {
        "month": month,
        "state": "closing",
        "early": int(early),
        # Also early: a month that has ended counts as it was at its end.
        "ends_at": min(at, months.to_instant(months.end(month))),
        "closing_at": at,
        "rules": house.rules.stored(),
    }

    async def work(connection: Connection) -> Row:
        await connection.lock(CLOSING_LOCK)
        row = await connection.one(_ROW, month=month)
        if row is not None:
            return row
        await _refuse_disorder(connection, month)
        await connection.all(insert(closings).values(fresh))
        return fresh

    row = await house.db.write(work)
    if row["state"] == "closed":
        return None
    rules = Rules(**json.loads(row["rules"]))
    return Closing(
        month=month,
        ends_at=Instant(row["ends_at"]),
        early=bool(row["early"]),
        payout_month_day=rules.payout_month_day,
        closing_at=Instant(row["closing_at"]),
    )


async def _refuse_disorder(connection: Connection, month: Month) -> None:
    joined_at = await connection.value(_FIRST_JOINED)
    flattred = await connection.value(_FIRST_FLATTR)
    firsts = [Month(flattred)] if flattred is not None else []
    if joined_at is not None:
        firsts.append(months.of(months.from_instant(joined_at)))
    closed = {row["month"] for row in await connection.all(_CLOSED)}
    earlier = min(firsts, default=month)
    while earlier < month:
        if earlier not in closed:
            raise MonthOutOfOrder(
                Sentence("{month} must be closed first.", month=months.text(earlier))
            )
        earlier = months.add(earlier, 1)


async def _compute(
    database: Database, closing: Closing, spool: Spool, progress: Progress
) -> Result:
    async with AsyncExitStack() as stack:
        # The epoch is read first: two snapshots of the same epoch show the same month.
        first = await stack.enter_async_context(database.snapshot())
        epoch = await landing.epoch(first)
        second = await stack.enter_async_context(database.snapshot())
        terms = await reading.terms(first, closing)
        things = await reading.things(first)
        received = Received(things.makers)
        reader = reading.Reader(
            connections=(first, second), closing=closing, things=len(things.makers)
        )
        chunks = await stack.enter_async_context(aclosing(reader.chunks()))
        async for chunk, done in chunks:
            # In a thread, so that the next chunks are read meanwhile.
            closed = await asyncio.to_thread(
                core.close, chunk, terms=terms, things=things, received=received
            )
            spool.put(closed)
            progress("divide", done)
    return Result(epoch=epoch, spool=spool, received=received)


async def _land(database: Database, closing: Closing, result: Result, progress: Progress) -> None:
    async def work(connection: Connection) -> None:
        await landing.land(connection, closing, result, lambda what: progress(what, 0.0))

    await database.write(work)


def _settled(month: Month, result: Result) -> Settled:
    return Settled(
        month=month,
        already=False,
        givers=result.spool.pots,
        makers=len(np.unique(result.received.by_maker()[0])),
        flattrs=int(result.received.flattrs.sum()),
        micros=result.received.put_in,
    )


@asynccontextmanager
async def _alone(database: Database) -> AsyncIterator[None]:
    """Be the only settler of this database; the lock ends with the process, however it ends.

    Raises:
        SettlerAtWork: somebody else is at it.
    """
    at_work = SettlerAtWork("Another process is settling; nothing was done.")
    if database.engine == "sqlite":
        path = file_path(database.url)
        file = os.open(path.with_name(path.name + ".settle"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise at_work from None
            yield
        finally:
            os.close(file)
        return
    async with database.reading() as connection:
        [got] = await connection.run("SELECT pg_try_advisory_lock($1) AS it", (_SETTLER_LOCK,))
        if not got["it"]:
            raise at_work
        try:
            yield
        finally:
            await connection.run("SELECT pg_advisory_unlock($1)", (_SETTLER_LOCK,))
