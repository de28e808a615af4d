"""The one shape of every problem, and what a database holds."""

from __future__ import annotations

from typing import Any, Final

import httpx2
from openapi_schema_validator import OAS31Validator
from sqlalchemy import func, select
from starlette.routing import Route

from api import app as application
from api import openapi, problems
from irl.house import House
from irl.schema import metadata

DOCUMENT: Final = openapi.document(application.API, base_url="http://localhost:8000")


def assert_problem(
    answer: httpx2.Response, status: int, name: str, *, field: str | None = None
) -> dict[str, Any]:
    """Assert that an answer is this problem, whole and in its one shape; give its members."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == problems.MEDIA_TYPE
    said: dict[str, Any] = answer.json()
    known = {"type", "title", "status", "detail", "field", "errors", "request_id"}
    assert set(said) <= known
    assert said["type"] == f"/problems/{name}"
    assert said["title"] == problems.BY_NAME[name].title
    assert said["status"] == status == problems.BY_NAME[name].status
    assert said["detail"]
    assert said["request_id"] == answer.headers["x-request-id"]
    assert said.get("field") == field, said
    return said


def assert_as_documented(answer: httpx2.Response) -> None:
    """Assert that a JSON answer has the shape that the OpenAPI document gives it."""
    if answer.headers.get("content-type") != "application/json":
        return
    for route in application.API:
        assert isinstance(route, Route)
        path = answer.request.url.path
        if answer.request.method in (route.methods or ()) and route.path_regex.match(path):
            described = DOCUMENT["paths"][route.path][answer.request.method.lower()]
            schema = described["responses"][str(answer.status_code)]["content"]["application/json"]
            whole = schema["schema"] | {"components": DOCUMENT["components"]}
            OAS31Validator(whole).validate(answer.json())
            return
    raise AssertionError(f"{answer.request.url} is not in the document")


async def rows(house: House) -> dict[str, int]:
    """Count the rows of every table, to see that nothing was stored; throttles may count."""
    async with house.db.snapshot() as connection:
        return {
            table.name: await connection.value(select(func.count()).select_from(table))
            for table in metadata.sorted_tables
            if table.name != "throttles"
        }
