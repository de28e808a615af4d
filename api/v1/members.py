"""Joining: ask, verify, have the mail sent again."""

from __future__ import annotations

from typing_extensions import TypedDict

from api.bodies import Strict
from api.call import Asked, call
from irl.giving import pockets
from irl.members import joining


class Newcomer(Strict):
    """Who asks to join; the invitation is needed while the house is by invitation."""

    email: str
    nickname: str
    password: str
    invitation: str | None = None
    pocket: str | None = None


class LinkToken(Strict):
    """The token of the link that was mailed."""

    token: str


class Email(Strict):
    """An e-mail address that waits for its link."""

    email: str


class MemberShape(TypedDict):
    """A member, or one who is to become one."""

    nickname: str
    verified: bool


@call(body=Newcomer, answer=MemberShape, status=201)
async def ask(asked: Asked, newcomer: Newcomer) -> MemberShape:
    """Ask to join; a mail with a link is sent, in the language of `Accept-Language`."""
    nickname = await joining.ask(
        asked.house,
        **newcomer.model_dump(),
        address=asked.address,
        language=asked.language,
        now=asked.now,
    )
    return MemberShape(nickname=nickname, verified=False)


@call(body=LinkToken, answer=MemberShape)
async def verify(asked: Asked, link: LinkToken) -> MemberShape:
    """Verify the e-mail address with the mailed token; the member exists from now on."""
    member = await pockets.verify(asked.house, link.token, address=asked.address, now=asked.now)
    return MemberShape(nickname=member.nickname, verified=True)


@call(body=Email, status=202)
async def resend(asked: Asked, waiting: Email) -> None:
    """Have the mail sent again; the answer never tells whether the address is known."""
    await joining.resend(asked.house, waiting.email, address=asked.address, now=asked.now)
