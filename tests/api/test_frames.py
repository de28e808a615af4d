"""Frames of a viewfinder: codes in sight, nothing recorded."""

from __future__ import annotations

import cv2
import httpx2
import numpy as np
import pytest

import qr
from api.v1 import frames
from irl.house import House
from qr import render
from scanner import Look, ScannerBusy, Sighting
from tests.api.conftest import ReaderInProcess
from tests.api.said import assert_as_documented, assert_problem, rows
from tests.camera import photograph

pytestmark = pytest.mark.anyio

BASE_URL = "http://localhost:8000"


def _frame(text: str) -> bytes:
    """A frame of 640 pixels, as a page takes it."""
    png = np.frombuffer(render.png(render.symbol(text), scale=8), np.uint8)
    pixels = np.asarray(cv2.imdecode(png, cv2.IMREAD_GRAYSCALE), np.uint8)
    return photograph(pixels, seed=7, width=640, height=480, share=0.6)


async def _shown(web: httpx2.AsyncClient, frame: bytes) -> httpx2.Response:
    answer = await web.post("/api/v1/frames", files={"photo": ("frame.jpg", frame)})
    assert_as_documented(answer)
    return answer


async def test_a_code_in_sight_is_told_and_nothing_is_recorded(
    web: httpx2.AsyncClient, house: House
) -> None:
    before = await rows(house)
    code = qr.mint()
    address = qr.address(code, base_url=BASE_URL)
    answer = await _shown(web, _frame(address))
    assert answer.status_code == 200
    assert answer.json() == {"codes": [{"code": code.text, "address": address}]}
    assert await rows(house) == before


@pytest.mark.parametrize("text", ["https://example.org/T/0000000000000", "not an address at all"])
async def test_what_is_not_ours_is_not_told(web: httpx2.AsyncClient, text: str) -> None:
    assert (await _shown(web, _frame(text))).json() == {"codes": []}


async def test_a_frame_without_a_code_is_no_error(web: httpx2.AsyncClient) -> None:
    wall = np.full((480, 640), 200, np.uint8)
    done, jpeg = cv2.imencode(".jpg", wall)
    assert done
    answer = await _shown(web, jpeg.tobytes())
    assert (answer.status_code, answer.json()) == (200, {"codes": []})


async def test_a_frame_is_looked_at_as_a_frame_and_gives_way(
    web: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def busy(_: object, photo: bytes, *, look: Look = Look.PHOTO) -> tuple[Sighting, ...]:
        assert (photo, look) == (b"frame", Look.FRAME)
        raise ScannerBusy(retry_after_s=1)

    monkeypatch.setattr(ReaderInProcess, "read", busy)
    answer = await _shown(web, b"frame")
    assert_problem(answer, 503, "scanner-busy")
    assert answer.headers["retry-after"] == "1"


async def test_a_frame_that_is_no_picture_is_refused(web: httpx2.AsyncClient) -> None:
    assert_problem(await _shown(web, b"text"), 422, "photo-refused", field="photo")


async def test_a_large_frame_is_refused_before_it_is_read_whole(web: httpx2.AsyncClient) -> None:
    answer = await _shown(web, bytes(frames.MAX_FRAME_BYTES))
    assert_problem(answer, 413, "photo-too-large", field="photo")


async def test_a_frame_comes_as_a_form_with_nothing_else(web: httpx2.AsyncClient) -> None:
    raw = await web.post("/api/v1/frames", content=b"x", headers={"Content-Type": "image/jpeg"})
    assert_problem(raw, 415, "media-type")
    more = await web.post(
        "/api/v1/frames", files={"photo": ("frame.jpg", b"x")}, data={"nonce": "1"}
    )
    assert_problem(more, 422, "invalid", field="nonce")
    none = await web.post("/api/v1/frames", files={"other": ("frame.jpg", b"x")})
    assert_problem(none, 422, "invalid", field="photo")
