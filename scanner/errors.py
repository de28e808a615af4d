"""What can go wrong between a photo and its texts.

    ScannerError
    ├── PhotoRefused    not tried: `reason` is one word of `REFUSALS`
    ├── PhotoTooHard    tried, and not finished within time or memory, or a worker died on it
    ├── ScannerBusy     not tried: too many photos wait already; `retry_after_s`
    └── ScannerDown     the workers cannot be started

A photo without any code is not an error: `read` answers an empty tuple.
"""

from typing import Final

REFUSALS: Final[dict[str, str]] = {
    "animated": "The picture is animated; send a single photo.",
    "broken": "The file is damaged and cannot be opened as a picture.",
    "cut_off": "The file ends before the picture does; send it again.",
    "empty": "The file is empty.",
    "not_a_photo": "The file is not a JPEG, PNG, WebP or HEIC picture.",
    "overstuffed": "The file carries far more besides the picture than a photo does.",
    "too_large": "The file is larger than 12 MiB.",
    "too_many_pixels": "The picture has too many pixels.",
    "too_small": "The picture is too small to show anything.",
    "too_thin": "The picture is more than ten times longer than it is wide.",
}
"""Every reason for which a photo is refused, and the sentence that a person reads."""


class ScannerError(Exception):
    """The base of everything that the scanner raises on purpose."""


class PhotoRefused(ScannerError):  # the name says what happened
    """The photo was not tried; `reason` is a word of `REFUSALS`, the message its sentence."""

    def __init__(self, reason: str) -> None:
        super().__init__(REFUSALS[reason])
        self.reason = reason


class PhotoTooHard(ScannerError):  # the name says what happened
    """The photo took more time or memory than one photo may."""

    def __init__(self) -> None:
        super().__init__("The photo could not be read in the time that one photo has.")


class ScannerBusy(ScannerError):  # the name says what happened
    """Too many photos wait already; it is worth trying again after `retry_after_s` seconds."""

    def __init__(self, *, retry_after_s: int) -> None:
        super().__init__("Too many photos are waiting to be read; try again in a moment.")
        self.retry_after_s = retry_after_s


class ScannerDown(ScannerError):  # the name says what happened
    """No worker could be started."""
