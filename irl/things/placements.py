"""Placements: the printed places of a thing, each with one code of its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, insert, select, update

from irl import month as months
from irl.db import Connection, ForRows, Row
from irl.errors import Invalid, NotFound
from irl.house import House
from irl.schema import members, placements, things
from irl.sentence import Sentence
from irl.text import line
from irl.things import catalogue
from qr.code import Code, mint

NAME_MOST: Final = 120
PLACEMENTS_MOST: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedThing:
    """A thing as it stands before a person."""

    id: str
    title: str
    artist: str
    description: str
    url: str
    maker: str
    maker_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """One printed place of a thing."""

    code: Code
    thing: PlacedThing
    name: str
    mask: int
    opens_at: datetime | None
    closes_at: datetime | None
    revoked: bool

    def open_at(self, now: datetime) -> bool:
        """Tell whether its hours allow flattrs now."""
        after = self.opens_at is None or now >= self.opens_at
        return after and (self.closes_at is None or now < self.closes_at)


_ALL: Final = (
    select(
        placements.c.code,
        placements.c.name,
        placements.c.mask,
        placements.c.opens_at,
        placements.c.closes_at,
        placements.c.revoked_at,
        placements.c.hidden_at.label("placement_hidden_at"),
        things,
        members.c.nickname,
    )
    .join(things, things.c.id == placements.c.thing_id)
    .join(members, members.c.id == things.c.maker_id)
)
_BY_CODE: Final = _ALL.where(placements.c.code == bindparam("code"))
_OF_THING: Final = _ALL.where(placements.c.thing_id == bindparam("thing_id")).order_by(
    placements.c.id.desc()
)
_BY_CODES: Final = ForRows(
    """SELECT p.code, p.name, p.mask, p.opens_at, p.closes_at, p.revoked_at,
         p.hidden_at AS placement_hidden_at, t.public_id, t.title, t.artist, t.description, t.url,
         t.maker_id, t.deleted_at, t.hidden_at, m.nickname
       FROM given CROSS JOIN placements p CROSS JOIN things t CROSS JOIN members m
       WHERE p.code = given.code AND t.id = p.thing_id AND m.id = t.maker_id""",
    {"code": "number"},
)
_HOW_MANY: Final = select(placements.c.id).where(placements.c.thing_id == bindparam("thing_id"))
_VISIT: Final = ForRows(
    """INSERT INTO placement_days (placement_id, day_on, visits)
       SELECT p.id, given.day_on, 1 FROM given CROSS JOIN placements p WHERE p.code = given.code
       ON CONFLICT (placement_id, day_on) DO UPDATE
       SET visits = placement_days.visits + 1""",
    {"code": "number", "day_on": "number"},
)


async def make(
    house: House,
    maker_id: int,
    thing_id: str,
    *,
    name: str,
    opens_at: datetime | None,
    closes_at: datetime | None,
    mask: int,
    now: datetime,
) -> Placement:
    """Make a placement of a maker's thing and mint its code.

    Args:
        house: the house.
        maker_id: who asks.
        thing_id: the thing's id.
        name: for instance "Room 3, left wall"; 0 to 120 characters.
        opens_at: flattrs count from here on, or None.
        closes_at: and until here, or None.
        mask: the mask of the symbol as it is printed, kept for restoring damaged prints.
        now: the moment of making.

    Raises:
        NotFound: the thing is not this maker's.
        Invalid: with the field at fault.
    """
    name = line(name, field="placement", least=0, most=NAME_MOST)
    if opens_at is not None and closes_at is not None and closes_at <= opens_at:
        raise Invalid("A code closes after it opens.", field="closes_at")
    code = mint()

    async def work(connection: Connection) -> Placement:
        thing = await catalogue.by_id(connection, thing_id, maker_id=maker_id)
        if len(await connection.all(_HOW_MANY, thing_id=thing.key)) >= PLACEMENTS_MOST:
            raise Invalid(
                Sentence("A thing has at most {most} codes.", most=PLACEMENTS_MOST),
                field="placement",
            )
        await connection.all(
            insert(placements).values(
                code=code.number,
                thing_id=thing.key,
                name=name,
                mask=mask,
                opens_at=None if opens_at is None else months.to_instant(opens_at),
                closes_at=None if closes_at is None else months.to_instant(closes_at),
                created_at=months.to_instant(now),
            )
        )
        row = await connection.one(_BY_CODE, code=code.number)
        assert row is not None
        return _built(row)

    return await house.db.write(work)


async def by_code(house: House, code: Code) -> Placement:
    """Give the placement of a code, revoked ones and those of deleted things too.

    Raises:
        NotFound: this code was not issued.
    """
    placement = await house.db.read_together(_by_codes, code.number)
    if placement is None:
        raise NotFound("This code is not known here.")
    return placement


async def _by_codes(connection: Connection, codes: list[int]) -> list[Placement | None]:
    rows = await connection.all(_BY_CODES, rows=[[code] for code in sorted(set(codes))])
    found = {row["code"]: _built(row) for row in rows}
    return [found.get(code) for code in codes]


async def of_thing(house: House, maker_id: int, thing_id: str) -> tuple[Placement, ...]:
    """Give the placements of a maker's thing, newest first.

    Raises:
        NotFound: the thing is not this maker's.
    """
    async with house.db.reading() as connection:
        thing = await catalogue.by_id(connection, thing_id, maker_id=maker_id)
        rows = await connection.all(_OF_THING, thing_id=thing.key)
    return tuple(map(_built, rows))


async def revoke(house: House, maker_id: int, code: Code, *, now: datetime) -> None:
    """Revoke a code: no new flattrs through it; those given stand. Revoking again changes nothing.

    Raises:
        NotFound: it does not exist or is not this maker's.
    """

    async def work(connection: Connection) -> None:
        row = await connection.one(_BY_CODE, code=code.number)
        if row is None or row["maker_id"] != maker_id:
            raise NotFound("There is no such code.")
        await connection.all(
            update(placements)
            .where(placements.c.code == code.number, placements.c.revoked_at.is_(None))
            .values(revoked_at=months.to_instant(now))
        )

    await house.db.write(work)


async def visit(house: House, code: Code, *, now: datetime) -> None:
    """Count one showing of a code's page, by placement and day, without any person."""
    await house.db.write_together(_visit, [code.number, months.to_day(now)])


async def _visit(connection: Connection, seen: list[list[int]]) -> list[None]:
    # Each on its own: one upsert may not touch the same row twice on PostgreSQL.
    for one in sorted(seen):
        await connection.all(_VISIT, rows=[one])
    return [None] * len(seen)


def _built(row: Row) -> Placement:
    over = (row["revoked_at"], row["placement_hidden_at"], row["deleted_at"], row["hidden_at"])
    return Placement(
        code=Code.from_number(row["code"]),
        thing=PlacedThing(
            id=row["public_id"],
            title=row["title"],
            artist=row["artist"],
            description=row["description"],
            url=row["url"],
            maker=row["nickname"],
            maker_id=row["maker_id"],
        ),
        name=row["name"],
        mask=row["mask"],
        opens_at=None if row["opens_at"] is None else months.from_instant(row["opens_at"]),
        closes_at=None if row["closes_at"] is None else months.from_instant(row["closes_at"]),
        revoked=any(instant is not None for instant in over),
    )
