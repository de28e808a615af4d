"""The attempts, as data, and how they are climbed.

An attempt is a decoder and a preparation of the picture. Cheap and good ones come first; the first
that reads a text ends the climb, unless there may be more codes beside the one that was read. To
add an attempt, add a line to `LADDER`.
"""

import logging
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from scanner.decoders import DECODERS, Decoder, FloatCorners, Found
from scanner.loading import Grey, Picture
from scanner.sighting import Corners, Look, Sighting

BUDGET_S: Final = 1.5
"""Seconds for one photo; no attempt begins that may end after them, taking as long as the slowest yet."""

MAX_SIGHTINGS: Final = 64
"""Codes of one photo; a sheet of labels has 24 or 40."""

FURTHER_S: Final = 0.5
"""Seconds for further codes in a photo that nobody called a wall, after the first one was read."""

FAR: Final = 0.125
"""A code whose side is a smaller share of the picture's longer side was taken from afar, and may not
be alone: of a wall, a programme, a sheet of labels."""

_LEVELS_SIDE: Final = 300
_LEVELS_REACH: Final = 0.05
_LEVELS_SPAN: Final = 8
"""The greys nearby: taken from a picture of this longer side in pixels, over this share of it, and
stretched from this span of them at least, so that a bare wall stays grey."""

_LARGEST_SIDE: Final = 3200
"""No preparation makes a picture larger than this."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """Pixels for a decoder, and how to find a point of them in the picture they were made of."""

    grey: Grey
    scale: float = 1.0
    border: float = 0


Preparation = Callable[[Picture], Prepared | None]
"""Makes a picture easier to read; None when it would change nothing."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One rung: a name, the name of a decoder, and what is done to the picture first.

    `more` are attempts that are worth their time when others have read something already: they
    see other codes. `frames` are those that are fast enough for a viewfinder.
    """

    name: str
    decoder: str
    prepare: Preparation
    more: bool = False
    frames: bool = False


def as_it_is(picture: Picture) -> Prepared:
    """Leave the picture alone."""
    return Prepared(picture.grey)


def at_most(side: int) -> Preparation:
    """Shrink the picture until its longer side has at most `side` pixels."""

    def prepare(picture: Picture) -> Prepared:
        scale = min(1.0, side / max(picture.grey.shape))
        return Prepared(picture.scaled(scale), scale)

    return prepare


def smaller(side: int) -> Preparation:
    """Shrink a picture that is much larger, whose grain and size cost a decoder most of its time."""

    def prepare(picture: Picture) -> Prepared | None:
        scale = side / max(picture.grey.shape)
        return Prepared(picture.scaled(scale), scale) if scale < 0.8 else None

    return prepare


def long_side(side: int) -> Preparation:
    """Shrink or enlarge the picture until its longer side has `side` pixels."""

    def prepare(picture: Picture) -> Prepared | None:
        scale = side / max(picture.grey.shape)
        return None if 0.95 < scale < 1.05 else Prepared(picture.scaled(scale), scale)

    return prepare


def enlarged(times: float) -> Preparation:
    """Enlarge a small picture."""

    def prepare(picture: Picture) -> Prepared | None:
        scale = min(times, _LARGEST_SIDE / max(picture.grey.shape))
        return Prepared(picture.scaled(scale), scale) if scale > 1.2 else None

    return prepare


def gamma(exponent: float) -> Preparation:
    """Spread the dark (below 1) or the light (above 1) half of the greys."""
    greys = np.linspace(0, 1, 256) ** exponent * 255
    table = greys.round().astype(np.uint8)
    return lambda picture: Prepared(np.asarray(cv2.LUT(picture.grey, table), np.uint8))


def blurred(sigma: float) -> Preparation:
    """Wash out noise, the raster of print and the gaps between dots; sigma in pixels."""
    return lambda picture: Prepared(
        np.asarray(cv2.GaussianBlur(picture.grey, (0, 0), sigma), np.uint8)
    )


def levelled(picture: Picture) -> Prepared:
    """Stretch the greys at each place between the darkest and the lightest nearby.

    Shadows, glare and lamps are larger than a symbol's modules, and go; the modules stay.
    """
    grey = picture.grey
    small = picture.scaled(min(1.0, _LEVELS_SIDE / max(grey.shape)))
    around = max(3, round(max(small.shape) * _LEVELS_REACH) | 1)
    window = np.ones((around, around), np.uint8)
    size = (grey.shape[1], grey.shape[0])
    light, dark = (
        cv2.resize(cv2.GaussianBlur(farthest(small, window), (0, 0), around / 2), size)
        for farthest in (cv2.dilate, cv2.erode)
    )
    span = np.maximum(cv2.subtract(light, dark), _LEVELS_SPAN)
    stretched = cv2.divide(cv2.subtract(grey, dark), span, scale=255)
    return Prepared(np.asarray(stretched, np.uint8))


def sharpened(sigma: float, amount: float) -> Preparation:
    """Undo some blur, by taking more blur away: an unsharp mask of `sigma` pixels."""

    def prepare(picture: Picture) -> Prepared:
        soft = cv2.GaussianBlur(picture.grey, (0, 0), sigma)
        sharp = cv2.addWeighted(picture.grey, 1 + amount, soft, -amount, 0)
        return Prepared(np.asarray(sharp, np.uint8))

    return prepare


def opened(pixels: int) -> Preparation:
    """Let the dark grow together and light specks go, such as the pixels of a screen."""
    square = np.ones((pixels, pixels), np.uint8)
    return lambda picture: Prepared(
        np.asarray(cv2.morphologyEx(picture.grey, cv2.MORPH_OPEN, square), np.uint8)
    )


def chain(*preparations: Preparation) -> Preparation:
    """Do one after the other, each with what the one before it made."""

    def prepare(picture: Picture) -> Prepared | None:
        done = Prepared(picture.grey)
        for preparation in preparations:
            after = preparation(picture)
            if after is None:
                return None
            border = done.border * after.scale + after.border
            done = Prepared(after.grey, done.scale * after.scale, border)
            picture = Picture(after.grey)
        return done

    return prepare


def bordered(pixels: int) -> Preparation:
    """Add the white border that a tightly cut picture lacks."""

    def prepare(picture: Picture) -> Prepared:
        wide = cv2.copyMakeBorder(
            picture.grey, pixels, pixels, pixels, pixels, cv2.BORDER_CONSTANT, value=(255.0,)
        )
        return Prepared(np.asarray(wide, np.uint8), border=pixels)

    return prepare


LADDER: Final[tuple[Attempt, ...]] = (
    Attempt("smaller", "zxing-cpp", smaller(1600)),
    Attempt("plain", "zxing-cpp", as_it_is, more=True, frames=True),
    Attempt("histogram", "zxing-cpp/histogram", as_it_is, more=True, frames=True),
    Attempt("border", "zxing-cpp", chain(at_most(1600), bordered(20))),
    Attempt("levelled", "zxing-cpp/straightened", chain(at_most(800), levelled), more=True),
    Attempt("zbar-sharp", "pyzbar", chain(at_most(500), sharpened(3, 2))),
    Attempt("dark", "zxing-cpp", chain(at_most(1600), gamma(0.5))),
    Attempt("blur", "zxing-cpp", chain(at_most(1600), blurred(2.5))),
    Attempt(
        "sharp",
        "zxing-cpp/straightened",
        chain(at_most(1600), levelled, sharpened(3, 2)),
        more=True,
    ),
    Attempt("soft", "zxing-cpp/straightened", chain(at_most(800), blurred(3), levelled)),
    Attempt("opened", "zxing-cpp/straightened", chain(at_most(500), opened(5))),
    Attempt("histogram-1600", "zxing-cpp/histogram", long_side(1600)),
    Attempt("double", "zxing-cpp/straightened", chain(enlarged(2), sharpened(5, 3))),
    Attempt("opencv", "opencv", at_most(640)),
)


def climb(
    picture: Picture,
    *,
    look: Look = Look.PHOTO,
    ladder: Sequence[Attempt] = LADDER,
    decoders: Mapping[str, Decoder | None] = DECODERS,
    clock: Callable[[], float] = time.monotonic,
    budget_s: float = BUDGET_S,
) -> tuple[Sighting, ...]:
    """Try attempt after attempt until one reads a text or the time is over.

    Args:
        picture: the grey pixels.
        look: how hard to look.
        ladder: the attempts, in order; those whose decoder is missing are left out.
        decoders: by name.
        clock: seconds that never go back.
        budget_s: seconds by which the last attempt should have ended.

    Returns:
        Everything that the successful attempt saw, and what further ones saw beside it where they
        were made; at most `MAX_SIGHTINGS`. Nothing when no attempt read a text.
    """
    now = clock()
    end = now + budget_s
    slowest = 0.0
    seen: list[Sighting] = []
    for attempt in ladder:
        # Some pictures, such as floods of finder patterns, are slow with every decoder.
        if now + slowest >= end:
            break
        if (decoder := decoders.get(attempt.decoder)) is None or not _wanted(attempt, look, seen):
            continue
        new = _new(_try(attempt, decoder, picture), seen)
        begun, now = now, clock()
        slowest = max(slowest, now - begun)
        if new and not seen:
            if not _more_expected(new, picture, look):
                return tuple(new)
            end = end if look is Look.EVERY else min(end, now + FURTHER_S)
        seen += new
    return tuple(seen[:MAX_SIGHTINGS])


def _wanted(attempt: Attempt, look: Look, seen: Sequence[Sighting]) -> bool:
    if look is Look.FRAME:
        return attempt.frames
    return attempt.more or not seen


def _more_expected(seen: Sequence[Sighting], picture: Picture, look: Look) -> bool:
    if look is not Look.PHOTO:
        return look is Look.EVERY
    side = min(math.dist(one.corners[0], one.corners[1]) for one in seen)
    return bool(side < FAR * max(picture.grey.shape) * picture.shrunk)


def _new(found: Sequence[Sighting], seen: Sequence[Sighting]) -> list[Sighting]:
    """Leave out what was seen before: the same text at the same place."""
    return [one for one in found if not any(_same(one, other) for other in seen)]


def _same(one: Sighting, other: Sighting) -> bool:
    # Decoders differ by some pixels in where they see a corner.
    reach = math.dist(one.corners[0], one.corners[2]) / 2
    return one.text == other.text and math.dist(_middle(one), _middle(other)) < reach


def _middle(seen: Sighting) -> tuple[float, float]:
    xs, ys = zip(*seen.corners, strict=True)
    return sum(xs) / 4, sum(ys) / 4


def _try(attempt: Attempt, decoder: Decoder, picture: Picture) -> tuple[Sighting, ...]:
    try:
        prepared = attempt.prepare(picture)
        found = () if prepared is None else decoder(prepared.grey)
    except Exception:  # decoders raise ValueError, UnicodeDecodeError, cv2.error …
        logging.getLogger(__name__).debug("attempt %s raised", attempt.name, exc_info=True)
        return ()
    if prepared is None:
        return ()
    texts = [one for one in found if one.text][:MAX_SIGHTINGS]
    return tuple(_sighting(one, attempt, prepared, picture) for one in texts)


def _sighting(found: Found, attempt: Attempt, prepared: Prepared, picture: Picture) -> Sighting:
    corners = _in_photo(found.corners, prepared, picture)
    return Sighting(text=found.text, corners=corners, attempt=attempt.name)


def _in_photo(corners: FloatCorners, prepared: Prepared, picture: Picture) -> Corners:
    one, two, three, four = (
        (
            round((x - prepared.border) / prepared.scale * picture.shrunk),
            round((y - prepared.border) / prepared.scale * picture.shrunk),
        )
        for x, y in corners
    )
    return one, two, three, four
