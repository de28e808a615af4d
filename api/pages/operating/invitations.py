"""Invitations: made here and shown once, since the house keeps only their hashes."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from api.pages import forms
from api.pages.page import Asked, page
from irl.errors import Invalid
from irl.members import invitations
from irl.sentence import Sentence

MOST: Final = 500
"""At once; `irl invite` makes more."""


@page(operators_only=True)
async def look(asked: Asked) -> Response:
    """Show how many were made and spent, and the form for more."""
    return await _shown(asked, forms.filled(count="10"))


@page(operators_only=True)
async def make(asked: Asked) -> Response:
    """Make some and show them, this once: there is no address under which they can be seen again."""
    form = await forms.read(asked)
    try:
        codes = await invitations.issue(asked.house, _count(form), now=asked.now)
    except forms.Refusals as trouble:
        return await _shown(asked, form.refused(trouble))
    return asked.show("house/invitations_made.html", codes=codes, base_url=asked.base_url)


def _count(form: forms.Form) -> int:
    text = form.text("count").strip()
    if not (text.isascii() and text.isdecimal() and len(text) <= 6 and 1 <= int(text) <= MOST):
        raise Invalid(Sentence("Write a number from 1 to {most}.", most=MOST), field="count")
    return int(text)


async def _shown(asked: Asked, form: forms.Form) -> Response:
    return asked.show(
        "house/invitations.html", form=form, days=await invitations.days(asked.house), most=MOST
    )
