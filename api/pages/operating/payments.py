"""Money that comes and goes: what providers told, what waits, and files for the bank."""

from __future__ import annotations

from starlette.responses import Response

from api import downloads
from api.pages.page import Asked, page
from irl.money import payout_files, watching


@page(operators_only=True)
async def look(asked: Asked) -> Response:
    """Show troubles, deposits that stay pending, payouts that wait, and stored files."""
    return asked.show(
        "house/payments.html",
        watched=await watching.look(asked.house, now=asked.now),
        days=watching.TROUBLE_DAYS,
    )


@page(operators_only=True)
async def payout_file(asked: Asked) -> Response:
    """Hand out a stored payment file for the bank, byte for byte as it was made."""
    return downloads.payout_file(await payout_files.for_bank(asked.house, asked.part("id")))
