"""What a movement is called to the member whose account it is on, on pages and on paper."""

from __future__ import annotations

from typing import Final

from irl.settlement.movements import Account, Movement

_WORDS: Final = {
    "deposit": "Deposit, less its fee",
    "pot": "Given this month",
    "share": "Received this month",
    "reversal_funds": "Deposit reversed",
    "reversal_share": "Taken back: a deposit of a giver was reversed",
    "move": "Revenue moved to funds",
    "payout_request": "Payout",
    "payout_return": "Payout came back",
    "leaving": "Given to charity on leaving",
}


def of(movement: Movement) -> str:
    """Name a movement; a kind without words of its own is called what the ledger calls it."""
    return _WORDS.get(movement.kind) or movement.kind.replace("_", " ").capitalize()


def is_quiet(account: Account) -> bool:
    """Tell whether there was nothing and nothing happened."""
    return not account.movements and account.opening_micros == 0
