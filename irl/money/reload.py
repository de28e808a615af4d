"""Reload: a mail with a ready deposit link, for members who ask for it.

Manual by default, and no card is stored: the mail says that the funds will not cover next month's
budget, and its link opens the wallet with an amount filled in that would. Nothing is paid before
the member does so there.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import bindparam, func, select, update

from irl import calendar, outbox
from irl import language as languages
from irl import month as months
from irl.db import Connection, ForRows, Row
from irl.house import House
from irl.money import micros
from irl.money.micros import Micros
from irl.month import Month
from irl.outbox import Mail
from irl.rounds import STRETCH, Round
from irl.rules import EURO, Rules
from irl.schema import members
from irl.sentence import Euros

_WAITING_MOST: Final = 1000
"""With more mails due than this no more are written: see `irl.giving.idle_warnings`."""

_WANTED: Final = select(members.c.reload_at).where(members.c.id == bindparam("member_id"))
_LAST: Final = select(func.max(members.c.id)).where(members.c.reload_at.is_not(None))
_SHORT: Final = ForRows(
    """SELECT m.id, m.nickname, m.email, m.seal, m.budget_micros, m.language,
         coalesce(b.balance_micros, 0) AS funds_micros
       FROM given CROSS JOIN members m LEFT JOIN balances b ON b.account = m.id * 8 + 1
       WHERE m.id > given.after AND m.id <= given.until AND m.reload_at IS NOT NULL
         AND m.left_at IS NULL AND m.email IS NOT NULL
         AND coalesce(b.balance_micros, 0) < m.budget_micros * (given.pots + 1)
       ORDER BY m.id""",
    {"after": "number", "until": "number", "pots": "number"},
)


async def is_wanted(house: House, member_id: int) -> bool:
    """Tell whether this member wants to be told when the funds will not last."""
    async with house.db.reading() as connection:
        return await connection.value(_WANTED, member_id=member_id) is not None


async def want(house: House, member_id: int, *, on: bool, now: datetime) -> None:
    """Ask for the mail, or for no more of them."""
    since = func.coalesce(members.c.reload_at, months.to_instant(now)) if on else None
    change = update(members).where(members.c.id == member_id).values(reload_at=since)

    async def work(connection: Connection) -> None:
        await connection.all(change)

    await house.db.write(work)


def deposit_for(missing: int, *, rules: Rules) -> Micros:
    """Give the smallest deposit of which at least so much is left after the fee.

    In whole euros, which read plainly, and within the bounds of deposits.
    """
    kept = 10_000 - rules.fee_basis_points
    euros = -(-missing * 10_000 // (kept * EURO))
    return Micros(max(rules.deposit_least_micros, min(euros * EURO, rules.deposit_most_micros)))


async def post_due(house: House, *, now: datetime, go_on: Callable[[], bool] = lambda: True) -> int:
    """Write the mails to members whose funds will not last; give how many.

    Once a month to each: from the days before the month's end that the rules name, looked at
    once a day, since funds may still change.
    """
    async with house.db.reading() as connection:
        look = await calendar.look(connection, now=now)
        month = look.running
        if months.end(month) - now > timedelta(days=house.rules.reload_mail_days):
            return 0
        round_ = Round(name="reload", period=months.to_day(now))
        after = await round_.at(connection)
        last = await connection.value(_LAST) or 0
    # Every month that is not closed yet is taken to give its whole budget.
    pots = len(look.ended) + 1
    posted = 0
    while after is not None and after < last and go_on():
        async with house.db.reading() as connection:
            if await outbox.backlog(connection, most=_WAITING_MOST, now=now) >= _WAITING_MOST:
                return posted
            short = await connection.all(_SHORT, rows=[[after, after + STRETCH, pots]])
        after += STRETCH
        mails = [_mail(house, row, month, pots) for row in short]
        if mails:
            posted += await _posted(house, mails, round_, after, now)
    if after is not None and after >= last:
        await house.db.write(round_.over)
    return posted


async def _posted(
    house: House, mails: list[Mail], round_: Round, reached: int, now: datetime
) -> int:
    async def work(connection: Connection) -> int:
        new = await outbox.post_all(connection, mails, now=now)
        await round_.reached(connection, reached)
        return len(new)

    return await house.db.write(work)


def _mail(house: House, row: Row, month: Month, pots: int) -> Mail:
    left = max(0, row["funds_micros"] - pots * row["budget_micros"])
    amount = deposit_for(row["budget_micros"] - left, rules=house.rules)
    fee = micros.fee(amount, basis_points=house.rules.fee_basis_points)
    speaks = languages.of(row["language"])
    following = speaks.month(months.add(month, 1))
    return Mail(
        recipient=row["email"],
        subject=speaks.says("Your funds will not cover {following}", following=following),
        body=speaks.says(
            "Hello {nickname},\n\n"
            "you asked to be told when your funds will not last. Once {month} is given, {left} may"
            " be left, and your budget is {budget} a month.\n\n"
            "A deposit of {amount} (fee {fee}, so {net} to give) would cover {following}:\n\n"
            "{base}/wallet?amount={typed}\n\n"
            "Nothing is paid until you do so there. If you do nothing, what is left is given."
            " To get no more of these mails, turn them off in your wallet:\n\n{base}/wallet\n",
            nickname=row["nickname"],
            month=speaks.month(month),
            left=Euros(left),
            budget=Euros(row["budget_micros"]),
            amount=Euros(amount),
            fee=Euros(fee),
            net=Euros(amount - fee),
            following=following,
            base=house.settings.base_url,
            typed=micros.text(amount),
        ),
        language=speaks.code,
        message_id=outbox.message_id(row["seal"], "reload", month),
        expires_at=months.end(month),
    )
