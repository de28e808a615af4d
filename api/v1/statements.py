"""Statements of closed months, as JSON, as CSV and as PDF."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response
from typing_extensions import TypedDict

from api import downloads
from api.call import Asked, call
from api.v1.shapes import DayText, MomentText, MonthText, ScannedThingShape
from irl import language as languages
from irl import month
from irl.language import Language
from irl.settlement import document, statements
from irl.settlement.statement import Statement


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
    words: str
    month: int
    member: int
    odd_micros: int


class GivenMonthShape(TypedDict):
    """What was given: the pot and its shares."""

    budget_micros: int | None
    funds_micros: int | None
    taken_back_micros: int
    pot_micros: int
    charity_id: int | None
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


class MovementShape(TypedDict):
    """One transfer of the ledger, as the account sees it: money out is below zero."""

    key: str
    kind: str
    at: MomentText
    amount_micros: int


class AccountShape(TypedDict):
    """What was there, what moved, what is there now."""

    opening_micros: int
    movements: list[MovementShape]
    closing_micros: int


class DepositedShape(TypedDict):
    """A deposit that was booked, with its fee."""

    id: str
    key: str
    amount_micros: int
    fee_micros: int
    net_micros: int


class ReversedShape(TypedDict):
    """A deposit that was taken back."""

    deposit: str
    at: MomentText
    amount_micros: int


class StatementShape(TypedDict):
    """One's account of a closed month; amounts in micro-euros."""

    version: int
    month: MonthText
    member: int
    begins_at: MomentText
    ends_at: MomentText
    closed_at: MomentText
    early: bool
    given: GivenMonthShape
    received: ReceivedShape
    funds: AccountShape
    revenue: AccountShape
    deposits: list[DepositedShape]
    reversals: list[ReversedShape]
    previous: str | None
    hash: str


@call(scope="wallet", answer=StatementShape)
async def of(asked: Asked) -> dict[str, Any]:
    """Get one's own statement of a closed month."""
    return document.of(await _statement(asked))


@call(scope="wallet", media_type="text/csv")
async def csv(asked: Asked) -> Response:
    """Get the same as CSV, a line a thing."""
    return downloads.statement_csv(await _statement(asked))


@call(scope="wallet", media_type="application/pdf")
async def pdf(asked: Asked) -> Response:
    """Get the same as PDF, in the language asked for by `Accept-Language`, else in one's own."""
    return await downloads.statement_paper(
        await _statement(asked),
        nickname=asked.member.nickname,
        base_url=asked.base_url,
        speaks=_language(asked),
    )


def _language(asked: Asked) -> Language:
    header = asked.scope["named"].get(b"accept-language", b"").decode("latin-1")
    return languages.of(languages.wanted(header) if header else asked.member.language)


async def _statement(asked: Asked) -> Statement:
    wanted = month.parse(asked.part("month"))
    return await statements.of(asked.house, asked.member.id, wanted, now=asked.now)
