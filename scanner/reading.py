"""The whole way of one photo in one process; `scanner.read` and the workers both go it."""

from scanner import guards, ladder, loading
from scanner.sighting import Look, Sighting


def read(photo: bytes, look: Look = Look.PHOTO) -> tuple[Sighting, ...]:
    """Guard, load, climb. See `scanner.read`."""
    header = guards.inspect(photo)
    return ladder.climb(loading.load(photo, header), look=look)
