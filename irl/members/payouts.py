"""Payouts with the password: money leaves only for who knows it, whatever token or session asks.

A stolen token or an open browser is not enough to send money away. Wrong passwords are throttled
as at sign-in, for the network address and for the member.
"""

from __future__ import annotations

from datetime import datetime

from irl.house import House
from irl.members.sign_in import confirm
from irl.money import charities, payout_addresses, payouts
from irl.money.payout import Payout
from irl.money.payout_addresses import PayoutAddress

__all__ = ["ask", "ask_for_charity", "confirm", "set_address", "set_charity_account"]


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


async def ask_for_charity(
    house: House,
    operator_id: int,
    charity_id: int,
    *,
    password: str,
    address: str,
    now: datetime,
) -> Payout:
    """Ask for all that a charity can be paid out now, with the operator's own password.

    Raises:
        PasswordRefused, Throttled: as `confirm`.
        NotFound, NoPayoutAddress, NotPayable: as `irl.money.payouts.ask_for_charity`.
    """
    await confirm(house, operator_id, password=password, address=address, now=now)
    return await payouts.ask_for_charity(house, charity_id, now=now)


async def set_charity_account(
    house: House,
    operator_id: int,
    charity_id: int,
    *,
    holder: str,
    iban: str,
    password: str,
    address: str,
    now: datetime,
) -> None:
    """Say where a charity's money goes, with the operator's own password.

    Raises:
        PasswordRefused, Throttled: as `confirm`.
        Invalid, NotFound: as `irl.money.charities.set_account`.
    """
    await confirm(house, operator_id, password=password, address=address, now=now)
    await charities.set_account(house, charity_id, holder=holder, iban=iban)
