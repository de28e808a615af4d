"""The shape of a statement's JSON document, for whoever is handed one and does not trust it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

MOST: Final = 2**53 - 1
"""The largest whole number that every reader of JSON reads exactly (RFC 8259, section 6)."""


def _is_moment(text: str) -> str:
    datetime.fromisoformat(text)
    return text


def _is_day(text: str) -> str:
    date.fromisoformat(text)
    return text


Micros = Annotated[int, Field(ge=0, le=MOST)]
Signed = Annotated[int, Field(ge=-MOST, le=MOST)]
Number = Annotated[int, Field(ge=1, le=MOST)]
MonthText = Annotated[str, Field(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$")]
# Of one length, so that their order is the order of time.
Moment = Annotated[
    str,
    Field(pattern=r"^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$"),
    AfterValidator(_is_moment),
]
DayText = Annotated[str, Field(pattern=r"^20[0-9]{2}-[0-9]{2}-[0-9]{2}$"), AfterValidator(_is_day)]
Id = Annotated[str, Field(pattern=r"^[0-9a-z]{1,40}$")]
Word = Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]
Key = Annotated[str, Field(pattern=r"^[a-z_]{1,40}(/(0|[1-9][0-9]{0,18})){2}$")]
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Maker(_Strict):
    """The member whose thing it is."""

    nickname: str


class Given(_Strict):
    """A thing that was flattred."""

    id: Id
    title: str
    artist: str
    maker: Maker


class Own(_Strict):
    """A thing that received."""

    id: Id
    title: str


class ShareShape(_Strict):
    """A flattr given."""

    thing: Given
    given_at: Moment
    share_micros: Micros
    void: Word | None
    number: Number
    mix: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]


class Rounding(_Strict):
    """How the odd micro-euros were dealt out."""

    rule: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
    words: str
    month: Number
    member: Number
    odd_micros: Micros


class GivenShape(_Strict):
    """What was given."""

    budget_micros: Micros | None
    funds_micros: Micros | None
    taken_back_micros: Micros
    pot_micros: Micros
    charity_id: Number | None
    charity: str | None
    shares: list[ShareShape]
    rounding: Rounding


class ReceiptShape(_Strict):
    """What a thing received."""

    thing: Own
    flattrs: Number
    amount_micros: Micros


class PayableShape(_Strict):
    """From when a part of it can be paid out."""

    payable_on: DayText
    amount_micros: Number


class ReceivedShape(_Strict):
    """What was received."""

    things: list[ReceiptShape]
    total_micros: Micros
    payable: list[PayableShape]


class MovementShape(_Strict):
    """A transfer."""

    key: Key
    kind: Word
    at: Moment
    amount_micros: Signed


class AccountShape(_Strict):
    """Funds or revenue."""

    opening_micros: Micros
    movements: list[MovementShape]
    closing_micros: Micros


class DepositedShape(_Strict):
    """A deposit that was booked."""

    id: Id
    key: Key
    amount_micros: Number
    fee_micros: Micros
    net_micros: Number


class ReversedShape(_Strict):
    """A deposit that was taken back."""

    deposit: Id
    at: Moment
    amount_micros: Number


class StatementShape(_Strict):
    """A whole document."""

    version: Number
    month: MonthText
    member: Number
    begins_at: Moment
    ends_at: Moment
    closed_at: Moment
    early: bool
    given: GivenShape
    received: ReceivedShape
    funds: AccountShape
    revenue: AccountShape
    deposits: list[DepositedShape]
    reversals: list[ReversedShape]
    previous: Hash | None
    hash: Hash
