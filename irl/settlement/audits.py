"""Audits that were made: what each found is kept, so that the operator sees the last on a page.

An audit of a large house takes minutes, so no request makes one: `irl audit` does, and the clock
once a day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import insert, select

from irl import month as months
from irl.db import Connection, Row
from irl.house import House
from irl.schema import audits
from irl.settlement import audit as auditing

EVERY: Final = timedelta(days=1)
"""How often the clock makes one."""

_FIRST: Final = 10
"""Findings that are kept; `irl audit` prints all."""
_FINDING_MOST: Final = 300

_LATEST: Final = select(audits).order_by(audits.c.id.desc()).limit(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What an audit found; `first` are the first of so many findings."""

    at: datetime
    findings: int
    first: tuple[str, ...]

    @property
    def is_clean(self) -> bool:
        """Whether there was nothing to find."""
        return self.findings == 0


async def keep(house: House, findings: Sequence[str], *, now: datetime) -> None:
    """Keep what an audit found.

    Raises:
        Unavailable: the database cannot be written now.
    """
    first = "\n".join(" ".join(each.split())[:_FINDING_MOST] for each in findings[:_FIRST])

    async def work(connection: Connection) -> None:
        await connection.all(
            insert(audits).values(
                audited_at=months.to_instant(now), findings=len(findings), first_findings=first
            )
        )

    await house.db.write(work)


async def run(house: House, *, now: datetime) -> list[str]:
    """Make an audit and keep what it found; give the findings."""
    findings = await auditing.audit(house)
    await keep(house, findings, now=now)
    return findings


async def run_if_due(house: House, *, now: datetime) -> bool:
    """Make an audit unless there was one today; tell whether it was made."""
    async with house.db.reading() as connection:
        last = await latest(connection)
    if last is not None and now - last.at < EVERY:
        return False
    await run(house, now=now)
    return True


async def latest(connection: Connection) -> Audit | None:
    """Give the last audit, or None when there was none yet."""
    row = await connection.one(_LATEST)
    return None if row is None else _built(row)


def _built(row: Row) -> Audit:
    return Audit(
        at=months.from_instant(row["audited_at"]),
        findings=row["findings"],
        first=tuple(row["first_findings"].splitlines()),
    )
