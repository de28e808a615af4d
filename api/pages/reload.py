"""The switch in the wallet: a mail when the funds will not last."""

from __future__ import annotations

from starlette.responses import Response

from api.pages import forms
from api.pages.page import Asked, forward, page
from irl.money import reload


@page(members_only=True)
async def want(asked: Asked) -> Response:
    """Ask for the mail, or for no more of them."""
    form = await forms.read(asked)
    on = form.text("on") == "yes"
    await reload.want(asked.house, asked.member.id, on=on, now=asked.now)
    return forward("/wallet")
