"""Shapes that several calls answer with: what `to_json` writes and the document describes."""

from __future__ import annotations

from typing import Annotated

from pydantic import WithJsonSchema
from typing_extensions import TypedDict

from irl import month
from irl.giving.scans import ScannedThing
from irl.things import Thing
from irl.things.placements import PlacedThing

MomentText = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
MonthText = Annotated[str, WithJsonSchema({"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}$"})]
DayText = Annotated[str, WithJsonSchema({"type": "string", "format": "date"})]
AddressText = Annotated[str, WithJsonSchema({"type": "string", "format": "uri"})]


class MakerShape(TypedDict):
    """The member whose thing it is."""

    nickname: str


class ThingShape(TypedDict):
    """A thing, as everybody may see it; `picture` is the address of its picture, or null."""

    id: str
    title: str
    artist: str
    description: str
    url: str
    category: str
    tags: list[str]
    language: str
    maker: MakerShape
    flattrs: int
    picture: AddressText | None
    created_at: MomentText


class ScannedThingShape(TypedDict):
    """What is said of a thing beside a scan or a flattr."""

    id: str
    title: str
    artist: str
    maker: MakerShape


def thing_shape(thing: Thing, base_url: str) -> ThingShape:
    """Present a thing."""
    return ThingShape(
        id=thing.id,
        title=thing.title,
        artist=thing.artist,
        description=thing.description,
        url=thing.url,
        category=thing.category,
        tags=list(thing.tags),
        language=thing.language,
        maker=MakerShape(nickname=thing.maker),
        flattrs=thing.flattrs,
        picture=f"{base_url}/pictures/{thing.picture.id}.webp" if thing.picture else None,
        created_at=month.iso(thing.created_at),
    )


def scanned_shape(thing: ScannedThing | PlacedThing) -> ScannedThingShape:
    """Present what is said of a thing beside a scan or a flattr."""
    return ScannedThingShape(
        id=thing.id,
        title=thing.title,
        artist=thing.artist,
        maker=MakerShape(nickname=thing.maker),
    )
