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
from irl.schema import members, pictures, placements, reports, things
from irl.secret import is_public_id
from irl.sentence import Sentence
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
_TIMES: Final = reports.alias("times")
_LISTED: Final = (
    select(
        reports,
        things.c.title,
        things.c.public_id,
        members.c.nickname,
        placements.c.name.label("place"),
        placements.c.code,
        case(
            (reports.c.placement_id.is_(None), things.c.hidden_at), else_=placements.c.hidden_at
        ).label("hidden_at"),
        pictures.c.public_id.label("picture"),
        select(func.count())
        .select_from(_TIMES)
        .where(
            _TIMES.c.thing_id == reports.c.thing_id,
            _TIMES.c.placement_id.is_not_distinct_from(reports.c.placement_id),
        )
        .scalar_subquery()
        .label("times"),
    )
    .join(things, things.c.id == reports.c.thing_id)
    .join(members, members.c.id == things.c.maker_id)
    .outerjoin(placements, placements.c.id == reports.c.placement_id)
    .outerjoin(pictures, pictures.c.thing_id == things.c.id)
    .limit(200)
)
_WAITING: Final = _LISTED.where(reports.c.decided_at.is_(None)).order_by(reports.c.id)
_HIDING: Final = _LISTED.where(reports.c.decision == "hide").order_by(reports.c.id)
_LATEST_DECIDED: Final = _LISTED.where(reports.c.decided_at.is_not(None)).order_by(
    reports.c.decided_at.desc(), reports.c.id.desc()
)
_HOW_MANY_WAIT: Final = (
    select(func.count()).select_from(reports).where(reports.c.decided_at.is_(None))
)
_DECIDED: Final = "There is no such report, or it was decided so already."


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A report that waits for the operator, or was decided.

    Attributes:
        id: of the report.
        thing_id: of the thing that it is about, or whose code.
        title: of the thing.
        maker: the nickname of the thing's maker.
        picture: the id of the thing's picture, or None.
        code: what it is about, or None where it is about the thing.
        place: where the code hangs, as far as that was said.
        reason: one of `REASONS`.
        text: in the words of who reported.
        times: how often the same was reported, this time too.
        created_at: when.
        decision: `hide`, `keep`, or None while it waits.
        decided_at: when it was decided.
        is_hidden: what it is about is hidden now, for this report or another.
    """

    id: int
    thing_id: str
    title: str
    maker: str
    picture: str | None
    code: Code | None
    place: str
    reason: str
    text: str
    times: int
    created_at: datetime
    decision: str | None
    decided_at: datetime | None
    is_hidden: bool

    @property
    def is_about_code(self) -> bool:
        """Whether it is about one code and not about the thing itself."""
        return self.code is not None


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
        raise Invalid(
            Sentence("A reason is one of {reasons}.", reasons=", ".join(REASONS)), field="reason"
        )
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


async def decided(house: House) -> tuple[Report, ...]:
    """Give the reports that were decided, the latest decision first, at most 200."""
    return await _listed(house, _LATEST_DECIDED)


async def count_waiting(connection: Connection) -> int:
    """Count the reports that wait for a decision."""
    return int(await connection.value(_HOW_MANY_WAIT))


async def _listed(house: House, wanted: Select[Any]) -> tuple[Report, ...]:
    async with house.db.reading() as connection:
        rows = await connection.all(wanted)
    return tuple(
        Report(
            id=row["id"],
            thing_id=row["public_id"],
            title=row["title"],
            maker=row["nickname"],
            picture=row["picture"],
            code=None if row["code"] is None else Code.from_number(row["code"]),
            place=row["place"] or "",
            reason=row["reason"],
            text=row["text"],
            times=row["times"],
            created_at=months.from_instant(row["created_at"]),
            decision=row["decision"],
            decided_at=months.from_instant(row["decided_at"]) if row["decided_at"] else None,
            is_hidden=row["hidden_at"] is not None,
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
