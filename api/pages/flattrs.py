"""My month: what I flattred, what each is worth so far, and taking one back."""

from __future__ import annotations

from starlette.responses import Response

from api.pages import forms, session
from api.pages.forms import Form
from api.pages.page import Asked, forward, page
from irl import month as months
from irl.giving import flattrs, worth
from irl.money import micros, wallet


@page(members_only=True)
async def my_month(asked: Asked) -> Response:
    """Show a month of one's own; the running one by default."""
    budget = asked.member.budget_micros
    shown = "" if budget is None else micros.text(budget)
    return await _month(asked, forms.filled(budget=shown))


@page(members_only=True)
async def set_budget(asked: Asked) -> Response:
    """Set what to give a month at most; an empty field unsets it."""
    form = await forms.read(asked)
    try:
        typed = form.text("budget").strip()
        budget = micros.parse_euros(typed, field="budget") if typed else None
        await wallet.set_budget(asked.house, asked.member.id, budget, now=asked.now)
    except forms.Refusals as trouble:
        return await _month(asked, form.refused(trouble))
    return forward("/month")


@page(members_only=True)
async def undo(asked: Asked) -> Response:
    """Take a flattr back."""
    form = await forms.read(asked)
    await flattrs.undo(asked.house, asked.member.id, asked.part("id"), now=asked.now)
    return forward(session.own_path(form.text("next")))


async def _month(asked: Asked, form: Form) -> Response:
    wanted = asked.query("month")
    month = await worth.of_month(
        asked.house,
        asked.member.id,
        None if wanted is None else months.parse(wanted),
        after=asked.query("after"),
        now=asked.now,
    )
    return asked.show(
        "month.html",
        form=form,
        month=month,
        before=months.add(month.month, -1),
        after=months.add(month.month, 1),
        rules=asked.house.rules,
    )
