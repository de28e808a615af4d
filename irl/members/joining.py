"""Joining: asked for with a password, done when the mailed link is followed.

Nobody learns from the answers whether an e-mail is already a member's: a taken one is answered
like a free one, and its holder gets a mail that says so.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import bindparam, delete, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from irl import language as languages
from irl import month as months
from irl import outbox
from irl.db import Connection, Row
from irl.errors import Invalid, LinkRefused
from irl.house import House
from irl.members import invitations, passwords, throttles
from irl.members.member import SOMEBODY, Member
from irl.members.throttles import Limit
from irl.schema import joinings, members, pockets, verifications
from irl.secret import hashed, token
from irl.text import line

NICKNAME_MOST: Final = 60
EMAIL_MOST: Final = 254  # RFC 5321 section 4.5.3.1.3, less the angle brackets

_TAKEN: Final = select(members.c.id, members.c.language, members.c.left_at).where(
    members.c.email_key == bindparam("email_key")
)
_LATEST: Final = (
    select(joinings)
    .where(joinings.c.email_key == bindparam("email_key"))
    .order_by(joinings.c.id.desc())
    .limit(1)
)
_ASKED: Final = (
    select(joinings, verifications.c.expires_at)
    .join(verifications, verifications.c.joining_id == joinings.c.id)
    .where(verifications.c.token_hash == bindparam("token_hash"))
)
_POCKET: Final = select(pockets.c.id).where(
    pockets.c.word_hash == bindparam("word_hash"),
    pockets.c.emptied_at.is_(None),
    pockets.c.created_at > bindparam("since_at"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A member who has just joined, and the pocket that was brought along."""

    member: Member
    pocket_id: int | None


def email_address(text: str) -> tuple[str, str]:
    """Check an e-mail address and give it normalised, and as the key that tells it from others.

    Raises:
        Invalid: it is none (RFC 5321, RFC 6531), with the field `email`.
    """
    text = text.strip()
    if len(text) > EMAIL_MOST:
        raise Invalid("This e-mail address is too long.", field="email")
    try:
        # Whether mail arrives is found out by sending one.
        checked = validate_email(
            text, check_deliverability=False, globally_deliverable=False, strict=True
        )
    except EmailNotValidError:
        raise Invalid("This is not an e-mail address.", field="email") from None
    return checked.normalized, checked.normalized.casefold()


async def ask(
    house: House,
    *,
    email: str,
    nickname: str,
    password: str,
    invitation: str | None,
    pocket: str | None,
    address: str,
    language: str | None = None,
    now: datetime,
) -> str:
    """Ask to join; a mail with a link goes out, and the nickname comes back as it will be shown.

    Args:
        house: the house.
        email: where the link goes.
        nickname: how others see the member, 1 to 60 characters.
        password: 8 to 256 characters.
        invitation: needed while the house is by invitation; spent at verification.
        pocket: the word-code of a pocket to bring along.
        address: the network address of who asks, for the throttle.
        language: which the browser or the caller speaks (ISO 639-1): that of mails from now on.
        now: the moment of asking.

    Raises:
        Invalid: with the field at fault; InvitationRefused for the invitation.
        Throttled: too many from this network, or to this e-mail address today.
    """
    email, email_key = email_address(email)
    nickname = line(nickname, field="nickname", most=NICKNAME_MOST)
    if nickname.casefold() == SOMEBODY:
        raise Invalid("This nickname is nobody's; please choose another.", field="nickname")
    passwords.check(password, context=(email, nickname))
    senders = throttles.of_sender(
        "join", address, most=house.rules.joins_an_hour, rules=house.rules
    )
    await throttles.count_all(house, senders, now=now)
    async with house.db.reading() as connection:
        invitation_hash = None
        if house.settings.invite_only:
            invitation_hash = await invitations.check(connection, invitation)
        pocket_id = await _pocket_of(house, connection, pocket, now)
    await throttles.count_all(house, [mails_to(house, email_key)], now=now)
    password_hash = await passwords.hashed(password)
    values = {
        "nickname": nickname,
        "email": email,
        "email_key": email_key,
        "password_hash": password_hash,
        "invitation_hash": invitation_hash,
        "pocket_id": pocket_id,
        "created_at": months.to_instant(now),
        "language": language,
    }

    async def work(connection: Connection) -> None:
        taken = await connection.one(_TAKEN, email_key=email_key)
        if taken is not None:
            await _mail_taken(house, connection, taken, email, now)
            return
        row = await connection.one(insert(joinings).values(values).returning(*joinings.c))
        assert row is not None
        await _mail_link(house, connection, row, now)

    await house.db.write(work)
    return nickname


async def resend(house: House, email: str, *, address: str, now: datetime) -> None:
    """Send the link again, if this e-mail waits for one; the answer never tells.

    `address` is the network address of who asks, for the throttle.

    Raises:
        Invalid: it is no e-mail address.
        Throttled: too many asked from this network, or too many mails to this address today.
    """
    email, email_key = email_address(email)
    limits = [*links_asked(house, address), mails_to(house, email_key)]

    async def work(connection: Connection) -> None:
        # In the same transaction, so that the time it takes does not tell whether a mail goes out.
        await throttles.take(connection, limits, now=now)
        row = await connection.one(_LATEST, email_key=email_key)
        if row is not None:
            await _mail_link(house, connection, row, now)

    await house.db.write(work)


async def finish(connection: Connection, link_token: str, *, now: datetime) -> Arrival:
    """Make the member whose link was followed, in the caller's transaction.

    Raises:
        LinkRefused: the link is unknown, used or too old.
        InvitationRefused: the invitation was spent by somebody else meanwhile.
    """
    row = await connection.one(_ASKED, token_hash=hashed(link_token))
    if row is None or row["expires_at"] < months.to_instant(now):
        raise LinkRefused("This link is not known, was used already or is too old.", field="token")
    member_id = await _member_of(connection, row, now)
    if row["invitation_hash"] is not None:
        await invitations.spend(connection, row["invitation_hash"], member_id=member_id, now=now)
    await _forget_asked(connection, row["email_key"])
    member = Member(
        id=member_id,
        nickname=row["nickname"],
        email=row["email"],
        budget_micros=None,
        is_operator=False,
        language=row["language"],
    )
    return Arrival(member=member, pocket_id=row["pocket_id"])


async def _member_of(connection: Connection, asked: Row, now: datetime) -> int:
    """Make the member; whoever verifies the same address at the same moment is refused."""
    into = (sqlite if connection.engine == "sqlite" else postgresql).insert(members)
    member_id = await connection.value(
        into.values(
            nickname=asked["nickname"],
            email=asked["email"],
            email_key=asked["email_key"],
            password_hash=asked["password_hash"],
            seal=secrets.token_hex(16),
            joined_at=months.to_instant(now),
            language=asked["language"],
        )
        .on_conflict_do_nothing(index_elements=["email_key"])
        .returning(members.c.id)
    )
    if member_id is None:
        raise LinkRefused("This e-mail address was verified already.", field="token")
    return int(member_id)


async def forget_old(house: House, *, now: datetime) -> None:
    """Forget those who asked to join and never followed the link, after 30 days."""
    before = months.to_instant(now - timedelta(days=30))

    async def work(connection: Connection) -> None:
        old = select(joinings.c.id).where(joinings.c.created_at < before)
        await connection.all(delete(verifications).where(verifications.c.joining_id.in_(old)))
        await connection.all(delete(joinings).where(joinings.c.created_at < before))

    await house.db.write(work)


def mails_to(house: House, email_key: str) -> Limit:
    """Give the limit of mails that anybody can have sent to an address, whether one goes out or not."""
    return Limit(
        name=f"mail {hashed(email_key)[:32]}", most=house.rules.mails_a_day, window=throttles.DAY
    )


def links_asked(house: House, address: str) -> tuple[Limit, ...]:
    """Give the limits of links that are asked for from a network address."""
    return throttles.of_sender("link", address, most=house.rules.links_an_hour, rules=house.rules)


def links_followed(house: House, address: str) -> tuple[Limit, ...]:
    """Give the limits of links that are followed from a network address."""
    return throttles.of_sender("follow", address, most=house.rules.links_an_hour, rules=house.rules)


async def _pocket_of(
    house: House, connection: Connection, word: str | None, now: datetime
) -> int | None:
    if word is None or not word.strip():
        return None
    since = months.to_instant(now - timedelta(days=house.rules.pocket_days))
    found = await connection.value(
        _POCKET, word_hash=hashed(word.strip().casefold()), since_at=since
    )
    if found is None:
        raise Invalid("This pocket is not known or was emptied already.", field="pocket")
    return int(found)


async def _forget_asked(connection: Connection, email_key: str) -> None:
    mine = select(joinings.c.id).where(joinings.c.email_key == email_key)
    await connection.all(delete(verifications).where(verifications.c.joining_id.in_(mine)))
    await connection.all(delete(joinings).where(joinings.c.email_key == email_key))


async def _mail_link(house: House, connection: Connection, row: Row, now: datetime) -> None:
    speaks = languages.of(row["language"])
    secret = token()
    expires = now + timedelta(hours=house.rules.undecided_link_hours)
    await connection.all(
        insert(verifications).values(
            token_hash=hashed(secret),
            joining_id=row["id"],
            expires_at=months.to_instant(expires),
        )
    )
    await outbox.post(
        connection,
        recipient=row["email"],
        subject=speaks.says("Please confirm your e-mail address"),
        body=speaks.says(
            "Hello {nickname},\n\n"
            "please follow this link and press the button there to join {host}:\n\n"
            "{link}\n\n"
            "The link works once, for {hours} hours. If you did not ask to join, just leave it.\n",
            nickname=row["nickname"],
            host=house.settings.host,
            link=f"{house.settings.base_url}/verify?token={secret}",
            hours=house.rules.undecided_link_hours,
        ),
        expires_at=expires,
        language=speaks.code,
        now=now,
    )


async def _mail_taken(
    house: House, connection: Connection, taken: Row, email: str, now: datetime
) -> None:
    speaks = languages.of(taken["language"])
    if taken["left_at"] is None:
        subject = speaks.says("You are a member already")
        body = speaks.says(
            "Hello,\n\nsomebody, perhaps you, asked to join {host} with this e-mail address. It"
            " belongs to a member already, so nothing was changed.\n\nTo sign in: {link}\n",
            host=house.settings.host,
            link=f"{house.settings.base_url}/sign-in",
        )
    else:
        subject = speaks.says("You can join again a little later")
        body = speaks.says(
            "Hello,\n\nsomebody, perhaps you, asked to join {host} with this e-mail address. Its"
            " member is leaving; once the months that were open then are closed and the address is"
            " erased, it is free to join again. Until then nothing is changed.\n",
            host=house.settings.host,
        )
    await outbox.post(
        connection,
        recipient=email,
        subject=subject,
        body=body,
        language=speaks.code,
        now=now,
    )
