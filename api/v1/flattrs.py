"""One's own flattrs of a month, and taking one back."""

from __future__ import annotations

from urllib.parse import urlencode

from typing_extensions import TypedDict

from api.bodies import Strict
from api.call import Asked, call
from api.v1.shapes import AddressText, MomentText, MonthText, ScannedThingShape, scanned_shape
from irl import month
from irl.giving import flattrs, worth
from irl.giving.worth import Given


class Wanted(Strict):
    """Which month; the running one without a word."""

    month: str | None = None
    after: str | None = None


class GivenShape(TypedDict):
    """A flattr; `worth_micros` is its share, or what that would be if the month ended now."""

    id: str
    thing: ScannedThingShape
    given_at: MomentText
    worth_micros: int
    void: bool


class FlattrsShape(TypedDict):
    """A page of one's flattrs of a month; `next` is the address of the following page, or null."""

    month: MonthText
    state: str
    closes_at: MomentText
    pot_micros: int
    budget_micros: int
    funds_micros: int
    flattrs: list[GivenShape]
    next: AddressText | None


@call(scope="flattr", query=Wanted, answer=FlattrsShape)
async def of_month(asked: Asked, wanted: Wanted) -> FlattrsShape:
    """Get one's own flattrs of a month, each with what it is worth."""
    asked_month = None if wanted.month is None else month.parse(wanted.month)
    view = await worth.of_month(
        asked.house, asked.member.id, asked_month, after=wanted.after, now=asked.now
    )
    following = urlencode({"month": month.text(view.month), "after": view.next})
    return FlattrsShape(
        month=month.text(view.month),
        state=view.state,
        closes_at=month.iso(view.closes_at),
        pot_micros=view.pot_micros,
        budget_micros=view.budget_micros,
        funds_micros=view.funds_micros,
        flattrs=[given_shape(given) for given in view.flattrs],
        next=f"{asked.base_url}/api/v1/me/flattrs?{following}" if view.next else None,
    )


@call(scope="flattr", status=204)
async def undo(asked: Asked) -> None:
    """Take a flattr back, until its month closes."""
    await flattrs.undo(asked.house, asked.member.id, asked.part("id"), now=asked.now)


def given_shape(given: Given) -> GivenShape:
    """Present a flattr."""
    return GivenShape(
        id=given.id,
        thing=scanned_shape(given.thing),
        given_at=month.iso(given.given_at),
        worth_micros=given.worth_micros,
        void=given.void,
    )
