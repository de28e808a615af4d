"""What the studio throws: one seed decides everything of a photo, and how bad it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Span = tuple[float, float]
One = TypeVar("One")


@dataclass(frozen=True, slots=True)
class Dice:
    """Random numbers of one photo; `severity` is 0 for hardly visible and 1 for hopeless."""

    random: np.random.Generator
    severity: float

    def among(self, low: float, high: float) -> float:
        return float(self.random.uniform(low, high))

    def whole(self, low: int, high: int) -> int:
        """Give a whole number, both ends included."""
        return int(self.random.integers(low, high + 1))

    def grown(self, mild: float, worst: float) -> float:
        """Go from mild to worst with the severity."""
        return mild + (worst - mild) * self.severity

    def one_of(self, choices: tuple[One, ...]) -> One:
        return choices[int(self.random.integers(len(choices)))]

    def chance(self, share: float) -> bool:
        return bool(self.random.random() < share)

    def milder(self, times: float) -> Dice:
        """Keep the same throw and less severity, for damage that comes in company."""
        return replace(self, severity=self.severity * times)

    def bits(self) -> Random:
        """Give a generator of Python's own, for what asks for one."""
        return Random(int(self.random.integers(1 << 62)))


def cloud(dice: Dice, height: int, width: int, cell: float) -> Floats:
    """Make soft noise between 0 and 1 whose blotches are about `cell` pixels wide."""
    rows, columns = (max(2, round(side / cell) + 2) for side in (height, width))
    small = dice.random.random((rows, columns), np.float32)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)
