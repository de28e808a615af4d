from __future__ import annotations

import httpx2
import pytest

from scanner import Health
from tests.api.conftest import ReaderInProcess

pytestmark = pytest.mark.anyio


async def test_health_tells_what_is_live(web: httpx2.AsyncClient) -> None:
    answer = await web.get("/healthz")
    assert answer.status_code == 200
    said = answer.json()
    assert said["status"] == "ok"
    assert said["version"]
    assert said["database"]["reachable"] is True
    assert said["decoders"]["zxing-cpp"] is True
    assert said["workers"]["ready"] == 1
    assert "sandbox" in said


async def test_without_workers_the_house_is_unwell(
    web: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = ReaderInProcess.health

    def none_ready(self: ReaderInProcess) -> Health:
        return usual(self) | {"ready": 0}

    monkeypatch.setattr(ReaderInProcess, "health", none_ready)
    answer = await web.get("/healthz")
    assert (answer.status_code, answer.json()["status"]) == (503, "unwell")
