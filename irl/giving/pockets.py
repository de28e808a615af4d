"""Pockets: the scans of a visitor, kept for 30 days, carried along by a word-code."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import bindparam, delete, func, insert, or_, select, update

from irl import calendar
from irl import month as months
from irl.db import CLOSING_LOCK, Connection, ForRows
from irl.errors import Invalid
from irl.giving import scans_sql
from irl.house import House
from irl.members import joining, throttles
from irl.members.member import Member
from irl.schema import members, placements, pocket_scans, pocket_words, pockets, things
from irl.secret import hashed, is_public_id
from qr.code import Code

_CONSONANTS: Final = "bdfgjklmnprstvxz"
_VOWELS: Final = "aeiou"
_WORDS: Final = 4

_BY_WORD: Final = select(pockets.c.id).where(
    pockets.c.word_hash == bindparam("word_hash"),
    pockets.c.emptied_at.is_(None),
    pockets.c.created_at > bindparam("since_at"),
)
_HOW_MANY: Final = select(func.count()).where(pocket_scans.c.pocket_id == bindparam("pocket_id"))
_INSIDE: Final = select(pocket_scans.c.thing_id).where(
    pocket_scans.c.pocket_id == bindparam("pocket_id"),
    pocket_scans.c.thing_id == bindparam("thing_id"),
)
_PUT: Final = ForRows(
    """INSERT INTO pocket_scans (pocket_id, thing_id, placement_id, scanned_at)
       SELECT pocket_id, thing_id, placement_id, scanned_at FROM given
       WHERE true ON CONFLICT DO NOTHING RETURNING thing_id""",
    {
        "pocket_id": "number",
        "thing_id": "number",
        "placement_id": "number",
        "scanned_at": "number",
    },
)
# What came from another pocket may be older than the pocket that it is in.
_GIVEABLE: Final = (
    select(
        pocket_scans.c.thing_id,
        pocket_scans.c.placement_id,
        pocket_scans.c.scanned_at,
        placements.c.code,
        things.c.public_id,
        things.c.title,
        things.c.artist,
        things.c.maker_id,
    )
    .join(things, things.c.id == pocket_scans.c.thing_id)
    .join(placements, placements.c.id == pocket_scans.c.placement_id)
    .where(pocket_scans.c.pocket_id == bindparam("pocket_id"))
    .where(pocket_scans.c.scanned_at > bindparam("since_at"))
    .where(things.c.deleted_at.is_(None), things.c.hidden_at.is_(None))
    .where(placements.c.hidden_at.is_(None), placements.c.revoked_at.is_(None))
)
_TO_GIVE: Final = _GIVEABLE.where(things.c.maker_id != bindparam("member_id"))
_TO_SHOW: Final = (
    _GIVEABLE.add_columns(members.c.nickname)
    .join(members, members.c.id == things.c.maker_id)
    .order_by(pocket_scans.c.scanned_at.desc(), pocket_scans.c.thing_id.desc())
)


@dataclass(slots=True)
class Open:
    """A pocket in use; it gets its number when the first scan goes in."""

    id: int | None
    word: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One thing in a pocket, as its holder sees it."""

    thing_id: str
    title: str
    artist: str
    maker: str
    code: Code
    scanned_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """What is in a pocket, the latest first, and until when it is kept."""

    kept: tuple[Kept, ...]
    until: datetime


def new_word() -> str:
    """Make a word-code: four words of two syllables, (16 * 5)^8 = 50 bits, easy to read aloud."""
    syllables = [secrets.choice(_CONSONANTS) + secrets.choice(_VOWELS) for _ in range(2 * _WORDS)]
    return "-".join(syllables[i] + syllables[i + 1] for i in range(0, len(syllables), 2))


async def opened(connection: Connection, word: str | None, *, house: House, now: datetime) -> Open:
    """Open the pocket of a word-code, or a new one without a word.

    Raises:
        Invalid: the word is unknown, its pocket emptied or too old, with the field `pocket`.
    """
    if word is None or not word.strip():
        return Open(None, None)
    word = word.strip().casefold()
    since = _since(house, now)
    found = await connection.value(_BY_WORD, word_hash=hashed(word), since_at=since)
    if found is None:
        raise Invalid("This pocket is not known or was emptied already.", field="pocket")
    return Open(found, word)


async def put(
    connection: Connection,
    pocket: Open,
    *,
    thing_id: int,
    placement_id: int,
    house: House,
    now: datetime,
) -> bool:
    """Put a thing into the pocket; False when it is full. The same thing again changes nothing."""
    at = months.to_instant(now)
    if pocket.id is None:
        pocket.word = new_word()
        pocket.id = await connection.value(
            insert(pockets)
            .values(word_hash=hashed(pocket.word), created_at=at)
            .returning(pockets.c.id)
        )
    if await connection.value(_HOW_MANY, pocket_id=pocket.id) >= house.rules.pocket_most_scans:
        return await connection.value(_INSIDE, pocket_id=pocket.id, thing_id=thing_id) is not None
    await connection.all(_PUT, rows=[[pocket.id, thing_id, placement_id, at]])
    return True


async def held(house: House, word: str | None, *, now: datetime) -> int:
    """Count the things in a pocket; none where it is unknown, emptied or too old."""
    async with house.db.reading() as connection:
        try:
            pocket = await opened(connection, word, house=house, now=now)
        except Invalid:
            return 0
        if pocket.id is None:
            return 0
        return int(await connection.value(_HOW_MANY, pocket_id=pocket.id))


async def verify(
    house: House, link_token: str, *, address: str | None = None, now: datetime
) -> Member:
    """Verify an e-mail: the member exists from now on, and the pocket becomes flattrs.

    `address` is the network address of who follows the link, for the throttle; None is no network.

    Raises:
        LinkRefused: the link is unknown, used or too old.
        InvitationRefused: the invitation was spent by somebody else meanwhile.
        Throttled: too many links were followed from this network.
    """
    if address is not None:
        await throttles.count_all(house, joining.links_followed(house, address), now=now)

    async def work(connection: Connection) -> Member:
        arrival = await joining.finish(connection, link_token, now=now)
        if arrival.pocket_id is not None:
            await give_all(connection, arrival.pocket_id, arrival.member.id, house=house, now=now)
        return arrival.member

    return await house.db.write(work)


async def empty(house: House, member_id: int, word: str, *, now: datetime) -> int:
    """Empty a pocket into the member's running month, once; give how many flattrs are new.

    Raises:
        Invalid: the pocket is unknown or was emptied, with the field `pocket`.
    """

    async def work(connection: Connection) -> int:
        pocket = await opened(connection, word, house=house, now=now)
        if pocket.id is None:
            raise Invalid("Which pocket?", field="pocket")
        return await give_all(connection, pocket.id, member_id, house=house, now=now)

    return await house.db.write(work)


async def inside(house: House, word: str, *, now: datetime) -> Inside:
    """Tell what is in a pocket and can still be given.

    Raises:
        Invalid: the pocket is unknown, emptied or too old, with the field `pocket`.
    """
    async with house.db.reading() as connection:
        pocket = await opened(connection, word, house=house, now=now)
        if pocket.id is None:
            raise Invalid("Which pocket?", field="pocket")
        made = await connection.value(select(pockets.c.created_at).where(pockets.c.id == pocket.id))
        rows = await connection.all(_TO_SHOW, pocket_id=pocket.id, since_at=_since(house, now))
    kept = tuple(
        Kept(
            thing_id=row["public_id"],
            title=row["title"],
            artist=row["artist"],
            maker=row["nickname"],
            code=Code.from_number(row["code"]),
            scanned_at=months.from_instant(row["scanned_at"]),
        )
        for row in rows
    )
    until = months.from_instant(made) + timedelta(days=house.rules.pocket_days)
    return Inside(kept=kept, until=until)


async def remove(house: House, word: str, thing_id: str, *, now: datetime) -> None:
    """Take a thing out of a pocket; when it is not in there (any more), nothing changes.

    Raises:
        Invalid: the pocket is unknown, emptied or too old, with the field `pocket`.
    """

    async def work(connection: Connection) -> None:
        pocket = await opened(connection, word, house=house, now=now)
        if pocket.id is None or not is_public_id(thing_id):
            return
        number = select(things.c.id).where(things.c.public_id == thing_id).scalar_subquery()
        await connection.all(
            delete(pocket_scans).where(
                pocket_scans.c.pocket_id == pocket.id, pocket_scans.c.thing_id == number
            )
        )

    await house.db.write(work)


async def forget_old(house: House, *, now: datetime) -> None:
    """Forget what is in pockets past their days, and the words that carried one to a device."""
    before = _since(house, now)

    async def work(connection: Connection) -> None:
        old = select(pockets.c.id).where(pockets.c.created_at < before)
        await connection.all(
            delete(pocket_scans).where(
                or_(pocket_scans.c.pocket_id.in_(old), pocket_scans.c.scanned_at < before)
            )
        )
        late = pocket_words.c.expires_at < months.to_instant(now)
        await connection.all(delete(pocket_words).where(late))

    await house.db.write(work)


async def give_all(
    connection: Connection, pocket_id: int, member_id: int, *, house: House, now: datetime
) -> int:
    """Give what is in a pocket, once, in the caller's transaction; give how many are new."""
    await connection.lock(CLOSING_LOCK, shared=True)
    at = months.to_instant(now)
    free = await connection.value(
        update(pockets)
        .where(pockets.c.id == pocket_id, pockets.c.emptied_at.is_(None))
        .values(emptied_at=at)
        .returning(pockets.c.id)
    )
    if free is None:
        return 0
    running = (await calendar.look(connection, now=now)).running
    to_give = await connection.all(
        _TO_GIVE, pocket_id=pocket_id, member_id=member_id, since_at=_since(house, now)
    )
    rows = [(running, member_id, row["thing_id"], row["placement_id"]) for row in to_give]
    new = await scans_sql.give(connection, rows, at=at)
    await connection.all(delete(pocket_scans).where(pocket_scans.c.pocket_id == pocket_id))
    await connection.all(delete(pocket_words).where(pocket_words.c.pocket_id == pocket_id))
    return len(new)


def _since(house: House, now: datetime) -> int:
    return months.to_instant(now - timedelta(days=house.rules.pocket_days))
