"""The templates: read once for each language, filled in often. All texts of the pages are in them."""

from __future__ import annotations

import functools
import gzip
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import jinja2
from starlette.responses import HTMLResponse, Response

from irl import language as languages
from irl import month as months
from irl.language import Language
from irl.members.member import SOMEBODY
from irl.sentence import Sentence

ROOM: Final = Path(__file__).resolve().parent.parent
_OWN_ADDRESS: Final = re.compile(rb'"/static/([\w.-]+)"')


def _version(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]


def _with_versions(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Have scripts name each other with their versions, as pages do: they are kept for ever.

    Scripts write `"/static/code.js"` where they import or keep another file.
    """
    done: dict[str, bytes] = {}

    def finished(name: str) -> bytes:
        if name not in done:
            done[name] = files[name]
            if name.endswith(".js"):
                done[name] = _OWN_ADDRESS.sub(versioned, files[name])
        return done[name]

    def versioned(found: re.Match[bytes]) -> bytes:
        name = found[1].decode()
        return f'"/static/{name}?v={_version(finished(name))}"'.encode()

    return {name: finished(name) for name in files}


STATIC: Final = _with_versions(
    {file.name: file.read_bytes() for file in sorted((ROOM / "static").iterdir()) if file.is_file()}
)
"""What every page may need, by name; a few kilobytes in all."""

PACKED: Final = {name: gzip.compress(content, mtime=0) for name, content in STATIC.items()}
"""The same, packed once (RFC 1952), since bad reception counts every kilobyte."""

_PRIVATE: Final = {"Cache-Control": "no-store"}


def show(name: str, *, language: Language, status: int = 200, **values: Any) -> HTMLResponse:
    """Fill in a template; the answer is never stored on the way (RFC 9111, section 5.2.2.5)."""
    return answer(filled(name, language=language, **values), status=status)


def answer(body: str, *, status: int = 200) -> HTMLResponse:
    """Answer with a page that is filled in."""
    return HTMLResponse(body, status_code=status, headers=_PRIVATE)


def filled(name: str, *, language: Language, **values: Any) -> str:
    """Fill in a template, in a language."""
    return _environment(language.code).get_template(name).render(values)


def with_headers(response: Response, headers: dict[str, str]) -> Response:
    """Add headers to an answer."""
    response.headers.update(headers)
    return response


def static(name: str) -> str:
    """Give the address of a static file; it changes with what is in the file."""
    return f"/static/{name}?v={_version(STATIC[name])}"


def _provider_name(provider: str) -> str:
    return {"paypal": "PayPal", "skrill": "Skrill"}.get(provider, Sentence("play money"))


@functools.cache
def _environment(code: str) -> jinja2.Environment:
    """Make the templates of one language; what the filters write is in this language."""
    speaks = languages.of(code)
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(ROOM / "templates"),
        extensions=["jinja2.ext.i18n"],
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.policies["ext.i18n.trimmed"] = True
    translations: Any = made  # the extension gives the environment this method
    translations.install_gettext_translations(speaks.translations, newstyle=True)
    made.filters |= {
        "say": speaks.says,
        "nickname": lambda name: speaks.says(name) if name == SOMEBODY else name,
        "money": speaks.money,
        "cents": speaks.cents,
        "amount": speaks.amount,
        "count": speaks.number,
        "percent": speaks.percent,
        "moment": speaks.moment,
        "day": speaks.day,
        "month_name": speaks.month,
        "provider_name": lambda provider: speaks.says(_provider_name(provider)),
        "month_text": months.text,
        "iso": months.iso,
    }
    made.globals |= {"language": speaks, "languages": languages.NAMES} | {
        name: static(file)
        for name, file in (
            ("style", "irl.css"),
            ("icon_file", "icon.svg"),
            ("visit_script", "visit.js"),
            ("times_script", "times.js"),
            ("passkeys_script", "passkeys.js"),
            ("budget_script", "budget.js"),
            ("deposit_script", "deposit.js"),
            ("copy_script", "copy.js"),
            ("always_script", "always.js"),
            ("scan_script", "scan.js"),
            ("offline_script", "offline.js"),
        )
    }
    return made
