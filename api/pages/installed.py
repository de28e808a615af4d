"""What a phone needs to keep this as an app: manifest, icons, worker, a page for no connection."""

from __future__ import annotations

import functools
import hashlib
import io
from collections.abc import Sequence
from typing import Final

from PIL import Image, ImageDraw
from pydantic_core import to_json
from starlette.responses import Response

from api.pages import forms, templates
from api.pages.page import Asked, page
from api.state import Request
from irl import language as languages
from irl.errors import NotFound
from irl.language import Language

PAPER: Final = "#f7f6f2"
ACCENT: Final = "#1b2fb8"

_SIZES: Final = {"180.png": 180, "192.png": 192, "512.png": 512}
_FINER: Final = 4
"""Pixels drawn a side for one that is kept, so that the round edge is smooth."""

_DOT: Final = 17 / 64
"""The dot's radius, as in icon.svg; within the inner 40 % that every mask leaves."""

_A_DAY: Final = {"Cache-Control": "public, max-age=86400"}


@page()
async def manifest(asked: Asked) -> Response:
    """Say how the app is called and drawn, and that photos can be shared to it."""
    return Response(
        to_json(_manifest(asked.speaks)),
        media_type="application/manifest+json",
        headers={"Cache-Control": "no-cache", "Vary": "Accept-Language"},
    )


@page()
async def offline(asked: Asked) -> Response:
    """Show the page that a phone keeps for when there is no connection; it is nobody's own."""
    return Response(
        _offline_page(asked.speaks, asked.base_url),
        media_type="text/html",
        headers={"Cache-Control": "no-cache", "Content-Language": asked.speaks.code},
    )


@page()
async def worker(asked: Asked) -> Response:
    """Give the service worker; it is another one when anything that it keeps is another."""
    return Response(
        _worker(asked.base_url),
        media_type="text/javascript",
        headers={"Cache-Control": "no-cache", "Service-Worker-Allowed": "/"},
    )


async def icon(request: Request) -> Response:
    """Give the icon as PNG, for those who take no SVG."""
    name = request.path_params["name"]
    if name not in _SIZES:
        raise NotFound("There is no such icon.")
    return Response(_drawn(_SIZES[name]), media_type="image/png", headers=_A_DAY)


def _manifest(speaks: Language) -> dict[str, object]:
    """Give the manifest (W3C Web Application Manifest; `share_target`: Web Share Target)."""
    return {
        "id": "/",
        "name": "flattr in real life",
        "short_name": "flattr",
        "description": speaks.says("Scan the code beside what you like, and tap once."),
        "lang": speaks.code,
        "start_url": "/scan",
        "scope": "/",
        "display": "standalone",
        "background_color": PAPER,
        "theme_color": PAPER,
        "icons": [
            {"src": templates.static("icon.svg"), "sizes": "any", "type": "image/svg+xml"},
            {
                "src": templates.static("icon-maskable.svg"),
                "sizes": "any",
                "type": "image/svg+xml",
                "purpose": "maskable",
            },
            *_icons(("192.png", "512.png")),
        ],
        # No page sends this: it comes from the phone's gallery, and is only looked at.
        "share_target": {
            "action": "/scan",
            "method": "POST",
            "enctype": "multipart/form-data",
            "params": {"files": [{"name": "photo", "accept": ["image/*"]}]},
        },
    }


def _icons(names: Sequence[str]) -> list[dict[str, str]]:
    return [
        {
            "src": f"/icons/{name}",
            "sizes": f"{_SIZES[name]}x{_SIZES[name]}",
            "type": "image/png",
            "purpose": purpose,
        }
        for name in names
        for purpose in ("any", "maskable")
    ]


@functools.cache
def _offline_page(speaks: Language, base_url: str) -> str:
    return templates.filled(
        "offline.html",
        language=speaks,
        me=None,
        here="/offline",
        form=forms.NOTHING,
        base_url=base_url,
    )


@functools.cache
def _worker(base_url: str) -> bytes:
    """Give the script, with a last line that changes whenever the page without a connection does."""
    pages = "".join(_offline_page(languages.of(code), base_url) for code in languages.NAMES)
    mark = hashlib.sha256(pages.encode()).hexdigest()[:12]
    return templates.STATIC["sw.js"] + f"\n// {mark}\n".encode()


@functools.cache
def _drawn(side: int) -> bytes:
    """Draw the sign of the house: a dot on paper, to the edges, which each phone cuts as it likes."""
    fine = side * _FINER
    drawn = Image.new("RGB", (fine, fine), PAPER)
    middle, radius = fine / 2, fine * _DOT
    edges = (middle - radius, middle - radius, middle + radius, middle + radius)
    ImageDraw.Draw(drawn).ellipse(edges, fill=ACCENT)
    kept = io.BytesIO()
    drawn.resize((side, side), Image.Resampling.LANCZOS).save(kept, "PNG", optimize=True)
    return kept.getvalue()
