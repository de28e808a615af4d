"""The catalogue: registering, changing, deleting, finding things."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, bindparam, insert, or_, select, update
from sqlalchemy import delete as sql_delete

from irl import month as months
from irl import text
from irl.db import Connection, ForRows, Row
from irl.errors import Invalid, NotFound
from irl.house import House
from irl.schema import members, thing_tags, things
from irl.secret import is_public_id, public_id
from irl.sentence import Sentence

CATEGORIES: Final = ("text", "images", "video", "audio", "software", "people", "rest")
TITLE_MOST: Final = 200
ARTIST_MOST: Final = 200
DESCRIPTION_MOST: Final = 5000
TAGS_MOST: Final = 20
PAGE: Final = 50
QUERY_MOST: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a maker says about a thing; unchecked until `checked` has seen it."""

    title: str
    artist: str = ""
    description: str = ""
    url: str = ""
    category: str = "rest"
    tags: tuple[str, ...] = ()
    language: str = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """Something in the world that can be flattred; `key` is its number inside."""

    id: str
    key: int
    title: str
    artist: str
    description: str
    url: str
    category: str
    tags: tuple[str, ...] = field(default=())
    language: str
    maker: str
    maker_id: int
    flattrs: int
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of things; `next` is where the following one starts, or None."""

    things: tuple[Thing, ...]
    next: str | None


_THINGS: Final[Select[Any]] = (
    select(things, members.c.nickname).join(members, members.c.id == things.c.maker_id)
).where(things.c.deleted_at.is_(None))
_BY_ID: Final = _THINGS.where(things.c.public_id == bindparam("public_id"))
_MINE: Final = _THINGS.where(things.c.maker_id == bindparam("maker_id")).order_by(
    things.c.id.desc()
)
_SEARCHED: Final = (things.c.title, things.c.artist, things.c.description, members.c.nickname)
_TAGS: Final = ForRows(
    "SELECT t.thing_id, t.tag FROM given CROSS JOIN thing_tags t"
    " WHERE t.thing_id = given.thing_id ORDER BY t.tag",
    {"thing_id": "number"},
)
_COUNTS: Final = ForRows(
    """SELECT p.thing_id, CAST(sum(m.flattrs) AS BIGINT) AS flattrs
       FROM given CROSS JOIN placements p CROSS JOIN placement_months m
       WHERE p.thing_id = given.thing_id AND m.placement_id = p.id GROUP BY p.thing_id""",
    {"thing_id": "number"},
)


def checked(draft: Draft) -> Draft:
    """Check and normalise a draft.

    Raises:
        Invalid: with the field at fault.
    """
    if draft.category not in CATEGORIES:
        raise Invalid(
            Sentence("A category is one of {categories}.", categories=", ".join(CATEGORIES)),
            field="category",
        )
    if len(draft.tags) > TAGS_MOST:
        raise Invalid(Sentence("At most {most} tags are allowed.", most=TAGS_MOST), field="tags")
    return Draft(
        title=text.line(draft.title, field="title", most=TITLE_MOST),
        artist=text.line(draft.artist, field="artist", least=0, most=ARTIST_MOST),
        description=text.paragraphs(draft.description, field="description", most=DESCRIPTION_MOST),
        url=text.web_address(draft.url, field="url") if draft.url else "",
        category=draft.category,
        tags=tuple(sorted({text.tag(tag, field="tags") for tag in draft.tags})),
        language=text.language(draft.language, field="language"),
    )


async def register(house: House, maker_id: int, draft: Draft, *, now: datetime) -> Thing:
    """Register a thing as this maker's.

    Raises:
        Invalid: with the field at fault.
    """
    draft = checked(draft)
    thing_id = public_id()

    async def work(connection: Connection) -> Thing:
        key = await connection.value(
            insert(things)
            .values(
                public_id=thing_id,
                maker_id=maker_id,
                created_at=months.to_instant(now),
                **_columns(draft),
            )
            .returning(things.c.id)
        )
        await _set_tags(connection, key, draft.tags)
        return await by_id(connection, thing_id)

    return await house.db.write(work)


async def of(house: House, thing_id: str, *, maker_id: int | None = None) -> Thing:
    """Give a thing by its id; with `maker_id`, only if it is this maker's.

    Raises:
        NotFound: it does not exist, is deleted, hidden, or somebody else's.
    """
    async with house.db.reading() as connection:
        return await by_id(connection, thing_id, maker_id=maker_id)


async def mine(house: House, maker_id: int) -> tuple[Thing, ...]:
    """Give all things of a maker, newest first."""
    async with house.db.reading() as connection:
        return await built(connection, await connection.all(_MINE, maker_id=maker_id))


async def change(house: House, maker_id: int, thing_id: str, changes: dict[str, Any]) -> Thing:
    """Change some fields of a thing; the others stay.

    Args:
        house: the house.
        maker_id: who asks.
        thing_id: the thing's id.
        changes: fields of `Draft` by name.

    Raises:
        NotFound: it is not this maker's.
        Invalid: with the field at fault.
    """

    async def work(connection: Connection) -> Thing:
        thing = await by_id(connection, thing_id, maker_id=maker_id)
        kept = {name: getattr(thing, name) for name in Draft.__dataclass_fields__}
        draft = checked(Draft(**kept | changes))
        await connection.all(
            update(things).where(things.c.id == thing.key).values(**_columns(draft))
        )
        await _set_tags(connection, thing.key, draft.tags)
        return await by_id(connection, thing_id, maker_id=maker_id)

    return await house.db.write(work)


async def delete(house: House, maker_id: int, thing_id: str, *, now: datetime) -> None:
    """Delete a thing: no new flattrs; those given stand and are paid.

    Raises:
        NotFound: it is not this maker's.
    """

    async def work(connection: Connection) -> None:
        thing = await by_id(connection, thing_id, maker_id=maker_id)
        at = months.to_instant(now)
        await connection.all(update(things).where(things.c.id == thing.key).values(deleted_at=at))

    await house.db.write(work)


async def find(
    house: House,
    *,
    url: str | None = None,
    q: str | None = None,
    tag: str | None = None,
    category: str | None = None,
    after: str | None = None,
) -> Page:
    """Find things by web address, words, tag and category; newest first.

    Raises:
        Invalid: an unknown category, a too long query, or a page that is none.
    """
    query = _THINGS.where(things.c.hidden_at.is_(None))
    if url is not None:
        query = query.where(things.c.url == text.web_address(url, field="url"))
    if q is not None:
        words = text.line(q, field="q", most=QUERY_MOST).split()
        for word in words:
            query = query.where(or_(*(c.icontains(word, autoescape=True) for c in _SEARCHED)))
    if tag is not None:
        tagged = select(thing_tags.c.thing_id).where(thing_tags.c.tag == text.tag(tag, field="tag"))
        query = query.where(things.c.id.in_(tagged))
    if category is not None:
        if category not in CATEGORIES:
            raise Invalid(
                Sentence("A category is one of {categories}.", categories=", ".join(CATEGORIES)),
                field="category",
            )
        query = query.where(things.c.category == category)
    async with house.db.reading() as connection:
        if after is not None:
            query = query.where(things.c.id < await _key_of(connection, after))
        rows = await connection.all(query.order_by(things.c.id.desc()).limit(PAGE + 1))
        found = await built(connection, rows[:PAGE])
    return Page(things=found, next=found[-1].id if len(rows) > PAGE else None)


async def built(connection: Connection, rows: Sequence[Row]) -> tuple[Thing, ...]:
    """Build things from rows of `things` with the maker's `nickname`, in their order."""
    keys = [[row["id"]] for row in rows]
    tags: dict[int, list[str]] = {}
    for found in await connection.all(_TAGS, rows=keys):
        tags.setdefault(found["thing_id"], []).append(found["tag"])
    counts = {c["thing_id"]: c["flattrs"] for c in await connection.all(_COUNTS, rows=keys)}
    return tuple(
        Thing(
            id=row["public_id"],
            key=row["id"],
            title=row["title"],
            artist=row["artist"],
            description=row["description"],
            url=row["url"],
            category=row["category"],
            tags=tuple(tags.get(row["id"], ())),
            language=row["language"],
            maker=row["nickname"],
            maker_id=row["maker_id"],
            flattrs=counts.get(row["id"], 0),
            created_at=months.from_instant(row["created_at"]),
        )
        for row in rows
    )


async def by_id(connection: Connection, thing_id: str, *, maker_id: int | None = None) -> Thing:
    """Give a thing on the caller's connection.

    Raises:
        NotFound: as `of`.
    """
    row = None
    if is_public_id(thing_id):
        row = await connection.one(_BY_ID, public_id=thing_id)
    theirs = maker_id is not None and row is not None and row["maker_id"] != maker_id
    # What the operator hid is still there for its maker, and for nobody else.
    hidden = maker_id is None and row is not None and row["hidden_at"] is not None
    if row is None or theirs or hidden:
        raise NotFound("There is no such thing.")
    return (await built(connection, [row]))[0]


async def _key_of(connection: Connection, thing_id: str) -> int:
    key = None
    if is_public_id(thing_id):
        key = await connection.value(select(things.c.id).where(things.c.public_id == thing_id))
    if key is None:
        raise Invalid("This page does not exist.", field="after")
    return int(key)


async def _set_tags(connection: Connection, key: int, tags: Sequence[str]) -> None:
    await connection.all(sql_delete(thing_tags).where(thing_tags.c.thing_id == key))
    for tag in tags:
        await connection.all(insert(thing_tags).values(thing_id=key, tag=tag))


def _columns(draft: Draft) -> dict[str, str]:
    return {
        "title": draft.title,
        "artist": draft.artist,
        "description": draft.description,
        "url": draft.url,
        "category": draft.category,
        "language": draft.language,
    }
