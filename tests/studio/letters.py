"""Letters on pictures of floats, which OpenCV itself only writes on bytes."""

from __future__ import annotations

import cv2
import numpy as np

from tests.studio.dice import Floats

_FONT = cv2.FONT_HERSHEY_SIMPLEX


def write(
    picture: Floats, text: str, at: tuple[int, int], *, high: float, ink: tuple[float, ...]
) -> None:
    """Write capitals of `high` pixels whose left bottom is at `at`; what is outside is lost."""
    size = high / 22
    thick = max(1, round(size * 2))
    (wide, tall), below = cv2.getTextSize(text, _FONT, size, thick)
    left, top = at[0], at[1] - tall
    rows = len(picture)
    seen = (slice(max(0, top), min(rows, at[1] + below)), slice(max(0, left), left + wide))
    part = picture[seen]
    if not part.size:
        return
    mask = np.zeros((tall + below, wide), np.uint8)
    cv2.putText(mask, text, (0, tall), _FONT, size, (255,), thick, cv2.LINE_AA)
    skipped = max(0, -top), max(0, -left)
    mask = mask[skipped[0] :, skipped[1] :][: part.shape[0], : part.shape[1]]
    drawn = mask.astype(np.float32) / 255
    if part.ndim == 3:
        drawn = drawn[..., None]
    part += drawn * (np.array(ink if part.ndim == 3 else ink[:1], np.float32) - part)
