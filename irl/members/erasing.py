"""Erasing: what becomes of a leaver once the last month that was open at leaving is closed.

In one transaction the rest of the money goes to charity and every personal row goes; what stays is
what the ledger and others' statements are made of, under a number. Killed before it commits, it is
done again; afterwards there is nothing left to do. Money that comes to a leaver later, from a thing
that was hidden or a payout that came back, is given by a later round.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Final

from sqlalchemy import bindparam, delete, func, or_, select, update

from irl import carriers, outbox
from irl.db import Connection, Row
from irl.house import House
from irl.members.member import SOMEBODY
from irl.money import leaving
from irl.schema import (
    balances,
    challenges,
    deposits,
    invitations,
    joinings,
    members,
    nonces,
    passkeys,
    password_links,
    payout_addresses,
    payouts,
    pictures,
    placements,
    sessions,
    subscription_months,
    subscriptions,
    thing_tags,
    things,
    throttles,
    tokens,
    verifications,
)
from irl.schema import months as closings
from irl.secret import hashed

_TOGETHER: Final = 50
"""Leavers that are looked up at once."""

_CLOSED: Final = select(func.max(closings.c.month)).where(closings.c.state == "closed")
_DUE: Final = (
    select(members.c.id)
    .where(
        members.c.left_at.is_not(None),
        members.c.last_month <= _CLOSED.scalar_subquery(),
        members.c.id > bindparam("after"),
        or_(
            members.c.email.is_not(None),
            select(balances.c.account)
            .where(
                balances.c.account.in_([members.c.id * 8 + 1, members.c.id * 8 + 2]),
                balances.c.balance_micros > 0,
            )
            .exists(),
        ),
    )
    .order_by(members.c.id)
    .limit(_TOGETHER)
)
_MEMBER: Final = select(members).where(members.c.id == bindparam("member_id"))
_HELD: Final = _MEMBER.with_for_update()
_BY_MEMBER: Final = (sessions, tokens, passkeys, challenges, password_links, payout_addresses)


async def finish_due(
    house: House, *, now: datetime, go_on: Callable[[], bool] = lambda: True
) -> int:
    """Finish with the leavers whose last month is closed; give how many were erased.

    Args:
        house: the house.
        now: the moment.
        go_on: asked before each; once it says no, the rest is left.
    """
    erased, after = 0, 0
    while True:
        async with house.db.reading() as connection:
            due = [row["id"] for row in await connection.all(_DUE, after=after)]
        if not due:
            return erased
        for member_id in due:
            if not go_on():
                return erased
            erased += await _finish(house, member_id, now=now)
        after = due[-1]


async def _finish(house: House, member_id: int, *, now: datetime) -> bool:
    """Give the rest of one leaver and, once no mail waits, erase; tell whether that was done."""
    async with house.db.reading() as connection:
        row = await connection.one(_MEMBER, member_id=member_id)
        assert row is not None, "members are never deleted"
        can_erase = row["email"] is not None and not await outbox.waits(connection, row["email"])
    if can_erase:
        # Before the address is forgotten here, and harmless if it is done twice.
        await carriers.forget(house.settings, row["email"])
    await house.db.write(partial(_finished, member_id=member_id, erase=can_erase, now=now))
    return can_erase


async def _finished(connection: Connection, *, member_id: int, erase: bool, now: datetime) -> None:
    await leaving.give(connection, member_id, now=now)
    row = await connection.one(_HELD, member_id=member_id)
    if erase and row is not None and row["email"] is not None:
        await _erase(connection, row)


async def _erase(connection: Connection, row: Row) -> None:
    member_id = row["id"]
    await outbox.forget(connection, row["email"])
    await _forget_ways_in(connection, row)
    await _forget_giving(connection, member_id)
    await _forget_made(connection, row)
    await _forget_accounts(connection, member_id)
    await connection.all(
        update(members)
        .where(members.c.id == member_id)
        .values(
            nickname=SOMEBODY,
            email=None,
            email_key=None,
            password_hash=None,
            budget_micros=None,
            language=None,
            reload_at=None,
            shows_flattrs_at=None,
        )
    )


async def _forget_ways_in(connection: Connection, row: Row) -> None:
    member_id, email_key = row["id"], row["email_key"]
    for table in _BY_MEMBER:
        await connection.all(delete(table).where(table.c.member_id == member_id))
    asked = select(joinings.c.id).where(joinings.c.email_key == email_key)
    await connection.all(delete(verifications).where(verifications.c.joining_id.in_(asked)))
    await connection.all(delete(joinings).where(joinings.c.email_key == email_key))
    await connection.all(
        update(invitations).where(invitations.c.member_id == member_id).values(member_id=None)
    )
    known = hashed(email_key)[:32]
    names = [f"mail {known}", f"sign-in {known}", f"password {member_id}"]
    await connection.all(delete(throttles).where(throttles.c.name.in_(names)))


async def _forget_giving(connection: Connection, member_id: int) -> None:
    """Forget what the ledger does not need; flattrs and budgets explain closed months."""
    await connection.all(delete(nonces).where(nonces.c.holder == member_id))
    mine = select(subscriptions.c.id).where(subscriptions.c.member_id == member_id)
    await connection.all(
        delete(subscription_months).where(subscription_months.c.subscription_id.in_(mine))
    )
    await connection.all(delete(subscriptions).where(subscriptions.c.member_id == member_id))


async def _forget_made(connection: Connection, row: Row) -> None:
    """Forget all of the things but what others' statements name: title, and artist if another."""
    mine = select(things.c.id).where(things.c.maker_id == row["id"])
    await connection.all(delete(pictures).where(pictures.c.thing_id.in_(mine)))
    await connection.all(delete(thing_tags).where(thing_tags.c.thing_id.in_(mine)))
    await connection.all(update(placements).where(placements.c.thing_id.in_(mine)).values(name=""))
    await connection.all(
        update(things).where(things.c.maker_id == row["id"]).values(description="", url="")
    )
    signed = (things.c.maker_id == row["id"]) & (
        func.lower(things.c.artist) == row["nickname"].lower()
    )
    await connection.all(update(things).where(signed).values(artist=""))


async def _forget_accounts(connection: Connection, member_id: int) -> None:
    """Forget accounts elsewhere; a provider's own number of a payment stays for chargebacks."""
    await connection.all(
        update(deposits).where(deposits.c.member_id == member_id).values(pay_url=None)
    )
    over = payouts.c.state.in_(["paid", "returned"])
    await connection.all(
        update(payouts)
        .where(payouts.c.member_id == member_id, over)
        .values(holder="", address="", trouble=None)
    )
