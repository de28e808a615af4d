"""Money out: payouts of revenue, where they go, and moves of revenue to funds."""

from __future__ import annotations

from typing_extensions import TypedDict

from api.bodies import Micros, Strict
from api.call import Asked, call
from api.v1.shapes import DayText, MomentText
from irl import month
from irl.members import payouts as with_password
from irl.money import moves, payout_addresses, payouts, revenue
from irl.money.payout import Payout
from irl.money.payout_addresses import PayoutAddress


class NewPayout(Strict):
    """How much to pay out, all that can be if it is left out; and the member's password again."""

    amount_micros: Micros | None = None
    password: str


class NewAddress(Strict):
    """Where payouts go: `sepa` with an IBAN, `paypal` or `skrill` with an e-mail address."""

    method: str
    holder: str
    address: str
    password: str


class NewMove(Strict):
    """How much revenue to move to funds; all that can be if it is left out."""

    amount_micros: Micros | None = None


class PayoutShape(TypedDict):
    """A payout; state is requested, exported, paid or returned; `trouble` says why it came back."""

    id: str
    state: str
    method: str
    holder: str
    address: str
    amount_micros: int
    requested_at: MomentText
    paid_at: MomentText | None
    returned_at: MomentText | None
    trouble: str | None


class OnDayShape(TypedDict):
    """What can be paid out from a day on."""

    payable_on: DayText
    amount_micros: int


class PayoutsShape(TypedDict):
    """What can be paid out now and later, and what was asked for, newest first."""

    payable_micros: int
    held_micros: int
    least_micros: int
    later: list[OnDayShape]
    payouts: list[PayoutShape]


class AddressShape(TypedDict):
    """Where payouts go, as it is kept: names in the letters that banks know."""

    method: str
    holder: str
    address: str


class AddressesShape(TypedDict):
    """Where payouts go, or null; and the methods that this house offers."""

    payout_address: AddressShape | None
    methods: list[str]


class MoveShape(TypedDict):
    """Revenue that became funds."""

    amount_micros: int
    moved_at: MomentText


class MovesShape(TypedDict):
    """One's moves, newest first."""

    moves: list[MoveShape]


@call(scope="wallet", answer=PayoutsShape)
async def mine(asked: Asked) -> PayoutsShape:
    """Get what of one's revenue can be paid out and from when, and one's payouts."""
    there = await revenue.of(asked.house, asked.member.id, now=asked.now)
    found = await payouts.mine(asked.house, asked.member.id)
    return PayoutsShape(
        payable_micros=there.payable_micros,
        held_micros=there.held_micros,
        least_micros=asked.house.rules.payout_least_micros,
        later=[
            OnDayShape(
                payable_on=month.from_day(on.payable_on).isoformat(),
                amount_micros=on.amount_micros,
            )
            for on in there.later
        ],
        payouts=[payout_shape(payout) for payout in found],
    )


@call(scope="wallet", body=NewPayout, answer=PayoutShape, status=201)
async def ask(asked: Asked, new: NewPayout) -> PayoutShape:
    """Ask for a payout; whole cents, and at least `least_micros`. Told by mail."""
    payout = await with_password.ask(
        asked.house,
        asked.member.id,
        amount_micros=new.amount_micros,
        password=new.password,
        address=asked.address,
        now=asked.now,
    )
    return payout_shape(payout)


@call(scope="wallet", answer=PayoutShape)
async def of(asked: Asked) -> PayoutShape:
    """Get a payout of one's own."""
    return payout_shape(await payouts.of(asked.house, asked.member.id, asked.part("id")))


@call(scope="wallet", answer=AddressesShape)
async def address(asked: Asked) -> AddressesShape:
    """Get where one's payouts go."""
    return _addresses(asked, await payout_addresses.of(asked.house, asked.member.id))


@call(scope="wallet", body=NewAddress, answer=AddressesShape)
async def set_address(asked: Asked, new: NewAddress) -> AddressesShape:
    """Say where payouts go from now on; told by mail."""
    found = await with_password.set_address(
        asked.house,
        asked.member.id,
        method=new.method,
        holder=new.holder,
        account=new.address,
        password=new.password,
        address=asked.address,
        now=asked.now,
    )
    return _addresses(asked, found)


@call(scope="wallet", body=NewMove, answer=MoveShape, status=201)
async def move(asked: Asked, new: NewMove) -> MoveShape:
    """Move revenue to funds, at once; it keeps the day from which it can be paid out."""
    made = await moves.to_funds(
        asked.house, asked.member.id, amount_micros=new.amount_micros, now=asked.now
    )
    return _move(made)


@call(scope="wallet", answer=MovesShape)
async def moved(asked: Asked) -> MovesShape:
    """Get one's moves of revenue to funds."""
    found = await moves.mine(asked.house, asked.member.id)
    return MovesShape(moves=[_move(made) for made in found])


def payout_shape(payout: Payout) -> PayoutShape:
    """Present a payout."""
    return PayoutShape(
        id=payout.id,
        state=payout.state,
        method=payout.method,
        holder=payout.holder,
        address=payout.address,
        amount_micros=payout.amount_micros,
        requested_at=month.iso(payout.requested_at),
        paid_at=None if payout.paid_at is None else month.iso(payout.paid_at),
        returned_at=None if payout.returned_at is None else month.iso(payout.returned_at),
        trouble=payout.trouble,
    )


def _addresses(asked: Asked, found: PayoutAddress | None) -> AddressesShape:
    kept = None
    if found is not None:
        kept = AddressShape(method=found.method, holder=found.holder, address=found.address)
    return AddressesShape(payout_address=kept, methods=list(payout_addresses.offered(asked.house)))


def _move(made: moves.Move) -> MoveShape:
    return MoveShape(amount_micros=made.amount_micros, moved_at=month.iso(made.moved_at))
