"""Payouts with the password: money leaves only for who knows it, whatever token or session asks.

A stolen token or an open browser is not enough to send money away. Wrong passwords are throttled
as at sign-in, for the network address and for the member.
"""

from __future__ import annotations

from datetime import datetime

from irl.house import House
from irl.members.sign_in import confirm
from irl.money import payout_addresses, payouts
from irl.money.payout import Payout
from irl.money.payout_addresses import PayoutAddress

__all__ = ["ask", "confirm", "set_address"]


async def ask(
    house: House,
    member_id: int,
    *,
    amount_micros: int | None,
    password: str,
    address: str,
    now: datetime,
) -> Payout:
    """Ask for revenue to be paid out; `address` is the network address, for the throttle.

    Raises:
        PasswordRefused: it is not the member's password, with the field `password`.
        Throttled: too many tries.
        Invalid, NoPayoutAddress, NotPayable: as `irl.money.payouts.ask`.
    """
    await confirm(house, member_id, password=password, address=address, now=now)
    return await payouts.ask(house, member_id, amount_micros=amount_micros, now=now)


async def set_address(
    house: House,
    member_id: int,
    *,
    method: str,
    holder: str,
    account: str,
    password: str,
    address: str,
    now: datetime,
) -> PayoutAddress:
    """Say where payouts go: to an IBAN, or to an e-mail address at a provider, the `account`.

    `address` is the network address, for the throttle.

    Raises:
        PasswordRefused: it is not the member's password, with the field `password`.
        Throttled: too many tries.
        Invalid: as `irl.money.payout_addresses.set_to`.
    """
    await confirm(house, member_id, password=password, address=address, now=now)
    return await payout_addresses.set_to(
        house,
        member_id,
        method=method,
        holder=holder,
        address=account,
        now=now,
    )
