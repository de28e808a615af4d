"""A payout as its receiver and the operator see it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from irl import month as months
from irl.db import Row
from irl.money.micros import Micros
from irl.money.payout_addresses import Method, masked

State = Literal["requested", "exported", "paid", "returned"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Payout:
    """Money going out; `address` is shortened as it may be shown and mailed."""

    id: str
    state: State
    method: Method
    holder: str
    address: str
    amount_micros: Micros
    requested_at: datetime
    exported_at: datetime | None
    paid_at: datetime | None
    returned_at: datetime | None
    trouble: str | None


def built(row: Row) -> Payout:
    """Make a payout of its row."""

    def moment(instant: int | None) -> datetime | None:
        return None if instant is None else months.from_instant(instant)

    return Payout(
        id=row["public_id"],
        state=row["state"],
        method=row["method"],
        holder=row["holder"],
        address=masked(row["address"]),
        amount_micros=row["amount_micros"],
        requested_at=months.from_instant(row["requested_at"]),
        exported_at=moment(row["exported_at"]),
        paid_at=moment(row["paid_at"]),
        returned_at=moment(row["returned_at"]),
        trouble=row["trouble"],
    )
