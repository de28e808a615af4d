"""Where Chromium is: Debian's, or another that is installed; never one that tests download."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Playwright, sync_playwright

MISSING: Final = (
    "no Chromium found: install one (Debian: apt-get install chromium; macOS: brew install "
    "--cask chromium), or name its program in IRL_TEST_CHROMIUM"
)
_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_ON_MACOS: Final = ("Chromium", "Google Chrome")


def find() -> str | None:
    """Give the program: the one named in IRL_TEST_CHROMIUM, or the first that is installed."""
    if named := os.environ.get("IRL_TEST_CHROMIUM"):
        return named
    on_path = (shutil.which(name) for name in _NAMES)
    apps = (Path(f"/Applications/{name}.app/Contents/MacOS/{name}") for name in _ON_MACOS)
    return next((one for one in (*on_path, *map(str, filter(Path.exists, apps))) if one), None)


def launched(playwright: Playwright, program: str, *arguments: str) -> Browser:
    """Start Chromium without a window."""
    return playwright.chromium.launch(
        executable_path=program, args=["--disable-gpu", "--disable-dev-shm-usage", *arguments]
    )


@contextmanager
def running(program: str) -> Iterator[Browser]:
    """Have Chromium until the block ends."""
    with sync_playwright() as playwright:
        browser = launched(playwright, program)
        try:
            yield browser
        finally:
            browser.close()


def with_camera(film: Path) -> tuple[str, ...]:
    """Give the arguments with which the camera shows a film: Y4M, or JPEGs one after another.

    They are Chromium's own (media/capture/video/fake_video_capture_device_factory.h); the file's
    name ends in .y4m or .mjpeg, and it is played again and again.
    """
    return (
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    )
