from __future__ import annotations

import cv2
import httpx2
import numpy as np
import pytest

import scanner
from tests.api.conftest import Hands
from tests.api.said import assert_problem

pytestmark = pytest.mark.anyio

THING = {
    "title": "Lighthouse",
    "artist": "Anna",
    "description": "Oil.\nOn canvas.",
    "url": "https://anna.example/lighthouse",
    "category": "images",
    "tags": ["Sea", "oil"],
    "language": "en",
}


async def _registered(alice: Hands, **changes: object) -> str:
    answer = await alice.post("/things", json=THING | changes)
    assert answer.status_code == 201
    return str(answer.json()["id"])


async def test_a_thing_is_registered_and_seen_by_all(alice: Hands, web: httpx2.AsyncClient) -> None:
    thing_id = await _registered(alice)
    seen = (await web.get(f"/api/v1/things/{thing_id}")).json()
    assert seen == THING | {
        "id": thing_id,
        "tags": ["oil", "sea"],
        "maker": {"nickname": "Alice"},
        "flattrs": 0,
        "picture": None,
        "created_at": "2026-11-23T12:00:00.000Z",
    }


async def test_some_fields_are_changed_and_the_others_stay(alice: Hands) -> None:
    thing_id = await _registered(alice)
    answer = await alice.ask("PATCH", f"/things/{thing_id}", json={"title": "Beacon", "tags": []})
    assert answer.status_code == 200
    assert answer.json()["title"] == "Beacon"
    assert answer.json()["tags"] == []
    assert answer.json()["artist"] == "Anna"
    assert_problem(await alice.ask("PATCH", f"/things/{thing_id}", json={}), 422, "invalid")
    bad = await alice.ask("PATCH", f"/things/{thing_id}", json={"title": None})
    assert_problem(bad, 422, "invalid", field="title")
    empty = await alice.ask("PATCH", f"/things/{thing_id}", json={"title": ""})
    assert_problem(empty, 422, "invalid", field="title")


async def test_nobody_else_changes_or_deletes_a_thing(alice: Hands, charlie: Hands) -> None:
    thing_id = await _registered(alice)
    for method, path, said in (
        ("PATCH", f"/things/{thing_id}", {"json": {"title": "Mine"}}),
        ("DELETE", f"/things/{thing_id}", {}),
        ("POST", f"/things/{thing_id}/codes", {"json": {"placement": "Mine"}}),
    ):
        assert_problem(await charlie.ask(method, path, **said), 404, "not-found")
    assert (await charlie.get(f"/things/{thing_id}")).json()["title"] == "Lighthouse"


async def test_a_deleted_thing_is_gone(alice: Hands) -> None:
    thing_id = await _registered(alice)
    answer = await alice.ask("DELETE", f"/things/{thing_id}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert_problem(await alice.get(f"/things/{thing_id}"), 404, "not-found")


async def test_things_are_found_by_address_words_tag_and_category(
    alice: Hands, web: httpx2.AsyncClient
) -> None:
    lighthouse = await _registered(alice)
    song = await _registered(alice, title="Sea song", url="", category="audio", tags=["sea"])
    for query, found in (
        ("", [song, lighthouse]),
        ("?url=https%3A%2F%2Fanna.example%2Flighthouse", [lighthouse]),
        ("?url=https%3A%2F%2Fanna.example%2F", []),
        ("?q=LIGHT+anna", [lighthouse]),
        ("?q=&tag=sea", [song, lighthouse]),
        ("?tag=sea&category=audio", [song]),
    ):
        answer = await web.get(f"/api/v1/things{query}")
        assert [thing["id"] for thing in answer.json()["things"]] == found, query
        assert answer.json()["next"] is None


async def test_a_long_list_goes_on_at_the_address_that_it_names(
    alice: Hands, web: httpx2.AsyncClient
) -> None:
    made = [await _registered(alice, title=f"Number {n}", url="") for n in range(52)]
    seen: list[str] = []
    address: str | None = "/api/v1/things?q=number&category=images"
    while address is not None:
        page = (await web.get(address)).json()
        seen += [thing["id"] for thing in page["things"]]
        address = page["next"]
    assert seen == made[::-1]


async def test_a_code_is_made_drawn_and_revoked(alice: Hands, web: httpx2.AsyncClient) -> None:
    thing_id = await _registered(alice, title="Straße & Söhne <1>")
    answer = await alice.post(f"/things/{thing_id}/codes", json={"placement": "Room 3"})
    assert answer.status_code == 201
    made = answer.json()
    assert len(made["code"]) == 13
    assert made["address"] == f"HTTP://LOCALHOST:8000/T/{made['code']}"
    assert made["placement"] == "Room 3"
    for kind, starts, media_type in (
        ("svg", b"<svg", "image/svg+xml"),
        ("png", b"\x89PNG", "image/png"),
        ("pdf", b"%PDF", "application/pdf"),
    ):
        picture = await web.get(made[kind])
        assert picture.content.startswith(starts)
        assert picture.headers["content-type"].startswith(media_type)
        assert "public" in picture.headers["cache-control"]
    png = (await web.get(made["png"])).content
    assert [sighting.text for sighting in scanner.read(png)] == [made["address"]]
    pixels = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert pixels is not None
    assert pixels.shape[0] == pixels.shape[1]
    assert set(np.unique(pixels)) == {0, 255}

    gone = await alice.ask("DELETE", f"/codes/{made['code']}")
    assert (gone.status_code, gone.content) == (204, b"")
    assert (await alice.ask("DELETE", f"/codes/{made['code'].lower()}")).status_code == 204


async def test_nobody_else_revokes_a_code(alice: Hands, charlie: Hands) -> None:
    thing_id = await _registered(alice)
    made = (await alice.post(f"/things/{thing_id}/codes", json={"placement": ""})).json()
    answer = await charlie.ask("DELETE", f"/codes/{made['code']}")
    assert_problem(answer, 404, "not-found")


async def test_a_code_has_hours(alice: Hands) -> None:
    thing_id = await _registered(alice)
    hours = {"opens_at": "2026-12-01T19:00:00+01:00", "closes_at": "2026-12-01T23:00:00+01:00"}
    answer = await alice.post(f"/things/{thing_id}/codes", json={"placement": "Stage"} | hours)
    assert answer.json()["opens_at"] == "2026-12-01T18:00:00.000Z"
    backwards = {"opens_at": hours["closes_at"], "closes_at": hours["opens_at"]}
    answer = await alice.post(f"/things/{thing_id}/codes", json={"placement": "Stage"} | backwards)
    assert_problem(answer, 422, "invalid", field="closes_at")


async def test_the_picture_of_an_unknown_code_is_not_found(web: httpx2.AsyncClient) -> None:
    for name in ("0000000000000.svg", "nonsense.png", "0123456789ABC.pdf"):
        assert_problem(await web.get(f"/api/v1/codes/{name}"), 404, "not-found")


async def test_anyone_reports_a_thing_or_a_code(alice: Hands, web: httpx2.AsyncClient) -> None:
    thing_id = await _registered(alice)
    made = (await alice.post(f"/things/{thing_id}/codes", json={"placement": ""})).json()
    for said in (
        {"thing": thing_id, "reason": "spam"},
        {"code": made["code"], "reason": "not_the_work", "text": "Another work hangs here."},
        {"code": made["address"], "reason": "other"},
    ):
        answer = await web.post("/api/v1/reports", json=said)
        assert (answer.status_code, answer.content) == (202, b"")
    unknown = await web.post("/api/v1/reports", json={"thing": "x", "reason": "spam"})
    assert_problem(unknown, 404, "not-found")
    both = {"thing": thing_id, "code": made["code"], "reason": "spam"}
    assert_problem(await web.post("/api/v1/reports", json=both), 422, "invalid", field="code")
