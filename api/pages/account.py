"""The account: how one signs in, on which devices one is, and which apps hold a token."""

from __future__ import annotations

from starlette.responses import Response

from api.pages import cookies, device, forms, session
from api.pages.forms import Form
from api.pages.page import Asked, forward, page
from api.pages.script import Answer, called
from irl.members import passkeys, password_changes, sessions, tokens

_HERE = "/account"


@page(members_only=True)
async def mine(asked: Asked) -> Response:
    """Show the account."""
    house, member = asked.house, asked.member
    return asked.show(
        "account.html",
        passkeys=await passkeys.mine(house, member.id),
        sessions=await sessions.mine(house, member.id, secret=asked.token, now=asked.now),
        tokens=await tokens.mine(house, member.id),
        today=asked.now.date(),
    )


@page(members_only=True)
async def end_session(asked: Asked) -> Response:
    """Sign out another device."""
    await sessions.end_one(asked.house, asked.member.id, asked.part("id"))
    return forward(_HERE)


@page(members_only=True)
async def end_everywhere(asked: Asked) -> Response:
    """Sign out everywhere, here too."""
    await sessions.end_everywhere(asked.house, asked.member.id)
    response = forward("/sign-in")
    cookies.drop(response, cookies.session_name(asked.house.settings), house=asked.house)
    return response


@page(members_only=True)
async def revoke_token(asked: Asked) -> Response:
    """Revoke an app's token."""
    await tokens.revoke(asked.house, asked.member.id, asked.part("id"))
    return forward(_HERE)


@page(members_only=True)
async def show_password(asked: Asked) -> Response:
    """Show the form that changes the password."""
    return asked.show("account_password.html")


@page(members_only=True)
async def change_password(asked: Asked) -> Response:
    """Change the password; the other devices are signed out."""
    form = await forms.read(asked)
    try:
        await password_changes.change(
            asked.house,
            asked.member.id,
            password=form.text("password"),
            new_password=form.text("new_password"),
            secret=asked.token,
            address=asked.address,
            now=asked.now,
        )
    except forms.Refusals as trouble:
        return asked.show("account_password.html", form=form.refused(trouble))
    response = forward(_HERE)
    await session.remember(asked, response, asked.member.id)
    return response


@page(members_only=True)
async def show_passkey(asked: Asked) -> Response:
    """Show the form that adds a passkey."""
    agent = asked.scope["named"].get(b"user-agent", b"").decode("latin-1")
    return _passkey_shown(asked, forms.filled(name=device.words(agent)))


@called
async def begin_passkey(asked: Asked, form: Form) -> Answer:
    """Tell the browser which passkey to make."""
    return await passkeys.begin_adding(
        asked.house,
        asked.member.id,
        password=form.text("password"),
        address=asked.address,
        now=asked.now,
    )


@page(members_only=True)
async def add_passkey(asked: Asked) -> Response:
    """Keep the passkey that the browser made."""
    form = await forms.read(asked)
    try:
        await passkeys.finish_adding(
            asked.house,
            asked.member.id,
            name=form.text("name"),
            answer=form.text("credential"),
            now=asked.now,
        )
    except forms.Refusals as trouble:
        return _passkey_shown(asked, form.refused(trouble))
    return forward(_HERE)


@page(members_only=True)
async def remove_passkey(asked: Asked) -> Response:
    """Remove a passkey."""
    await passkeys.remove(asked.house, asked.member.id, asked.part("id"), now=asked.now)
    return forward(_HERE)


def _passkey_shown(asked: Asked, form: Form) -> Response:
    return asked.show("account_passkey.html", form=form)
