"""Reload: whether a mail says that one's funds will not last."""

from __future__ import annotations

from typing_extensions import TypedDict

from api.bodies import Strict
from api.call import Asked, call
from irl.money import reload


class ReloadWish(Strict):
    """Whether to be told."""

    on: bool


class ReloadShape(TypedDict):
    """Whether a mail with a ready link comes when one's funds will not cover the next month."""

    on: bool


@call(scope="wallet", answer=ReloadShape)
async def mine(asked: Asked) -> ReloadShape:
    """Get whether one is told when the funds will not last."""
    return ReloadShape(on=await reload.is_wanted(asked.house, asked.member.id))


@call(scope="wallet", body=ReloadWish, answer=ReloadShape)
async def want(asked: Asked, wish: ReloadWish) -> ReloadShape:
    """Ask for the mail, or for no more of them."""
    await reload.want(asked.house, asked.member.id, on=wish.on, now=asked.now)
    return ReloadShape(on=wish.on)
