"""Every page, for everybody: axe's rules, a narrow screen, large text, and a keyboard alone."""

from __future__ import annotations

import os
import random
from operator import attrgetter
from typing import Any, Final

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser import pages
from tests.browser.conftest import Kept
from tests.browser.pages import Shown
from tests.browser.phone import HEIGHT, LOCALES, WIDTH, Phone, Scheme

AXE: Final = Axe()
NARROW: Final = 320
"""CSS pixels of WCAG 2.2, 1.4.10: a window of 1280 at 400 %."""
TABS_MOST: Final = 150

LOOKS: Final[list[tuple[str, Scheme]]] = [
    (language, scheme) for scheme in ("light", "dark") for language in LOCALES
]
SAMPLE: Final = 12
"""How many of the other looks an ordinary run looks at."""

Look = tuple[Shown, str, Scheme]


def ordinary() -> list[Look]:
    """Give every page in one look: the languages and colours take turns."""
    shown = list(pages.shown())
    return [(one, *LOOKS[place % len(LOOKS)]) for place, one in enumerate(shown)]


def others() -> list[Look]:
    """Give the pages in all other languages and colours; a seeded sample in an ordinary run."""
    taken = {(one.name, language, scheme) for one, language, scheme in ordinary()}
    every = [
        (one, language, scheme)
        for one in pages.shown()
        for language, scheme in LOOKS
        if (one.name, language, scheme) not in taken
    ]
    return every if os.environ.get("IRL_LONG") else random.Random(390).sample(every, SAMPLE)


every_page = pytest.mark.parametrize("one", pages.shown(), ids=attrgetter("name"))

# What a keyboard must reach: one radio button of a group stands for all of them.
_REACHABLE: Final = """
() => {
  const shown = one => one.checkVisibility({ visibilityProperty: true }) && !one.disabled;
  const found = new Map();
  for (const one of document.querySelectorAll(
    "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]"
  )) {
    if (!shown(one) || one.tabIndex < 0) continue;
    found.set(one.type === "radio" ? `radio ${one.name}` : one, one);
  }
  return [...found.values()].map((one, place) => {
    one.dataset.reach = one.type === "radio" ? `radio ${one.name}` : String(place);
    if (one.type === "radio")
      for (const other of document.getElementsByName(one.name)) other.dataset.reach = one.dataset.reach;
    return [one.dataset.reach, one.outerHTML.slice(0, 120)];
  });
}
"""
_FOCUSED: Final = """
() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const places = [one, ...(one.labels ?? []), one.parentElement];
  const style = place => getComputedStyle(place);
  const is_marked = places.some(place => style(place).outlineStyle !== "none" && parseFloat(style(place).outlineWidth) >= 2);
  const box = one.getBoundingClientRect();
  const is_there = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  const middle = document.elementFromPoint(
    Math.min(Math.max(box.left + box.width / 2, 0), innerWidth - 1),
    Math.min(Math.max(box.top + box.height / 2, 0), innerHeight - 1));
  const is_free = middle === null || one.contains(middle) || middle.contains(one)
    || [...(one.labels ?? [])].some(label => label.contains(middle));
  return { reach: one.dataset.reach ?? "", html: one.outerHTML.slice(0, 120), is_marked, is_there, is_free };
}
"""


def found_by_axe(phone: Phone) -> list[str]:
    """Let axe look, with all the rules it has by default; each finding in a line."""
    # Style sheets are loaded once more only for rules that are experimental, and off by default.
    options = {"resultTypes": ["violations"], "preload": {"assets": ["media"]}}
    results: dict[str, Any] = AXE.run(phone.page, options=options).response
    return [
        f"{rule['id']}: {node['html'][:160]} {node.get('failureSummary', '')}"
        for rule in results["violations"]
        for node in rule["nodes"]
    ]


def sideways(phone: Phone) -> list[str]:
    """Tell which elements reach beyond the right edge, if the page scrolls sideways."""
    found: list[str] = phone.page.evaluate(
        """() => document.scrollingElement.scrollWidth <= innerWidth ? [] :
          [`${document.scrollingElement.scrollWidth} > ${innerWidth}`,
           ...[...document.querySelectorAll("body *")]
             .filter(one => one.getBoundingClientRect().right > innerWidth + .5)
             .map(one => one.outerHTML.slice(0, 100))]"""
    )
    return found


@pytest.mark.parametrize(("one", "language", "scheme"), ordinary())
def test_axe_finds_nothing(kept: Kept, one: Shown, language: str, scheme: Scheme) -> None:
    phone = kept.before(one, language=language, scheme=scheme)
    assert phone.page.locator("h1").count() == 1
    assert found_by_axe(phone) == []


@pytest.mark.long
@pytest.mark.parametrize(("one", "language", "scheme"), others())
def test_axe_finds_nothing_in_any_language_light_or_dark(
    kept: Kept, one: Shown, language: str, scheme: Scheme
) -> None:
    assert found_by_axe(kept.before(one, language=language, scheme=scheme)) == []


@every_page
def test_nothing_scrolls_sideways_on_a_narrow_screen_or_with_large_text(
    kept: Kept, one: Shown
) -> None:
    phone = kept.before(one, language="de", scheme="dark")
    phone.page.set_viewport_size({"width": NARROW, "height": HEIGHT})
    assert sideways(phone) == []
    phone.page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
    phone.page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert sideways(phone) == []


@every_page
def test_a_keyboard_reaches_everything_and_shows_where_it_is(kept: Kept, one: Shown) -> None:
    phone = kept.before(one)
    # Where a mistake takes the focus to its field, the keyboard starts again at the top.
    phone.page.evaluate("() => { document.activeElement?.blur(); scrollTo(0, 0); }")
    wanted = dict(phone.page.evaluate(_REACHABLE))
    reached: list[dict[str, Any]] = []
    for _ in range(TABS_MOST):
        phone.page.keyboard.press("Tab")
        now = phone.page.evaluate(_FOCUSED)
        if now is None or (reached and now["html"] == reached[0]["html"]):
            break
        reached.append(now)
        wanted.pop(now["reach"], None)
    assert 'class="skip"' in reached[0]["html"]
    assert list(wanted.values()) == []
    # A field of a date has several stops; the browser itself marks those inside.
    marked = {now["reach"] for now in reached if now["is_marked"]}
    assert [now for now in reached if now["reach"] not in marked] == []
    assert [now for now in reached if not now["is_there"]] == []
    assert [now for now in reached if not now["is_free"]] == [], "something covers it"
