"""One's own flattrs of a month, and taking one back."""

from __future__ import annotations

from api.call import Asked, call
from irl.giving import flattrs


@call(scope="flattr", status=204)
async def undo(asked: Asked) -> None:
    """Take a flattr back, until its month closes."""
    await flattrs.undo(asked.house, asked.member.id, asked.part("id"), now=asked.now)
