"""Charities: the list that members choose from, their bank accounts, and paying them out."""

from __future__ import annotations

from starlette.responses import Response

from api.pages import forms
from api.pages.operating import paths
from api.pages.page import Asked, forward, page
from irl.members import payouts as with_password
from irl.money import charities, charity_accounts


@page(operators_only=True)
async def look(asked: Asked) -> Response:
    """Show the list, and the form for one more."""
    return await _shown(asked, forms.NOTHING)


@page(operators_only=True)
async def add(asked: Asked) -> Response:
    """Add a charity to the list."""
    form = await forms.read(asked)
    try:
        added = await charities.add(
            asked.house, name=form.text("name"), url=form.text("url"), now=asked.now
        )
    except forms.Refusals as trouble:
        return await _shown(asked, form.refused(trouble))
    return forward(f"/house/charities/{added.id}")


@page(operators_only=True)
async def of(asked: Asked) -> Response:
    """Show one charity: what it was given, its account, and what can be done."""
    return await _one_shown(asked)


@page(operators_only=True)
async def set_account(asked: Asked) -> Response:
    """Say where a charity's money goes; money leaves only with the password."""
    form = await forms.read(asked)
    charity_id = paths.number(asked)
    try:
        await with_password.set_charity_account(
            asked.house,
            asked.member.id,
            charity_id,
            holder=form.text("holder"),
            iban=form.text("iban"),
            password=form.text("password"),
            address=asked.address,
            now=asked.now,
        )
    except forms.Refusals as trouble:
        return await _one_shown(asked, account=form.refused(trouble))
    return forward(f"/house/charities/{charity_id}")


@page(operators_only=True)
async def pay_out(asked: Asked) -> Response:
    """Ask for all that can be paid out to a charity now; it then waits with the other payouts."""
    form = await forms.read(asked)
    charity_id = paths.number(asked)
    try:
        await with_password.ask_for_charity(
            asked.house,
            asked.member.id,
            charity_id,
            password=form.text("password"),
            address=asked.address,
            now=asked.now,
        )
    except forms.Refusals as trouble:
        return await _one_shown(asked, payout=form.refused(trouble))
    return forward("/house/payments")


@page(operators_only=True)
async def retire(asked: Asked) -> Response:
    """Take a charity off the list."""
    await charities.retire_one(asked.house, paths.number(asked), now=asked.now)
    return forward("/house/charities")


async def _shown(asked: Asked, form: forms.Form) -> Response:
    return asked.show(
        "house/charities.html",
        form=form,
        charities=await charity_accounts.all_of(asked.house, now=asked.now),
    )


async def _one_shown(
    asked: Asked, *, account: forms.Form = forms.NOTHING, payout: forms.Form = forms.NOTHING
) -> Response:
    """Show a charity; each of its two forms keeps what is wrong with it for itself."""
    charity = await charity_accounts.of(asked.house, paths.number(asked), now=asked.now)
    refused = account if account.status else payout
    return asked.show(
        "house/charity.html",
        form=account.over(holder=charity.holder or ""),
        payout=payout.said_in(asked.speaks),
        status=refused.status or 200,
        charity=charity,
        least=asked.house.rules.payout_least_micros,
    )
