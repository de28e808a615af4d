"""A person with a browser who goes from our pages to a provider's and back; cookies stay ours."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from html import unescape
from urllib.parse import urljoin

import httpx2


@dataclass
class Person:
    """Clicks on one page after another; `at` is where the last answer came from."""

    session: str
    house: str
    at: str = ""
    text: str = ""
    status: int = 0
    going: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def open(self, address: str) -> None:
        """Go to an address; a redirect is kept in `going` and not followed."""
        self._ask("GET", address)

    def follow(self) -> None:
        """Go where the last answer sent us."""
        assert self.going, (self.status, self.text)
        self.open(self.going)

    def press(self, button: str) -> None:
        """Press the button with this text, as a form without script does."""
        for action, inside in re.findall(
            r'<form\b[^>]*\baction="([^"]+)"[^>]*>(.*?)</form>', self.text, re.DOTALL
        ):
            for attributes, text in re.findall(r"<button([^>]*)>(.*?)</button>", inside):
                if unescape(text).strip() == button:
                    self._ask("POST", unescape(action), _fields(inside) | _fields(attributes))
                    return
        raise AssertionError(f"no button {button!r} in {self.text}")

    def _ask(self, method: str, address: str, data: dict[str, str] | None = None) -> None:
        url = urljoin(self.at or self.house, address)
        cookies = {"session": self.session} if url.startswith(self.house) else {}
        headers = {"accept": "text/html"}
        with httpx2.Client(timeout=60, trust_env=False, cookies=cookies) as web:
            answer = web.request(method, url, data=data, headers=headers)
        self.at, self.text, self.status = url, answer.text, answer.status_code
        self.headers = dict(answer.headers)
        self.going = urljoin(url, answer.headers.get("location", "")) if answer.is_redirect else ""


def _fields(html: str) -> dict[str, str]:
    """Give the names that have values in inputs or in the attributes of a button."""
    found = {}
    for tag in re.findall(r"<input[^>]*>", html) or [html]:
        said = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if "name" in said and "value" in said:
            found[unescape(said["name"])] = unescape(said["value"])
    return found


def until(shows: str, person: Person, address: str, *, seconds: float = 20) -> None:
    """Look at a page until it shows a text."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            person.open(address)
        except httpx2.TransportError:
            person.text = ""
        if shows in person.text:
            return
        time.sleep(0.1)
    raise AssertionError(f"{shows!r} is not shown: {person.status} {person.text}")
