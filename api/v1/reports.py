"""Reports: anyone can say that a thing or a code is not right."""

from __future__ import annotations

import qr
from api.bodies import Strict
from api.call import Asked, call
from irl.errors import NotFound
from irl.things import reports


class NewReport(Strict):
    """What is wrong with a code or with a thing."""

    code: str | None = None
    thing: str | None = None
    reason: str
    text: str = ""


@call(body=NewReport, status=202)
async def send(asked: Asked, new: NewReport) -> None:
    """Report a code or a thing to the operator; no token is needed."""
    await reports.send(
        asked.house,
        code=None if new.code is None else _code(new.code, asked.base_url),
        thing_id=new.thing,
        reason=new.reason,
        text=new.text,
        address=asked.address,
        now=asked.now,
    )


def _code(text: str, base_url: str) -> qr.Code:
    try:
        return qr.parse(text, base_url=base_url)
    except qr.CodeError:
        raise NotFound("There is no such code.", field="code") from None
