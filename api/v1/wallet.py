"""One's own wallet: GET /me, and the budget."""

from __future__ import annotations

from typing_extensions import TypedDict

from api.bodies import Micros, Strict
from api.call import Asked, call
from api.v1.shapes import MomentText, MonthText
from irl import month
from irl.money import wallet


class Budget(Strict):
    """What to give a month at most; null unsets it."""

    budget_micros: Micros | None


class MeShape(TypedDict):
    """Who asks, with the wallet; amounts in micro-euros."""

    nickname: str
    email: str
    verified: bool
    budget_micros: int | None
    funds_micros: int
    revenue_micros: int
    month: MonthText
    closes_at: MomentText


@call(scope="wallet", answer=MeShape)
async def me(asked: Asked) -> MeShape:
    """Get who one is and what is in the wallet; `closes_at` ends the running month."""
    return await _seen(asked)


@call(scope="wallet", body=Budget, answer=MeShape)
async def set_budget(asked: Asked, budget: Budget) -> MeShape:
    """Set the budget, or unset it with null; answers as GET /me."""
    await wallet.set_budget(asked.house, asked.member.id, budget.budget_micros, now=asked.now)
    return await _seen(asked)


async def _seen(asked: Asked) -> MeShape:
    member = asked.member
    seen = await wallet.of(asked.house, member.id, now=asked.now)
    return MeShape(
        nickname=member.nickname,
        email=member.email,
        verified=True,
        budget_micros=seen.budget_micros,
        funds_micros=seen.funds_micros,
        revenue_micros=seen.revenue_micros,
        month=month.text(seen.month),
        closes_at=month.iso(seen.closes_at),
    )
