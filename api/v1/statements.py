"""Statements of closed months, as JSON, as CSV and as PDF."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response
from typing_extensions import TypedDict

from api import downloads
from api.call import Asked, call
from api.v1.shapes import DayText, MomentText, MonthText, ScannedThingShape
from irl import month
from irl.settlement import statements
from irl.settlement.statements import Statement


class ShareShape(TypedDict):
    """A flattr given and its share; a void one has none, and the reason why."""

    thing: ScannedThingShape
    given_at: MomentText
    share_micros: int
    void: str | None
    number: int
    mix: str


class RoundingShape(TypedDict):
    """How the odd micro-euros were dealt out, so that anyone can compute it again."""

    rule: str
    month: int
    member: int
    odd_micros: int


class GivenMonthShape(TypedDict):
    """What was given: the pot and its shares."""

    budget_micros: int | None
    funds_micros: int | None
    pot_micros: int
    charity: str | None
    shares: list[ShareShape]
    rounding: RoundingShape


class NamedThingShape(TypedDict):
    """A thing of one's own."""

    id: str
    title: str


class ReceiptShape(TypedDict):
    """What one thing received."""

    thing: NamedThingShape
    flattrs: int
    amount_micros: int


class PayableShape(TypedDict):
    """A part of what was received, and the first day on which it can be paid out."""

    payable_on: DayText
    amount_micros: int


class ReceivedShape(TypedDict):
    """What was received."""

    things: list[ReceiptShape]
    total_micros: int
    payable: list[PayableShape]


class StatementShape(TypedDict):
    """One's account of a closed month; amounts in micro-euros."""

    month: MonthText
    closed_at: MomentText
    early: bool
    given: GivenMonthShape
    received: ReceivedShape


@call(scope="wallet", answer=StatementShape)
async def of(asked: Asked) -> dict[str, Any]:
    """Get one's own statement of a closed month."""
    return statements.as_json(await _statement(asked))


@call(scope="wallet", media_type="text/csv")
async def csv(asked: Asked) -> Response:
    """Get the same as CSV, a line a thing."""
    return downloads.statement_csv(await _statement(asked))


@call(scope="wallet", media_type="application/pdf")
async def pdf(asked: Asked) -> Response:
    """Get the same as PDF, to print and to keep."""
    return await downloads.statement_paper(
        await _statement(asked), nickname=asked.member.nickname, base_url=asked.base_url
    )


async def _statement(asked: Asked) -> Statement:
    wanted = month.parse(asked.part("month"))
    return await statements.of(asked.house, asked.member.id, wanted, now=asked.now)
