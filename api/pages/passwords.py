"""A forgotten password: a link by mail, and the form that it leads to."""

from __future__ import annotations

from starlette.responses import Response

from api.pages import forms, session
from api.pages.page import Asked, forward, page
from irl.errors import LinkRefused
from irl.members import password_changes


@page()
async def show_forgotten(asked: Asked) -> Response:
    """Show the form that asks for a link."""
    return asked.show("password.html")


@page()
async def ask_link(asked: Asked) -> Response:
    """Mail the link; the answer never tells whether the address is known."""
    form = await forms.read(asked)
    try:
        await password_changes.ask_link(
            asked.house, form.text("email"), address=asked.address, now=asked.now
        )
    except forms.Refusals as trouble:
        return asked.show("password.html", form=form.refused(trouble))
    return forward("/password/sent")


@page()
async def sent(asked: Asked) -> Response:
    """Say that a link is on its way, if the address is known."""
    return asked.show("password_sent.html", hours=asked.house.rules.password_link_hours)


@page()
async def link(asked: Asked) -> Response:
    """Show the form that sets a password; mail scanners follow links, so following does nothing."""
    secret = asked.query("token") or ""
    leads_on = await password_changes.leads_on(asked.house, secret, now=asked.now)
    return asked.show("password_new.html", form=forms.filled(token=secret), leads_on=leads_on)


@page()
async def set_new(asked: Asked) -> Response:
    """Set the password and sign in, here and nowhere else."""
    form = await forms.read(asked)
    try:
        member = await password_changes.set_by_link(
            asked.house,
            form.text("token"),
            password=form.text("password"),
            address=asked.address,
            now=asked.now,
        )
    except forms.Refusals as trouble:
        leads_on = not isinstance(trouble, LinkRefused)
        return asked.show("password_new.html", form=form.refused(trouble), leads_on=leads_on)
    return await session.begin(asked, member, onward=session.HOME)
