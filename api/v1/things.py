"""Things: register, change, delete, look up, search."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from pydantic import Field
from typing_extensions import TypedDict

from api.bodies import Strict
from api.call import Asked, call
from api.v1.shapes import AddressText, ThingShape, thing_shape
from irl import things
from irl.errors import Invalid
from irl.things import Draft

Tags = Annotated[tuple[str, ...], Field(max_length=100)]


class NewThing(Strict):
    """A thing to register."""

    title: str
    artist: str = ""
    description: str = ""
    url: str = ""
    category: str
    tags: Tags = ()
    language: str


class ThingChanges(Strict):
    """What to change of a thing; what is left out stays."""

    title: str = ""
    artist: str = ""
    description: str = ""
    url: str = ""
    category: str = ""
    tags: Tags = ()
    language: str = ""


class Search(Strict):
    """What to look for; without anything, all things."""

    url: str | None = None
    q: str | None = None
    tag: str | None = None
    category: str | None = None
    after: str | None = None


class ThingsShape(TypedDict):
    """A page of things; `next` is the address of the following page, or null."""

    things: list[ThingShape]
    next: AddressText | None


@call(scope="thing", body=NewThing, answer=ThingShape, status=201)
async def register(asked: Asked, new: NewThing) -> ThingShape:
    """Register a thing as one's own."""
    draft = Draft(**new.model_dump())
    thing = await things.register(asked.house, asked.member.id, draft, now=asked.now)
    return thing_shape(thing, asked.base_url)


@call(answer=ThingShape)
async def of(asked: Asked) -> ThingShape:
    """Get a thing."""
    return thing_shape(await things.of(asked.house, asked.part("id")), asked.base_url)


@call(scope="thing", body=ThingChanges, answer=ThingShape)
async def change(asked: Asked, wanted: ThingChanges) -> ThingShape:
    """Change some fields of a thing of one's own."""
    changes = wanted.model_dump(exclude_unset=True)
    if not changes:
        raise Invalid("Name at least one field to change.")
    thing = await things.change(asked.house, asked.member.id, asked.part("id"), changes)
    return thing_shape(thing, asked.base_url)


@call(scope="thing", status=204)
async def delete(asked: Asked) -> None:
    """Delete a thing of one's own; flattrs given to it stand."""
    await things.delete(asked.house, asked.member.id, asked.part("id"), now=asked.now)


@call(query=Search, answer=ThingsShape)
async def find(asked: Asked, search: Search) -> ThingsShape:
    """Look a thing up by its web address, or search by words, tag and category."""
    wanted = {name: value for name, value in search.model_dump().items() if value}
    page = await things.find(asked.house, **wanted)
    following = urlencode(wanted | {"after": page.next})
    return ThingsShape(
        things=[thing_shape(thing, asked.base_url) for thing in page.things],
        next=f"{asked.base_url}/api/v1/things?{following}" if page.next else None,
    )
