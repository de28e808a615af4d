"""Pictures of things: one each, drawn by the scanner, given out by an id that nobody can guess.

A new picture has a new id, so a browser may keep each for ever. What is deleted or hidden shows no
picture any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import bindparam, delete, insert, select

from irl import month as months
from irl.db import Connection
from irl.errors import NotFound
from irl.house import House
from irl.schema import pictures, things
from irl.secret import is_public_id, public_id
from irl.things import catalogue
from irl.things.catalogue import Thing

Size = Literal["large", "small"]

_BYTES: Final = {
    size: select(pictures.c[size])
    .join(things, things.c.id == pictures.c.thing_id)
    .where(
        pictures.c.public_id == bindparam("picture_id"),
        things.c.deleted_at.is_(None),
        things.c.hidden_at.is_(None),
    )
    for size in ("large", "small")
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A picture as WebP, large and small; width and height are those of the large one, in pixels."""

    large: bytes
    small: bytes
    width: int
    height: int


async def put(
    house: House, maker_id: int, thing_id: str, picture: Drawn, *, now: datetime
) -> Thing:
    """Show a thing with this picture from now on, and no longer with the one that it had.

    Raises:
        NotFound: the thing is not this maker's.
    """

    async def work(connection: Connection) -> Thing:
        thing = await catalogue.by_id(connection, thing_id, maker_id=maker_id)
        await connection.all(delete(pictures).where(pictures.c.thing_id == thing.key))
        await connection.all(
            insert(pictures).values(
                thing_id=thing.key,
                public_id=public_id(),
                width=picture.width,
                height=picture.height,
                set_at=months.to_instant(now),
                small=picture.small,
                large=picture.large,
            )
        )
        return await catalogue.by_id(connection, thing_id, maker_id=maker_id)

    return await house.db.write(work)


async def drop(house: House, maker_id: int, thing_id: str) -> None:
    """Show a thing without a picture; doing so again changes nothing.

    Raises:
        NotFound: the thing is not this maker's.
    """

    async def work(connection: Connection) -> None:
        thing = await catalogue.by_id(connection, thing_id, maker_id=maker_id)
        await connection.all(delete(pictures).where(pictures.c.thing_id == thing.key))

    await house.db.write(work)


async def content(house: House, picture_id: str, size: Size) -> bytes:
    """Give a picture as WebP.

    Raises:
        NotFound: there is none, or its thing is deleted or hidden.
    """
    found = None
    if is_public_id(picture_id):
        async with house.db.reading() as connection:
            found = await connection.value(_BYTES[size], picture_id=picture_id)
    if found is None:
        raise NotFound("There is no such picture.")
    return bytes(found)
