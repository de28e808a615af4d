"""Photos that are hard to read, one kind of damage at a time, the same for the same seed.

    from tests.damage import KINDS, hard
    taken = hard("blurred", 7)          # taken.jpeg, taken.texts

Each seed throws a severity from hardly visible to hopeless. What is physically first comes first:
print, wear, shape, place, light, lens, grain, JPEG. Light is linear until the grain.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from tests.studio import lens, light, places, prints, wear
from tests.studio.dice import Dice, Floats, Span
from tests.studio.lens import Aim
from tests.studio.prints import Sheet, Style

BIG_EVERY: Final = 6
"""One photo in so many has 8 to 12 megapixels, the others 1 to 2."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A photo, and all texts that are in it."""

    jpeg: bytes
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of damage, as mild and worst values and as what is done where.

    Args:
        share: of the photo's shorter side that the symbols take, if `module` is not given.
        module: pixels a module, mild and worst.
        versions: of codes that are not ours.
        ours: share of codes that are ours.
        count: codes on the sheet.
        style: how they are printed.
        roll, tilt: degrees either way, mild and worst.
        wear: what happens to the sheet.
        shade: what happens to the light that falls on it.
        shine: what is added to the light that comes from it.
        blur: what the lens does, beyond a little softness.
        exposure: what the light is multiplied with.
        grain, quality: of the picture, mild and worst.
        soft: sigma of the good lens in modules, mild and worst.
    """

    share: Span = (0.25, 0.75)
    module: Span | None = None
    versions: tuple[int, int] = (1, 10)
    ours: float = 2 / 3
    count: Span = (1, 1)
    style: Callable[[Dice], Style] = prints.plain
    places: tuple[places.Place, ...] = places.CALM
    roll: Span = (10, 20)
    tilt: Span = (5, 15)
    wear: tuple[Callable[[Sheet, Dice], Sheet], ...] = ()
    sharp: bool = False
    uneven: Span = (0.1, 0.4)
    shade: tuple[Callable[[Floats, Aim, Dice], None], ...] = ()
    shine: tuple[Callable[[Floats, Aim, Dice], None], ...] = ()
    blur: Callable[[Floats, Aim, Dice], Floats] | None = None
    exposure: Callable[[Dice], float] = lambda dice: dice.among(0.75, 1.1)
    grain: Span = (1, 3.5)
    coarse: float = 0.0
    quality: Span = (92, 75)
    soft: Span = (0.06, 0.2)
    severity: Span = (0.0, 1.0)


def hard(kind: str, seed: int, *, severity: float | None = None) -> Taken:
    """Take a photo of one kind of damage.

    Args:
        kind: one of `KINDS`.
        seed: decides everything; another kind is another photo.
        severity: 0 for hardly visible to 1 for hopeless; thrown by the seed when not given.
    """
    how = KINDS[kind]
    random = np.random.default_rng([seed, *kind.encode()])
    thrown = float(random.uniform(*how.severity))
    dice = Dice(random, thrown if severity is None else severity)
    width, height = _size(dice, big=seed % BIG_EVERY == BIG_EVERY - 1)
    codes = _codes(how, dice)
    sheet, module = _sheet(how, codes, dice, min(width, height))
    for change in how.wear:
        sheet = change(sheet, dice)
    scene = dice.one_of(how.places)(dice, height, width)
    aim = lens.hung(sheet, scene, _pose(how, dice, module), dice, sharp=how.sharp)
    exposed = _exposed(how, scene, aim, dice)
    pixels = lens.developed(exposed, dice, grain=dice.grown(*how.grain), coarse=how.coarse)
    texts = tuple(dict.fromkeys(code.text for code in codes))
    return Taken(lens.jpeg(pixels, round(dice.grown(*how.quality))), texts)


def _size(dice: Dice, *, big: bool) -> tuple[int, int]:
    pixels = dice.among(8e6, 12e6) if big else dice.among(1e6, 2e6)
    short = round((pixels * 3 / 4) ** 0.5)
    long = round(short * 4 / 3)
    return (short, long) if dice.chance(0.6) else (long, short)


def _codes(how: Kind, dice: Dice) -> tuple[prints.Code, ...]:
    low, high = how.count
    ours = dice.chance(how.ours)
    draw = prints.ours if ours else lambda dice: prints.anybodys(dice, how.versions)
    return tuple(draw(dice) for _ in range(dice.whole(int(low), int(high))))


def _sheet(
    how: Kind, codes: tuple[prints.Code, ...], dice: Dice, short: int
) -> tuple[Sheet, float]:
    style = how.style(dice)
    rows = max(1, round((len(codes) * 1.2) ** 0.5))
    columns = -(-len(codes) // rows)
    side = max(len(code.dark) for code in codes)
    modules = columns * (side + 2 * style.quiet) if len(codes) > 1 else side
    module = dice.among(*how.share) * short / modules
    if how.module:
        # A symbol with so many pixels a module still has to fit into the picture.
        module = min(dice.grown(*how.module) * dice.among(0.9, 1.1), 0.75 * short / modules)
    texel = int(np.clip(np.ceil(module * 1.3), 4, 16))
    if len(codes) > 1 or side > 60:
        texel = min(texel, 8)
    return prints.label(codes, columns=columns, texel=texel, dice=dice, style=style), module


def _pose(how: Kind, dice: Dice, module: float) -> lens.Pose:
    roll = dice.grown(*how.roll) * dice.among(-1, 1)
    tilt, way = dice.grown(*how.tilt), dice.among(0, 2 * np.pi)
    pitch, yaw = tilt * np.cos(way), tilt * np.sin(way)
    return lens.Pose(roll=roll, pitch=float(pitch), yaw=float(yaw), module=module)


def _exposed(how: Kind, scene: Floats, aim: Aim, dice: Dice) -> Floats:
    falling = lens.even_light(dice, scene, dice.grown(*how.uneven))
    for shade in how.shade:
        shade(falling, aim, dice)
    blue, green, red = lens.white_balance(dice)
    gain = how.exposure(dice)
    lens.lit(scene, falling, gains=(blue * gain, green * gain, red * gain))
    for shine in how.shine:
        shine(scene, aim, dice)
    if how.blur:
        scene = how.blur(scene, aim, dice)
    return lens.softened(scene, min(0.5 + dice.grown(*how.soft) * aim.module, 3.0))


def _out_of_focus_or_shaken(scene: Floats, aim: Aim, dice: Dice) -> Floats:
    if dice.chance(0.5):
        return lens.defocused(scene, aim.module * dice.grown(0.3, 1.4))
    reach = aim.module * dice.grown(0.6, 3.0)
    return lens.smeared(scene, reach, dice.among(0, np.pi), dice.among(-0.4, 0.4))


def _noncompliant(dice: Dice) -> Style:
    """Break one or two rules of the standard."""
    style = prints.plain(dice)
    for change in dice.random.permutation(6)[: dice.whole(1, 2)]:
        style = replace(style, **ODD[int(change)](dice))
    return style


def _two_colours(dice: Dice) -> dict[str, Any]:
    near = dice.grown(0.02, 0.45)
    dark = tuple(float(value) for value in dice.random.uniform(0.02, 0.05 + near, 3))
    light = tuple(float(value) for value in dice.random.uniform(0.75 - near, 0.85, 3))
    return {"dark": dark, "light": light}


ODD: Final[tuple[Callable[[Dice], dict[str, Any]], ...]] = (
    lambda dice: {"dark": (0.75, 0.78, 0.8), "light": (dice.among(0.02, 0.1),) * 3},
    lambda _: {"quiet": 0, "caption": False},
    _two_colours,
    lambda dice: {"round_dots": dice.grown(1.0, 0.5)},
    lambda dice: {"logo": dice.grown(0.15, 0.42)},
    lambda _: {"mirrored": True},
)


def _far_off(dice: Dice) -> float:
    if dice.chance(0.5):
        return float(0.25 * (1 / 200) ** dice.severity)
    return float(1.5 * 20**dice.severity)


KINDS: Final[dict[str, Kind]] = {
    "blurred": Kind(blur=_out_of_focus_or_shaken),
    "brightness": Kind(exposure=_far_off, grain=(3, 11)),
    "bright_spots": Kind(shine=(light.spots,)),
    "close": Kind(share=(0.8, 1.04), roll=(3, 12), tilt=(2, 10), soft=(0.02, 0.15)),
    "glare": Kind(shine=(light.veil,), grain=(2, 6)),
    "high_version": Kind(module=(5, 1.75), versions=(15, 40), ours=0.0, tilt=(2, 12)),
    "lots": Kind(
        count=(20, 60),
        share=(0.55, 0.95),
        versions=(1, 4),
        roll=(5, 25),
        tilt=(10, 40),
        soft=(0.1, 0.5),
        uneven=(0.2, 0.8),
        grain=(3, 14),
    ),
    "nominal": Kind(share=(0.1, 0.75), soft=(0.06, 0.35), grain=(1, 5)),
    "perspective": Kind(tilt=(40, 80), share=(0.25, 0.7)),
    "rotations": Kind(
        roll=(180, 180), tilt=(5, 60), share=(0.1, 0.45), soft=(0.1, 0.6), grain=(3, 20)
    ),
    "shadows": Kind(shade=(light.shadows,), uneven=(0.3, 0.8)),
    "tiny": Kind(module=(2.6, 1.5), soft=(0.05, 0.15)),
    "noise": Kind(grain=(20, 75), coarse=0.4, quality=(50, 30), share=(0.12, 0.4)),
    "curved": Kind(wear=(wear.bent,), share=(0.35, 0.75)),
    "damaged": Kind(wear=(wear.damaged,), share=(0.3, 0.8)),
    "monitor": Kind(
        wear=(wear.shown,),
        sharp=True,
        shade=(light.bands,),
        shine=(light.mirrored_room,),
        soft=(0, 0.05),
    ),
    "noncompliant": Kind(style=_noncompliant, share=(0.2, 0.7)),
    "busy": Kind(
        places=places.BUSY, share=(0.06, 0.3), soft=(0.1, 0.5), grain=(3, 14), tilt=(5, 45)
    ),
}
