"""The whole way of one photo in one process; `scanner.read` and the workers both go it."""

from scanner import guards, ladder, loading
from scanner.sighting import Sighting


def read(photo: bytes) -> tuple[Sighting, ...]:
    """Guard, load, climb. See `scanner.read`."""
    header = guards.inspect(photo)
    return ladder.climb(loading.load(photo, header))
