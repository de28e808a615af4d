"""What the pool and its workers say to each other, and how little of it the pool believes.

Pool to worker: four bytes of length (big endian), one byte that says how hard to look, then the
photo; the length counts both. Worker to pool: four bytes of length, then JSON: one `Hello` when it
is ready, then one answer for each photo:

    {"sightings": [[text, [[x, y], [x, y], [x, y], [x, y]], attempt], …]}
    {"refused": reason}
    {"too_hard": true}

A worker has had hostile pictures in its memory, so its answers are read like a stranger's:
never unpickled, bounded, and of exactly this shape.
"""

import json
from dataclasses import dataclass
from typing import Any, Final

from scanner.errors import REFUSALS, PhotoRefused, PhotoTooHard
from scanner.sighting import Corners, Look, Point, Sighting

LENGTH_BYTES: Final = 4

MAX_ANSWER_BYTES: Final = 4 * 1024 * 1024
"""64 symbols of 7,089 characters each, every one written as a JSON escape, are 2.7 MB."""

MAX_TEXT: Final = 7089
"""Characters of the fullest symbol: version 40-L, digits only (ISO/IEC 18004, table 7)."""

MAX_SIGHTINGS: Final = 64
MAX_NAME: Final = 40
MAX_COORDINATE: Final = 1_000_000


class BadAnswer(Exception):  # it says what came, and is never seen outside the pool
    """A worker said what no honest worker says."""


@dataclass(frozen=True, slots=True)
class Hello:
    """A worker's first words: which decoders it could load, and which limits hold in it."""

    decoders: dict[str, bool]
    sandbox: dict[str, bool]


def photo_head(photo: bytes, look: Look) -> bytes:
    """Write what comes before a photo in a question to a worker."""
    return (1 + len(photo)).to_bytes(LENGTH_BYTES) + bytes([look])


def framed(body: bytes) -> bytes:
    """Put the length before a message."""
    return len(body).to_bytes(LENGTH_BYTES) + body


def say_hello(hello: Hello) -> bytes:
    """Write a worker's first words."""
    return _written({"decoders": hello.decoders, "sandbox": hello.sandbox})


def say_sightings(sightings: tuple[Sighting, ...]) -> bytes:
    """Write what was seen."""
    return _written({"sightings": [[s.text, s.corners, s.attempt] for s in sightings]})


def say_refused(reason: str) -> bytes:
    """Write that the photo was not tried."""
    return _written({"refused": reason})


def say_too_hard() -> bytes:
    """Write that the photo was tried in vain for want of memory."""
    return _written({"too_hard": True})


def _written(answer: dict[str, Any]) -> bytes:
    return framed(json.dumps(answer, separators=(",", ":")).encode())


def hear_hello(body: bytes) -> Hello:
    """Check a worker's first words.

    Raises:
        BadAnswer: they have another shape.
    """
    answer = _object(body, {"decoders", "sandbox"})
    return Hello(decoders=_flags(answer["decoders"]), sandbox=_flags(answer["sandbox"]))


def hear_answer(body: bytes) -> tuple[Sighting, ...]:
    """Check a worker's answer to a photo.

    Returns:
        What the worker saw.

    Raises:
        PhotoRefused, PhotoTooHard: the worker said so.
        BadAnswer: the answer has another shape.
    """
    answer = _object(body)
    match answer:
        case {"sightings": list(sightings)} if len(answer) == 1:
            _believe(len(sightings) <= MAX_SIGHTINGS)
            return tuple(_sighting(one) for one in sightings)
        case {"refused": str(reason)} if len(answer) == 1 and reason in REFUSALS:
            raise PhotoRefused(reason)
        case {"too_hard": True} if len(answer) == 1:
            raise PhotoTooHard
        case _:
            raise BadAnswer


def _object(body: bytes, keys: set[str] | None = None) -> dict[str, Any]:
    try:
        answer = json.loads(body.decode("ascii"))
    except (ValueError, RecursionError):
        raise BadAnswer from None
    if not isinstance(answer, dict) or (keys is not None and set(answer) != keys):
        raise BadAnswer
    return answer


def _believe(fact: bool) -> None:  # noqa: FBT001  # reads as a sentence
    if not fact:
        raise BadAnswer


def _flags(said: Any) -> dict[str, bool]:
    _believe(isinstance(said, dict) and len(said) <= MAX_SIGHTINGS)
    _believe(all(len(name) <= MAX_NAME and isinstance(flag, bool) for name, flag in said.items()))
    return dict(said)


def _sighting(said: Any) -> Sighting:
    _believe(isinstance(said, list) and len(said) == 3)
    text, corners, attempt = said
    return Sighting(
        text=_string(text, MAX_TEXT), corners=_corners(corners), attempt=_string(attempt, MAX_NAME)
    )


def _string(said: Any, longest: int) -> str:
    _believe(isinstance(said, str) and 0 < len(said) <= longest)
    try:
        said.encode()
    except UnicodeEncodeError:  # Half a surrogate pair would fail later, in somebody's answer.
        raise BadAnswer from None
    return str(said)


def _corners(said: Any) -> Corners:
    _believe(isinstance(said, list) and len(said) == 4)
    one, two, three, four = (_point(point) for point in said)
    return one, two, three, four


def _point(said: Any) -> Point:
    _believe(isinstance(said, list) and len(said) == 2)
    _believe(all(type(side) is int and abs(side) <= MAX_COORDINATE for side in said))
    x, y = said
    return x, y
