"""My things: register, change, delete; make codes for them and revoke those."""

from __future__ import annotations

import re
from typing import Any, Final

from starlette.responses import Response

from api.pages import forms
from api.pages.codes import code_of
from api.pages.forms import Form
from api.pages.page import Asked, forward, page
from irl import things
from irl.things import CATEGORIES, Draft, Thing, placements
from qr import render

_FIELDS: Final = ("title", "artist", "description", "url", "category", "language")
_BETWEEN_TAGS: Final = re.compile(r"[\s,]+")


@page(members_only=True)
async def mine(asked: Asked) -> Response:
    """Show one's own things, and the form for a new one."""
    return await _things(asked, forms.filled(language="en", category="images"))


@page(members_only=True)
async def register(asked: Asked) -> Response:
    """Register a thing."""
    form = await forms.read(asked)
    try:
        draft = Draft(**_said(form))
        thing = await things.register(asked.house, asked.member.id, draft, now=asked.now)
    except forms.Refusals as trouble:
        return await _things(asked, form.refused(trouble))
    return forward(f"/things/{thing.id}")


@page(members_only=True)
async def of(asked: Asked) -> Response:
    """Show a thing to its maker, with its codes."""
    thing = await _own(asked)
    return await _thing(asked, thing, forms.filled(**_kept(thing)))


@page(members_only=True)
async def change(asked: Asked) -> Response:
    """Change a thing."""
    form = await forms.read(asked)
    try:
        await things.change(asked.house, asked.member.id, asked.part("id"), _said(form))
    except forms.Refusals as trouble:
        return await _thing(asked, await _own(asked), form.refused(trouble))
    return forward(_path(asked))


@page(members_only=True)
async def delete(asked: Asked) -> Response:
    """Delete a thing; flattrs given to it stand."""
    await things.delete(asked.house, asked.member.id, asked.part("id"), now=asked.now)
    return forward("/things")


@page(members_only=True)
async def make_code(asked: Asked) -> Response:
    """Make a code for a place of a thing."""
    form = await forms.read(asked)
    try:
        await placements.make(
            asked.house,
            asked.member.id,
            asked.part("id"),
            name=form.text("placement"),
            opens_at=form.moment("opens_at"),
            closes_at=form.moment("closes_at"),
            mask=render.MASK,
            now=asked.now,
        )
    except forms.Refusals as trouble:
        thing = await _own(asked)
        return await _thing(asked, thing, form.refused(trouble).over(**_kept(thing)))
    return forward(f"{_path(asked)}#codes")


@page(members_only=True)
async def revoke_code(asked: Asked) -> Response:
    """Revoke a code; flattrs given through it stand."""
    await placements.revoke(asked.house, asked.member.id, code_of(asked), now=asked.now)
    return forward(f"{_path(asked)}#codes")


async def _own(asked: Asked) -> Thing:
    return await things.of(asked.house, asked.part("id"), maker_id=asked.member.id)


async def _things(asked: Asked, form: Form) -> Response:
    found = await things.mine(asked.house, asked.member.id)
    return asked.show("things.html", form=form, things=found, categories=CATEGORIES)


async def _thing(asked: Asked, thing: Thing, form: Form) -> Response:
    found = await placements.of_thing(asked.house, asked.member.id, thing.id)
    return asked.show("thing.html", form=form, thing=thing, placements=found, categories=CATEGORIES)


def _path(asked: Asked) -> str:
    return f"/things/{asked.part('id')}"


def _said(form: Form) -> dict[str, Any]:
    tags = tuple(tag for tag in _BETWEEN_TAGS.split(form.text("tags")) if tag)
    return {name: form.text(name) for name in _FIELDS} | {"tags": tags}


def _kept(thing: Thing) -> dict[str, str]:
    kept = {name: str(getattr(thing, name)) for name in _FIELDS}
    return kept | {"tags": " ".join(thing.tags)}
