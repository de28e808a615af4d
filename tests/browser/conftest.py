"""Phones before the real service; SQLite only, since the engines are told apart below the pages.

Playwright's loop stays in the thread of its tests until it is stopped, and no other loop can run
there meanwhile. So Chromium runs for a module at a time, and what tests want of the domain goes
through another thread (street.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from tests.absent import absent
from tests.browser import chromium, pages
from tests.browser.gallery import Gallery, filled
from tests.browser.pages import Shown
from tests.browser.phone import HEIGHT, WIDTH, Phone, Scheme, picked_up
from tests.browser.street import Street, emptied
from tests.service import running


class Phones(Protocol):
    """Picks up a phone, before the filled gallery unless another place is named."""

    def __call__(
        self,
        *,
        at: Street | None = None,
        who: str = "visitor",
        language: str = "en",
        scheme: Scheme = "light",
        script: bool = True,
        width: int = WIDTH,
        camera: Path | None = None,
    ) -> Phone: ...


class Browsers:
    """Chromium, started once; and again for whoever needs it with other arguments."""

    def __init__(self, playwright: Playwright, program: str) -> None:
        self._playwright = playwright
        self._program = program
        self._started: dict[tuple[str, ...], Browser] = {}

    def with_arguments(self, *arguments: str) -> Browser:
        if arguments not in self._started:
            self._started[arguments] = chromium.launched(
                self._playwright, self._program, *arguments
            )
        return self._started[arguments]

    def close(self) -> None:
        for browser in self._started.values():
            browser.close()


@pytest.fixture(scope="module")
def browsers() -> Iterator[Browsers]:
    program = chromium.find()
    if program is None:
        absent(chromium.MISSING)
    with sync_playwright() as playwright:
        started = Browsers(playwright, program)
        try:
            yield started
        finally:
            started.close()


@pytest.fixture(scope="session")
def street(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    """The one service of the session, filled."""
    folder = tmp_path_factory.mktemp("gallery")
    with running(folder, emptied(folder), PYTHONWARNINGS="default") as service:
        yield Street(service)


@pytest.fixture(scope="session")
def gallery(street: Street) -> Gallery:
    """Who lives on the street, and what hangs there."""
    return street.does(lambda cast: filled(cast.house, now=cast.now))


@pytest.fixture
def empty_street(tmp_path: Path) -> Iterator[Street]:
    """A service of the test's own, whose month it may close."""
    with running(tmp_path, emptied(tmp_path)) as service:
        yield Street(service)


@pytest.fixture
def phones(request: pytest.FixtureRequest, browsers: Browsers) -> Iterator[Phones]:
    """Pick up phones; at the end nothing may have gone wrong on any of them."""
    with ExitStack() as stack:
        used: list[Phone] = []

        def pick_up(
            *,
            at: Street | None = None,
            who: str = "visitor",
            language: str = "en",
            scheme: Scheme = "light",
            script: bool = True,
            width: int = WIDTH,
            camera: Path | None = None,
        ) -> Phone:
            place: Street = at or request.getfixturevalue("street")
            browser = browsers.with_arguments(*(chromium.with_camera(camera) if camera else ()))
            phone = picked_up(
                browser,
                place.service.url,
                language=language,
                scheme=scheme,
                script=script,
                width=width,
            )
            stack.callback(phone.context.close)
            if camera is not None:
                phone.context.grant_permissions(["camera"])
            if who != "visitor":
                people: Gallery = request.getfixturevalue("gallery")
                phone.be(place.session_of(people.people[who]))
            used.append(phone)
            return phone

        yield pick_up
        assert [trouble for phone in used for trouble in phone.troubles] == []


@pytest.fixture
def phone(phones: Phones) -> Phone:
    """A visitor's phone before the gallery."""
    return phones()


class Kept:
    """Phones that are used again by tests that only look; each brings one page into one state."""

    def __init__(self, browser: Browser, street: Street, gallery: Gallery) -> None:
        self._browser = browser
        self._street = street
        self._gallery = gallery
        self._phones: dict[tuple[str, str, Scheme], Phone] = {}

    def before(self, one: Shown, *, language: str = "en", scheme: Scheme = "light") -> Phone:
        """Give a phone that shows this."""
        key = (one.who, language, scheme)
        if key not in self._phones:
            phone = picked_up(
                self._browser, self._street.service.url, language=language, scheme=scheme
            )
            if one.who != "visitor":
                phone.be(self._street.session_of(self._gallery.people[one.who]))
            self._phones[key] = phone
        self._phones[key].page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
        pages.look(self._phones[key], one, self._gallery.words)
        return self._phones[key]

    def troubles(self) -> list[str]:
        """Give what went wrong since this was asked."""
        found = [trouble for phone in self._phones.values() for trouble in phone.troubles]
        for phone in self._phones.values():
            phone.troubles.clear()
        return found


@pytest.fixture(scope="module")
def all_kept(browsers: Browsers, street: Street, gallery: Gallery) -> Kept:
    return Kept(browsers.with_arguments(), street, gallery)


@pytest.fixture
def kept(all_kept: Kept) -> Iterator[Kept]:
    """Phones for looking; nothing may go wrong on them."""
    yield all_kept
    assert all_kept.troubles() == []
