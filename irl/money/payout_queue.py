"""Payouts that wait for a provider, or for its answer, and what it said of them so far."""

from __future__ import annotations

from typing import Final

from sqlalchemy import bindparam, select, update

from irl.db import Connection, Row
from irl.house import House
from irl.money.payout_addresses import Method
from irl.schema import payout_files, payouts

AT_A_TIME: Final = 200
"""Payouts by a provider that are sent in one round; the next round takes the next."""

_WAITING: Final = (
    select(payouts)
    .where(payouts.c.state == "requested", payouts.c.method == bindparam("method"))
    .order_by(payouts.c.id)
    .limit(AT_A_TIME)
)
_SENT: Final = (
    select(payouts, payout_files.c.body)
    .join(payout_files, payout_files.c.id == payouts.c.file_id)
    .where(payouts.c.state == "exported", payouts.c.method == bindparam("method"))
    .order_by(payouts.c.id)
)


async def waiting(house: House, method: Method) -> list[Row]:
    """Give the rows of payouts that were asked for and not sent yet, oldest first."""
    async with house.db.reading() as connection:
        return await connection.all(_WAITING, method=method)


async def sent(house: House, method: Method) -> list[Row]:
    """Give the rows of payouts that were sent, with what was stored to be said of each."""
    async with house.db.reading() as connection:
        return await connection.all(_SENT, method=method)


async def note(
    house: House, row: Row, *, ref: str | None, trouble: str | None, instead_of: str | None
) -> bool:
    """Note what a provider said of a payout that is sent, without deciding it.

    Returns:
        False if somebody noted another `ref` meanwhile, or decided it: nothing was noted then.
    """

    async def work(connection: Connection) -> bool:
        noted = await connection.value(
            update(payouts)
            .where(payouts.c.id == row["id"], payouts.c.state == "exported")
            .where(payouts.c.provider_ref.is_not_distinct_from(instead_of))
            .values(provider_ref=ref, trouble=trouble)
            .returning(payouts.c.id)
        )
        return noted is not None

    return await house.db.write(work)
