"""The pocket: what a visitor keeps, and how it comes to another device."""

from __future__ import annotations

from starlette.responses import Response

from api.pages import cookies, forms, session
from api.pages.page import Asked, forward, page
from irl.errors import Invalid
from irl.giving import carrying, pockets
from irl.giving.pockets import Inside


@page()
async def mine(asked: Asked) -> Response:
    """Show what is in the pocket; a member has none, since it was emptied at sign-in."""
    if asked.holder is not None:
        return forward(session.HOME)
    return _pocket(asked, await _inside(asked), forms.NOTHING)


@page()
async def remove(asked: Asked) -> Response:
    """Take one thing out."""
    form = await forms.read(asked)
    if asked.pocket is not None and await _inside(asked) is not None:
        await pockets.remove(asked.house, asked.pocket, form.text("thing"), now=asked.now)
    return forward("/pocket")


@page()
async def word(asked: Asked) -> Response:
    """Show a word that carries the pocket to another device."""
    inside = await _inside(asked)
    if asked.pocket is None or inside is None:
        return forward("/pocket")
    try:
        made = await carrying.word(asked.house, asked.pocket, address=asked.address, now=asked.now)
    except forms.Refusals as trouble:
        return _pocket(asked, inside, forms.NOTHING.refused(trouble))
    return asked.show(
        "pocket_word.html", word=made, host=asked.house.settings.host, hours=carrying.WORD_HOURS
    )


@page()
async def mail(asked: Asked) -> Response:
    """Mail the holder a link that carries the pocket; the answer is the same for any address."""
    form = await forms.read(asked)
    inside = await _inside(asked)
    if asked.pocket is None or inside is None:
        return forward("/pocket")
    try:
        await carrying.mail(
            asked.house,
            asked.pocket,
            form.text("email"),
            speaks=asked.speaks,
            address=asked.address,
            now=asked.now,
        )
    except forms.Refusals as trouble:
        return _pocket(asked, inside, form.refused(trouble))
    return forward("/pocket/mailed")


@page()
async def mailed(asked: Asked) -> Response:
    """Say that a mail is on its way."""
    return asked.show("pocket_mailed.html", hours=carrying.WORD_HOURS)


@page()
async def show_take(asked: Asked) -> Response:
    """Show the button that takes a pocket; following a link takes nothing."""
    return asked.show("pocket_take.html", form=forms.filled(word=asked.query("word")))


@page()
async def take(asked: Asked) -> Response:
    """Take what a word carries into this device's pocket, or give it when signed in here."""
    form = await forms.read(asked)
    try:
        taken = await carrying.take(
            asked.house,
            form.text("word"),
            into=asked.pocket,
            member_id=None if asked.holder is None else asked.holder.id,
            address=asked.address,
            now=asked.now,
        )
    except forms.Refusals as trouble:
        return asked.show("pocket_take.html", form=form.refused(trouble))
    shown = asked.show("pocket_taken.html", taken=taken)
    if taken.word is not None:
        cookies.put_pocket(shown, taken.word, house=asked.house)
    return shown


async def _inside(asked: Asked) -> Inside | None:
    """Look into the pocket, if there is one that is still known."""
    if asked.pocket is None:
        return None
    try:
        return await pockets.inside(asked.house, asked.pocket, now=asked.now)
    except Invalid:
        return None


def _pocket(asked: Asked, inside: Inside | None, form: forms.Form) -> Response:
    days_left = 0 if inside is None else max(1, -((asked.now - inside.until).days))
    return asked.show("pocket.html", inside=inside, days_left=days_left, form=form)
