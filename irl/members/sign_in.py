"""Signing in: e-mail and password, throttled, the same answer whatever was wrong."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import bindparam, select

from irl.errors import Invalid, SignInRefused
from irl.house import House
from irl.members import member, passwords, throttles
from irl.members.joining import email_address
from irl.members.member import Member
from irl.schema import members
from irl.secret import hashed

_BY_EMAIL: Final = select(*member.COLUMNS, members.c.password_hash).where(
    members.c.email_key == bindparam("email_key")
)


async def check(house: House, *, email: str, password: str, address: str, now: datetime) -> Member:
    """Give the member to whom e-mail and password belong.

    Raises:
        SignInRefused: they belong to nobody; also for an e-mail that is not verified yet.
        Throttled: too many tries from this network address or for this e-mail.
    """
    try:
        _, email_key = email_address(email)
    except Invalid:
        email_key = ""
    for name in (f"sign-in {address}", f"sign-in {hashed(email_key)[:32]}"):
        await throttles.count(
            house,
            name,
            most=house.rules.sign_ins_an_hour,
            window=timedelta(hours=1),
            now=now,
        )
    async with house.db.reading() as connection:
        row = await connection.one(_BY_EMAIL, email_key=email_key)
    known = None if row is None else row["password_hash"]
    if not await passwords.matches(password, known) or row is None:
        raise SignInRefused("E-mail and password do not belong together, or wait for verification.")
    return member.of_row(row)
