"""Leaving: asked for with the password; at once nothing more is given, and nobody signs in.

The flattrs of the months that are open then settle like everybody's. When the last of them is
closed, `irl.members.erasing` gives the rest to charity and erases the personal rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, delete, func, or_, select, update

from irl import calendar, outbox
from irl import language as languages
from irl import month as months
from irl.db import Connection, Row
from irl.errors import Invalid, LeavingRefused, NotFound
from irl.house import House
from irl.members import payouts as with_password
from irl.money import deposits as money_in
from irl.money import leaving, ledger
from irl.money.leaving import Receiver
from irl.money.micros import Micros
from irl.month import Month
from irl.schema import (
    challenges,
    deposits,
    members,
    passkeys,
    password_links,
    payouts,
    sessions,
    subscriptions,
    things,
    tokens,
)
from irl.sentence import Euros, Sentence

_MEMBER: Final = select(members).where(
    members.c.id == bindparam("member_id"), members.c.left_at.is_(None)
)
_HELD: Final = _MEMBER.with_for_update()
_PENDING: Final = (
    select(deposits.c.id)
    .where(
        deposits.c.member_id == bindparam("member_id"),
        deposits.c.state == "pending",
        deposits.c.created_at > bindparam("since_at"),
    )
    .limit(1)
)
_ON_ITS_WAY: Final = (
    select(payouts.c.id)
    .where(
        payouts.c.member_id == bindparam("member_id"),
        or_(payouts.c.state == "requested", payouts.c.state == "exported"),
    )
    .limit(1)
)
_WAYS_IN: Final = (sessions, tokens, passkeys, challenges, password_links)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """What leaving now would mean; amounts in micro-euros."""

    funds_micros: Micros
    revenue_micros: Micros
    least_micros: Micros
    """From so much revenue on the member must say what becomes of it."""
    charity: Receiver | None
    last_month: Month
    """The month after whose closing the rest goes to charity and personal data are erased."""
    refusal: Sentence | None
    """Why the member cannot leave now, if so."""

    @property
    def must_decide(self) -> bool:
        """Whether the revenue is so much that it goes to charity only if the member says so."""
        return self.revenue_micros >= self.least_micros


async def look(house: House, member_id: int, *, now: datetime) -> Prospect:
    """Say what leaving now would mean for a member.

    Raises:
        NotFound: who asks has left already.
    """
    async with house.db.snapshot() as connection:
        row = await connection.one(_MEMBER, member_id=member_id)
        if row is None:
            raise NotFound("There is no such member.")
        return await _looked(house, connection, row, now)


async def leave(
    house: House,
    member_id: int,
    *,
    password: str,
    gives_revenue: bool,
    address: str,
    now: datetime,
) -> None:
    """Leave: signed out everywhere, nothing new is given, own things take no more flattrs.

    Args:
        house: the house.
        member_id: who leaves.
        password: asked for once more.
        gives_revenue: whether revenue that could be paid out goes to charity too.
        address: the network address, for the throttle.
        now: the moment of leaving.

    Raises:
        PasswordRefused: it is not the member's password, with the field `password`.
        Throttled: too many tries.
        LeavingRefused: a deposit or payout is not decided yet, or an operator wants to leave.
        Invalid: there is revenue that could be paid out, and `gives_revenue` is not said.
        NotFound: who asks has left already.
    """
    await with_password.confirm(house, member_id, password=password, address=address, now=now)

    async def work(connection: Connection) -> None:
        row = await connection.one(_HELD, member_id=member_id)
        if row is None:
            raise NotFound("There is no such member.")
        found = await _looked(house, connection, row, now)
        if found.refusal is not None:
            raise LeavingRefused(found.refusal)
        if found.must_decide and not gives_revenue:
            raise Invalid(
                Sentence(
                    "You have received {amount}: have it paid out, move it to your funds, or say"
                    " that it goes to charity.",
                    amount=Euros(found.revenue_micros),
                ),
                field="gives_revenue",
            )
        await _turn_away(connection, member_id, last_month=found.last_month, now=now)
        await _say_goodbye(house, connection, row, found, now=now)

    await house.db.write(work)


async def _looked(house: House, connection: Connection, row: Row, now: datetime) -> Prospect:
    funds, revenue = ledger.funds(row["id"]), ledger.revenue(row["id"])
    there = await ledger.balances(connection, [funds, revenue])
    return Prospect(
        funds_micros=there[funds],
        revenue_micros=there[revenue],
        least_micros=Micros(house.rules.payout_least_micros),
        charity=await leaving.receiver(connection, row["id"]),
        last_month=(await calendar.look(connection, now=now)).running,
        refusal=await _refusal(connection, row, now),
    )


async def _refusal(connection: Connection, row: Row, now: datetime) -> Sentence | None:
    if row["operator_at"] is not None:
        return Sentence(
            "An operator cannot leave. Have that role taken away first: irl operator EMAIL --no."
        )
    # Nobody asks the provider about an older one any more: it was given up.
    since = months.to_instant(now - money_in.ASKED_FOR)
    if await connection.value(_PENDING, member_id=row["id"], since_at=since) is not None:
        return Sentence(
            "A deposit is not decided yet. Pay it, or wait until it is declined or a week old."
        )
    if await connection.value(_ON_ITS_WAY, member_id=row["id"]) is not None:
        return Sentence("A payout is on its way. You can leave once it has arrived.")
    return None


async def _turn_away(
    connection: Connection, member_id: int, *, last_month: Month, now: datetime
) -> None:
    at = months.to_instant(now)
    await connection.all(
        update(members)
        .where(members.c.id == member_id)
        .values(
            left_at=at,
            last_month=last_month,
            password_hash=None,
            reload_at=None,
            shows_flattrs_at=None,
        )
    )
    for table in _WAYS_IN:
        await connection.all(delete(table).where(table.c.member_id == member_id))
    await connection.all(
        update(subscriptions)
        .where(subscriptions.c.member_id == member_id, subscriptions.c.ended_at.is_(None))
        .values(ended_at=at)
    )
    await connection.all(
        update(things)
        .where(things.c.maker_id == member_id)
        .values(deleted_at=func.coalesce(things.c.deleted_at, at))
    )


async def _say_goodbye(
    house: House, connection: Connection, row: Row, found: Prospect, *, now: datetime
) -> None:
    speaks = languages.of(row["language"])
    if found.charity is None:
        rest = Sentence("The house has no charity yet; what is left waits for one.")
    else:
        rest = Sentence(
            "What is then left of your funds ({funds} today) and of what you received ({revenue}"
            " today) goes to {charity}.",
            funds=Euros(found.funds_micros),
            revenue=Euros(found.revenue_micros),
            charity=found.charity.name,
        )
    await outbox.post(
        connection,
        recipient=row["email"],
        subject=speaks.says("Good-bye, and thank you"),
        body=speaks.says(
            "Hello {nickname},\n\n"
            "you have left {host}. You are signed out everywhere, and your codes take no more"
            " flattrs. What you flattred up to now is given when {month} is closed, some days"
            " after its end.\n\n"
            "{rest}\n\n"
            "After that your e-mail address, your nickname and all else that is about you are"
            " erased; the ledger keeps amounts under a number.\n\n"
            "If this was not you, tell the operator at once.\n",
            nickname=row["nickname"],
            host=house.settings.host,
            month=speaks.month(found.last_month),
            rest=rest,
        ),
        message_id=outbox.message_id(row["seal"], "leaving"),
        language=speaks.code,
        now=now,
    )
