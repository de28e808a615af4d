"""The path of one euro, for everybody: figures of closed months."""

from __future__ import annotations

from typing_extensions import TypedDict

from api.call import Asked, call
from api.v1.shapes import MonthText
from irl import month as months
from irl.settlement import transparency
from irl.settlement.transparency import Figures


class FiguresShape(TypedDict):
    """A closed month in micro-euros; null is withheld, so that nobody can be seen."""

    month: MonthText
    deposited_micros: int | None
    fee_micros: int | None
    commission_micros: int | None
    given_micros: int | None
    charity_micros: int | None
    paid_out_micros: int | None
    funds_micros: int | None
    revenue_micros: int | None


class TransparencyShape(TypedDict):
    """The latest months first; behind every figure stand at least so many members, or nobody."""

    fewest_members: int
    months: list[FiguresShape]


@call(answer=TransparencyShape)
async def of(asked: Asked) -> TransparencyShape:
    """Get what became of the money, month by month."""
    found = await transparency.published(asked.house)
    return TransparencyShape(
        fewest_members=transparency.FEWEST, months=[_shape(figures) for figures in found]
    )


def _shape(figures: Figures) -> FiguresShape:
    return FiguresShape(
        month=months.text(figures.month),
        deposited_micros=figures.deposited,
        fee_micros=figures.fee,
        commission_micros=figures.commission,
        given_micros=figures.given,
        charity_micros=figures.charity,
        paid_out_micros=figures.paid_out,
        funds_micros=figures.funds,
        revenue_micros=figures.revenue,
    )
