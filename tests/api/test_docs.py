"""docs/api.md is true: it names every call, outcome and problem, and its examples are played."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import httpx2
import pytest
from starlette.routing import Route

from api import app as application
from api import problems
from api.door import MAX_BODY_BYTES, PATIENCE_S, SLOWEST_BYTES
from api.v1 import frames
from irl import settlement
from irl.giving import scans
from irl.giving.scans import OutcomeName
from irl.house import House
from irl.members import invitations
from irl.month import Month
from irl.settlement import transparency
from irl.things.catalogue import CATEGORIES
from irl.things.reports import REASONS
from qr import render
from scanner import guards, pool
from tests.api.conftest import Clock
from tests.cast import Cast, link_to

pytestmark = pytest.mark.anyio

TEXT = (Path(__file__).parents[2] / "docs/api.md").read_text()
PRINTED, GROUPED = "AXK6ZX3B04TEJ", "AXK6-ZX3B-04TE-J"
OPAQUE = {
    "id",
    "token",
    "token_id",
    "code",
    "flattr_id",
    "picture",
    "pocket",
    "request_id",
    "number",
    "mix",
    "hash",
}
"""What is new each time: the first that is told stands for the page's from then on."""


@dataclass(frozen=True)
class Example:
    """A request of the page and its answer."""

    method: str
    path: str
    headers: dict[str, str]
    body: str
    status: int
    answer: str


def examples(text: str) -> Iterator[Example]:
    """Read the page's examples, in their order."""
    blocks = re.findall(r"```http\n(.*?)\n?```", text, re.DOTALL)
    for asked, answered in zip(blocks[::2], blocks[1::2], strict=True):
        head, _, body = asked.partition("\n\n")
        first, *lines = head.split("\n")
        method, path = first.split(" ")
        status, _, answer = answered.partition("\n\n")
        headers = dict(line.split(": ", 1) for line in lines)
        yield Example(method, path, headers, body, int(status.split(" ")[1]), answer)


class Player:
    """Plays examples, with the real ids in place of the page's."""

    def __init__(self, web: httpx2.AsyncClient, real: dict[str, str], photo: bytes) -> None:
        self.web = web
        self.real = real
        self.photo = photo

    def told(self, text: str) -> str:
        """Put the real words in place of the page's."""
        for word in sorted(self.real, key=len, reverse=True):
            text = text.replace(word, self.real[word])
        return text

    async def play(self, example: Example) -> httpx2.Response:
        headers = {name: self.told(value) for name, value in example.headers.items()}
        said: dict[str, Any] = {"content": self.told(example.body).encode()}
        if headers.get("Content-Type") == "multipart/form-data":
            del headers["Content-Type"]
            fields = dict(line.split("=", 1) for line in example.body.split("\n"))
            said = {"files": {"photo": (fields.pop("photo"), self.photo)}, "data": fields}
        path = self.told(example.path)
        return await self.web.request(example.method, path, headers=headers, **said)

    def assert_equal(self, page: Any, real: Any, name: str = "") -> None:
        """Assert that both say the same; learn what is new each time."""
        if isinstance(page, dict) and isinstance(real, dict):
            assert page.keys() == real.keys(), name
            for key in page:
                self.assert_equal(page[key], real[key], key)
        elif isinstance(page, list) and isinstance(real, list):
            assert len(page) == len(real), name
            for one, other in zip(page, real, strict=True):
                self.assert_equal(one, other, name)
        elif isinstance(page, str) and isinstance(real, str):
            if name in OPAQUE:
                self.real.setdefault(page, real)
            assert self.told(page) == real, name
        elif name not in OPAQUE:
            assert page == real, name


@pytest.fixture
async def player(web: httpx2.AsyncClient, house: House, members: Cast) -> Player:
    thing = await members.thing("Ada", "Lighthouse at dusk")
    code = (await members.placement(thing)).code
    [invitation] = await invitations.issue(house, 1, now=members.now)
    real = {"0123456789abcdef0": invitation, PRINTED: code.text, GROUPED: code.grouped}
    address = f"HTTP://LOCALHOST:8000/T/{code}"
    return Player(web, real, render.png(render.symbol(address, mask=3), scale=8))


async def test_every_example_is_true(player: Player, house: House, clock: Clock) -> None:
    for example in examples(TEXT):
        if example.path == "/api/v1/members/verify":
            player.real["LINK-TOKEN"] = await link_to(house, "ben@street.example")
        if "statements" in example.path:
            await settlement.settle(house, Month(202611), early=True, now=clock.now)
        if "transparency" in example.path:
            await transparency.keep(house)
        answer = await player.play(example)
        assert answer.status_code == example.status, (example, answer.text)
        if example.answer:
            player.assert_equal(json.loads(example.answer), answer.json())
        elif answer.headers.get("content-type", "").endswith("json"):
            pytest.fail(f"the page does not show what {example.path} answers")


def test_every_call_has_its_heading_and_an_example() -> None:
    played = list(examples(TEXT))
    for route in application.API:
        assert isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}:
            assert f"\n### `{method} {route.path}`\n" in TEXT
            assert any(
                example.method == method
                and route.path_regex.fullmatch(example.path.partition("?")[0])
                for example in played
            ), f"no example of {method} {route.path}"


def test_every_heading_is_a_call() -> None:
    described = {
        f"{method} {route.path}"
        for route in application.API
        if isinstance(route, Route)
        for method in route.methods or ()
    }
    assert set(re.findall(r"\n### `(.*)`\n", TEXT)) <= described


def _first_column(heading: str) -> list[str]:
    table = TEXT.partition(f"\n| {heading} |")[2].partition("\n\n")[0]
    return re.findall(r"\n\| `([\w-]+)` \|", table)


def test_every_outcome_is_explained_in_its_order() -> None:
    assert _first_column("outcome") == list(get_args(OutcomeName))


def test_every_problem_is_explained_with_its_status() -> None:
    assert sorted(_first_column("problem")) == sorted(problems.BY_NAME)
    for kind in problems.BY_NAME.values():
        assert f"| `{kind.name}` | {kind.status} |" in TEXT


def test_the_words_and_figures_are_those_of_the_program() -> None:
    for word in (*CATEGORIES, *REASONS):
        assert f"`{word}`" in TEXT
    slow = f"{PATIENCE_S:.0f} seconds, and one more for each {SLOWEST_BYTES // 1024} KiB that came"
    for row in (
        f"| time for a body | {slow} |",
        f"| file | {guards.MAX_PHOTO_BYTES // 2**20} MiB |",
        f"| pixels | {guards.MAX_PIXELS:,}; JPEG {guards.MAX_PIXELS_JPEG:,} |",
        f"| shortest side | {guards.MIN_SIDE} pixels |",
        f"| longest over shortest side | {guards.MAX_ASPECT} |",
        f"| time | {pool.DEADLINE_S:.0f} seconds of reading |",
        f"| a body | {MAX_BODY_BYTES // 2**20} MiB; a photo {guards.MAX_PHOTO_BYTES // 2**20} MiB |",
        f"| a frame | {frames.MAX_FRAME_BYTES // 1024} KiB; it never waits for its turn |",
        f"| scans in a call | {scans.MOST_SCANS} |",
    ):
        assert row in TEXT
    assert f"at\nmost {pool.MAX_FRAME_PIXELS:,} in all" in TEXT
