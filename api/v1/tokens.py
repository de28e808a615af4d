"""Tokens of apps."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from api.bodies import Strict
from api.call import Asked, call
from irl.members import sign_in, tokens


class Wish(Strict):
    """Who wants a token, and what for."""

    email: str
    password: Annotated[str, Field(max_length=1024)]
    scopes: Annotated[list[str], Field(max_length=len(tokens.SCOPES))]
    name: str


class TokenShape(TypedDict):
    """A new token; it is shown this once."""

    token: str
    token_id: str
    scopes: list[str]


@call(body=Wish, answer=TokenShape, status=201)
async def issue(asked: Asked, wish: Wish) -> TokenShape:
    """Get a token for e-mail and password; scopes are flattr, thing and wallet."""
    member = await sign_in.check(
        asked.house,
        email=wish.email,
        password=wish.password,
        address=asked.address,
        now=asked.now,
    )
    issued = await tokens.issue(
        asked.house, member.id, name=wish.name, scopes=wish.scopes, now=asked.now
    )
    return TokenShape(token=issued.token, token_id=issued.token_id, scopes=list(issued.scopes))


@call(scope="any", status=204)
async def revoke(asked: Asked) -> None:
    """Revoke a token of one's own at once."""
    await tokens.revoke(asked.house, asked.member.id, asked.part("id"))
