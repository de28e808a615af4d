"""Payouts: what can leave and from when, asking for it, where it goes, and moves to funds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from starlette.responses import Response

from api.pages import forms
from api.pages.forms import Form
from api.pages.page import Asked, forward, page
from irl.members import payouts as with_password
from irl.money import micros, moves, payout_addresses, payouts, revenue
from irl.money.micros import Micros
from irl.sentence import Sentence

_METHODS: Final[Mapping[payout_addresses.Method, str]] = {
    "sepa": Sentence("Bank account (IBAN)"),
    "paypal": "PayPal",
    "skrill": "Skrill",
}


@page(members_only=True)
async def mine(asked: Asked) -> Response:
    """Show what can be paid out, the forms for it, and one's payouts."""
    return await _shown(asked, forms.NOTHING)


@page(members_only=True)
async def ask(asked: Asked) -> Response:
    """Ask for a payout; an empty amount is all that there is."""
    form = await forms.read(asked)
    try:
        await with_password.ask(
            asked.house,
            asked.member.id,
            amount_micros=_amount(form),
            password=form.text("password"),
            address=asked.address,
            now=asked.now,
        )
    except forms.Refusals as trouble:
        return await _shown(asked, form.refused(trouble))
    return forward("/payouts#payouts")


@page(members_only=True)
async def show_address(asked: Asked) -> Response:
    """Show where payouts go, and the form for it."""
    known = await payout_addresses.of(asked.house, asked.member.id)
    form = forms.filled(method="sepa")
    if known is not None:
        form = forms.filled(method=known.method, holder=known.holder, address=known.address)
    return _address_shown(asked, form)


@page(members_only=True)
async def set_address(asked: Asked) -> Response:
    """Say where payouts go."""
    form = await forms.read(asked)
    try:
        await with_password.set_address(
            asked.house,
            asked.member.id,
            method=form.text("method"),
            holder=form.text("holder"),
            account=form.text("address"),
            password=form.text("password"),
            address=asked.address,
            now=asked.now,
        )
    except forms.Refusals as trouble:
        return _address_shown(asked, form.refused(trouble))
    return forward("/payouts")


@page(members_only=True)
async def show_move(asked: Asked) -> Response:
    """Show the form that moves revenue to funds."""
    return await _move_shown(asked, forms.NOTHING)


@page(members_only=True)
async def move(asked: Asked) -> Response:
    """Move revenue to funds; an empty amount is all that there is."""
    form = await forms.read(asked)
    try:
        await moves.to_funds(
            asked.house, asked.member.id, amount_micros=_amount(form), now=asked.now
        )
    except forms.Refusals as trouble:
        return await _move_shown(asked, form.refused(trouble))
    return forward("/wallet")


def _amount(form: Form) -> Micros | None:
    text = form.text("amount")
    return micros.parse_euros(text, field="amount") if text.strip() else None


async def _shown(asked: Asked, form: Form) -> Response:
    return asked.show(
        "payouts.html",
        form=form,
        revenue=await revenue.of(asked.house, asked.member.id, now=asked.now),
        address=await payout_addresses.of(asked.house, asked.member.id),
        payouts=await payouts.mine(asked.house, asked.member.id),
        rules=asked.house.rules,
    )


def _address_shown(asked: Asked, form: Form) -> Response:
    offered = payout_addresses.offered(asked.house)
    methods = [(one, asked.speaks.says(_METHODS[one])) for one in offered]
    return asked.show("payout_address.html", form=form, methods=methods)


async def _move_shown(asked: Asked, form: Form) -> Response:
    found = await revenue.of(asked.house, asked.member.id, now=asked.now)
    most = found.revenue_micros - found.held_micros
    return asked.show("payout_move.html", form=form, most=most)
