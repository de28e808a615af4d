"""My month: what I flattred, what each is worth so far, and taking one back."""

from __future__ import annotations

from starlette.responses import Response

from api.pages import forms, session
from api.pages.forms import Form
from api.pages.page import Asked, forward, page
from irl import month as months
from irl.errors import NotFound
from irl.giving import flattrs, worth
from irl.money import micros, wallet
from irl.rules import EURO


@page(members_only=True)
async def my_month(asked: Asked) -> Response:
    """Show a month of one's own; the running one by default."""
    budget = asked.member.budget_micros
    shown = "" if budget is None else asked.speaks.amount(budget)
    return await _month(asked, forms.filled(budget=shown))


@page(members_only=True)
async def set_budget(asked: Asked) -> Response:
    """Set what to give a month at most; an empty field or the button beside it unsets it."""
    form = await forms.read(asked)
    try:
        typed = "" if form.text("give") == "nothing" else form.text("budget").strip()
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
    if month.month > month.running:
        raise NotFound("This month has not begun yet.")
    before, after = (months.add(month.month, step) for step in (-1, 1))
    rules = asked.house.rules
    return asked.show(
        "month.html",
        form=form,
        month=month,
        # What waited in a pocket counts in the month before joining, too.
        before=before if before >= months.add(month.joined_in, -1) else None,
        after=after if after <= month.running else None,
        has_statement=month.count > 0 or month.month >= month.joined_in,
        days=months.days_left(month.month, now=asked.now),
        rules=rules,
        # The slider goes in whole euros; the field takes cents.
        slider=(-(-rules.budget_least_micros // EURO), rules.budget_most_micros // EURO),
    )
