"""Operators: members who run the house. There is no way to this role through the web."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, func, update

from irl import month as months
from irl.db import Connection
from irl.errors import NotFound
from irl.house import House
from irl.members.joining import email_address
from irl.schema import members


async def appoint(house: House, email: str, *, now: datetime) -> str:
    """Make a member an operator, and give the nickname; who is one already stays it.

    Raises:
        Invalid: this is no e-mail address.
        NotFound: nobody has joined with it.
    """
    return await _set(house, email, func.coalesce(members.c.operator_at, months.to_instant(now)))


async def dismiss(house: House, email: str) -> str:
    """Take the role from a member, and give the nickname.

    Raises:
        Invalid: this is no e-mail address.
        NotFound: nobody has joined with it.
    """
    return await _set(house, email, None)


async def _set(house: House, email: str, at: ColumnElement[int] | None) -> str:
    _, email_key = email_address(email)

    async def work(connection: Connection) -> str:
        nickname = await connection.value(
            update(members)
            .where(members.c.email_key == email_key, members.c.left_at.is_(None))
            .values(operator_at=at)
            .returning(members.c.nickname)
        )
        if nickname is None:
            raise NotFound("Nobody has joined with this e-mail address.")
        return str(nickname)

    return await house.db.write(work)
