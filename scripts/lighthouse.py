"""Runs Lighthouse before the page of a code in a filled house, and says what it found."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from tests.browser import chromium
from tests.browser.gallery import filled
from tests.browser.street import Street, emptied
from tests.service import running

OUT: Final = Path(__file__).parent.parent / "var/lighthouse/report.json"
MARKS: Final = ("performance", "accessibility", "best-practices")
TIMES: Final = ("first-contentful-paint", "largest-contentful-paint", "total-blocking-time")


def main() -> None:
    """Look at a page as Lighthouse's slow phone: 1.6 Mbit/s, 150 ms, a processor 4 times slower."""
    program, *addresses = sys.argv[1:]
    chrome = chromium.find()
    if chrome is None:
        sys.exit(f"lighthouse: {chromium.MISSING}")
    with tempfile.TemporaryDirectory(prefix="irl-lighthouse-") as folder:
        place = Path(folder)
        with running(place, emptied(place)) as service:
            street = Street(service)
            words = street.does(lambda cast: filled(cast.house, now=cast.now)).words
            for address in addresses or ["/t/{open}"]:
                _tell(address, _look(program, chrome, service.url + address.format_map(words)))


def _look(program: str, chrome: str, url: str) -> dict[str, Any]:
    subprocess.run(
        [
            program,
            url,
            "--quiet",
            "--output=json",
            f"--output-path={OUT}",
            f"--only-categories={','.join(MARKS)}",
            "--chrome-flags=--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage",
        ],
        env=os.environ | {"CHROME_PATH": chrome},
        stdin=subprocess.DEVNULL,
        check=True,
        timeout=240,
    )
    found: dict[str, Any] = json.loads(OUT.read_text())
    return found


def _tell(address: str, found: dict[str, Any]) -> None:
    print(address)
    for mark in MARKS:
        category = found["categories"][mark]
        print(f"  {category['title']:26}{round(100 * category['score']):>6}")
        for part in category["auditRefs"]:
            audit = found["audits"][part["id"]]
            if part["weight"] and audit["score"] is not None and audit["score"] < 1:
                print(f"    {audit['title']}: {audit.get('displayValue', audit['score'])}")
    for name in TIMES:
        audit = found["audits"][name]
        print(f"  {audit['title']:26}{audit['displayValue']:>9}")
    sent = found["audits"]["network-requests"]["details"]["items"]
    print(f"  {'Bytes over the wire':26}{sum(one['transferSize'] for one in sent):>6,}")
    for one in sent:
        print(f"    {one['transferSize']:>6,}  {one['url'].partition('//')[2].partition('/')[2]}")


if __name__ == "__main__":
    main()
