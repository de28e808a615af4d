from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator

import httpx2
import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route, Router
from starlette.types import Message, Receive, Scope

from api import door, logs, problems
from api.door import Door
from tests.api.said import assert_problem

pytestmark = pytest.mark.anyio

HOUSE = "https://flattr.example"


async def _fine(request: Request) -> Response:
    return Response(str(len(await request.body())))


async def _broken(_: Request) -> Response:
    raise ZeroDivisionError("the secret of a member")


async def _breaks_later(_: Request) -> Response:
    async def parts() -> AsyncIterator[bytes]:
        yield b"half"
        raise ZeroDivisionError

    return StreamingResponse(parts())


async def _answer(request: Request, trouble: Exception) -> Response:
    return problems.answer(problems.of(trouble), request_id=request.scope["request_id"])


ROUTES = [
    Route("/fine/{id}", _fine, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
    Route("/broken", _broken),
    Route("/breaks-later", _breaks_later),
]


def _door(base_url: str = HOUSE, log: logs.AccessLog | None = None) -> Door:
    return Door(Router(ROUTES), base_url=base_url, answer=_answer, log=log)


def _client(app: Door, base_url: str = HOUSE) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=base_url)


async def test_every_answer_has_the_security_headers_and_an_id_of_its_own() -> None:
    async with _client(_door()) as web:
        answers = [await web.get(path) for path in ("/fine/1", "/nothing")]
    assert len({answer.headers["x-request-id"] for answer in answers}) == 2
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        for rule in (
            "default-src 'self'",
            "object-src 'none'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        ):
            assert rule in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert "camera=(self)" in answer.headers["permissions-policy"]
        assert answer.headers["strict-transport-security"].startswith("max-age=31536000")


async def test_a_house_without_tls_asks_nobody_to_insist_on_it() -> None:
    async with _client(_door("http://localhost:8000"), "http://localhost:8000") as web:
        answer = await web.get("/fine/1")
    assert "strict-transport-security" not in answer.headers


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": HOUSE},
        {"Origin": "https://evil.example"},
        {"Origin": "https://flattr.example.evil.example"},
        {"Origin": "null"},
        {"Origin": "https://evil.example", "Authorization": "Bearer x", "Cookie": "session=y"},
    ],
)
async def test_another_sites_page_changes_nothing(method: str, headers: dict[str, str]) -> None:
    async with _client(_door()) as web:
        assert_problem(await web.request(method, "/fine/1", headers=headers), 403, "foreign-origin")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Cookie": "session=y"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": HOUSE, "Cookie": "session=y"},
        {"Origin": "http://other.name:8000", "Host": "other.name:8000"},
        {"Origin": "https://evil.example", "Authorization": "Bearer x"},
    ],
)
async def test_our_pages_and_programs_come_in(headers: dict[str, str]) -> None:
    async with _client(_door()) as web:
        assert (await web.post("/fine/1", headers=headers)).status_code == 200
        assert (await web.get("/fine/1", headers=headers)).status_code == 200


async def test_reading_is_free_for_links_from_elsewhere() -> None:
    async with _client(_door()) as web:
        answer = await web.get("/fine/1", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 200


async def test_a_bug_is_answered_logged_and_says_nothing_of_itself(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with _client(_door()) as web:
        answer = await web.get("/broken")
    said = assert_problem(answer, 500, "internal")
    assert "secret" not in answer.text
    [record] = caplog.records
    line = json.loads(logs.JsonLines().format(record))
    assert line["request_id"] == said["request_id"]
    assert line["error"] == ["builtins.ZeroDivisionError"]
    assert any("_broken" in place for place in line["places"])
    assert "secret" not in json.dumps(line)


async def test_a_bug_in_the_middle_of_an_answer_breaks_the_connection(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with _client(_door()) as web:
        with pytest.raises(ZeroDivisionError):
            await web.get("/breaks-later")
    assert caplog.records


def _scope(**headers: str) -> Scope:
    return {
        "type": "http",
        "method": "POST",
        "path": "/fine/1",
        "query_string": b"",
        "headers": [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()],
    }


async def _sent(receive: Receive, **headers: str) -> list[Message]:
    """Send a request by hand and give the messages of its answer."""
    messages: list[Message] = []

    async def send(message: Message) -> None:
        messages.append(message)

    await _door()(_scope(**headers), receive, send)
    return messages


def _dripping(*parts: bytes, pause_s: float = 0.0) -> Receive:
    waiting = list(parts)

    async def receive() -> Message:
        if not waiting:
            await asyncio.sleep(pause_s)
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": waiting.pop(0), "more_body": True}

    return receive


async def test_a_body_that_drips_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "PATIENCE_S", 0.05)
    monkeypatch.setattr(door, "LOOK_S", 0.02)
    messages = await _sent(_dripping(b"a", b"b", pause_s=5))
    assert messages[0]["status"] == 408
    assert json.loads(messages[1]["body"])["type"] == "/problems/too-slow"


async def test_a_body_that_comes_steadily_has_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "PATIENCE_S", 0.05)
    monkeypatch.setattr(door, "LOOK_S", 0.02)
    monkeypatch.setattr(door, "SLOWEST_BYTES", 10)
    left = 5

    async def receive() -> Message:
        nonlocal left
        await asyncio.sleep(0.03)
        left -= 1
        return {"type": "http.request", "body": b"0123456789", "more_body": left > 0}

    messages = await _sent(receive)
    assert messages[0]["status"] == 200


async def test_one_who_is_cancelled_while_waiting_is_cancelled() -> None:
    async with asyncio.TaskGroup() as group:
        sending = group.create_task(_sent(_dripping(b"a", pause_s=5)))
        await asyncio.sleep(0.01)
        sending.cancel()
    assert sending.cancelled()


async def test_a_body_that_is_too_large_ends_only_when_its_rest_is_thrown_away() -> None:
    taken = 0
    messages: list[Message] = []

    async def receive() -> Message:
        nonlocal taken
        taken += 1
        return {"type": "http.request", "body": bytes(2**18), "more_body": taken < 20}

    async def send(message: Message) -> None:
        messages.append({**message, "after": taken})

    await _door()(_scope(), receive, send)
    start, whole, end = messages
    assert (start["status"], start["after"], whole["more_body"]) == (413, 5, True)
    assert (end["body"], end["more_body"], end["after"]) == (b"", False, 20)


async def test_a_sender_who_leaves_is_not_answered(caplog: pytest.LogCaptureFixture) -> None:
    assert await _sent(_dripping(b"a")) == []
    assert not caplog.records


async def test_the_log_has_the_pattern_of_the_route_and_nothing_personal() -> None:
    written = io.StringIO()
    log = logs.AccessLog(written)
    async with _client(_door(log=log)) as web:
        await web.post("/fine/secret-id?token=secret", headers={"Authorization": "Bearer secret"})
        await web.request("BREW", "/fine/secret-id")
        await web.get("/secret")
        await asyncio.sleep(0.15)
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    assert [(line["method"], line["route"], line["status"]) for line in lines] == [
        ("POST", "/fine/{id}", 200),
        ("other", "/fine/{id}", 405),
        ("GET", None, 404),
    ]
    assert all(line["ms"] >= 0 and line["request_id"] and line["at"] for line in lines)
    assert "secret" not in written.getvalue()


async def test_what_is_no_request_goes_through() -> None:
    seen: list[str] = []

    async def inside(scope: Scope, *_: object) -> None:
        seen.append(scope["type"])

    async def nothing(*_: object) -> Message:
        return {"type": "none"}

    await Door(inside, base_url=HOUSE, answer=_answer)({"type": "lifespan"}, nothing, nothing)  # type: ignore[arg-type]
    assert seen == ["lifespan"]


def test_a_disconnect_is_in_the_table_for_those_who_ask() -> None:
    assert problems.of(ClientDisconnect()).kind.name == "cut-off"
