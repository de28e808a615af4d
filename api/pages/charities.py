"""The charity that receives the pot of an idle month."""

from __future__ import annotations

from starlette.responses import Response

from api.pages import forms
from api.pages.forms import Form
from api.pages.page import Asked, forward, page
from api.v1.charities import charity_id
from irl.money import charities


@page(members_only=True)
async def mine(asked: Asked) -> Response:
    """Show the list, and one's own choice."""
    chosen = await charities.chosen(asked.house, asked.member.id)
    return await _charities(asked, forms.filled(charity=None if chosen is None else str(chosen.id)))


@page(members_only=True)
async def choose(asked: Asked) -> Response:
    """Choose a charity, or leave it to the house."""
    form = await forms.read(asked)
    try:
        wanted = charity_id(form.text("charity") or None)
        await charities.choose(asked.house, asked.member.id, wanted)
    except forms.Refusals as trouble:
        return await _charities(asked, form.refused(trouble))
    return forward("/charity")


async def _charities(asked: Asked, form: Form) -> Response:
    return asked.show("charity.html", form=form, charities=await charities.listed(asked.house))
