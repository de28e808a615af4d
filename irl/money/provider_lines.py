"""Lines of a provider's report about no deposit and no payout: the operator says what they are.

What a provider charged the house, for instance for a dispute, comes out of the house's losses,
since no deposit's fee is for it; what it gave back of that goes there. What was moved between the
provider and the house's bank is on the bank's account `sepa`, by which payouts leave too.

A line is booked once, by the provider's own id of it. Its amounts have the sign of what it did to
the provider's account as the provider shows it: below zero, something left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.dialects import postgresql, sqlite

from irl import month as months
from irl.db import Connection, ForRows
from irl.money import ledger
from irl.money.ledger import LOSS, Account, Transfer
from irl.money.micros import Micros
from irl.schema import provider_lines

REF_MOST: Final = 100
"""Characters of a provider's own id; PayPal's have 17."""

_CHARGE: Final = "provider_charge"
_MOVED: Final = "provider_moved"

_BOOKED: Final = ForRows(
    f"""SELECT l.provider_ref, t.kind,
          CASE t.debit_account WHEN given.account THEN t.amount_micros ELSE -t.amount_micros END
            AS micros
        FROM given CROSS JOIN provider_lines l
        JOIN transfers t ON t.subject = l.id AND t.kind IN ('{_CHARGE}', '{_MOVED}')
        WHERE l.provider = given.provider AND l.provider_ref = given.ref""",  # noqa: S608 - our own
    {"provider": "text", "ref": "text", "account": "number"},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a line did to the provider's account: by a charge, and by money that was moved."""

    charged: Micros
    moved: Micros

    @property
    def net(self) -> int:
        """Both together, in micro-euros."""
        return self.charged + self.moved


async def booked(connection: Connection, provider: str, refs: Sequence[str]) -> dict[str, Change]:
    """Give what the ledger says of those lines that were booked, by the provider's own ids."""
    account = ledger.provider(provider)
    found: dict[str, dict[str, Micros]] = {}
    for row in await connection.all(_BOOKED, rows=[[provider, ref, account] for ref in refs]):
        kinds = found.setdefault(row["provider_ref"], {_CHARGE: Micros(0), _MOVED: Micros(0)})
        kinds[row["kind"]] = row["micros"]
    return {
        ref: Change(charged=kinds[_CHARGE], moved=kinds[_MOVED]) for ref, kinds in found.items()
    }


async def book(
    connection: Connection, *, provider: str, changes: Mapping[str, Change], now: datetime
) -> int:
    """Book lines in the caller's transaction; one that was booked before stays as it is.

    Args:
        connection: of the caller's transaction.
        provider: whose lines they are.
        changes: by the provider's own ids; each changes something.
        now: the moment of booking.

    Returns:
        How many were booked now.
    """
    into = (sqlite if connection.engine == "sqlite" else postgresql).insert(provider_lines)
    account = ledger.provider(provider)
    transfers: list[Transfer] = []
    done = 0
    for ref, change in sorted(changes.items()):
        line_id = await connection.value(
            into.values(
                provider=provider,
                provider_ref=ref,
                charged_micros=change.charged,
                moved_micros=change.moved,
                booked_at=months.to_instant(now),
            )
            .on_conflict_do_nothing()
            .returning(provider_lines.c.id)
        )
        if line_id is None:
            continue
        done += 1
        for kind, micros, other in (
            (_CHARGE, change.charged, LOSS),
            (_MOVED, change.moved, ledger.provider("sepa")),
        ):
            if micros:
                transfers.append(_transfer(kind, line_id, micros, account, other))
    posted = await ledger.post(connection, transfers, now=now)
    assert posted, "a new line has no transfers"
    return done


def _transfer(kind: str, line_id: int, micros: int, account: Account, other: Account) -> Transfer:
    """What the provider holds is a debit of its account, so what leaves it is a credit."""
    debit, credit = (other, account) if micros < 0 else (account, other)
    return Transfer(
        kind=kind, subject=line_id, debit=debit, credit=credit, amount=Micros(abs(micros))
    )
