"""Figures of one process and of many tries."""

from __future__ import annotations

import math
import resource
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path


def p95(values: Sequence[float]) -> float:
    """Give the smallest value that 95 of 100 do not exceed (nearest rank)."""
    return sorted(values)[math.ceil(0.95 * len(values)) - 1]


def peak_mb() -> float:
    """Give this process's peak of memory; ru_maxrss would begin with that of who started it."""
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return round(int(line.split()[1]) / 1024, 1)
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)
