from __future__ import annotations

from datetime import timedelta
from typing import Any

import cv2
import httpx2
import numpy as np
import pytest
from numpy.typing import NDArray

from irl.house import House
from qr import render
from scanner import PhotoTooHard, ScannerBusy, ScannerDown, Sighting
from tests.api.conftest import Clock, Hands, People, ReaderInProcess
from tests.api.said import assert_problem, rows
from tests.camera import photograph
from tests.cast import Cast

pytestmark = pytest.mark.anyio


def _symbol(text: str) -> NDArray[np.uint8]:
    png = render.png(render.symbol(text), scale=8)
    pixels = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_GRAYSCALE)
    return np.asarray(pixels, np.uint8)


def _wall(*texts: str) -> bytes:
    """A picture with several symbols side by side."""
    pictures = [np.pad(_symbol(text), 20, constant_values=255) for text in texts]
    done, png = cv2.imencode(".png", np.hstack(pictures))
    assert done
    return png.tobytes()


def _photo(text: str) -> bytes:
    return photograph(_symbol(text), seed=7)


async def _scan(hands: Hands, *payloads: str, **changes: Any) -> list[dict[str, Any]]:
    said = [{"payload": p, "nonce": f"{n} {p[-40:]}"} | changes for n, p in enumerate(payloads)]
    answer = await hands.post("/scans", json={"scans": said})
    assert answer.status_code == 200, answer.text
    assert "pocket" not in answer.json()
    found: list[dict[str, Any]] = answer.json()["scans"]
    return found


async def test_a_scan_by_code_is_a_flattr(bob: Hands, members: Cast) -> None:
    payload = await members.payload("Alice", "Lighthouse")
    [scan] = await _scan(bob, payload)
    assert set(scan) == {"nonce", "payload", "outcome", "thing", "month", "flattr_id", "funded"}
    assert scan["nonce"] == f"0 {payload[-40:]}"
    assert scan["payload"] == payload
    assert scan["outcome"] == "flattred"
    assert scan["thing"]["title"] == "Lighthouse"
    assert scan["thing"]["maker"] == {"nickname": "Alice"}
    assert scan["month"] == "2026-11"
    assert scan["funded"] is False
    assert scan["flattr_id"]


async def test_answers_come_in_the_order_sent(bob: Hands, members: Cast) -> None:
    payload = await members.payload("Alice", "Lighthouse")
    own = await members.payload("Bob", "Self-portrait")
    foreign = "https://example.org/T/0000000000000"
    scans = await _scan(bob, foreign, payload, "x" * 4096, own, payload)
    assert [scan["outcome"] for scan in scans] == [
        "foreign_code",
        "flattred",
        "unknown_code",
        "own_thing",
        "already_flattred",
    ]
    assert scans[0]["thing"] is None


async def test_sending_again_is_harmless_and_another_payload_is_not_taken(
    bob: Hands, members: Cast
) -> None:
    payload, other = [await members.payload("Alice", t) for t in ("Lighthouse", "Beacon")]
    first = await _scan(bob, payload, nonce="the same")
    assert await _scan(bob, payload, nonce="the same") == first
    [reused] = await _scan(bob, other, nonce="the same")
    assert (reused["outcome"], reused["thing"]) == ("nonce_reused", None)


async def test_a_scan_of_last_month_counts_there(bob: Hands, members: Cast, clock: Clock) -> None:
    payload = await members.payload("Alice", "Lighthouse")
    clock.now += timedelta(days=9)
    [scan] = await _scan(bob, payload, scanned_at="2026-11-30T23:30:00-00:00")
    assert scan["month"] == "2026-11"
    [scan] = await _scan(bob, payload, scanned_at="2026-12-01T00:30:00+01:00", nonce="2")
    assert (scan["month"], scan["outcome"]) == ("2026-11", "already_flattred")


async def test_a_code_that_is_not_open_says_when_it_opens(alice: Hands, bob: Hands) -> None:
    thing = {"title": "Concert", "category": "audio", "language": "en"}
    thing_id = (await alice.post("/things", json=thing)).json()["id"]
    hours = {"placement": "Stage", "opens_at": "2026-12-01T19:00:00Z"}
    made = (await alice.post(f"/things/{thing_id}/codes", json=hours)).json()
    [scan] = await _scan(bob, made["address"])
    assert (scan["outcome"], scan["opens_at"]) == ("not_open", "2026-12-01T19:00:00.000Z")
    assert scan["flattr_id"] is None


async def test_without_a_token_scans_go_into_a_pocket(
    web: httpx2.AsyncClient, members: Cast
) -> None:
    payload = await members.payload("Alice", "Lighthouse")
    first = await web.post("/api/v1/scans", json={"scans": [{"payload": payload, "nonce": "1"}]})
    assert first.json()["scans"][0]["outcome"] == "pocketed"
    word = first.json()["pocket"]
    again = await web.post(
        "/api/v1/scans", json={"scans": [{"payload": payload, "nonce": "2"}], "pocket": word}
    )
    assert again.json()["pocket"] == word
    unknown = await web.post(
        "/api/v1/scans", json={"scans": [{"payload": payload, "nonce": "3"}], "pocket": "no-such"}
    )
    assert_problem(unknown, 422, "invalid", field="pocket")


async def test_a_bad_token_is_refused_and_not_taken_for_a_visitor(
    web: httpx2.AsyncClient, people: People, members: Cast, house: House
) -> None:
    payload = await members.payload("Alice", "Lighthouse")
    wallet = await people("Bob", "wallet")
    before = await rows(house)
    body = {"scans": [{"payload": payload, "nonce": "1"}]}
    bad = await web.post("/api/v1/scans", json=body, headers={"Authorization": "Bearer nonsense"})
    assert_problem(bad, 401, "token-refused")
    assert_problem(await wallet.post("/scans", json=body), 403, "scope-missing")
    assert await rows(house) == before


async def test_a_photo_of_a_code_is_recorded_at_once(bob: Hands, members: Cast) -> None:
    payload = await members.payload("Alice", "Lighthouse")
    photo = {"photo": ("photo.jpg", _photo(payload), "image/jpeg")}
    answer = await bob.post("/scans", files=photo, data={"nonce": "mine"})
    [scan] = answer.json()["scans"]
    assert (scan["nonce"], scan["outcome"], scan["payload"]) == ("mine", "flattred", payload)
    assert (await bob.post("/scans", files=photo, data={"nonce": "mine"})).json() == answer.json()
    [scan] = (await bob.post("/scans", files=photo)).json()["scans"]
    assert scan["outcome"] == "already_flattred"
    assert len(scan["nonce"]) == 32


async def test_a_photo_goes_into_a_pocket_too(web: httpx2.AsyncClient, members: Cast) -> None:
    payload = await members.payload("Alice", "Lighthouse")
    answer = await web.post("/api/v1/scans", files={"photo": ("p.jpg", _photo(payload))})
    assert answer.json()["scans"][0]["outcome"] == "pocketed"
    assert answer.json()["pocket"]


async def test_of_several_codes_in_a_photo_the_sender_chooses(
    bob: Hands, members: Cast, house: House
) -> None:
    payloads = [await members.payload("Alice", title) for title in ("Lighthouse", "Beacon")]
    await members.member("Bob")
    before = await rows(house)
    answer = await bob.post("/scans", files={"photo": ("wall.png", _wall(*payloads))})
    scans = answer.json()["scans"]
    assert {scan["payload"] for scan in scans} == set(payloads)
    assert {scan["thing"]["title"] for scan in scans} == {"Lighthouse", "Beacon"}
    assert {(scan["outcome"], scan["nonce"]) for scan in scans} == {("choose", None)}
    assert await rows(house) == before


async def test_one_code_of_ours_beside_another_is_recorded(bob: Hands, members: Cast) -> None:
    payload = await members.payload("Alice", "Lighthouse")
    photo = _wall("https://example.org/menu", payload)
    [scan] = (await bob.post("/scans", files={"photo": ("wall.png", photo)})).json()["scans"]
    assert (scan["outcome"], scan["payload"]) == ("flattred", payload)


async def test_a_photo_of_a_foreign_code_says_so(bob: Hands) -> None:
    for text, outcome in (
        ("https://example.org/menu", "foreign_code"),
        ("BEGIN:VCARD", "unknown_code"),
    ):
        photo = {"photo": ("photo.png", _wall(text))}
        [scan] = (await bob.post("/scans", files=photo)).json()["scans"]
        assert (scan["outcome"], scan["payload"], scan["thing"]) == (outcome, text, None)


@pytest.mark.parametrize(
    ("trouble", "status", "name"),
    [
        (PhotoTooHard(), 422, "photo-too-hard"),
        (ScannerBusy(retry_after_s=3), 503, "scanner-busy"),
        (ScannerDown("no worker"), 503, "scanner-down"),
    ],
)
async def test_what_the_scanner_cannot_do_is_a_problem(
    trouble: Exception,
    status: int,
    name: str,
    bob: Hands,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def read(*_: object) -> tuple[Sighting, ...]:
        raise trouble

    monkeypatch.setattr(ReaderInProcess, "read", read)
    answer = await bob.post("/scans", files={"photo": ("photo.png", b"")})
    assert_problem(answer, status, name)
    if name == "scanner-busy":
        assert answer.headers["retry-after"] == "3"
