"""Takes pages apart, to see whether a text that somebody typed has become more than a text."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final
from urllib.parse import urlsplit

import httpx2

COMPUTED: Final = "1337"
"""What the hostile texts with 7*191 would become if something computed them."""
_NOT_TYPED: Final = {"hidden", "checkbox", "radio", "file", "submit", "range"}
_ADDRESSES: Final = {"href", "src", "action", "formaction", "data", "poster", "srcset", "ping"}


class Anatomy(HTMLParser):
    """Takes a page apart: its tags with their attributes, its texts, and what must not be."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.parts: set[tuple[str, str]] = set()
        self.texts: dict[str, list[str]] = {}
        self.wrong: list[str] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open.append(tag)
        self.texts.setdefault(tag, []).append("")
        self.parts |= {(tag, ""), *((tag, name) for name, _ in attrs)}
        for name, value in attrs:
            if name.startswith("on") or name == "srcdoc":
                self.wrong.append(f"<{tag} {name}>")
            if name in _ADDRESSES and urlsplit(value or "").scheme not in {"", "http", "https"}:
                self.wrong.append(f"<{tag} {name}={value}>")
            if name in {"src", "action", "formaction"} and not (value or "").startswith("/"):
                self.wrong.append(f"<{tag} {name}={value}>")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        for tag in self._open[-1:]:
            self.texts[tag][-1] += data
            if tag in {"script", "style"} and data.strip():
                self.wrong.append(f"<{tag}>{data}")

    def handle_comment(self, data: str) -> None:
        self.wrong.append(f"<!--{data}-->")

    def handle_decl(self, decl: str) -> None:
        if decl.lower() != "doctype html":
            self.wrong.append(f"<!{decl}>")

    def handle_pi(self, data: str) -> None:
        self.wrong.append(f"<?{data}>")


@dataclass
class Fields(HTMLParser):
    """The forms of a page: for each its address, what stands in it, and what can be typed.

    A form without an address is never sent: a script of ours reads it.
    """

    forms: list[tuple[str, dict[str, str], set[str]]] = field(default_factory=list)
    is_sent: bool = False

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.is_sent = "action" in said
            if self.is_sent:
                self.forms.append((said["action"], {}, set()))
        if not self.is_sent or "name" not in said or said.get("type") == "file":
            return
        _, kept, typed = self.forms[-1]
        kept.setdefault(said["name"], said.get("value", ""))
        if tag in {"input", "textarea"} and said.get("type") not in _NOT_TYPED:
            typed.add(said["name"])


@dataclass
class Eyes:
    """Sees what a page is made of, against what such pages are made of without hostile texts."""

    known: set[tuple[str, str]] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)

    def look(self, page: httpx2.Response, about: str) -> Anatomy:
        assert page.status_code < 500, about
        seen = Anatomy(page.text)
        strange = sorted(part for part in seen.parts - self.known if not _is_of_a_mistake(part[1]))
        for what in (*seen.wrong, *map(str, strange)):
            self.wrong.append(f"{about}: {what}")
        if COMPUTED in page.text:
            self.wrong.append(f"{about}: something was computed")
        return seen


def _is_of_a_mistake(attribute: str) -> bool:
    """What our own words about a mistake add to a tag; no hostile text has any of these."""
    return attribute in {"class", "id", "role"} or attribute.startswith("aria-")
