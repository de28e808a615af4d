"""A wall with a few codes, a service that knows them, and a phone before it; for tests with script."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Browser, BrowserContext, sync_playwright

import qr
from irl.house import opened
from irl.members import sessions
from irl.settings import Settings
from qr import render
from tests.absent import absent
from tests.camera import photograph
from tests.cast import Cast
from tests.service import Service, running

TITLES = ("Harbour", "Kettle", "Street")


@dataclass(frozen=True)
class Wall:
    """What hangs there, by title; `secret` is of Bob's session."""

    service: Service
    codes: dict[str, str]
    secret: str

    def address(self, title: str) -> str:
        """Give what is printed beside a thing."""
        return qr.address(qr.Code(self.codes[title]), base_url=self.service.url)

    def flattred(self) -> list[str]:
        """Give the titles of what was flattred, by anybody."""
        return self._titles("flattrs")

    def pocketed(self) -> list[str]:
        """Give the titles of what is in pockets."""
        return self._titles("pocket_scans")

    def _titles(self, table: str) -> list[str]:
        path = self.service.database_url.removeprefix("sqlite:///")
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            found = connection.execute(
                f"SELECT t.title FROM {table} f JOIN things t ON t.id = f.thing_id ORDER BY 1"
            ).fetchall()
        finally:
            connection.close()
        return [title for (title,) in found]


@contextmanager
def hung(folder: Path, empty_sqlite: Path) -> Iterator[Wall]:
    """Hang three things of Alice, sign Bob in, and serve."""
    shutil.copy(empty_sqlite, folder / "irl.db")
    with running(folder, f"sqlite:///{folder / 'irl.db'}") as service:
        settings = Settings(
            database_url=service.database_url,
            base_url=service.url,
            mail_url=f"file:{folder / 'outbox'}",
            sandbox=True,
        )

        async def fill() -> tuple[dict[str, str], str]:
            async with opened(settings) as house:
                cast = Cast(house, datetime.now(UTC))
                codes = {title: (await cast.payload("Alice", title))[-13:] for title in TITLES}
                bob = await cast.member("Bob")
                return codes, await sessions.start(house, bob.id, now=cast.now)

        with ThreadPoolExecutor(1) as thread:  # Playwright's loop may run in this one
            codes, secret = thread.submit(asyncio.run, fill()).result()
        yield Wall(service, codes, secret)


@contextmanager
def chromium(*arguments: str) -> Iterator[Browser]:
    """Have Chromium until the block ends."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        absent("no Chromium found: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=["--disable-gpu", "--disable-dev-shm-usage", *arguments]
        )
        try:
            yield browser
        finally:
            browser.close()


def with_film(film: Path) -> tuple[str, ...]:
    """Give the arguments with which the camera shows a film, and may be used without asking."""
    return (
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    )


def picked_up(browser: Browser, wall: Wall, *, member: bool = True) -> BrowserContext:
    """Pick up a phone; Bob's, or a visitor's."""
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, locale="en-GB"
    )
    context.set_default_timeout(20_000)
    if member:
        context.add_cookies(
            [{"name": "session", "value": wall.secret, "url": wall.service.url, "httpOnly": True}]
        )
    return context


def filmed(path: Path, payloads: Sequence[str]) -> Path:
    """Film one or two printed codes: JPEGs, one after the other."""
    printed = [_pixels(payload) for payload in payloads]
    side = sum(len(one) for one in printed)
    wall = np.full((side, side), 255, np.uint8)
    corner = 0
    for one in printed:
        wall[corner : corner + len(one), corner : corner + len(one)] = one
        corner += len(one)
    share, turn = (0.6, 30.0) if len(printed) == 1 else (0.95, 4.0)
    frames = [
        photograph(wall, seed=seed, width=1280, height=720, share=share, turn=turn, tilt=0.05)
        for seed in range(7, 11)
    ]
    path.write_bytes(b"".join(frames))
    return path


def _pixels(payload: str) -> NDArray[np.uint8]:
    png = np.frombuffer(render.png(render.symbol(payload), scale=8), np.uint8)
    return np.asarray(cv2.imdecode(png, cv2.IMREAD_GRAYSCALE), np.uint8)
