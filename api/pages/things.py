"""My things: register, change, delete, see what came of them; make codes and revoke those."""

from __future__ import annotations

import re
from typing import Any, Final

from starlette.responses import Response

from api.pages import buttons, charts, forms
from api.pages.codes import code_of
from api.pages.forms import Form
from api.pages.page import Asked, forward, page
from irl import things
from irl.things import Draft, Thing, figures, placements
from qr import render

_FIELDS: Final = ("title", "artist", "description", "url", "category", "language")
_TONGUES: Final = ("de", "en", "es", "fr", "it", "nl", "pl", "pt")
"""Languages to choose from; any other can be typed as a tag of BCP 47."""
_OTHER: Final = "other"
_BETWEEN_TAGS: Final = re.compile(r"[\s,]+")


@page(members_only=True)
async def mine(asked: Asked) -> Response:
    """Show one's own things, and the form for a new one, with the address that was looked up."""
    url = asked.query("url")
    return await _things(
        asked, forms.filled(url=url, language=asked.speaks.code, category="images")
    )


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
        return await shown_again(asked, form.refused(trouble))
    return forward(f"{_path(asked)}#codes")


@page(members_only=True)
async def revoke_code(asked: Asked) -> Response:
    """Revoke a code; flattrs given through it stand."""
    await placements.revoke(asked.house, asked.member.id, code_of(asked), now=asked.now)
    return forward(f"{_path(asked)}#codes")


async def shown_again(asked: Asked, form: Form) -> Response:
    """Show the page of a thing again, with what is wrong with one of its forms."""
    thing = await _own(asked)
    return await _thing(asked, thing, form.over(**_kept(thing)))


async def _own(asked: Asked) -> Thing:
    return await things.of(asked.house, asked.part("id"), maker_id=asked.member.id)


async def _things(asked: Asked, form: Form) -> Response:
    found = await things.mine(asked.house, asked.member.id)
    return asked.show("things.html", form=form, things=found, tongues=_tongues(asked))


async def _thing(asked: Asked, thing: Thing, form: Form) -> Response:
    found = await placements.of_thing(asked.house, asked.member.id, thing.id)
    seen = await figures.of_thing(asked.house, asked.member.id, thing.id, now=asked.now)
    web = next((one for one in reversed(found) if one.is_for_web and not one.revoked), None)
    speaks, base_url = asked.speaks, asked.base_url
    return asked.show(
        "thing.html",
        form=form,
        thing=thing,
        placements=found,
        figures=seen,
        flattrs_chart=charts.chart([day.flattrs for day in seen.days]),
        visits_chart=charts.chart([day.visits for day in seen.days]),
        chart_width=charts.WIDTH,
        chart_height=charts.HEIGHT,
        snippets=web and buttons.snippets(thing, web.code, base_url=base_url, speaks=speaks),
        tongues=_tongues(asked),
    )


def _path(asked: Asked) -> str:
    return f"/things/{asked.part('id')}"


def _tongues(asked: Asked) -> list[tuple[str, str]]:
    """Give languages to choose from with their names, in the order of the names."""
    names = asked.speaks.locale.languages
    return sorted(((code, names[code]) for code in _TONGUES), key=lambda one: one[1].casefold())


def _said(form: Form) -> dict[str, Any]:
    tags = tuple(tag for tag in _BETWEEN_TAGS.split(form.text("tags")) if tag)
    said = {name: form.text(name) for name in _FIELDS}
    if said["language"] == _OTHER:
        said["language"] = form.text("tongue").strip()
    return said | {"tags": tags}


def _kept(thing: Thing) -> dict[str, str]:
    kept = {name: str(getattr(thing, name)) for name in _FIELDS}
    if thing.language not in _TONGUES:
        kept |= {"language": _OTHER, "tongue": thing.language}
    return kept | {"tags": " ".join(thing.tags)}
