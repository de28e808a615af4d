"""The one shape of every problem, and what a database holds."""

from __future__ import annotations

from typing import Any

import httpx2
from sqlalchemy import func, select

from api import problems
from irl.house import House
from irl.schema import metadata


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


async def rows(house: House) -> dict[str, int]:
    """Count the rows of every table, to see that nothing was stored; throttles may count."""
    async with house.db.snapshot() as connection:
        return {
            table.name: await connection.value(select(func.count()).select_from(table))
            for table in metadata.sorted_tables
            if table.name != "throttles"
        }
