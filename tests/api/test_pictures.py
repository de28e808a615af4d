"""Pictures over HTTP: whatever is uploaded, only a clean picture is kept and given out."""

from __future__ import annotations

import io

import httpx2
import pytest
from PIL import Image

from irl.house import House
from scanner import PhotoTooHard, Picture, ScannerBusy, headers
from tests.api.conftest import Hands, ReaderInProcess
from tests.api.said import assert_problem, rows
from tests.scanner.pictures import encoded, png, symbol
from tests.scanner.test_formats import SECRET, with_secrets
from tests.scanner.test_guards import REFUSED

pytestmark = pytest.mark.anyio


async def _registered(alice: Hands) -> str:
    said = {"title": "Lighthouse", "category": "images", "language": "en"}
    return str((await alice.post("/things", json=said)).json()["id"])


async def put(hands: Hands, thing_id: str, photo: bytes) -> httpx2.Response:
    return await hands.ask("PUT", f"/things/{thing_id}/picture", files={"photo": ("x", photo)})


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIC"])
async def test_a_picture_is_shown_to_everybody_without_what_its_file_told(
    alice: Hands, web: httpx2.AsyncClient, kind: str
) -> None:
    thing_id = await _registered(alice)
    answer = await put(alice, thing_id, with_secrets(kind))
    assert answer.status_code == 200
    address = answer.json()["picture"]
    assert (await web.get(f"/api/v1/things/{thing_id}")).json()["picture"] == address
    assert (await web.get("/api/v1/things")).json()["things"][0]["picture"] == address
    for each, side in ((address, 1280), (address.replace(".webp", "-small.webp"), 480)):
        picture = await web.get(each)
        assert picture.status_code == 200
        assert picture.headers["content-type"] == "image/webp"
        assert picture.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert picture.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'; sandbox" in picture.headers.get_list("content-security-policy")
        assert SECRET.encode() not in picture.content
        assert headers.walk(picture.content).kind == "webp"
        with Image.open(io.BytesIO(picture.content)) as opened:
            opened.load()
            assert max(opened.size) <= side


async def test_a_new_picture_has_a_new_address_and_the_old_one_is_gone(
    alice: Hands, web: httpx2.AsyncClient
) -> None:
    thing_id = await _registered(alice)
    first, second = [
        (await put(alice, thing_id, encoded(symbol(module=module)))).json()["picture"]
        for module in (4, 5)
    ]
    assert first != second
    assert_problem(await web.get(first), 404, "not-found")
    assert (await web.get(second)).status_code == 200
    for _ in range(2):
        dropped = await alice.ask("DELETE", f"/things/{thing_id}/picture")
        assert (dropped.status_code, dropped.content) == (204, b"")
    assert_problem(await web.get(second), 404, "not-found")
    assert (await alice.get(f"/things/{thing_id}")).json()["picture"] is None


async def test_the_picture_of_a_deleted_or_hidden_thing_is_not_found(
    alice: Hands, web: httpx2.AsyncClient, house: House
) -> None:
    thing_id = await _registered(alice)
    address = (await put(alice, thing_id, encoded(symbol()))).json()["picture"]
    await house.db.write(lambda connection: connection.run("UPDATE things SET hidden_at = 1"))
    assert_problem(await web.get(address), 404, "not-found")
    await house.db.write(lambda connection: connection.run("UPDATE things SET hidden_at = NULL"))
    assert (await web.get(address)).status_code == 200
    await alice.ask("DELETE", f"/things/{thing_id}")
    assert_problem(await web.get(address), 404, "not-found")


@pytest.mark.parametrize("case", sorted(REFUSED.keys() - {"nothing", "too many bytes"}))
async def test_what_is_no_good_picture_is_refused_and_nothing_stays(
    alice: Hands, house: House, case: str
) -> None:
    thing_id = await _registered(alice)
    before = await rows(house)
    answer = await put(alice, thing_id, REFUSED[case][0])
    assert_problem(answer, 422, "photo-refused", field="photo")
    assert await rows(house) == before
    assert (await alice.get(f"/things/{thing_id}")).json()["picture"] is None


async def test_an_old_picture_stays_when_a_new_one_is_refused(
    alice: Hands, web: httpx2.AsyncClient
) -> None:
    thing_id = await _registered(alice)
    address = (await put(alice, thing_id, encoded(symbol()))).json()["picture"]
    assert_problem(
        await put(alice, thing_id, png(30_000, 30_000)), 422, "photo-refused", field="photo"
    )
    assert (await web.get(address)).status_code == 200


async def test_nobody_else_puts_or_drops_a_picture(
    alice: Hands, charlie: Hands, web: httpx2.AsyncClient
) -> None:
    thing_id = await _registered(alice)
    photo = encoded(symbol())
    address = (await put(alice, thing_id, photo)).json()["picture"]
    assert_problem(await put(charlie, thing_id, photo), 404, "not-found")
    dropped = await charlie.ask("DELETE", f"/things/{thing_id}/picture")
    assert_problem(dropped, 404, "not-found")
    path = f"/api/v1/things/{thing_id}/picture"
    assert_problem(await web.put(path, files={"photo": photo}), 401, "token-refused")
    assert (await web.get(address)).status_code == 200


async def test_a_picture_comes_as_a_file_and_alone(alice: Hands) -> None:
    path = f"/things/{await _registered(alice)}/picture"
    photo = encoded(symbol())
    assert_problem(await alice.ask("PUT", path, json={}), 415, "media-type")
    for said in ({"files": {"other": photo}}, {"files": {"photo": b""}}):
        answer = await alice.ask("PUT", path, **said)
        assert_problem(answer, 422, "invalid", field=answer.json()["field"])
    extra = await alice.ask("PUT", path, files={"photo": photo}, data={"nonce": "1"})
    assert_problem(extra, 422, "invalid", field="nonce")


@pytest.mark.parametrize(
    ("trouble", "status", "name"),
    [(PhotoTooHard(), 422, "photo-too-hard"), (ScannerBusy(retry_after_s=2), 503, "scanner-busy")],
)
async def test_a_scanner_that_cannot_draw_now_says_so(
    alice: Hands, monkeypatch: pytest.MonkeyPatch, trouble: Exception, status: int, name: str
) -> None:
    async def failing(_: ReaderInProcess, __: bytes) -> Picture:
        raise trouble

    monkeypatch.setattr(ReaderInProcess, "picture", failing)
    thing_id = await _registered(alice)
    assert_problem(await put(alice, thing_id, encoded(symbol())), status, name)


@pytest.mark.parametrize("name", ["0000000000000.webp", "x-small.webp", "..%2Fx.webp", "a.png"])
async def test_an_address_of_no_picture_is_not_found(web: httpx2.AsyncClient, name: str) -> None:
    assert_problem(await web.get(f"/pictures/{name}"), 404, "not-found")
