"""Scans that waited on a phone without a connection, handed in by our own script.

The same as `POST /api/v1/scans`, for whoever has a session or a pocket in this browser. Another
site's page can send no JSON here: the door asks for the origin, and browsers ask us first whether
they may, which nobody answers (Fetch standard, CORS-preflight).
"""

from __future__ import annotations

from collections import Counter
from typing import Annotated

from pydantic import Field
from pydantic_core import to_json
from starlette.responses import Response

from api import bodies
from api.bodies import Strict
from api.pages.page import Asked, page
from api.pages.scans import hand_in, with_pocket
from api.v1.scans import NewScan, outcome_shape
from irl.giving.scans import MOST_SCANS, OutcomeName, Recorded, Scan
from irl.language import Language


class Waited(Strict):
    """1 to 500 scans, in any order; sending them again changes nothing."""

    scans: Annotated[list[NewScan], Field(min_length=1, max_length=MOST_SCANS)]


@page()
async def queue(asked: Asked) -> Response:
    """Record scans that waited; the answer says in a sentence what became of them."""
    waited = await bodies.json_body(asked.scope, asked.receive, Waited)
    recorded = await hand_in(
        asked,
        [
            Scan(payload=scan.payload, nonce=scan.nonce, scanned_at=scan.scanned_at)
            for scan in waited.scans
        ],
    )
    answer = {
        "scans": [outcome_shape(outcome) for outcome in recorded.outcomes],
        "said": said(asked.speaks, recorded),
    }
    shown = Response(
        to_json(answer), media_type="application/json", headers={"Cache-Control": "no-store"}
    )
    return with_pocket(asked, recorded, shown)


def said(speaks: Language, recorded: Recorded) -> str:
    """Say in one sentence how many scans were sent, and what became of how many."""
    counted = Counter(outcome.outcome for outcome in recorded.outcomes)
    total = speaks.count("One scan was sent", "{n} scans were sent", counted.total())
    parts = [_part(speaks, name, number) for name, number in counted.most_common()]
    return speaks.says("{total}: {parts}.", total=total, parts=", ".join(parts))


def _part(speaks: Language, name: OutcomeName, number: int) -> str:
    count = speaks.count
    texts: dict[OutcomeName, str] = {
        "flattred": count("{n} flattred", "{n} flattred", number),
        "already_flattred": count("{n} flattred already", "{n} flattred already", number),
        "pocketed": count("{n} in your pocket", "{n} in your pocket", number),
        "pocket_full": count("{n} did not fit", "{n} did not fit", number),
        "own_thing": count("{n} of your own", "{n} of your own", number),
        "not_open": count("{n} not open then", "{n} not open then", number),
        "revoked_code": count("{n} no longer in use", "{n} no longer in use", number),
    }
    return texts.get(name, count("{n} not known here", "{n} not known here", number))
