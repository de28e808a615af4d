"""Joining, following the mailed link, signing in and out."""

from __future__ import annotations

from starlette.responses import Response

from api.pages import forms, session
from api.pages.page import Asked, forward, page
from api.pages.script import Answer, open_to_all
from irl.errors import Invalid
from irl.giving import pockets
from irl.members import joining, passkeys, sign_in


@page()
async def join(asked: Asked) -> Response:
    """Show the form for joining; an invitation in the address is filled in."""
    if asked.holder is not None:
        return forward(session.HOME)
    return await _join(asked, forms.filled(invitation=asked.query("invitation")))


@page()
async def ask(asked: Asked) -> Response:
    """Ask to join; a mail with a link is sent."""
    form = await forms.read(asked)
    try:
        await _ask(asked, form, pocket=asked.pocket)
    except forms.Refusals as trouble:
        return await _join(asked, form.refused(trouble))
    return forward("/join/sent")


@page()
async def sent(asked: Asked) -> Response:
    """Say that a mail is on its way."""
    return asked.show("join_sent.html")


@page()
async def resend(asked: Asked) -> Response:
    """Send the mail again; the answer never tells whether the address is known."""
    form = await forms.read(asked)
    try:
        await joining.resend(asked.house, form.text("email"), address=asked.address, now=asked.now)
    except forms.Refusals as trouble:
        return asked.show("join_sent.html", form=form.refused(trouble))
    return forward("/join/sent")


@page()
async def link(asked: Asked) -> Response:
    """Show the button that verifies; mail scanners follow links, so following does nothing."""
    return asked.show("verify.html", form=forms.filled(token=asked.query("token")))


@page()
async def verify(asked: Asked) -> Response:
    """Verify the e-mail address; the member exists from now on and is signed in."""
    form = await forms.read(asked)
    try:
        member = await pockets.verify(
            asked.house, form.text("token"), address=asked.address, now=asked.now
        )
    except forms.Refusals as trouble:
        return asked.show("verify.html", form=form.refused(trouble))
    return await session.begin(asked, member, onward=session.HOME)


@page()
async def show_sign_in(asked: Asked) -> Response:
    """Show the form for signing in."""
    onward = session.own_path(asked.query("next"))
    if asked.holder is not None:
        return forward(onward)
    return asked.show("sign_in.html", form=forms.filled(next=onward))


@page()
async def enter(asked: Asked) -> Response:
    """Sign in, and go on to the page that was wanted."""
    form = await forms.read(asked)
    try:
        member = await sign_in.check(
            asked.house,
            email=form.text("email"),
            password=form.text("password"),
            address=asked.address,
            mark=asked.known,
            now=asked.now,
        )
    except forms.Refusals as trouble:
        return asked.show("sign_in.html", form=form.refused(trouble))
    return await session.begin(asked, member, onward=session.own_path(form.text("next")))


@open_to_all
async def begin_passkey(asked: Asked, _: forms.Form) -> Answer:
    """Tell the browser what a passkey must sign."""
    return await passkeys.begin_sign_in(asked.house, address=asked.address, now=asked.now)


@page()
async def enter_by_passkey(asked: Asked) -> Response:
    """Sign in with what a passkey signed, and go on to the page that was wanted."""
    form = await forms.read(asked)
    try:
        member = await passkeys.finish_sign_in(
            asked.house, answer=form.text("credential"), address=asked.address, now=asked.now
        )
    except forms.Refusals as trouble:
        return asked.show("sign_in.html", form=form.refused(trouble))
    return await session.begin(asked, member, onward=session.own_path(form.text("next")))


@page()
async def sign_out(asked: Asked) -> Response:
    """Sign out."""
    return await session.end(asked)


async def _ask(asked: Asked, form: forms.Form, *, pocket: str | None) -> None:
    try:
        await joining.ask(
            asked.house,
            email=form.text("email"),
            nickname=form.text("nickname"),
            password=form.text("password"),
            invitation=form.text("invitation"),
            pocket=pocket,
            address=asked.address,
            language=asked.speaks.code,
            now=asked.now,
        )
    except Invalid as trouble:
        if trouble.field != "pocket":
            raise
        # The browser's pocket was emptied or is too old: nobody can mend that in this form.
        await _ask(asked, form, pocket=None)


async def _join(asked: Asked, form: forms.Form) -> Response:
    return asked.show(
        "join.html",
        form=form,
        by_invitation=asked.house.settings.invite_only,
        waiting=await pockets.held(asked.house, asked.pocket, now=asked.now),
    )
