"""The few pages of the fakes, on which a person clicks what a payer or a merchant would."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from starlette.responses import HTMLResponse

Button = tuple[str, str, str]
"""Where it posts to, what it says, and the hidden value `id`."""


def page(title: str, lines: Sequence[str], buttons: Sequence[Button]) -> HTMLResponse:
    """Give a page with some lines and some buttons."""
    forms = "".join(
        f'<form method="post" action="{escape(action)}">'
        f'<input type="hidden" name="id" value="{escape(value)}">'
        f"<button>{escape(text)}</button></form>"
        for action, text, value in buttons
    )
    said = "".join(f"<p>{escape(line)}</p>" for line in lines)
    return HTMLResponse(
        "<!doctype html><html lang=en><meta name=viewport content='width=device-width'>"
        f"<title>{escape(title)}</title><style>body{{font:1.1rem system-ui;max-width:30rem;"
        "margin:2rem auto;padding:0 1rem}button{font:inherit;padding:.6rem 1rem;margin:.3rem 0}"
        f"</style><h1>{escape(title)}</h1>{said}{forms}"
    )
