"""Subscriptions: offered where something was flattred, listed, paused, resumed and ended."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from starlette.responses import Response

from api.pages import forms
from api.pages.codes import code_of
from api.pages.page import Asked, forward, page
from irl.errors import AlreadySubscribed, Invalid
from irl.giving import subscriptions

_STATES: Final = frozenset({"running", "paused", "ended"})


@page(members_only=True)
async def begin(asked: Asked) -> Response:
    """Subscribe to the thing of a code."""
    code = code_of(asked)
    form = await forms.read(asked)
    typed = form.text("months")
    # Who sends the form twice has what was wished.
    with suppress(AlreadySubscribed):
        await subscriptions.begin(
            asked.house,
            asked.member.id,
            code=code,
            months=int(typed) if typed in {str(count) for count in subscriptions.MONTHS} else 0,
            now=asked.now,
        )
    return forward(f"/t/{code}")


@page(members_only=True)
async def mine(asked: Asked) -> Response:
    """Show one's own subscriptions, those that ended too."""
    found = await subscriptions.mine(
        asked.house, asked.member.id, after=asked.query("after"), now=asked.now
    )
    return asked.show("subscriptions.html", found=found)


@page(members_only=True)
async def change(asked: Asked) -> Response:
    """Pause a subscription, let it run again, or end it."""
    form = await forms.read(asked)
    state = form.text("state")
    if state not in _STATES:
        raise Invalid("A subscription is running, paused or ended.", field="state")
    await subscriptions.change(asked.house, asked.member.id, asked.part("id"), state, now=asked.now)
    return forward("/subscriptions")
