"""What a movement is called to the member whose account it is on, on pages and on paper."""

from __future__ import annotations

from typing import Final

from irl.language import Language
from irl.sentence import Sentence
from irl.settlement.movements import Account, Movement

_WORDS: Final = {
    "deposit": Sentence("Deposit, less its fee"),
    "pot": Sentence("Given this month"),
    "share": Sentence("Received this month"),
    "reversal_funds": Sentence("Deposit taken back"),
    "reversal_share": Sentence("Taken back: a giver's deposit was reversed"),
    "move": Sentence("Revenue moved to funds"),
    "payout_request": Sentence("Payout"),
    "payout_return": Sentence("Payout came back"),
    "leaving": Sentence("Given to charity on leaving"),
}


def of(movement: Movement, speaks: Language) -> str:
    """Name a movement; a kind without words of its own is called what the ledger calls it."""
    known = _WORDS.get(movement.kind)
    return movement.kind.replace("_", " ").capitalize() if known is None else speaks.says(known)


def is_quiet(account: Account) -> bool:
    """Tell whether there was nothing and nothing happened."""
    return not account.movements and account.opening_micros == 0
