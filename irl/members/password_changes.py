"""A new password: in place of the old one, or by a mailed link for who forgot it.

Nobody learns from the answers whether an e-mail is a member's, and a link works once.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Delete, bindparam, delete, insert, select, update

from irl import month as months
from irl.db import Connection
from irl.errors import LinkRefused
from irl.house import House
from irl.members import joining, member, notices, passwords, sessions, sign_in, throttles
from irl.members.member import Member
from irl.schema import members, password_links, tokens
from irl.secret import hashed, token

_BY_EMAIL: Final = select(*member.COLUMNS).where(
    members.c.email_key == bindparam("email_key"), members.c.left_at.is_(None)
)
_BY_LINK: Final = (
    select(*member.COLUMNS)
    .join(password_links, password_links.c.member_id == members.c.id)
    .where(password_links.c.token_hash == bindparam("token_hash"))
    .where(password_links.c.expires_at > bindparam("now_at"), members.c.left_at.is_(None))
)
_REFUSED: Final = "This link is not known, was used already or is too old."


async def change(
    house: House,
    member_id: int,
    *,
    password: str,
    new_password: str,
    secret: str | None,
    address: str,
    now: datetime,
) -> None:
    """Change a member's password; the other sessions end, and a mail tells of it.

    Args:
        house: the house.
        member_id: of who asks.
        password: the one of now.
        new_password: 8 to 256 characters.
        secret: of the session that asks, which goes on.
        address: the network address of who asks, for the throttle.
        now: the moment of asking.

    Raises:
        PasswordRefused: `password` is not the member's.
        Invalid: the new one is none, with the field `new_password`.
        Throttled: too many tries.
    """
    await sign_in.confirm(house, member_id, password=password, address=address, now=now)
    async with house.db.reading() as connection:
        row = await connection.one(member.BY_ID, member_id=member_id)
    assert row is not None
    context = (row["email"], row["nickname"])
    passwords.check(new_password, context=context, field="new_password")
    new_hash = await passwords.hashed(new_password)

    async def work(connection: Connection) -> None:
        await _set(connection, member_id, new_hash)
        await sessions.end_all(connection, member_id, but=secret)
        await notices.password_changed(connection, house, row, now=now)

    await house.db.write(work)


async def ask_link(house: House, email: str, *, address: str, now: datetime) -> None:
    """Mail a link that sets a new password, if the e-mail is a member's; the answer never tells.

    `address` is the network address of who asks, for the throttle.

    Raises:
        Invalid: it is no e-mail address.
        Throttled: too many asked from this network, or too many mails to this address today.
    """
    _, email_key = joining.email_address(email)
    limits = [*joining.links_asked(house, address), joining.mails_to(house, email_key)]
    until = now + timedelta(hours=house.rules.password_link_hours)

    async def work(connection: Connection) -> None:
        # In the same transaction, so that the time it takes does not tell whether a mail goes out.
        await throttles.take(connection, limits, now=now)
        row = await connection.one(_BY_EMAIL, email_key=email_key)
        if row is None:
            return
        secret = token()
        await connection.all(_over(now))
        await connection.all(
            insert(password_links).values(
                token_hash=hashed(secret),
                member_id=row["id"],
                expires_at=months.to_instant(until),
            )
        )
        await notices.password_link(connection, house, row, secret=secret, until=until, now=now)

    await house.db.write(work)


async def leads_on(house: House, link_token: str, *, now: datetime) -> bool:
    """Tell whether a mailed link still works, without using it up."""
    async with house.db.reading() as connection:
        at = months.to_instant(now)
        found = await connection.one(_BY_LINK, token_hash=hashed(link_token), now_at=at)
    return found is not None


async def set_by_link(
    house: House, link_token: str, *, password: str, address: str, now: datetime
) -> Member:
    """Set the password of the member whose link was followed, and give the member.

    Every session ends and every app's token is revoked, since somebody else may hold one; a mail
    tells of it. Passkeys stay.

    Raises:
        LinkRefused: the link is unknown, used or too old, with the field `token`.
        Invalid: the password is none, with the field `password`; the link still works.
        Throttled: too many links were followed from this network.
    """
    await throttles.count_all(house, joining.links_followed(house, address), now=now)
    token_hash, at = hashed(link_token), months.to_instant(now)
    async with house.db.reading() as connection:
        row = await connection.one(_BY_LINK, token_hash=token_hash, now_at=at)
    if row is None:
        raise LinkRefused(_REFUSED, field="token")
    passwords.check(password, context=(row["email"], row["nickname"]))
    new_hash = await passwords.hashed(password)

    async def work(connection: Connection) -> None:
        gone = delete(password_links).where(password_links.c.token_hash == token_hash)
        if await connection.value(gone.returning(password_links.c.member_id)) is None:
            raise LinkRefused(_REFUSED, field="token")
        await _set(connection, row["id"], new_hash)
        await sessions.end_all(connection, row["id"])
        await connection.all(delete(tokens).where(tokens.c.member_id == row["id"]))
        await notices.password_changed(connection, house, row, now=now)

    await house.db.write(work)
    return member.of_row(row)


async def _set(connection: Connection, member_id: int, new_hash: str) -> None:
    """Set the hash; links that were mailed before lead nowhere any more."""
    this = members.c.id == member_id
    await connection.all(update(members).where(this).values(password_hash=new_hash))
    await connection.all(delete(password_links).where(password_links.c.member_id == member_id))


def _over(now: datetime) -> Delete:
    return delete(password_links).where(password_links.c.expires_at <= months.to_instant(now))
