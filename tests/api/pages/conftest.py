"""Browsers before the pages; SQLite only, since the engines are told apart below the pages."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from io import BytesIO
from pathlib import Path

import httpx2
import pytest
from PIL import Image

from irl.house import House
from irl.members import sessions
from qr import render
from tests.api.pages.browser import Browser, SignedIn
from tests.cast import Cast


@pytest.fixture
def database_url(tmp_path: Path, empty_sqlite: Path) -> str:
    shutil.copy(empty_sqlite, tmp_path / "irl.db")
    return f"sqlite:///{tmp_path / 'irl.db'}"


@pytest.fixture
async def browsers(web: httpx2.AsyncClient) -> AsyncIterator[Callable[[], Browser]]:
    """Make browsers, each with its own cookies, none with scripts."""
    async with AsyncExitStack() as open_ones:

        def another() -> Browser:
            client = httpx2.AsyncClient(
                transport=web._transport,
                base_url=web.base_url,
                headers={"accept": "text/html,*/*;q=0.8"},
            )
            open_ones.push_async_callback(client.aclose)
            return Browser(client)

        yield another


@pytest.fixture
def visitor(browsers: Callable[[], Browser]) -> Browser:
    return browsers()


@pytest.fixture
async def signed_in(browsers: Callable[[], Browser], house: House, members: Cast) -> SignedIn:
    """Give a browser in which somebody of the cast is signed in."""

    async def browser_of(name: str) -> Browser:
        member = await members.member(name)
        browser = browsers()
        secret = await sessions.start(house, member.id, now=members.now)
        browser.keep("session", secret)
        return browser

    return browser_of


@pytest.fixture
def picture_of() -> Callable[..., bytes]:
    """Draw one picture of several payloads, side by side."""

    def drawn(*payloads: str) -> bytes:
        symbols = [Image.open(BytesIO(render.png(render.symbol(p)))) for p in payloads]
        wall = Image.new("L", (sum(s.width for s in symbols), symbols[0].height), 255)
        left = 0
        for symbol in symbols:
            wall.paste(symbol, (left, 0))
            left += symbol.width
        picture = BytesIO()
        wall.save(picture, "PNG")
        return picture.getvalue()

    return drawn
