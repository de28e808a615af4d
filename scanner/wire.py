"""What the pool and its workers say to each other, and how little of it the pool believes.

Pool to worker: four bytes of length (big endian), one byte that says how hard to look (or that the
photo is to be drawn anew), then the photo; the length counts both. Worker to pool: four bytes of
length, then JSON: one `Hello` when it is ready, then one answer for each photo:

    {"sightings": [[text, [[x, y], [x, y], [x, y], [x, y]], attempt], …]}
    {"picture": [large, small]}    in base64
    {"refused": reason}
    {"too_hard": true}

A worker has had hostile pictures in its memory, so its answers are read like a stranger's:
never unpickled, bounded, and of exactly this shape.
"""

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any, Final

from scanner import drawn, headers
from scanner.drawn import Picture
from scanner.errors import REFUSALS, PhotoRefused, PhotoTooHard
from scanner.headers import Header
from scanner.sighting import Corners, Look, Point, Sighting

LENGTH_BYTES: Final = 4

DRAW: Final = 64
"""Instead of how hard to look: the photo is to be drawn anew."""

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


def photo_head(photo: bytes, asked: Look | int) -> bytes:
    """Write what comes before a photo in a question to a worker: a `Look`, or `DRAW`."""
    return (1 + len(photo)).to_bytes(LENGTH_BYTES) + bytes([asked])


def framed(body: bytes) -> bytes:
    """Put the length before a message."""
    return len(body).to_bytes(LENGTH_BYTES) + body


def say_hello(hello: Hello) -> bytes:
    """Write a worker's first words."""
    return _written({"decoders": hello.decoders, "sandbox": hello.sandbox})


def say_sightings(sightings: tuple[Sighting, ...]) -> bytes:
    """Write what was seen."""
    return _written({"sightings": [[s.text, s.corners, s.attempt] for s in sightings]})


def say_picture(picture: Picture) -> bytes:
    """Write what was drawn."""
    both = (picture.large, picture.small)
    return _written({"picture": [base64.b64encode(one).decode() for one in both]})


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
    match _answer(body):
        case {"sightings": list(sightings)}:
            _believe(len(sightings) <= MAX_SIGHTINGS)
            return tuple(_sighting(one) for one in sightings)
        case _:
            raise BadAnswer


def hear_picture(body: bytes) -> Picture:
    """Check a worker's answer to a photo that was to be drawn anew.

    Returns:
        What it drew: two pictures of the bounds of `drawn`, with nothing beside the pixels.

    Raises:
        PhotoRefused, PhotoTooHard: the worker said so.
        BadAnswer: the answer has another shape.
    """
    match _answer(body):
        case {"picture": [str(large), str(small)]}:
            shown, header = _bare(large, drawn.LARGE_SIDE, drawn.LARGE_BYTES)
            return Picture(
                large=shown,
                small=_bare(small, drawn.SMALL_SIDE, drawn.SMALL_BYTES)[0],
                width=header.width,
                height=header.height,
            )
        case _:
            raise BadAnswer


def _answer(body: bytes) -> dict[str, Any]:
    """Give an answer of one part that is no trouble; raise those that are."""
    answer = _object(body)
    _believe(len(answer) == 1)
    match answer:
        case {"refused": str(reason)} if reason in REFUSALS:
            raise PhotoRefused(reason)
        case {"too_hard": True}:
            raise PhotoTooHard
    return answer


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


def _bare(said: str, side: int, most: int) -> tuple[bytes, Header]:
    """Give the bytes and the header of a WebP that is one lossy picture and nothing else (RFC 9649, 2.5)."""
    try:
        picture = base64.b64decode(said, validate=True)
        header = headers.walk(picture)
    except (binascii.Error, ValueError, PhotoRefused):
        raise BadAnswer from None
    alone = int.from_bytes(picture[16:20], "little") + 20
    _believe(header.kind == "webp" and picture[12:16] == b"VP8 ")
    _believe(len(picture) - alone in {0, 1} and len(picture) <= most)
    _believe(0 < header.width <= side and 0 < header.height <= side)
    return picture, header
