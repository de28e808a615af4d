from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import httpx2
import pytest
from openapi_spec_validator import validate
from starlette.routing import Route

from api import app as application
from api.call import Call

pytestmark = pytest.mark.anyio


@pytest.fixture
async def document(web: httpx2.AsyncClient) -> dict[str, Any]:
    answer = await web.get("/api/v1/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    said: dict[str, Any] = answer.json()
    return said


async def test_the_document_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    validate(document)


async def test_every_call_is_in_the_document_with_its_path_in_full(
    document: dict[str, Any],
) -> None:
    for route in application.API:
        assert isinstance(route, Route)
        assert isinstance(route.endpoint, Call)
        for method in (route.methods or set()) - {"HEAD"}:
            operation = document["paths"][route.path][method.lower()]
            assert operation["summary"]
            assert str(route.endpoint.status) in operation["responses"]
            assert "default" in operation["responses"]


async def test_each_operation_has_an_id_of_its_own(document: dict[str, Any]) -> None:
    ids = [o["operationId"] for path in document["paths"].values() for o in path.values()]
    assert len(ids) == len(set(ids))


async def test_scans_are_documented_as_json_and_as_a_photo(document: dict[str, Any]) -> None:
    body = document["paths"]["/api/v1/scans"]["post"]["requestBody"]["content"]
    assert set(body) == {"application/json", "multipart/form-data"}
    assert body["multipart/form-data"]["schema"]["required"] == ["photo"]


class Addresses(HTMLParser):
    """Collects ids, links and what would load or run anything."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        if said.get("id"):
            self.ids.add(str(said["id"]))
        if tag == "a":
            self.links.append(str(said["href"]))
        if tag in {"script", "img", "iframe", "style"} or "src" in said or "style" in said:
            self.loads.append(tag)


async def test_the_page_needs_nothing_from_elsewhere_and_its_links_lead_somewhere(
    web: httpx2.AsyncClient,
) -> None:
    page = await web.get("/api/docs")
    found = Addresses()
    found.feed(page.text)
    assert not found.loads
    for link in set(found.links):
        if link.startswith("#"):
            assert link[1:] in found.ids
        else:
            assert link.startswith("/")
            assert (await web.get(link)).status_code == 200


async def test_the_page_names_every_call(web: httpx2.AsyncClient) -> None:
    page = (await web.get("/api/docs")).text
    for route in application.API:
        assert isinstance(route, Route)
        assert route.path in page
