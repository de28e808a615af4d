"""A member's settings: language and privacy, the export of all that is kept, and leaving."""

from __future__ import annotations

import json

from starlette.responses import Response

from api.pages import cookies, forms
from api.pages.forms import Form
from api.pages.page import Asked, forward, page
from irl.members import export, leaving, settings
from irl.members.settings import Chosen
from irl.money import charities

_FILE = {"Content-Disposition": 'attachment; filename="my-data.json"', "Cache-Control": "no-store"}


@page(members_only=True)
async def mine(asked: Asked) -> Response:
    """Show what the member has chosen, and the ways to everything else about the account."""
    chosen = await settings.of(asked.house, asked.member.id)
    form = forms.filled(language=chosen.language, shows_flattrs="on" * chosen.shows_flattrs)
    return await _settings(asked, form)


@page(members_only=True)
async def choose(asked: Asked) -> Response:
    """Choose; the language that this browser was given by hand gives way to the member's."""
    form = await forms.read(asked)
    chosen = Chosen(
        language=form.text("language") or None, shows_flattrs=bool(form.text("shows_flattrs"))
    )
    try:
        await settings.choose(asked.house, asked.member.id, chosen, now=asked.now)
    except forms.Refusals as trouble:
        return await _settings(asked, form.refused(trouble))
    response = forward("/settings?kept=1")
    cookies.drop(response, cookies.LANGUAGE, house=asked.house)
    return response


@page(members_only=True)
async def my_data(asked: Asked) -> Response:
    """Hand out all that the house keeps about the member, as JSON."""
    found = await export.of(asked.house, asked.member.id, now=asked.now)
    written = json.dumps(found, ensure_ascii=False, indent=1) + "\n"
    return Response(written, media_type="application/json", headers=_FILE)


@page(members_only=True)
async def show_leaving(asked: Asked) -> Response:
    """Say what leaving would mean, with exact amounts."""
    return await _leaving(asked, forms.NOTHING)


@page(members_only=True)
async def leave(asked: Asked) -> Response:
    """Leave, with the password once more."""
    form = await forms.read(asked)
    try:
        await leaving.leave(
            asked.house,
            asked.member.id,
            password=form.text("password"),
            gives_revenue=bool(form.text("gives_revenue")),
            address=asked.address,
            now=asked.now,
        )
    except forms.Refusals as trouble:
        return await _leaving(asked, form.refused(trouble))
    response = forward("/left")
    cookies.drop(response, cookies.session_name(asked.house.settings), house=asked.house)
    return response


@page()
async def left(asked: Asked) -> Response:
    """Say good-bye."""
    return asked.show("left.html")


async def _settings(asked: Asked, form: Form) -> Response:
    return asked.show(
        "settings.html",
        form=form,
        kept=asked.query("kept") is not None,
        charity=await charities.chosen(asked.house, asked.member.id),
    )


async def _leaving(asked: Asked, form: Form) -> Response:
    found = await leaving.look(asked.house, asked.member.id, now=asked.now)
    return asked.show("leave.html", form=form, found=found)
