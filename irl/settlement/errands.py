"""Errands: what the operator asks for on a page, and the clock does, since it takes long.

Closing a month computes for minutes and writes in one transaction, and an audit reads everything:
a server that did so would let nobody scan meanwhile. So the page writes down what is wanted, once,
and `irl clock` takes it up within seconds, in its own process. Whoever is cut off in between does
it again at the next start: closing a month twice is closing it once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from irl import month as months
from irl.db import Connection, Row
from irl.errors import Conflict, SettlerAtWork
from irl.house import House
from irl.month import Month
from irl.schema import errands
from irl.settlement import audits, runner, transparency

Name = Literal["settle", "settle_early", "audit"]

_NO_MONTH: Final = Month(0)
_WAITING: Final = (
    select(errands).where(errands.c.trouble.is_(None)).order_by(errands.c.asked_at, errands.c.month)
)
_ALL: Final = select(errands).order_by(errands.c.asked_at, errands.c.month)


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What was asked for and is not done yet; with `trouble` it will not be, and that is why."""

    name: Name
    month: Month | None
    asked_at: datetime
    trouble: str | None


async def ask_to_close(house: House, month: Month, *, early: bool, now: datetime) -> None:
    """Ask the clock to close a month, under the rules of `irl settle`.

    Raises:
        MonthClosed, MonthNotOver, MonthOutOfOrder, SandboxOnly: as `runner.check`.
    """
    await runner.check(house, month, early=early, now=now)
    await _ask(house, "settle_early" if early else "settle", month, now=now)


async def ask_to_audit(house: House, *, now: datetime) -> None:
    """Ask the clock for an audit."""
    await _ask(house, "audit", _NO_MONTH, now=now)


async def listed(connection: Connection) -> tuple[Errand, ...]:
    """Give what was asked for and is not done, the oldest first."""
    return tuple(_built(row) for row in await connection.all(_ALL))


async def do(house: House, *, now: datetime) -> int:
    """Do what waits; give how many were done. What the rules refuse by now stays, with why."""
    async with house.db.reading() as connection:
        waiting = await connection.all(_WAITING)
    done = 0
    for row in waiting:
        try:
            await _do(house, _built(row), now=now)
        except SettlerAtWork:
            continue  # it waits until that one is done
        except Conflict as refused:
            await _end(house, row, trouble=refused.message)
        else:
            await _end(house, row, trouble=None)
            done += 1
    return done


async def _do(house: House, errand: Errand, *, now: datetime) -> None:
    if errand.month is None:
        await audits.run(house, now=now)
        return
    await runner.settle(house, errand.month, early=errand.name == "settle_early", now=now)
    await transparency.keep(house)


async def _ask(house: House, name: Name, month: Month, *, now: datetime) -> None:
    at = months.to_instant(now)

    async def work(connection: Connection) -> None:
        upsert = (sqlite if connection.engine == "sqlite" else postgresql).insert(errands)
        await connection.all(
            upsert.values(name=name, month=month, asked_at=at).on_conflict_do_update(
                index_elements=["name", "month"],
                set_={"asked_at": at, "trouble": None},
                # Who asks twice shall not seem to have asked just now.
                where=errands.c.trouble.is_not(None),
            )
        )

    await house.db.write(work)


async def _end(house: House, row: Row, *, trouble: str | None) -> None:
    this = (errands.c.name == row["name"]) & (errands.c.month == row["month"])

    async def work(connection: Connection) -> None:
        if trouble is None:
            await connection.all(delete(errands).where(this))
        else:
            await connection.all(update(errands).where(this).values(trouble=trouble))

    await house.db.write(work)


def _built(row: Row) -> Errand:
    return Errand(
        name=row["name"],
        month=Month(row["month"]) if row["month"] else None,
        asked_at=months.from_instant(row["asked_at"]),
        trouble=row["trouble"],
    )
