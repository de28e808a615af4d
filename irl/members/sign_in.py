"""Signing in: e-mail and password, throttled, the same answer whatever was wrong.

Tries are counted for the network address, for the network around it, and, where the password was
wrong, for the e-mail. The last would let a stranger lock a member out; so a device that the member
signed in with before has tries of its own (`irl.members.known_devices`), and a passkey or a link
by mail always lead in.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, select

from irl.errors import Invalid, PasswordRefused, SignInRefused, Throttled
from irl.house import House
from irl.members import known_devices, member, passwords, throttles
from irl.members.joining import email_address
from irl.members.member import Member
from irl.members.throttles import Limit
from irl.schema import members
from irl.secret import hashed

_BY_EMAIL: Final = select(*member.COLUMNS, members.c.password_hash, members.c.seal).where(
    members.c.email_key == bindparam("email_key")
)
_HASH: Final = select(members.c.password_hash).where(members.c.id == bindparam("member_id"))


async def check(
    house: House,
    *,
    email: str,
    password: str,
    address: str,
    mark: str | None = None,
    now: datetime,
) -> Member:
    """Give the member to whom e-mail and password belong.

    Args:
        house: the house.
        email: as typed.
        password: as typed.
        address: the network address of who asks, for the throttles.
        mark: of a device that somebody signed in with before, from `known_devices.mark`.
        now: the moment of asking.

    Raises:
        SignInRefused: they belong to nobody; also for an e-mail that is not verified yet.
        Throttled: too many tries from this network, or too many wrong passwords for this e-mail.
    """
    try:
        _, email_key = email_address(email)
    except Invalid:
        email_key = ""
    await throttles.count_all(house, senders(house, address), now=now)
    async with house.db.reading() as connection:
        row = await connection.one(_BY_EMAIL, email_key=email_key)
    # Counted before it is known to be wrong: otherwise many at once would all be looked at.
    wrong = _wrong_passwords(house, email_key, mark if known_devices.is_known(row, mark) else None)
    try:
        await throttles.count_all(house, [wrong], now=now)
    except Throttled as trouble:
        raise Throttled(
            "Too many wrong passwords for this e-mail address. A device that was signed in before,"
            " a passkey, or a new password set by mail still lead in.",
            retry_after_s=trouble.retry_after_s,
        ) from None
    known = None if row is None else row["password_hash"]
    if not await passwords.matches(password, known) or row is None:
        raise SignInRefused("E-mail and password do not belong together, or wait for verification.")
    await throttles.give_back(house, wrong, now=now)
    return member.of_row(row)


async def confirm(
    house: House, member_id: int, *, password: str, address: str, now: datetime
) -> None:
    """See by the password that it is the member who asks, who is signed in already.

    Raises:
        PasswordRefused: it is not the member's password, with the field `password`.
        Throttled: too many tries from this network or for this member.
    """
    mine = Limit(name=f"password {member_id}", most=house.rules.sign_ins_an_hour)
    await throttles.count_all(house, [*senders(house, address), mine], now=now)
    async with house.db.reading() as connection:
        known = await connection.value(_HASH, member_id=member_id)
    if not await passwords.matches(password, known):
        raise PasswordRefused("This is not your password.", field="password")


def senders(house: House, address: str) -> tuple[Limit, ...]:
    """Give the limits of who tries to sign in from a network address."""
    return throttles.of_sender(
        "sign-in", address, most=house.rules.sign_ins_an_hour, rules=house.rules
    )


def _wrong_passwords(house: House, email_key: str, mark: str | None) -> Limit:
    name = f"wrong {hashed(email_key)[:32]}" if mark is None else f"device {hashed(mark)[:32]}"
    return Limit(name=name, most=house.rules.wrong_passwords_an_hour)
