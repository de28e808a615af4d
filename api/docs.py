"""Pages for those who write programs: the calls, made from the document, and the problems.

Plain HTML made on the server: no script, no foreign address.
"""

from __future__ import annotations

from html import escape
from typing import Any, Final

from pydantic_core import to_json
from starlette.responses import HTMLResponse, Response

from api import problems
from api.problems import Kind
from api.state import Request
from irl.errors import NotFound

_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="stylesheet" href="/static/irl.css">
</head>
<body>
<main>
<h1>{title}</h1>
{body}
</main>
</body>
</html>
"""

_INTRODUCTION: Final = """<p>All calls take and answer JSON in UTF-8, unless they say otherwise.
Fields that a call does not know are refused. Amounts are integers in micro-euros:
1 EUR is 1,000,000. Moments are written as in RFC 3339, with an offset. A token goes into the header
<code>Authorization: Bearer TOKEN</code>. Where an answer has <code>next</code>, it is the address
of the following page.</p>
<p>The same as a document for programs: <a href="/api/v1/openapi.json">openapi.json</a> (OpenAPI
3.1).</p>"""


class Docs:
    """The document of the interface, and the page that is made from it, built once."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = to_json(document)
        self._page = _page("The interface for programs", _INTRODUCTION + _calls(document))

    async def document(self, _: Request) -> Response:
        """Answer with the document."""
        return Response(self._document, media_type="application/json", headers=_CACHED)

    async def page(self, _: Request) -> Response:
        """Answer with the page."""
        return HTMLResponse(self._page, headers=_CACHED)


_CACHED: Final = {"Cache-Control": "public, max-age=300"}


async def problem(request: Request) -> Response:
    """Explain a problem by its name, as a page or as JSON."""
    kind = problems.BY_NAME.get(request.path_params["name"])
    if kind is None:
        raise NotFound("There is no problem of this name.")
    if "text/html" in request.headers.get("accept", ""):
        return HTMLResponse(_problem_page(kind), headers=_CACHED)
    explained = {"type": f"/problems/{kind.name}", "title": kind.title, "status": kind.status}
    return Response(to_json(explained), media_type="application/json", headers=_CACHED)


def _page(title: str, body: str) -> str:
    return _PAGE.format(title=escape(title), body=body)


def _problem_page(kind: Kind) -> str:
    said = f"<p>Answers with this problem have the status {kind.status}.</p>"
    return _page(kind.title, f"<p><code>{escape(kind.name)}</code></p>{said}")


def _calls(document: dict[str, Any]) -> str:
    parts = []
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            parts.append(_call(method, path, operation))
    shapes = document["components"]["schemas"]
    parts.append("<h2>Shapes</h2>")
    parts += [_shape(name, shapes[name]) for name in sorted(shapes)]
    parts.append("<h2>Problems</h2><ul>")
    parts += [
        f'<li><a href="/problems/{name}">{name}</a> ({kind.status}): {escape(kind.title)}</li>'
        for name, kind in sorted(problems.BY_NAME.items())
    ]
    return "\n".join([*parts, "</ul>"])


def _call(method: str, path: str, operation: dict[str, Any]) -> str:
    title = f"{method.upper()} {path}"
    parts = [
        f'<h2 id="{escape(operation["operationId"])}"><code>{escape(title)}</code></h2>',
        f"<p>{escape(operation['summary'])}</p><dl>",
        f"<dt>Token</dt><dd>{escape(_token(operation))}</dd>",
    ]
    for parameter in operation.get("parameters", ()):
        where = f"{parameter['name']} ({parameter['in']})"
        parts.append(f"<dt><code>{escape(where)}</code></dt><dd>{_kind(parameter['schema'])}</dd>")
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        parts.append(f"<dt>Body, {escape(media_type)}</dt><dd>{_kind(content['schema'])}</dd>")
    for status, answer in operation["responses"].items():
        if status == "default":
            continue
        for media_type, content in answer.get("content", {"nothing": {}}).items():
            said = f"<dt>Answer {status}, {escape(media_type)}</dt>"
            parts.append(f"{said}<dd>{_kind(content.get('schema', {}))}</dd>")
    return "\n".join([*parts, "</dl>"])


def _token(operation: dict[str, Any]) -> str:
    ways = operation.get("security", [{}])
    names = [" ".join(way["token"]) or "of any scope" for way in ways if "token" in way]
    if not names:
        return "none"
    return f"{names[0]}, or none" if {} in ways else names[0]


def _shape(name: str, schema: dict[str, Any]) -> str:
    about = escape(str(schema.get("description", "")))
    return f'<h3 id="{escape(name)}"><code>{escape(name)}</code></h3><p>{about}</p>{_kind(schema)}'


def _kind(schema: dict[str, Any]) -> str:
    """Say what a schema allows, in a few words and links."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#{name}"><code>{name}</code></a>'
    if "anyOf" in schema:
        return " or ".join(_kind(part) for part in schema["anyOf"])
    if "properties" in schema:
        needed = schema.get("required", ())
        rows = [
            f"<li><code>{escape(name)}</code>{'' if name in needed else ' (optional)'}: "
            f"{_kind(part)}</li>"
            for name, part in schema["properties"].items()
        ]
        return f"<ul>{''.join(rows)}</ul>"
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    words = schema.get("format") or schema.get("pattern") or schema.get("type") or ""
    return escape(" or ".join(words) if isinstance(words, list) else str(words))
