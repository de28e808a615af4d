"""Play money: a person decides what the provider would tell, on the same way as the real ones."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from irl.errors import Invalid, NotFound
from irl.house import House
from irl.money import booking
from irl.sentence import Sentence

DECISIONS: Final = ("approve", "decline", "chargeback")


async def decide(house: House, deposit_id: str, decision: str, *, now: datetime) -> None:
    """Decide a play-money deposit.

    Raises:
        NotFound: there is no such deposit, or money is not played with here.
        Invalid: not approve, decline or chargeback, with the field `decision`.
        DepositDecided: it contradicts what was decided before.
    """
    if not house.settings.plays:
        raise NotFound("Money is not played with here.")
    if decision not in DECISIONS:
        raise Invalid(
            Sentence("A decision is one of {decisions}.", decisions=", ".join(DECISIONS)),
            field="decision",
        )
    await booking.told(house, provider="sandbox", deposit_id=deposit_id, what=decision, now=now)
