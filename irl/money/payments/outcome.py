"""What became of a payout by a provider, as far as it is known."""

from __future__ import annotations

from typing import Literal

Outcome = Literal["paid", "returned", "unknown"]
"""It arrived; it will not, or came back; or nobody knows yet, so it stays in transit."""
