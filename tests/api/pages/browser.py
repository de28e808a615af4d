"""A browser without script: it follows links, fills in forms as they are, and keeps cookies."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import TypeAlias

import httpx2

REDIRECTS_MOST = 5


@dataclass
class Form:
    """A form as it stands in a page, with what is filled in already."""

    action: str
    enctype: str = ""
    fields: list[tuple[str, str]] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._open: Form | None = None
        self._select = ""
        self._area: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "form" and said["method"] == "get":
            self._open = Form(said["action"])  # a question, which is asked by its address
        elif tag == "form":
            assert said["method"] == "post"
            self._open = Form(said["action"], said.get("enctype", ""))
            self.forms.append(self._open)
        elif self._open is not None:
            self._field(self._open, tag, said, said.get("name", ""))

    def _field(self, form: Form, tag: str, said: dict[str, str], name: str) -> None:
        if name:
            form.names.add(name)
        if tag == "input" and said.get("type") == "file":
            form.files.append(name)
        elif tag == "input" and (said.get("type") not in {"checkbox", "radio"} or _chosen(said)):
            form.fields.append((name, said.get("value", "")))
        elif tag == "select":
            self._select = name
        elif tag == "option" and "selected" in said:
            form.fields.append((self._select, said["value"]))
        elif tag == "textarea":
            self._area = ""
            form.fields.append((name, ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        if tag == "textarea" and self._open is not None and self._area is not None:
            name, _ = self._open.fields[-1]
            # One line end right behind the tag is not part of the value.
            self._open.fields[-1] = (name, self._area.removeprefix("\n"))
            self._area = None

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self._area += data


def _chosen(said: dict[str, str]) -> bool:
    return said["type"] == "radio" and "checked" in said


@dataclass
class Browser:
    """One person's browser; `page` is what it shows."""

    client: httpx2.AsyncClient
    page: httpx2.Response = field(default_factory=lambda: httpx2.Response(204))

    @property
    def text(self) -> str:
        return self.page.text

    @property
    def path(self) -> str:
        return self.page.request.url.raw_path.decode()

    @property
    def forms(self) -> list[Form]:
        found = _Forms()
        found.feed(self.text)
        return found.forms

    def form(self, action: str, *, enctype: str = "") -> Form:
        """Give the form of the page that is sent to this address."""
        [form] = [
            one for one in self.forms if one.action.endswith(action) and one.enctype == enctype
        ]
        return form

    def keep(self, name: str, value: str) -> None:
        """Have a cookie as if the house had set it."""
        self.client.cookies.set(name, value, domain="localhost.local")

    async def open(self, address: str) -> httpx2.Response:
        self.page = await self.client.get(address)
        return await self._follow()

    async def submit(self, action: str, *ticked: tuple[str, str], **typed: str) -> httpx2.Response:
        """Send a form of the page with these fields filled in; only fields that it has."""
        form = self.form(action)
        assert set(typed) <= form.names, (set(typed) - form.names, form.names)
        kept = [(name, value) for name, value in form.fields if name not in typed]
        said = [*kept, *typed.items(), *ticked]
        names = {name for name, _ in said}
        self.page = await self.client.post(
            form.action,
            data={name: [value for key, value in said if key == name] for name in names},
        )
        return await self._follow()

    async def upload(self, action: str, photo: bytes) -> httpx2.Response:
        """Send the form with a file."""
        form = self.form(action, enctype="multipart/form-data")
        [name] = form.files
        self.page = await self.client.post(
            form.action, data=dict(form.fields), files={name: ("photo.png", photo, "image/png")}
        )
        return await self._follow()

    async def _follow(self) -> httpx2.Response:
        for _ in range(REDIRECTS_MOST):
            if self.page.status_code != 303:
                return self.page
            self.page = await self.client.get(self.page.headers["location"])
        raise AssertionError("too many redirects")


SignedIn: TypeAlias = Callable[[str], Awaitable[Browser]]
