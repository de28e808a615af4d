"""Deposits: money in; and the decisions of play money."""

from __future__ import annotations

from starlette.responses import RedirectResponse, Response
from typing_extensions import TypedDict

from api.bodies import Micros, Strict
from api.call import Asked, call
from api.v1.shapes import AddressText, MomentText
from irl import month
from irl.money import deposits
from irl.money.deposits import Deposit
from irl.money.payments import sandbox


class NewDeposit(Strict):
    """How much to pay in, the fee included, and by which provider."""

    amount_micros: Micros
    provider: str


class DepositShape(TypedDict):
    """A deposit; `checkout_url` is where it is paid, state is pending, booked, declined or reversed."""

    id: str
    provider: str
    state: str
    amount_micros: int
    fee_micros: int
    net_micros: int
    checkout_url: AddressText
    created_at: MomentText


class DepositsShape(TypedDict):
    """One's deposits, newest first."""

    deposits: list[DepositShape]


class Decision(Strict):
    """What the provider of play money is to tell: approve, decline or chargeback."""

    decision: str


@call(scope="wallet", body=NewDeposit, answer=DepositShape, status=201)
async def ask(asked: Asked, new: NewDeposit) -> DepositShape:
    """Ask for a deposit; the answer tells the fee and where to pay."""
    deposit = await deposits.ask(
        asked.house,
        asked.member.id,
        amount_micros=new.amount_micros,
        provider=new.provider,
        now=asked.now,
    )
    return deposit_shape(deposit)


@call(scope="wallet", answer=DepositShape)
async def of(asked: Asked) -> DepositShape:
    """Get a deposit of one's own."""
    return deposit_shape(await deposits.of(asked.house, asked.member.id, asked.part("id")))


@call(scope="wallet", answer=DepositsShape)
async def mine(asked: Asked) -> DepositsShape:
    """Get one's own deposits."""
    found = await deposits.mine(asked.house, asked.member.id)
    return DepositsShape(deposits=[deposit_shape(deposit) for deposit in found])


@call(form=Decision, status=303)
async def decide(asked: Asked, said: Decision) -> Response:
    """Decide a deposit of play money, as its provider would; only in the sandbox."""
    deposit_id = asked.part("id")
    await sandbox.decide(asked.house, deposit_id, said.decision, now=asked.now)
    return RedirectResponse(f"/sandbox/checkout/{deposit_id}", status_code=303)


def deposit_shape(deposit: Deposit) -> DepositShape:
    """Present a deposit."""
    return DepositShape(
        id=deposit.id,
        provider=deposit.provider,
        state=deposit.state,
        amount_micros=deposit.amount_micros,
        fee_micros=deposit.fee_micros,
        net_micros=deposit.net_micros,
        checkout_url=deposit.checkout_url,
        created_at=month.iso(deposit.created_at),
    )
