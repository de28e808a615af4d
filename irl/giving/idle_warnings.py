"""Warnings: mails to members whose month is idle, before its pot goes to charity.

Two of them, 7 and 2 days before the month ends, to each member who has a budget, funds, and no
flattr that counts. The second goes only to those whose first was taken by a mail server. The pot
goes to charity only if both were taken before the month's end (`warnings.sent_at`): where a
server was down, no clock ran, or somebody set a budget in the last days, it stays where it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select

from irl import calendar, outbox
from irl import language as languages
from irl import month as months
from irl.db import Connection, ForRows, Row
from irl.house import House
from irl.language import Language
from irl.money import charities
from irl.money.charities import Charity
from irl.month import Month
from irl.outbox import Mail
from irl.rounds import STRETCH, Round
from irl.schema import members
from irl.sentence import Euros, Sentence

DAYS: Final = (7, 2)
"""Before the month's end; on the day that begins then, and on no later one."""

_WAITING_MOST: Final = 1000
"""With more mails due than this no more are written, so that a link to join need not wait long."""

_LAST: Final = select(func.max(members.c.id))
_IDLE: Final = ForRows(
    """SELECT m.id, m.nickname, m.email, m.seal, m.budget_micros, m.charity_id, m.language,
         b.balance_micros
       FROM given CROSS JOIN members m JOIN balances b ON b.account = m.id * 8 + 1
       WHERE m.id > given.after AND m.id <= given.until
         AND m.left_at IS NULL AND m.email IS NOT NULL
         AND m.budget_micros IS NOT NULL AND b.balance_micros > 0
         AND NOT EXISTS (SELECT 1 FROM flattrs f JOIN things t ON t.id = f.thing_id
           JOIN placements p ON p.id = f.placement_id
           WHERE f.month = given.month AND f.member_id = m.id AND t.maker_id <> m.id
             AND t.hidden_at IS NULL AND p.hidden_at IS NULL)
         AND NOT EXISTS (SELECT 1 FROM warnings w
           WHERE w.month = given.month AND w.member_id = m.id AND w.days = given.days)
         AND (given.days = 7 OR EXISTS (SELECT 1 FROM warnings w
           WHERE w.month = given.month AND w.member_id = m.id AND w.days = 7
             AND w.sent_at IS NOT NULL))
       ORDER BY m.id""",
    {"after": "number", "until": "number", "month": "number", "days": "number"},
)
_NOTE: Final = ForRows(
    """INSERT INTO warnings (month, member_id, days, mail_id)
       SELECT month, member_id, days, mail_id FROM given WHERE true ON CONFLICT DO NOTHING""",
    {"month": "number", "member_id": "number", "days": "number", "mail_id": "number"},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Warning:
    """One of the two warnings of a month, and what it needs to be written."""

    house: House
    month: Month
    days: int
    listed: dict[int, Charity]
    now: datetime

    @property
    def round(self) -> Round:
        return Round(name=f"warnings_{self.days}", period=self.month)

    async def idle(self, connection: Connection, after: int) -> list[Row]:
        row = [after, after + STRETCH, self.month, self.days]
        return await connection.all(_IDLE, rows=[row])

    async def post(self, connection: Connection, idle: list[Row], *, reached: int) -> int:
        """Write the mails and note them, in one transaction; give how many are new."""
        mails = {row["id"]: self._mail(row) for row in idle}
        posted = await outbox.post_all(connection, list(mails.values()), now=self.now)
        noted = [
            [self.month, member, self.days, posted[mail.message_id]]
            for member, mail in mails.items()
            if mail.message_id in posted
        ]
        await connection.all(_NOTE, rows=noted)
        await self.round.reached(connection, reached)
        return len(noted)

    def _mail(self, row: Row) -> Mail:
        end = months.end(self.month)
        # The first is of no use any more once the second is due.
        expires_at = end if self.days == DAYS[-1] else end - timedelta(days=DAYS[-1])
        speaks = languages.of(row["language"])
        name = speaks.month(self.month)
        if self.days == DAYS[0]:
            subject = speaks.says("Nothing flattred in {month} yet", month=name)
        else:
            subject = speaks.says("Last reminder: nothing flattred in {month} yet", month=name)
        return Mail(
            recipient=row["email"],
            subject=subject,
            body=self._body(row, speaks, end),
            language=speaks.code,
            message_id=outbox.message_id(row["seal"], "warning", self.month, self.days),
            expires_at=expires_at,
        )

    def _body(self, row: Row, speaks: Language, end: datetime) -> str:
        chosen = self.listed.get(row["charity_id"])
        charity = chosen or next(iter(self.listed.values()))
        return speaks.says(
            "Hello {nickname},\n\n"
            "in {month} you have not flattred anything that counts yet. If that stays so until"
            " the month ends, on {end}, your pot of {pot} goes to {charity}, {whose}.\n\n"
            "To give it to somebody whose work you like, scan a code before then:\n\n"
            "{base}/scan\n\n"
            "To choose another charity:\n\n{base}/charity\n\n"
            "To change your budget, or to unset it so that nothing is given:\n\n{base}/month\n",
            nickname=row["nickname"],
            month=speaks.month(self.month),
            end=end,
            pot=Euros(min(row["budget_micros"], row["balance_micros"])),
            charity=charity.name,
            whose=Sentence("the charity that you chose")
            if chosen
            else Sentence("the charity of the house"),
            base=self.house.settings.base_url,
        )


async def post_due(house: House, *, now: datetime, go_on: Callable[[], bool] = lambda: True) -> int:
    """Write the warnings that are due today; give how many.

    Args:
        house: the house.
        now: the moment of writing.
        go_on: asked before each stretch of members; once it says no, the rest is left.
    """
    warning = await _due(house, now)
    if warning is None:
        return 0
    async with house.db.reading() as connection:
        after = await warning.round.at(connection)
        last = await connection.value(_LAST) or 0
    posted = 0
    while after is not None and after < last and go_on():
        async with house.db.reading() as connection:
            if await outbox.backlog(connection, most=_WAITING_MOST, now=now) >= _WAITING_MOST:
                return posted
            idle = await warning.idle(connection, after)
        after += STRETCH
        if idle:
            posted += await _posted(warning, idle, after)
    if after is not None and after >= last:
        await house.db.write(warning.round.over)
    return posted


async def _due(house: House, now: datetime) -> _Warning | None:
    async with house.db.reading() as connection:
        month = (await calendar.look(connection, now=now)).running
    left = months.end(month) - now
    for days in DAYS:
        if timedelta(days=days - 1) < left <= timedelta(days=days):
            # Without any charity the pot stays, so there is nothing to warn of.
            listed = {charity.id: charity for charity in await charities.listed(house)}
            if listed:
                return _Warning(house=house, month=month, days=days, listed=listed, now=now)
    return None


async def _posted(warning: _Warning, idle: list[Row], reached: int) -> int:
    async def work(connection: Connection) -> int:
        return await warning.post(connection, idle, reached=reached)

    return await warning.house.db.write(work)
