"""What every benchmark prints: one JSON line a figure."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A figure; `of` names the baseline's case of the same run, a baseline has no `ratio`."""

    bench: str
    case: str
    value: float
    unit: str
    of: str | None = None
    ratio: float | None = None
    peak_mb: float | None = None

    def line(self) -> str:
        """Give the figure as JSON, without what it does not have."""
        return json.dumps({k: v for k, v in asdict(self).items() if v is not None})


def note(text: str) -> None:
    """Say on standard error what is being done and under which conditions."""
    print(f"bench: {text}", file=sys.stderr, flush=True)
