"""Payouts by providers: sent by the clock, each under one key; then asked about until decided.

A payout becomes exported, with what will be said to the provider stored, before anything is said.
After a crash or a time-out the provider is asked, or told the very same again under the same key,
which it knows. What stays unknown stays in transit: nothing here ever makes a new key for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from types import ModuleType
from typing import Any, Final

from irl.db import Row
from irl.errors import ProviderUnavailable
from irl.house import House
from irl.money import payout_addresses, payout_files, payout_queue
from irl.money.payments.outcome import Outcome
from irl.money.payments.paypal import payouts as paypal
from irl.money.payments.skrill import payouts as skrill
from irl.money.payout_addresses import Method
from irl.secret import public_id

_FAILURES_MOST: Final = 3
"""So many without an answer end a round; a single one that always fails holds up no other."""

_PROVIDERS: Final[dict[Method, ModuleType]] = {"paypal": paypal, "skrill": skrill}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """How many payouts were sent now, and what was learnt of these and earlier ones."""

    sent: int = 0
    paid: int = 0
    returned: int = 0

    def __add__(self, other: Sent) -> Sent:
        """Add the counts of another round."""
        return Sent(
            sent=self.sent + other.sent,
            paid=self.paid + other.paid,
            returned=self.returned + other.returned,
        )


async def send_waiting(house: House, *, now: datetime, ask_all: bool = True) -> Sent:
    """Send what waits for the providers that are set up, and ask about what was sent.

    Args:
        house: the house.
        now: the moment.
        ask_all: also about those that the provider is known to have; once an hour is enough.
    """
    done = Sent()
    for method, provider in _PROVIDERS.items():
        if method not in payout_addresses.offered(house):
            continue
        done += await _export(house, method, provider, now=now)
        failures = 0
        for row in await payout_queue.sent(house, method):
            if not ask_all and row["provider_ref"] is not None:
                continue
            try:
                done += _counted(await _step(house, row, provider, now=now))
            except ProviderUnavailable:
                failures += 1
                if failures == _FAILURES_MOST:
                    break  # it is down: the others wait for the next round
    return done


async def heard(house: House, payout_id: str, *, now: datetime) -> Outcome:
    """Ask the provider about a payout of which it said that something became of it.

    What was said is not believed but asked; a payout that is not on its way is left alone.

    Raises:
        ProviderUnavailable: the provider does not answer.
    """
    for method, provider in _PROVIDERS.items():
        for row in await payout_queue.sent(house, method):
            if row["public_id"] == payout_id:
                return await _step(house, row, provider, now=now)
    return "unknown"


async def _export(house: House, method: Method, provider: ModuleType, *, now: datetime) -> Sent:
    count = 0
    for row in await payout_queue.waiting(house, method):
        file_id = public_id()
        body = provider.words(row, file_id=file_id)
        try:
            await payout_files.store(
                house, [row], method=method, file_id=file_id, body=body, now=now
            )
        except payout_files.Changed:
            continue
        count += 1
    return Sent(sent=count)


async def _step(house: House, row: Row, provider: Any, *, now: datetime) -> Outcome:
    verb = provider.send if row["provider_ref"] is None else provider.look
    outcome: Outcome = await verb(house, row, now=now)
    return outcome


def _counted(outcome: Outcome) -> Sent:
    return Sent(paid=outcome == "paid", returned=outcome == "returned")
