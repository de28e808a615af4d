"""What the operator should know at one look: what waits for a person, and whether all is well."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select

from irl import calendar, undelivered
from irl.house import House
from irl.money import watching
from irl.money.micros import Micros
from irl.month import Month
from irl.schema import payouts
from irl.settlement import audits, runner
from irl.settlement.audits import Audit
from irl.things import reports

_AUDIT_IS_OLD: Final = timedelta(days=2)
_PAYOUTS: Final = (
    select(
        payouts.c.state, func.count().label("n"), func.sum(payouts.c.amount_micros).label("micros")
    )
    .where(payouts.c.state.in_(["requested", "exported"]))
    .group_by(payouts.c.state)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The house at one look; amounts in micro-euros.

    Attributes:
        reports: wait for a decision.
        mails_waiting: are sent by the clock.
        mails_given_up: cannot be sent.
        payouts_waiting: were asked for and not sent.
        payouts_waiting_micros: so much.
        payouts_sent: were sent, and it is not known whether they arrived.
        pending: deposits that are pending for a day or more.
        troubles: what providers told of the last 90 days that was not booked.
        running: the running month.
        ended: months that ended and are not closed.
        ripe: those of them that can be closed by now.
        audit: the last one.
        audit_is_old: there was none for two days, so the clock seems not to run.
    """

    reports: int
    mails_waiting: int
    mails_given_up: int
    payouts_waiting: int
    payouts_waiting_micros: Micros
    payouts_sent: int
    pending: int
    troubles: int
    running: Month
    ended: tuple[Month, ...]
    ripe: tuple[Month, ...]
    audit: Audit | None
    audit_is_old: bool


async def look(house: House, *, now: datetime) -> Overview:
    """Give the house at one look."""
    async with house.db.reading() as connection:
        seen = await calendar.look(connection, now=now)
        waiting, given_up = await undelivered.count(connection)
        out = {row["state"]: row for row in await connection.all(_PAYOUTS)}
        audit = await audits.latest(connection)
        return Overview(
            reports=await reports.count_waiting(connection),
            mails_waiting=waiting,
            mails_given_up=given_up,
            payouts_waiting=out["requested"]["n"] if "requested" in out else 0,
            payouts_waiting_micros=Micros(
                int(out["requested"]["micros"]) if "requested" in out else 0
            ),
            payouts_sent=out["exported"]["n"] if "exported" in out else 0,
            pending=await watching.pending(connection, now=now),
            troubles=await watching.troubles(connection, now=now),
            running=seen.running,
            ended=tuple(seen.ended),
            ripe=tuple(month for month in seen.ended if now >= runner.ripe(house, month)),
            audit=audit,
            audit_is_old=audit is not None and now - audit.at > _AUDIT_IS_OLD,
        )
