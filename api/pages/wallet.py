"""The wallet: funds, revenue, deposits; and the till of play money."""

from __future__ import annotations

from contextlib import suppress

from starlette.responses import Response

from api.pages import forms
from api.pages.forms import Form
from api.pages.page import Asked, forward, page
from irl.errors import Invalid, ProviderUnavailable
from irl.money import deposits, micros, payments, reload, wallet
from irl.money.micros import Micros
from irl.rules import EURO


@page(members_only=True)
async def mine(asked: Asked) -> Response:
    """Show the wallet, and the form for a deposit; a mailed link fills in its amount."""
    ready = _ready(asked)
    form = forms.NOTHING if ready is None else forms.filled(amount=asked.speaks.amount(ready))
    return await _wallet(asked, form)


@page(members_only=True)
async def deposit(asked: Asked) -> Response:
    """Ask for a deposit, and go on to where it is paid; first to its fee, unless it was seen."""
    form = await forms.read(asked)
    try:
        asked_for = await deposits.ask(
            asked.house,
            asked.member.id,
            amount_micros=micros.parse_euros(form.text("amount"), field="amount"),
            provider=form.text("provider"),
            now=asked.now,
        )
    except (*forms.Refusals, ProviderUnavailable) as trouble:
        return await _wallet(asked, form.refused(trouble))
    # With script the form shows the fee of what is typed, and says which one it showed.
    if asked_for.provider == "sandbox" or form.text("seen_fee") == str(asked_for.fee_micros):
        # A till of our own is reached by its path, under whichever name the browser knows us.
        return forward(asked_for.checkout_url.removeprefix(asked.base_url))
    return forward(f"/deposits/{asked_for.id}")


@page(members_only=True)
async def till(asked: Asked) -> Response:
    """Show a deposit of play money with its decisions; they are taken by the provider's call."""
    found = await deposits.of(asked.house, asked.member.id, asked.part("id"))
    return asked.show("checkout.html", deposit=found)


async def _wallet(asked: Asked, form: Form) -> Response:
    rules = asked.house.rules
    example = _ready(asked) or 10 * EURO
    return asked.show(
        "wallet.html",
        form=form,
        wallet=await wallet.of(asked.house, asked.member.id, now=asked.now),
        deposits=await deposits.mine(asked.house, asked.member.id),
        providers=payments.offered(asked.house),
        rules=rules,
        example=example,
        its_fee=micros.fee(example, basis_points=rules.fee_basis_points),
        reloads=await reload.is_wanted(asked.house, asked.member.id),
    )


def _ready(asked: Asked) -> Micros | None:
    """Give the amount that the address names, if it is one that can be paid in."""
    rules = asked.house.rules
    with suppress(Invalid):
        amount = micros.parse_euros(asked.query("amount") or "", field="amount")
        if rules.deposit_least_micros <= amount <= rules.deposit_most_micros:
            return amount
    return None
