"""A phone in somebody's hand: Chromium with the screen, the finger and the language of one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Response

Scheme = Literal["light", "dark"]
LOCALES: Final = {"en": "en-GB", "de": "de-DE", "fr": "fr-FR"}
WIDTH, HEIGHT = 390, 844

_WATCH: Final = """
addEventListener("securitypolicyviolation", event => console.error(
  `CSP: ${event.violatedDirective} refused ${event.blockedURI || event.sample}`));
"""


@dataclass
class Phone:
    """One person's phone; `taps` counts, `troubles` collects what went wrong in its pages."""

    context: BrowserContext
    base_url: str
    page: Page = field(init=False)
    taps: int = 0
    troubles: list[str] = field(default_factory=list)
    _refused: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.context.set_default_timeout(15_000)
        self.context.add_init_script(_WATCH)
        self.page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.troubles.append(f"error: {error}"))
        self.page.on("dialog", lambda dialog: self._ask(dialog.message, dialog.dismiss))
        self.page.on("console", self._hear)
        self.page.on("response", self._note)

    @property
    def path(self) -> str:
        """Where the phone is, without the host."""
        parts = urlsplit(self.page.url)
        return parts.path + (f"?{parts.query}" if parts.query else "")

    def open(self, path: str) -> Response:
        """Open an address, as the phone's own camera would after reading a code."""
        answer = self.page.goto(path if "://" in path else f"{self.base_url}{path}")
        assert answer is not None
        return answer

    def tap(self, target: str | Locator) -> None:
        """Tap on what leads to no other page."""
        found = self.page.locator(target) if isinstance(target, str) else target
        self.taps += 1
        found.tap()

    def follow(self, target: str | Locator) -> None:
        """Tap on what leads to another page, and wait for it."""
        with self.page.expect_navigation():
            self.tap(target)

    def send(self, action: str, **typed: str) -> None:
        """Fill in the form that is sent to this address, and press its first button.

        One that is folded away is unfolded first.
        """
        form = self.form(action)
        closed = form.locator("xpath=ancestor::details[not(@open)]/summary")
        if closed.count():
            closed.click()
        for name, value in typed.items():
            form.locator(f'[name="{name}"]').fill(value)
        self.follow(form.locator("button").first)

    def form(self, action: str) -> Locator:
        """Give the form that is sent to an address."""
        return self.page.locator(f'main form[action="{action}"]').first

    def be(self, secret: str) -> None:
        """Be signed in with the secret of a session."""
        self.context.add_cookies(
            [{"name": "session", "value": secret, "url": self.base_url, "httpOnly": True}]
        )

    def text(self) -> str:
        """Give what stands on the page, as a reader sees it."""
        return self.page.locator("main").inner_text()

    def _hear(self, said: ConsoleMessage) -> None:
        if said.type not in {"error", "warning"}:
            return
        # A page that answers 404 or 410 is told of as an error, and is none.
        is_page = said.text.startswith("Failed to load resource") and (
            said.location.get("url") in self._refused
        )
        if not is_page:
            self.troubles.append(f"{said.type}: {said.text} ({said.location.get('url', '')})")

    def _note(self, answer: Response) -> None:
        if answer.status >= 500:
            self.troubles.append(f"{answer.status}: {answer.url}")
        elif answer.status >= 400 and answer.request.is_navigation_request():
            self._refused.add(answer.url)

    def _ask(self, message: str, dismiss: object) -> None:
        self.troubles.append(f"dialog: {message}")
        assert callable(dismiss)
        dismiss()


def picked_up(
    browser: Browser,
    base_url: str,
    *,
    language: str = "en",
    scheme: Scheme = "light",
    script: bool = True,
    width: int = WIDTH,
    density: float = 1,
) -> Phone:
    """Pick up a new phone: no cookies, nothing stored.

    Args:
        browser: that it is played by.
        base_url: of the service.
        language: of its system; a key of `LOCALES`.
        scheme: light or dark, as its system is set.
        script: whether scripts run.
        width: of its screen, in CSS pixels.
        density: device pixels for each of them.
    """
    context = browser.new_context(
        viewport={"width": width, "height": HEIGHT},
        device_scale_factor=density,
        has_touch=True,
        is_mobile=True,
        locale=LOCALES[language],
        timezone_id="Europe/Berlin",
        color_scheme=scheme,
        reduced_motion="reduce",
        java_script_enabled=script,
    )
    return Phone(context, base_url)
