"""The first page, and what every page is made of."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from api.pages import cookies, forms, session, templates
from api.pages.page import Asked, forward, page
from api.state import Request
from irl import language as languages
from irl.errors import Invalid, NotFound
from irl.members import settings

_KEPT: Final = "public, max-age=31536000, immutable"
_KEPT_A_DAY: Final = "public, max-age=86400"
_TYPES: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@page()
async def home(asked: Asked) -> Response:
    """Say what this is."""
    rules = asked.house.rules
    return asked.show(
        "home.html",
        least=asked.speaks.money(rules.budget_least_micros),
        most=asked.speaks.money(rules.budget_most_micros),
    )


@page()
async def speak(asked: Asked) -> Response:
    """Show pages in another language from now on, and go back to where that was chosen."""
    form = await forms.read(asked)
    code = form.text("language")
    if code not in languages.NAMES:
        raise Invalid("The house does not speak this language.", field="language")
    if asked.holder is not None:
        await settings.set_language(asked.house, asked.holder.id, code)
    response = forward(session.own_path(form.text("next")))
    cookies.put_language(response, code, house=asked.house)
    return response


async def static(request: Request) -> Response:
    """Give a static file; its address changes when it does, so it can be kept for ever.

    Pages of others name the button's script without its mark, so that is kept for a day.
    """
    name = request.path_params["name"]
    if name not in templates.STATIC:
        raise NotFound("There is no such file.")
    headers = {
        "Cache-Control": _KEPT if request.query_params else _KEPT_A_DAY,
        "Vary": "Accept-Encoding",
    }
    content = templates.STATIC[name]
    if "gzip" in request.headers.get("accept-encoding", ""):
        content, headers["Content-Encoding"] = templates.PACKED[name], "gzip"
    return Response(content, media_type=_TYPES[name[name.rindex(".") :]], headers=headers)
