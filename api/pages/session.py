"""Sessions of browsers: begun at sign-in with what was in the pocket, ended at sign-out."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Final

from starlette.responses import Response

from api.pages import cookies, device
from api.pages.page import Asked, forward
from irl.errors import Invalid
from irl.giving import pockets
from irl.members import known_devices, sessions
from irl.members.member import Member

HOME: Final = "/month"
"""Where a member goes who wanted nothing else."""

# Printable ASCII without the backslash, which browsers read as a slash; not two slashes at the
# start, which would name another host.
_OWN_PATH: Final = re.compile(r"/(?!/)[!-\[\]-~]*", re.ASCII)


def own_path(text: str | None) -> str:
    """Give a path of this house to go on to, or `HOME` for anything else."""
    return text if text is not None and _OWN_PATH.fullmatch(text) else HOME


async def begin(asked: Asked, member: Member, *, onward: str) -> Response:
    """Start a new session, empty the pocket into the running month, and go on."""
    agent = asked.scope["named"].get(b"user-agent", b"").decode("latin-1")
    secret = await sessions.start(asked.house, member.id, device=device.words(agent), now=asked.now)
    if asked.token is not None:
        await sessions.end(asked.house, asked.token)
    response = forward(onward)
    if asked.pocket is not None:
        # A pocket that is too old or was emptied elsewhere is nothing to bother anybody with.
        with suppress(Invalid):
            await pockets.empty(asked.house, member.id, asked.pocket, now=asked.now)
        cookies.drop(response, cookies.POCKET, house=asked.house)
    cookies.put_session(response, secret, house=asked.house)
    await remember(asked, response, member.id)
    return response


async def remember(asked: Asked, response: Response, member_id: int) -> None:
    """Have the browser remember that this member signed in with it."""
    mark = await known_devices.mark(asked.house, member_id)
    cookies.put_known(response, mark, house=asked.house)


async def end(asked: Asked) -> Response:
    """End the session here and in the browser."""
    if asked.token is not None:
        await sessions.end(asked.house, asked.token)
    response = forward("/")
    cookies.drop(response, cookies.session_name(asked.house.settings), house=asked.house)
    return response
