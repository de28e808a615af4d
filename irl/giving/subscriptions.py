"""Subscriptions: one flattr of a thing at the start of each of the next 3, 6 or 12 months.

They are calendar months: a subscription of three months that begins in November gives in December,
January and February, and has then ended. A month in which it was paused, or in which nothing could
be given, is not made up for.

Giving follows the rules of scans, through the placement where the member scanned: a code that was
revoked or is not open, and a thing that became one's own, get nothing that month. The subscription
of a thing that was deleted or hidden, or of a member who left, ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import bindparam, func, insert, select, update

from irl import calendar
from irl import month as month_of
from irl.db import Connection, ForRows, Row
from irl.errors import AlreadySubscribed, Invalid, NotFound, SubscriptionEnded
from irl.giving import scans_sql
from irl.giving.scans import ScannedThing
from irl.house import House
from irl.month import Month
from irl.schema import (
    flattrs,
    members,
    placements,
    subscription_months,
    subscriptions,
    things,
)
from irl.secret import is_public_id, public_id
from irl.sentence import Sentence
from qr.code import Code

MONTHS: Final = (3, 6, 12)
PAGE: Final = 200
OPEN_MOST: Final = 500
"""Subscriptions of a member that have not ended."""

State = Literal["running", "paused", "ended"]

_MAKERS: Final = members.alias("makers")
_ALL: Final = (
    select(
        subscriptions,
        things.c.public_id.label("thing"),
        things.c.title,
        things.c.artist,
        _MAKERS.c.nickname,
        placements.c.code,
    )
    .join(things, things.c.id == subscriptions.c.thing_id)
    .join(placements, placements.c.id == subscriptions.c.placement_id)
    .join(_MAKERS, _MAKERS.c.id == things.c.maker_id)
    .where(subscriptions.c.member_id == bindparam("of_member"))
)
_MINE: Final = _ALL.order_by(subscriptions.c.id.desc()).limit(PAGE + 1)
_BEFORE: Final = _MINE.where(subscriptions.c.id < bindparam("before_id"))
_ONE: Final = _ALL.where(subscriptions.c.public_id == bindparam("asked_id"))
_OF_THING: Final = _ALL.where(
    things.c.public_id == bindparam("asked_id"), subscriptions.c.ended_at.is_(None)
)
_HOW_MANY: Final = (
    select(func.count())
    .select_from(subscriptions)
    .where(subscriptions.c.member_id == bindparam("member_id"), subscriptions.c.ended_at.is_(None))
)
_HERE: Final = select(placements.c.code).where(placements.c.code == bindparam("code"))
_WHERE_GIVEN: Final = (
    select(placements.c.code)
    .join(flattrs, flattrs.c.placement_id == placements.c.id)
    .join(things, things.c.id == flattrs.c.thing_id)
    .where(flattrs.c.month == bindparam("month"), flattrs.c.member_id == bindparam("member_id"))
    .where(things.c.public_id == bindparam("thing"))
)
_BEGIN: Final = ForRows(
    """INSERT INTO subscriptions
         (public_id, member_id, thing_id, placement_id, months, last_month, created_at)
       SELECT public_id, member_id, thing_id, placement_id, months, last_month, created_at
       FROM given WHERE true ON CONFLICT DO NOTHING RETURNING id""",
    {
        "public_id": "text",
        "member_id": "number",
        "thing_id": "number",
        "placement_id": "number",
        "months": "number",
        "last_month": "number",
        "created_at": "number",
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A subscription as its member sees it; `months_left` are those that are still to come."""

    id: str
    thing: ScannedThing
    code: Code
    months: int
    months_left: int
    last_month: Month
    state: State
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Subscriptions:
    """A page of a member's subscriptions, newest first; `next` begins the following page."""

    subscriptions: tuple[Subscription, ...]
    next: str | None


async def begin(
    house: House,
    member_id: int,
    *,
    code: Code | None = None,
    thing_id: str | None = None,
    months: int,
    now: datetime,
) -> Subscription:
    """Subscribe to a thing, by the code before which the member stands or by its id.

    By its id it must have been flattred in the running month: its flattrs are then given through
    the same placement.

    Raises:
        Invalid: not 3, 6 or 12 months; one's own thing; neither code nor thing is named; the thing
            was not flattred; too many subscriptions.
        NotFound: there is no such code or thing, or it is no longer in use.
        AlreadySubscribed: there is one that runs or is paused.
    """
    if months not in MONTHS:
        raise Invalid("A subscription is for 3, 6 or 12 months.", field="months")
    if (code is None) == (thing_id is None):
        raise Invalid("Name either a code or a thing.", field="code")
    field = "thing" if code is None else "code"

    async def work(connection: Connection) -> Subscription:
        running = (await calendar.look(connection, now=now)).running
        number = code.number if code is not None else None
        if number is None:
            number = await _where_given(connection, running, member_id, thing_id or "")
        placement = (await scans_sql.placements(connection, [number])).get(number)
        if placement is None or placement.revoked:
            raise NotFound("There is no such code, or it is no longer in use.", field=field)
        if placement.maker_id == member_id:
            raise Invalid("This is yours, so it cannot be flattred by you.", field=field)
        if await connection.value(_HOW_MANY, member_id=member_id) >= OPEN_MOST:
            raise Invalid(
                Sentence("At most {most} subscriptions run at a time.", most=OPEN_MOST), field=field
            )
        at, last = month_of.to_instant(now), month_of.add(running, months)
        named = public_id()
        row = [named, member_id, placement.thing_id, placement.id, months, last, at]
        begun = await connection.value(_BEGIN, rows=[row])
        if begun is None:
            raise AlreadySubscribed("You subscribed to this already.")
        # The running month is the member's own doing.
        await connection.all(
            insert(subscription_months).values(
                subscription_id=begun, month=running, outcome="begun", done_at=at
            )
        )
        return await _of(connection, member_id, named, running)

    return await house.db.write(work)


async def mine(
    house: House, member_id: int, *, after: str | None = None, now: datetime
) -> Subscriptions:
    """Give a page of a member's subscriptions, newest first, ended ones too.

    Raises:
        Invalid: `after` is no subscription of this member, with the field `after`.
    """
    async with house.db.reading() as connection:
        running = (await calendar.look(connection, now=now)).running
        if after is None:
            rows = await connection.all(_MINE, of_member=member_id)
        else:
            last = await connection.one(_ONE, of_member=member_id, asked_id=after)
            if last is None:
                raise Invalid("This page does not exist.", field="after")
            rows = await connection.all(_BEFORE, of_member=member_id, before_id=last["id"])
    found = tuple(_built(row, running) for row in rows[:PAGE])
    return Subscriptions(found, found[-1].id if len(rows) > PAGE else None)


async def of(house: House, member_id: int, asked_id: str, *, now: datetime) -> Subscription:
    """Give a subscription of this member.

    Raises:
        NotFound: there is none.
    """
    async with house.db.reading() as connection:
        running = (await calendar.look(connection, now=now)).running
        return await _of(connection, member_id, asked_id, running)


async def of_thing(
    house: House, member_id: int, thing_id: str, *, now: datetime
) -> Subscription | None:
    """Give the subscription of a thing that runs or is paused, or None."""
    async with house.db.reading() as connection:
        row = await connection.one(_OF_THING, of_member=member_id, asked_id=thing_id)
        if row is None:
            return None
        return _built(row, (await calendar.look(connection, now=now)).running)


async def change(
    house: House, member_id: int, asked_id: str, state: str, *, now: datetime
) -> Subscription:
    """Pause a subscription, let it run again, or end it; what is so already stays so.

    A pause counts for the months that begin while it lasts.

    Raises:
        Invalid: the state is none of the three, with the field `state`.
        NotFound: there is no such subscription.
        SubscriptionEnded: it has ended, and is to run or pause.
    """
    at = month_of.to_instant(now)
    changes: dict[str, dict[str, Any]] = {
        "running": {"paused_at": None},
        "paused": {"paused_at": func.coalesce(subscriptions.c.paused_at, at)},
        "ended": {"ended_at": at},
    }
    if state not in changes:
        raise Invalid("A subscription is running, paused or ended.", field="state")

    async def work(connection: Connection) -> Subscription:
        running = (await calendar.look(connection, now=now)).running
        found = await _of(connection, member_id, asked_id, running)
        if found.state == "ended" and state != "ended":
            raise SubscriptionEnded("This subscription has ended.")
        if found.state != state:
            await connection.all(
                update(subscriptions)
                .where(subscriptions.c.public_id == asked_id, subscriptions.c.ended_at.is_(None))
                .values(changes[state])
            )
        return await _of(connection, member_id, asked_id, running)

    return await house.db.write(work)


async def _where_given(
    connection: Connection, running: Month, member_id: int, thing_id: str
) -> int:
    """Give the code through which a member flattred a thing in the running month."""
    known = is_public_id(thing_id) and await connection.value(
        select(things.c.id).where(things.c.public_id == thing_id, things.c.deleted_at.is_(None))
    )
    if not known:
        raise NotFound("There is no such thing.", field="thing")
    code = await connection.value(_WHERE_GIVEN, month=running, member_id=member_id, thing=thing_id)
    if code is None:
        raise Invalid("Flattr it once, then subscribe; or name its code.", field="thing")
    return int(code)


async def _of(
    connection: Connection, member_id: int, asked_id: str, running: Month
) -> Subscription:
    row = None
    if is_public_id(asked_id):
        row = await connection.one(_ONE, of_member=member_id, asked_id=asked_id)
    if row is None:
        raise NotFound("There is no such subscription.")
    return _built(row, running)


def _built(row: Row, running: Month) -> Subscription:
    state: State = "running"
    if row["ended_at"] is not None:
        state = "ended"
    elif row["paused_at"] is not None:
        state = "paused"
    last = Month(row["last_month"])
    thing = ScannedThing(
        id=row["thing"], title=row["title"], artist=row["artist"], maker=row["nickname"]
    )
    return Subscription(
        id=row["public_id"],
        thing=thing,
        code=Code.from_number(row["code"]),
        months=row["months"],
        months_left=0 if state == "ended" else len(list(_months(running, last))),
        last_month=last,
        state=state,
        created_at=month_of.from_instant(row["created_at"]),
    )


def _months(after: Month, last: Month) -> Iterator[Month]:
    month = month_of.add(after, 1)
    while month <= last:
        yield month
        month = month_of.add(month, 1)
