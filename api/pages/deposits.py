"""One deposit: where it stands, on to where it is paid, and back."""

from __future__ import annotations

from starlette.responses import Response

from api.pages.page import Asked, forward, page
from irl.errors import ProviderUnavailable
from irl.money import deposits


@page(members_only=True)
async def of(asked: Asked) -> Response:
    """Show where a deposit stands, as far as it is known here."""
    found = await deposits.seen(asked.house, asked.member.id, asked.part("id"))
    cancelled = asked.query("cancelled") is not None
    return asked.show("deposit.html", deposit=found, is_cancelled=cancelled, is_silent=False)


@page(members_only=True)
async def pay(asked: Asked) -> Response:
    """Go on to where a deposit is paid."""
    try:
        url = await deposits.pay(asked.house, asked.member.id, asked.part("id"), now=asked.now)
    except ProviderUnavailable:
        return await _silent(asked)
    return forward(url.removeprefix(asked.base_url))


@page(members_only=True)
async def back(asked: Asked) -> Response:
    """Come back from a provider: ask it what became of the deposit, and take what was approved.

    A GET, since that is how providers send people back; it does nothing that the provider's own
    post, or the clock, would not do.
    """
    return await _looked(asked)


@page(members_only=True)
async def look(asked: Asked) -> Response:
    """Ask the provider again what became of a deposit."""
    return await _looked(asked)


async def _looked(asked: Asked) -> Response:
    deposit_id = asked.part("id")
    try:
        await deposits.look(asked.house, asked.member.id, deposit_id, now=asked.now)
    except ProviderUnavailable:
        return await _silent(asked)
    return forward(f"/deposits/{deposit_id}")


async def _silent(asked: Asked) -> Response:
    found = await deposits.seen(asked.house, asked.member.id, asked.part("id"))
    return asked.show("deposit.html", status=503, deposit=found, is_cancelled=False, is_silent=True)
