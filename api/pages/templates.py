"""The templates: read once, filled in often. All texts of the pages are in them."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import jinja2
from starlette.responses import HTMLResponse, Response

from irl import month as months
from irl.money import micros
from irl.month import Day, Month

ROOM: Final = Path(__file__).resolve().parent.parent
STATIC: Final = {
    file.name: file.read_bytes() for file in sorted((ROOM / "static").iterdir()) if file.is_file()
}
"""What every page may need, by name; a few kilobytes in all."""

_PRIVATE: Final = {"Cache-Control": "no-store"}


def show(name: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """Fill in a template; the answer is never stored on the way (RFC 9111, section 5.2.2.5)."""
    body = _environment.get_template(name).render(values)
    return HTMLResponse(body, status_code=status, headers=_PRIVATE)


def with_headers(response: Response, headers: dict[str, str]) -> Response:
    """Add headers to an answer."""
    response.headers.update(headers)
    return response


def static(name: str) -> str:
    """Give the address of a static file; it changes with what is in the file."""
    return f"/static/{name}?v={hashlib.sha256(STATIC[name]).hexdigest()[:12]}"


def _moment(moment: datetime) -> str:
    return f"{moment.day} {moment:%B %Y, %H:%M} UTC"


def _day(day: Day) -> str:
    date = months.from_day(day)
    return f"{date.day} {date:%B %Y}"


def _percent(basis_points: int) -> str:
    return f"{basis_points / 100:g}"


def _provider_name(provider: str) -> str:
    return {"paypal": "PayPal", "skrill": "Skrill"}.get(provider, "play money")


def _month(month: Month) -> str:
    return f"{months.start(month):%B %Y}"


_environment: Final = jinja2.Environment(
    loader=jinja2.FileSystemLoader(ROOM / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    auto_reload=False,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters |= {
    "euros": micros.text,
    "percent": _percent,
    "moment": _moment,
    "day": _day,
    "provider_name": _provider_name,
    "month_name": _month,
    "month_text": months.text,
    "iso": months.iso,
}
_environment.globals |= {
    name: static(file)
    for name, file in (
        ("style", "irl.css"),
        ("visit_script", "visit.js"),
        ("times_script", "times.js"),
    )
}
