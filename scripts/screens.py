"""Makes pictures of all pages, of the same list that tests/browser looks at."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from tests.browser import chromium, pages
from tests.browser.gallery import filled
from tests.browser.phone import LOCALES, Scheme, picked_up
from tests.browser.street import Street, emptied
from tests.service import running

OUT: Final = Path(__file__).parent.parent / "var/screens"
SCHEMES: Final[tuple[Scheme, ...]] = ("light", "dark")


def main() -> None:
    """Fill a house, open each page, and keep what is seen."""
    wanted = _asked()
    program = chromium.find()
    if program is None:
        sys.exit(f"screens: {chromium.MISSING}")
    OUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="irl-screens-") as folder:
        place = Path(folder)
        with running(place, emptied(place)) as service:
            _look(Street(service), program, wanted)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/screens", description=__doc__)
    parser.add_argument("name", nargs="*", help="only pages whose names begin so")
    parser.add_argument("--language", choices=LOCALES, default="en")
    parser.add_argument("--whole", action="store_true", help="the whole page, not one screen of it")
    return parser.parse_args()


def _look(street: Street, program: str, wanted: argparse.Namespace) -> None:
    began = time.monotonic()
    gallery = street.does(lambda cast: filled(cast.house, now=cast.now))
    listed = [one for one in pages.shown() if one.name.startswith(tuple(wanted.name) or "")]
    with chromium.running(program) as browser:
        for one in listed:
            for scheme in SCHEMES:
                phone = picked_up(
                    browser,
                    street.service.url,
                    language=wanted.language,
                    scheme=scheme,
                    density=2,
                )
                if one.who != "visitor":
                    phone.be(street.session_of(gallery.people[one.who]))
                pages.look(phone, one, gallery.words)
                phone.page.screenshot(path=OUT / f"{one.name}.{scheme}.png", full_page=wanted.whole)
                for trouble in phone.troubles:
                    sys.stderr.write(f"{one.name}, {scheme}: {trouble}\n")
                phone.context.close()
    print(f"{len(listed)} pages, light and dark, in {OUT} ({time.monotonic() - began:.0f} s)")


if __name__ == "__main__":
    main()
