"""What happens to a print before its photo is taken: it is bent, scratched, torn, soiled, faded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.studio.dice import Dice, Floats, cloud
from tests.studio.prints import Sheet

Mark = Callable[[Sheet, Dice], None]
Points = NDArray[np.int32]


def damaged(sheet: Sheet, dice: Dice) -> Sheet:
    """Do one to three things to the print, each milder in company."""
    worn = replace(sheet, ink=sheet.ink.copy(), cover=sheet.cover.copy())
    several = dice.whole(1, 3)
    for number in dice.random.permutation(len(MARKS))[:several]:
        MARKS[int(number)](worn, dice.milder(0.75 / several**0.5))
    return worn


def bent(sheet: Sheet, dice: Dice) -> Sheet:
    """Put the print round a bottle, or wave it like a page, across or along."""
    side = dice.chance(0.5)
    turned = _turned(sheet) if side else sheet
    shaped = dice.one_of((_rolled, _rolled, _waved))(turned, dice)
    return _turned(shaped) if side else shaped


def _rolled(sheet: Sheet, dice: Dice) -> Sheet:
    """Roll it round an upright cylinder, seen a little from above."""
    rows, columns = sheet.cover.shape
    half = dice.grown(0.3, 1.15)
    wide = max(8, round(columns * np.sin(half) / half))
    across = np.linspace(-1, 1, wide, dtype=np.float32) * np.float32(np.sin(half))
    turn = np.arcsin(across)
    sag = 1 - np.cos(turn)
    drop = dice.among(-0.25, 0.25) * columns / (2 * half)
    high = rows + round(abs(drop) * float(sag.max()))
    x = np.tile((turn / half + 1) / 2 * (columns - 1), (high, 1))
    y = np.arange(high, dtype=np.float32)[:, None] - drop * sag + min(0.0, drop * float(sag.max()))
    lamp = dice.among(-0.5, 0.5)
    shade = np.clip(np.cos(turn - lamp), 0.12, 1).astype(np.float32)
    left, top, right, bottom = sheet.frame
    ends = np.sin((np.array((left, right)) / columns * 2 - 1) * half) / np.sin(half)
    near = (ends + 1) / 2 * wide
    frame = (float(near[0]), top, float(near[1]), bottom + high - rows)
    return _seen(sheet, x.astype(np.float32), y.astype(np.float32), shade, frame)


def _waved(sheet: Sheet, dice: Dice) -> Sheet:
    """Bend it like a page: waves that come and go along one side."""
    rows, columns = sheet.cover.shape
    x, y = np.meshgrid(np.arange(columns, dtype=np.float32), np.arange(rows, dtype=np.float32))
    length = columns / dice.among(0.7, 1.8)
    phase = (x + y * dice.among(-0.4, 0.4)) / length * 2 * np.pi + dice.among(0, 6)
    depth = dice.grown(0.005, 0.04) * columns
    bend = np.sin(phase) * depth
    steep = np.cos(phase) * (depth / length * 2 * np.pi)
    shade = np.clip(1 + steep * dice.among(-0.5, 0.5), 0.15, 1.2).astype(np.float32)
    across = (x + bend * dice.among(-0.6, 0.6)).astype(np.float32)
    return _seen(sheet, across, (y + bend).astype(np.float32), shade, sheet.frame)


def _seen(
    sheet: Sheet, x: Floats, y: Floats, shade: Floats, frame: tuple[float, float, float, float]
) -> Sheet:
    # Where the bending presses the print together it is drawn with the others' smoothness.
    ink = cv2.remap(sheet.ink, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    cover = cv2.remap(sheet.cover, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    lit = shade if shade.ndim == 2 else np.tile(shade, (len(cover), 1))
    return replace(
        sheet,
        ink=np.asarray(ink * lit[..., None], np.float32),
        cover=np.asarray(cover, np.float32),
        frame=frame,
    )


def _turned(sheet: Sheet) -> Sheet:
    # Turned by a quarter and mirrored; a second time gives the first again.
    left, top, right, bottom = sheet.frame
    ink = np.ascontiguousarray(sheet.ink.transpose(1, 0, 2))
    return replace(
        sheet,
        ink=ink,
        cover=np.ascontiguousarray(sheet.cover.T),
        frame=(top, left, bottom, right),
    )


# --- marks, drawn on the sheet in place ----------------------------------------------------------


def _side(sheet: Sheet) -> float:
    left, _, right, _ = sheet.frame
    return right - left


def _somewhere(sheet: Sheet, dice: Dice, out: float = 0.0) -> NDArray[np.float64]:
    left, top, right, bottom = sheet.frame
    more = out * _side(sheet)
    return np.array((dice.among(left - more, right + more), dice.among(top - more, bottom + more)))


def _stroke(start: NDArray[np.float64], dice: Dice, *, length: float, bend: float) -> Points:
    angle = dice.among(0, 2 * np.pi) + np.cumsum(dice.random.normal(0, bend, 24))
    steps = np.stack((np.cos(angle), np.sin(angle)), axis=1) * length / 24
    return np.asarray((start + np.cumsum(steps, axis=0)).round(), np.int32)


def _scratched(sheet: Sheet, dice: Dice) -> None:
    tone = (0.7, 0.7, 0.7) if dice.chance(0.7) else (0.15, 0.15, 0.15)
    for _ in range(round(dice.grown(2, 32))):
        length = _side(sheet) * dice.among(0.2, 0.9)
        points = _stroke(_somewhere(sheet, dice, 0.2), dice, length=length, bend=0.06)
        thick = max(1, round(sheet.texel * dice.among(0.1, 0.2 + dice.grown(0.1, 0.6))))
        cv2.polylines(sheet.ink, [points], False, tone, thick, cv2.LINE_AA)


def _written_over(sheet: Sheet, dice: Dice) -> None:
    tone = dice.one_of(((0.03, 0.03, 0.03), (0.4, 0.05, 0.03), (0.04, 0.04, 0.5), (0.05, 0.3, 0.1)))
    for _ in range(round(dice.grown(1, 5))):
        length = _side(sheet) * dice.among(0.5, 1.5)
        points = _stroke(_somewhere(sheet, dice), dice, length=length, bend=0.35)
        thick = max(1, round(sheet.texel * dice.grown(0.2, 1.6)))
        cv2.polylines(sheet.ink, [points], False, tone, thick, cv2.LINE_AA)


def _stuck_over(sheet: Sheet, dice: Dice) -> None:
    for _ in range(dice.whole(1, 3)):
        tone = tuple(dice.among(0.03, 0.8) for _ in range(3))
        x, y = _somewhere(sheet, dice, 0.1)
        side = _side(sheet) * dice.grown(0.1, 0.36) * dice.among(0.6, 1.3)
        if dice.chance(0.4):
            middle = (round(float(x)), round(float(y)))
            cv2.circle(sheet.ink, middle, round(side / 2), tone, -1, cv2.LINE_AA)
            continue
        size = (side, side * dice.among(0.3, 1))
        corners = cv2.boxPoints(((float(x), float(y)), size, dice.among(0, 90)))
        cv2.fillConvexPoly(sheet.ink, corners.round().astype(np.int32), tone, cv2.LINE_AA)


def _torn(sheet: Sheet, dice: Dice) -> None:
    """Tear a corner or a side off: the place behind shows, and a white edge of fibres."""
    left, top, right, bottom = sheet.frame
    middle = np.array(((left + right) / 2, (top + bottom) / 2))
    angle = dice.among(0, 2 * np.pi)
    away = np.array((np.cos(angle), np.sin(angle)))
    reach = _side(sheet) * (0.62 - dice.grown(0.0, 0.3))
    aside = np.array((-away[1], away[0])) * 2 * _side(sheet)
    steps = np.linspace(-1, 1, 60)[:, None]
    ragged = np.cumsum(dice.random.normal(0, 0.012, 60))[:, None] * _side(sheet)
    edge = middle + away * (reach + ragged) + aside * steps
    off = np.concatenate((edge, edge[::-1] + away * 5 * _side(sheet))).round().astype(np.int32)
    cv2.polylines(
        sheet.ink, [off[:60]], False, (0.85, 0.85, 0.85), max(1, sheet.texel // 2), cv2.LINE_AA
    )
    cv2.fillPoly(sheet.cover, [off], (0.0,), cv2.LINE_AA)


def _soiled(sheet: Sheet, dice: Dice) -> None:
    rows, columns = sheet.cover.shape
    stains = cloud(dice, rows, columns, _side(sheet) * dice.among(0.06, 0.3))
    stains += 0.5 * cloud(dice, rows, columns, _side(sheet) * 0.03)
    # The stains' darkest part is as dark as ink, and no threshold tells them apart.
    mud = np.clip((stains - dice.grown(1.15, 0.75)) * 6, 0, 1) * dice.grown(0.7, 0.97)
    tone = np.array((0.02, 0.04, 0.06), np.float32)
    sheet.ink[:] = sheet.ink * (1 - mud[..., None]) + tone * mud[..., None]


def _creased(sheet: Sheet, dice: Dice) -> None:
    """Fold it: paper shows along the line, and both halves take light differently."""
    ink = sheet.ink
    rows, columns = sheet.cover.shape
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
    for _ in range(dice.whole(1, 3)):
        at, angle = _somewhere(sheet, dice), dice.among(0, np.pi)
        off = (x - at[0]) * np.cos(angle) + (y - at[1]) * np.sin(angle)
        fall = dice.grown(0.1, 0.75) * np.exp(-np.abs(off) / (_side(sheet) * 0.25)) * (off > 0)
        ink *= (1 - fall)[..., None]
        line = np.clip(sheet.texel * dice.grown(0.3, 1.15) - np.abs(off), 0, 1)
        line *= cloud(dice, rows, columns, sheet.texel) > dice.grown(0.5, 0.2)
        ink += line[..., None] * (0.75 - ink)


def _faded(sheet: Sheet, dice: Dice) -> None:
    """Let ink go in the sun or with an empty cartridge: patches and stripes of it are pale."""
    rows, columns = sheet.cover.shape
    patches = cloud(dice, rows, columns, _side(sheet) * dice.among(0.15, 0.6))
    if dice.chance(0.5):
        stripes = cloud(dice, rows, 4, sheet.texel * 2)[:, :1]
        patches = np.asarray((patches + stripes) / 2, np.float32)
    pale = np.clip(dice.grown(0.3, 1.15) * (0.45 + patches), 0, 0.985)
    ink = sheet.ink
    ink += pale[..., None] * (ink.reshape(-1, 3).max(axis=0) - ink)


MARKS: Final[tuple[Mark, ...]] = (
    _scratched,
    _written_over,
    _stuck_over,
    _torn,
    _soiled,
    _creased,
    _faded,
)


# --- a screen ------------------------------------------------------------------------------------


def shown(sheet: Sheet, dice: Dice) -> Sheet:
    """Show the print on a screen: pixels of three stripes with dark gaps, in a dark frame."""
    dots = dice.whole(2, 5)  # of the screen, a module
    scale = dots / sheet.texel
    size = [max(8, round(side * scale)) for side in sheet.cover.shape[::-1]]
    shrunk = cv2.resize(sheet.ink, size, interpolation=cv2.INTER_AREA)
    rim, bezel = dice.whole(2, 8) * dots, 2 * dots
    wide = np.pad(shrunk, ((rim, rim), (rim, rim), (0, 0)), constant_values=0.6)
    leak = dice.grown(0.01, 0.12)  # black is not black
    cells = np.kron(wide + leak, np.ones((3, 3, 1), np.float32))
    cells *= np.tile(_stripes(dice), (*wide.shape[:2], 1))
    edge = bezel * 3
    framed = np.pad(cells, ((edge, edge), (edge, edge), (0, 0)), constant_values=0.015)
    times = 3 * scale
    frame = [value * times + 3 * rim + edge for value in sheet.frame]
    cover = np.ones(framed.shape[:2], np.float32)
    one, two, three, four = frame
    return Sheet(np.asarray(framed, np.float32), cover, 3 * dots, (one, two, three, four))


def _stripes(dice: Dice) -> Floats:
    gap = 1 - dice.grown(0.3, 0.95)
    cell = np.zeros((3, 3, 3), np.float32)
    for stripe in range(3):
        cell[:, stripe, 2 - stripe] = 3.0
    cell += (1 - dice.grown(0.4, 1.0)) * (1.0 - cell)
    cell[2] *= gap
    return cell
