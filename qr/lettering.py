"""Letters on paper: embedded fonts, text that these fonts can show, lines that fit.

DejaVu (Latin, Greek, Cyrillic and more) is taken where the system has it; Debian's package is
fonts-dejavu-core. Bitstream Vera, which comes with reportlab, is the fall-back; it has Latin
letters only. Fonts are always embedded: a print shop has others.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont

__all__ = ["FONT_DIRECTORIES", "TEXT_LIMIT", "Faces", "Lines", "faces", "fit", "printable"]

# Debian and Ubuntu, Fedora, Arch, older Fedora, FreeBSD, macOS.
FONT_DIRECTORIES: Final = tuple(
    Path(directory)
    for directory in (
        "/usr/share/fonts/truetype/dejavu",
        "/usr/share/fonts/dejavu-sans-fonts",
        "/usr/share/fonts/TTF",
        "/usr/share/fonts/dejavu",
        "/usr/local/share/fonts/dejavu",
        "/Library/Fonts",
    )
)
# More letters than any label has room for; the rest is not even measured.
TEXT_LIMIT: Final = 500

_UNKNOWN: Final = "?"
_CUT: Final = "…"
_LEADING: Final = 1.2
# No line is broken there: no-break space, and the narrow one (Unicode Standard Annex 14, class GL).
_KEPT_TOGETHER: Final = frozenset("\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}")


@dataclass(frozen=True, slots=True)
class Faces:
    """Names of three registered fonts. In `code` no zero looks like an O, if the system can."""

    plain: str
    bold: str
    code: str


@dataclass(frozen=True, slots=True)
class Lines:
    """Text set in lines that fit: font size and height of the whole in points."""

    lines: tuple[str, ...]
    font: str
    size: float

    @property
    def leading(self) -> float:
        """From one base line to the next, in points."""
        return self.size * _LEADING

    @property
    def height(self) -> float:
        """Of all lines, in points."""
        return self.leading * len(self.lines)


@lru_cache(maxsize=4)
def faces(directories: tuple[Path, ...] = FONT_DIRECTORIES) -> Faces:
    """The fonts of the first directory that has all three files of DejaVu, else Vera's."""
    for directory in directories:
        try:
            return Faces(
                plain=_register("DejaVuSans", directory),
                bold=_register("DejaVuSans-Bold", directory),
                code=_register("DejaVuSansMono-Bold", directory),
            )
        except TTFError:
            continue
    return Faces(plain=_register("Vera"), bold=_register("VeraBd"), code=_register("VeraBd"))


def printable(text: str, font: str | None = None) -> str:
    """One line of text that a font can show: no control characters, single blanks.

    A letter that the font lacks becomes its base letters (Unicode's compatibility
    decomposition) if the font has those, else a question mark. Without a font all letters stay.
    At most `TEXT_LIMIT` characters come back.
    """
    composed = unicodedata.normalize("NFC", text[: 4 * TEXT_LIMIT])
    # Without control characters, format characters (overrides of direction) and half pairs.
    clean = (
        " " if c.isspace() and c not in _KEPT_TOGETHER else c
        for c in composed
        if c.isspace() or unicodedata.category(c) not in {"Cc", "Cf", "Cs"}
    )
    if font is not None:
        glyphs = pdfmetrics.getFont(font).face.charToGlyph
        clean = (c if ord(c) in glyphs else _substitute(c, glyphs) for c in clean)
    return " ".join(_words("".join(clean)))[:TEXT_LIMIT].strip()


def fit(text: str, *, font: str, width: float, tries: Sequence[tuple[float, int]]) -> Lines:
    """Set text in the first of these sizes in which it fits; in the last it is cut with "…".

    A size in which a word is wider than a line is passed over, unless it is the last.

    Args:
        text: what to set; made `printable` first.
        font: a registered font, such as of `faces`.
        width: of a line, in points.
        tries: font size in points and most lines, large sizes first.
    """
    shown = printable(text, font)
    for size, most in tries[:-1]:
        widest = max((_width(word, font, size) for word in _words(shown)), default=0.0)
        lines = _wrap(shown, font=font, size=size, width=width)
        if widest <= width and len(lines) <= most:
            return Lines(tuple(lines), font, size)
    size, most = tries[-1]
    lines = _wrap(shown, font=font, size=size, width=width)
    if len(lines) > most:
        lines = [*lines[: most - 1], _cut(lines[most - 1], font=font, size=size, width=width)]
    return Lines(tuple(lines), font, size)


def _register(name: str, directory: Path | None = None) -> str:
    """Register a font with reportlab and give the name it is known by.

    Raises:
        TTFError: there is no such file, or it is not a font.
    """
    path = f"{name}.ttf" if directory is None else str(directory / f"{name}.ttf")
    registered = name if directory is None else f"{name}@{directory}"
    pdfmetrics.registerFont(TTFont(registered, path))
    return registered


def _substitute(character: str, glyphs: dict[int, int]) -> str:
    parts = unicodedata.normalize("NFKD", character)
    base = "".join(c for c in parts if not unicodedata.combining(c))
    if unicodedata.category(character).startswith("M"):
        return ""
    return base if base and all(ord(c) in glyphs for c in base) else _UNKNOWN


def _words(text: str) -> list[str]:
    """Give the words between blanks; a blank that keeps together is none of these."""
    return [word for word in text.split(" ") if word]


def _width(text: str, font: str, size: float) -> float:
    return float(pdfmetrics.stringWidth(text, font, size))


def _wrap(text: str, *, font: str, size: float, width: float) -> list[str]:
    """Break at blanks, and inside a word only where it alone is wider than a line."""
    lines: list[str] = []
    line = ""
    for word in _words(text):
        longer = f"{line} {word}" if line else word
        if _width(longer, font, size) <= width:
            line = longer
            continue
        if line:
            lines.append(line)
        *full, line = _pieces(word, font=font, size=size, width=width)
        lines.extend(full)
    return [*lines, line] if line else lines


def _pieces(word: str, *, font: str, size: float, width: float) -> list[str]:
    pieces = [""]
    for character in word:
        if pieces[-1] and _width(pieces[-1] + character, font, size) > width:
            pieces.append("")
        pieces[-1] += character
    return pieces


def _cut(line: str, *, font: str, size: float, width: float) -> str:
    while line and _width(line + _CUT, font, size) > width:
        line = line[:-1]
    return line.rstrip() + _CUT
