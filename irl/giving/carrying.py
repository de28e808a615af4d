"""Carrying a pocket to another device: a word-code that works once, shown or mailed.

The word is another one than the pocket's own, which stays with its device. It has 50 bits, lives
for 24 hours and is guessed at a few tries an hour, so nobody finds one by chance.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import bindparam, delete, func, insert, select, update

from irl import month as months
from irl import outbox
from irl.db import Connection
from irl.errors import Invalid, Throttled
from irl.giving import pockets
from irl.house import House
from irl.language import Language
from irl.members import throttles
from irl.members.joining import email_address
from irl.schema import pocket_scans, pocket_words
from irl.schema import pockets as kept_pockets
from irl.secret import hashed
from irl.sentence import Sentence

WORD_HOURS: Final = 24

_WORDS_AN_HOUR: Final = 60
_TRIES_AN_HOUR: Final = 30
_MAILS_AN_HOUR: Final = 20
_RECIPIENT_CHARACTERS: Final = 5
"""Of the hash of a recipient, for the throttle: 20 bits tell 1 from a million and name nobody."""

_SPEND: Final = (
    delete(pocket_words)
    .where(
        pocket_words.c.word_hash == bindparam("word_hash"),
        pocket_words.c.expires_at > bindparam("now_at"),
    )
    .returning(pocket_words.c.pocket_id)
)
_FROM: Final = select(kept_pockets.c.created_at).where(
    kept_pockets.c.id == bindparam("pocket_id"),
    kept_pockets.c.emptied_at.is_(None),
    kept_pockets.c.created_at > bindparam("since_at"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What came over.

    Attributes:
        word: of the pocket that it is in now; None when a member took it.
        came: how many things came, for a member how many new flattrs.
        stayed: how many did not fit and stay in the other pocket.
    """

    word: str | None
    came: int
    stayed: int = 0


async def word(house: House, pocket: str, *, address: str, now: datetime) -> str:
    """Make a word-code that carries this pocket to another device, once, within 24 hours.

    Raises:
        Invalid: the pocket is unknown, emptied or too old, with the field `pocket`.
        Throttled: too many from this address or network.
    """
    await _count(house, "pocket word", _WORDS_AN_HOUR, address=address, now=now)

    async def work(connection: Connection) -> str:
        return await _new_word(connection, pocket, house=house, now=now)

    return await house.db.write(work)


async def mail(
    house: House, pocket: str, email: str, *, speaks: Language, address: str, now: datetime
) -> None:
    """Mail a link that carries this pocket; nothing of the address is kept once it was sent.

    Raises:
        Invalid: it is no e-mail address, with the field `email`, or the pocket is unknown,
            emptied or too old, with the field `pocket`.
        Throttled: too many from this network address. That a recipient had too many already is
            not told: no further mail goes out.
    """
    email, email_key = email_address(email)
    await _count(house, "pocket mail", _MAILS_AN_HOUR, address=address, now=now)
    try:
        await throttles.count(
            house,
            f"pocket mail to {hashed(email_key)[:_RECIPIENT_CHARACTERS]}",
            most=house.rules.mails_a_day,
            window=throttles.DAY,
            now=now,
        )
    except Throttled:
        return

    async def work(connection: Connection) -> None:
        made = await _new_word(connection, pocket, house=house, now=now)
        await outbox.post(
            connection,
            recipient=email,
            subject=speaks.says("Your pocket"),
            body=speaks.says(
                Sentence(
                    "Hello,\n\nthis link brings a pocket with scans from {host} to the device on"
                    " which you open it and press the button there:\n\n{link}\n\nIt works once,"
                    " for {hours} hours. If you did not ask for it, just leave it; your address"
                    " was not kept.\n",
                    host=house.settings.host,
                    link=f"{house.settings.base_url}/pocket/take?word={made}",
                    hours=WORD_HOURS,
                )
            ),
            expires_at=now + timedelta(hours=WORD_HOURS),
            language=speaks.code,
            forgets=True,
            now=now,
        )

    await house.db.write(work)


async def take(
    house: House,
    carried: str,
    *,
    into: str | None,
    member_id: int | None,
    address: str,
    now: datetime,
) -> Taken:
    """Take what a word-code carries, once: into this device's pocket, or as a member's flattrs.

    Args:
        house: the house.
        carried: the word-code as it was typed.
        into: the word of this device's pocket; None, or one that is not known any more, makes a
            new one, which ends on the same day as the one that its things come from.
        member_id: who is signed in here, if somebody is.
        address: the network address, for the throttle.
        now: the moment of taking.

    Raises:
        Invalid: the word is unknown, was used or is too old, with the field `word`.
        Throttled: too many tries from this address or network.
    """
    await _count(house, "pocket take", _TRIES_AN_HOUR, address=address, now=now)

    async def work(connection: Connection) -> Taken:
        source = await _spend(connection, carried, house=house, now=now)
        if member_id is not None:
            new = await pockets.give_all(connection, source.id, member_id, house=house, now=now)
            return Taken(word=None, came=new)
        target = await _target(connection, into, source, house=house, now=now)
        if target.id == source.id:
            raise Invalid("This pocket is on this device already.", field="word")
        return await _move(connection, source, target, house=house)

    return await house.db.write(work)


@dataclass(frozen=True, slots=True)
class _Source:
    id: int
    created_at: int


async def _new_word(connection: Connection, pocket: str, *, house: House, now: datetime) -> str:
    opened = await pockets.opened(connection, pocket, house=house, now=now)
    if opened.id is None:
        raise Invalid("Which pocket?", field="pocket")
    made = pockets.new_word()
    expires = months.to_instant(now + timedelta(hours=WORD_HOURS))
    await connection.all(
        insert(pocket_words).values(word_hash=hashed(made), pocket_id=opened.id, expires_at=expires)
    )
    return made


async def _spend(connection: Connection, carried: str, *, house: House, now: datetime) -> _Source:
    typed = "-".join(carried.casefold().replace("-", " ").split())
    at = months.to_instant(now)
    found = await connection.value(_SPEND, word_hash=hashed(typed), now_at=at)
    since = months.to_instant(now - timedelta(days=house.rules.pocket_days))
    created_at = found and await connection.value(_FROM, pocket_id=found, since_at=since)
    if found is None or created_at is None:
        raise Invalid("This word is not known, was used already or is too old.", field="word")
    # All words of the pocket go with the first that is used.
    await connection.all(delete(pocket_words).where(pocket_words.c.pocket_id == found))
    return _Source(int(found), int(created_at))


async def _target(
    connection: Connection, into: str | None, source: _Source, *, house: House, now: datetime
) -> pockets.Open:
    try:
        target = await pockets.opened(connection, into, house=house, now=now)
    except Invalid:
        target = pockets.Open(None, None)
    if target.id is None:
        target.word = pockets.new_word()
        target.id = await connection.value(
            insert(kept_pockets)
            .values(word_hash=hashed(target.word), created_at=source.created_at)
            .returning(kept_pockets.c.id)
        )
    return target


async def _move(
    connection: Connection, source: _Source, target: pockets.Open, *, house: House
) -> Taken:
    """Move what is not in the other pocket already, the latest first, as far as it fits."""
    mine = select(pocket_scans.c.thing_id).where(pocket_scans.c.pocket_id == target.id)
    both = pocket_scans.c.thing_id.in_(mine.scalar_subquery())
    await connection.all(delete(pocket_scans).where(pocket_scans.c.pocket_id == source.id, both))
    count = select(func.count()).select_from(mine.subquery())
    room = house.rules.pocket_most_scans - int(await connection.value(count))
    fitting = (
        select(pocket_scans.c.thing_id)
        .where(pocket_scans.c.pocket_id == source.id)
        .order_by(pocket_scans.c.scanned_at.desc(), pocket_scans.c.thing_id.desc())
        .limit(max(room, 0))
    )
    came = await connection.all(
        update(pocket_scans)
        .where(
            pocket_scans.c.pocket_id == source.id,
            pocket_scans.c.thing_id.in_(fitting.scalar_subquery()),
        )
        .values(pocket_id=target.id)
        .returning(pocket_scans.c.thing_id)
    )
    left = select(func.count()).where(pocket_scans.c.pocket_id == source.id)
    return Taken(word=target.word, came=len(came), stayed=int(await connection.value(left)))


async def _count(house: House, what: str, most: int, *, address: str, now: datetime) -> None:
    """Count a try of this address, and of its whole network."""
    limits = throttles.of_sender(what, address, most=most, rules=house.rules)
    await throttles.count_all(house, limits, now=now)
