"""The look-up: anyone names a thing's web address and gets its printable code."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from starlette.responses import Response

from api.pages import forms
from api.pages.forms import Form
from api.pages.page import Asked, forward, page
from irl.things import lookup
from irl.things.lookup import Found
from qr import render


@page()
async def look(asked: Asked) -> Response:
    """Show the form, and where an address was named what is registered with it."""
    url = (asked.query("url") or "").strip()
    form = forms.filled(url=url)
    if not url:
        return _shown(asked, form)
    try:
        found = await lookup.look_up(asked.house, url, address=asked.address, now=asked.now)
    except forms.Refusals as trouble:
        return _shown(asked, form.refused(trouble))
    return _shown(asked, form, found)


@page()
async def make(asked: Asked) -> Response:
    """Have a code made for a thing, which everybody may print; then look it up again."""
    form = await forms.read(asked)
    await lookup.make(
        asked.house, form.text("thing"), address=asked.address, mask=render.MASK, now=asked.now
    )
    return forward(f"/look-up?url={quote(form.text('url'), safe='')}")


def _shown(asked: Asked, form: Form, found: Sequence[Found] | None = None) -> Response:
    return asked.show("look_up.html", form=form, found=found)
