"""Reports: anyone can say that a thing or a code is not right; the operator decides."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Select, bindparam, case, exists, func, insert, select, update

from irl import month as months
from irl.db import Connection
from irl.errors import Invalid, NotFound
from irl.house import House, inputs_changed
from irl.members import throttles
from irl.schema import placements, reports, things
from irl.secret import is_public_id
from irl.text import paragraphs
from qr.code import Code

REASONS: Final = ("not_the_work", "not_the_maker", "offensive", "spam", "other")
DECISIONS: Final = ("hide", "keep")
TEXT_MOST: Final = 2000

_BY_THING: Final = select(things.c.id.label("thing_id")).where(
    things.c.public_id == bindparam("thing_id")
)
_BY_CODE: Final = select(placements.c.thing_id, placements.c.id.label("placement_id")).where(
    placements.c.code == bindparam("code")
)
_LISTED: Final = (
    select(reports, things.c.title, things.c.public_id)
    .join(things, things.c.id == reports.c.thing_id)
    .order_by(reports.c.id)
    .limit(200)
)
_WAITING: Final = _LISTED.where(reports.c.decided_at.is_(None))
_HIDING: Final = _LISTED.where(reports.c.decision == "hide")
_DECIDED: Final = "There is no such report, or it was decided so already."


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A report that waits for the operator, or that hides what it is about."""

    id: int
    thing_id: str
    title: str
    is_about_code: bool
    reason: str
    text: str
    created_at: datetime


async def send(
    house: House,
    *,
    code: Code | None,
    thing_id: str | None,
    reason: str,
    text: str,
    address: str,
    now: datetime,
) -> None:
    """Report a code or a thing; nobody needs to be signed in.

    Raises:
        Invalid: neither or both are named, an unknown reason, a too long text.
        NotFound: there is no such code or thing.
        Throttled: too many from this network address.
    """
    if (code is None) == (thing_id is None):
        raise Invalid("Name either a code or a thing.", field="code")
    if reason not in REASONS:
        raise Invalid(f"A reason is one of {', '.join(REASONS)}.", field="reason")
    text = paragraphs(text, field="text", most=TEXT_MOST)
    await throttles.count(house, f"report {address}", most=60, window=timedelta(hours=1), now=now)

    async def work(connection: Connection) -> None:
        if code is not None:
            row = await connection.one(_BY_CODE, code=code.number)
        elif thing_id is not None and is_public_id(thing_id):
            row = await connection.one(_BY_THING, thing_id=thing_id)
        else:
            row = None
        if row is None:
            raise NotFound("There is no such code or thing.")
        await connection.all(
            insert(reports).values(
                thing_id=row["thing_id"],
                placement_id=row.get("placement_id"),
                reason=reason,
                text=text,
                created_at=months.to_instant(now),
            )
        )

    await house.db.write(work)


async def waiting(house: House) -> tuple[Report, ...]:
    """Give the reports that wait for a decision, oldest first, at most 200."""
    return await _listed(house, _WAITING)


async def hiding(house: House) -> tuple[Report, ...]:
    """Give the reports that were decided to hide a thing or a code, oldest first, at most 200."""
    return await _listed(house, _HIDING)


async def _listed(house: House, wanted: Select[Any]) -> tuple[Report, ...]:
    async with house.db.reading() as connection:
        rows = await connection.all(wanted)
    return tuple(
        Report(
            id=row["id"],
            thing_id=row["public_id"],
            title=row["title"],
            is_about_code=row["placement_id"] is not None,
            reason=row["reason"],
            text=row["text"],
            created_at=months.from_instant(row["created_at"]),
        )
        for row in rows
    )


async def decide(house: House, report_id: int, decision: str, *, now: datetime) -> None:
    """Decide a report: hide what it is about (its unclosed flattrs are void), or keep it.

    A decision can be changed. What no report hides any longer is shown again, the flattrs of open
    months count again, and revenue that was held is free; a closed month stays as it is.

    Raises:
        Invalid: neither `hide` nor `keep`.
        NotFound: there is no such report, or it was decided so.
    """
    if decision not in DECISIONS:
        raise Invalid("A decision is hide or keep.", field="decision")
    if not 0 < report_id < 2**63:
        raise NotFound(_DECIDED)
    at = months.to_instant(now)

    async def work(connection: Connection) -> None:
        await inputs_changed(connection)
        row = await connection.one(
            update(reports)
            .where(reports.c.id == report_id, reports.c.decision.is_distinct_from(decision))
            .values(decided_at=at, decision=decision)
            .returning(reports.c.thing_id, reports.c.placement_id)
        )
        if row is None:
            raise NotFound(_DECIDED)
        table = things if row["placement_id"] is None else placements
        key = row["thing_id"] if row["placement_id"] is None else row["placement_id"]
        hide_still = exists().where(
            reports.c.thing_id == row["thing_id"],
            reports.c.placement_id.is_not_distinct_from(row["placement_id"]),
            reports.c.decision == "hide",
        )
        hidden_at = case((hide_still, func.coalesce(table.c.hidden_at, at)), else_=None)
        await connection.all(update(table).where(table.c.id == key).values(hidden_at=hidden_at))

    await house.db.write(work)
