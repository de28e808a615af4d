"""What the house expects of a provider of payments, and the values that pass between them.

A provider has three verbs. It opens a payment for a deposit, and says where to pay. It is asked
what became of one, and takes what the member approved. It tells by itself, in posts that anyone
could send: `heard` believes only those that it can prove. None of them touches the database;
`irl.money.booking` alone does what the news say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal, Protocol

from irl.money.micros import Micros

What = Literal["captured", "declined", "reversed", "approved", "nothing"]
"""What became of a payment: we have the money; we will not have it; it was taken back whole; the
member approved it and it can be taken; or nothing that changes anything."""

CURRENCY = "EUR"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A deposit, as a provider needs to know it."""

    id: str
    amount: Micros
    provider_ref: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A payment that can be made: the provider's own name for it, and where to pay."""

    provider_ref: str | None
    pay_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """How much was paid, in which currency, and whether to us; as the provider wrote it."""

    amount: Decimal
    currency: str
    is_ours: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What a provider tells, proven to come from it.

    Attributes:
        event: the provider's own id of this piece of news.
        kind: the provider's own word for it.
        what: what it means to us.
        deposit_id: the deposit's public id; empty where none is told.
        provider_ref: the provider's name for the payment, where told.
        capture_ref: its name for the money taken, where told.
        paid: what was paid or taken back; needed for what is captured or reversed.
        commission: what the provider kept, where told.
        payout_id: the payout that it is about instead of a deposit.
    """

    event: str
    kind: str
    what: What
    deposit_id: str
    provider_ref: str | None = None
    capture_ref: str | None = None
    paid: Paid | None = None
    commission: Micros | None = None
    payout_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What somebody posted who may be the provider; the names of headers in lower case."""

    headers: Mapping[str, str]
    body: bytes


class Provider(Protocol):
    """A provider of payments."""

    @property
    def name(self) -> str:
        """Its name: the `provider` of a deposit, and its account in the ledger."""
        ...

    @property
    def pay_url_lasts(self) -> bool:
        """Whether where to pay stays good; otherwise it is opened anew before each visit."""
        ...

    async def open(self, wanted: Wanted) -> Opened:
        """Open a payment; doing it again for the same deposit is harmless.

        Raises:
            ProviderUnavailable: it does not answer.
        """
        ...

    async def look(self, wanted: Wanted) -> News | None:
        """Ask what became of a payment, and take it if the member has approved it.

        Raises:
            ProviderUnavailable: it does not answer.
        """
        ...

    async def heard(self, post: Post, *, now: datetime) -> News:
        """Understand what was posted, if it can be proven to come from the provider.

        Raises:
            EventRefused: it cannot.
            ProviderUnavailable: what the proof needs cannot be fetched.
        """
        ...
