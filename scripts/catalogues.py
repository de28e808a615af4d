"""Extracts every text that people read, and brings the catalogues up to date."""

from __future__ import annotations

import inspect
import sys
from io import BytesIO
from pathlib import Path
from typing import Final

import babel
from babel.messages import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

import api.errors
import irl.errors
import qr.errors
import scanner.errors
from irl.language import ENGLISH, NAMES

ROOT: Final = Path(__file__).parent.parent
LOCALES: Final = ROOT / "irl/locales"
_METHODS: Final = [
    ("api/templates/**.html", "jinja2"),
    ("irl/**.py", "python"),
    ("api/**.py", "python"),
]
_ROOMS: Final = (irl.errors, api.errors, qr.errors, scanner.errors)
_ERRORS: Final = [
    name
    for room in _ROOMS
    for name, made in inspect.getmembers(room, inspect.isclass)
    if issubclass(made, Exception)
]
# The first argument of each is what people read. A Kind's title is its third.
_KEYWORDS: Final = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "says": None,
    "count": (1, 2),
    "Sentence": None,
    "Kind": (3,),
    **dict.fromkeys(_ERRORS),
}


_OF_SCANNER: Final = (
    *scanner.errors.REFUSALS.values(),
    str(scanner.errors.PhotoTooHard()),
    str(scanner.errors.ScannerBusy(retry_after_s=1)),
)


def texts() -> Catalog:
    """Give every text of the program, with where it stands."""
    found = Catalog(charset="utf-8", header_comment="")
    for file, line, text, comments, context in extract_from_dir(
        ROOT,
        _METHODS,
        {"api/templates/**.html": {"trimmed": "true", "silent": "false"}},
        _KEYWORDS,
        directory_filter=lambda folder: Path(folder).name not in {".venv", "tests", "var"},
    ):
        found.add(text, None, [(file, line)], auto_comments=comments, context=context)
    # The scanner knows nobody's language; the pages say its sentences.
    for sentence in _OF_SCANNER:
        found.add(sentence)
    return found


def brought_up_to_date(code: str) -> bytes:
    """Give a catalogue with every text of the program: translations stay, what is gone goes."""
    file = LOCALES / f"{code}.po"
    known = Catalog(locale=code)
    if file.exists():
        with file.open("rb") as kept:
            known = read_po(kept, locale=code)
    known.update(texts(), no_fuzzy_matching=True)
    known.obsolete.clear()
    known.fuzzy = False
    known.header_comment = (
        f"# {babel.Locale.parse(code).english_name} of the pages, mails and errors."
    )
    known.project, known.version = "flattr-irl", "0"
    written = BytesIO()
    write_po(written, known, width=100, omit_header=False, sort_output=True, no_location=True)
    lines = written.getvalue().decode().splitlines(keepends=True)
    told = (
        '"POT-Creation',
        '"PO-Revision',
        '"Last-Translator',
        '"Language-Team',
        '"Generated',
        '"Report-Msgid',
    )
    return "".join(line for line in lines if not line.startswith(told)).encode()


def main() -> int:
    """Write the catalogues, or say which would change."""
    stale = []
    for code in sorted(set(NAMES) - {ENGLISH}):
        file, new = LOCALES / f"{code}.po", brought_up_to_date(code)
        if not file.exists() or file.read_bytes() != new:
            stale.append(file.name)
            if "--check" not in sys.argv:
                file.write_bytes(new)
    print(f"changed: {', '.join(stale) or 'nothing'}")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
