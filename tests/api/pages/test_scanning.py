"""Scanning over the pages: a shared photo asks first, codes that the camera saw are offered."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from io import BytesIO

import httpx2
import pytest
from PIL import Image

from api.pages import templates
from irl.house import House
from tests.api.pages.browser import Browser, SignedIn
from tests.api.said import rows
from tests.cast import Cast

pytestmark = pytest.mark.anyio

FROM_NOWHERE = {"sec-fetch-site": "none"}
OURS = {"sec-fetch-site": "same-origin"}


async def shared(browser: Browser, photo: bytes, **headers: str) -> httpx2.Response:
    """Share a photo to the service, as a phone does from its gallery."""
    files = {"photo": ("shared.png", photo, "image/png")}
    browser.page = await browser.client.post("/scan", files=files, headers=headers)
    return await browser._follow()


async def test_a_shared_photo_of_one_code_opens_its_page_and_gives_nothing(
    signed_in: SignedIn, members: Cast, house: House, picture_of: Callable[..., bytes]
) -> None:
    payload = await members.payload("Alice", "Harbour")
    bob = await signed_in("Bob")
    before = await rows(house)
    await shared(bob, picture_of(payload), **FROM_NOWHERE)
    assert bob.path == f"/t/{payload[-13:]}"
    assert "Is this what you see in front of you?" in bob.text
    assert await rows(house) == before
    await bob.submit(bob.path)
    assert "You flattred this." in bob.text


async def test_a_shared_photo_with_several_codes_offers_them(
    visitor: Browser, members: Cast, house: House, picture_of: Callable[..., bytes]
) -> None:
    payloads = [await members.payload("Alice", title) for title in ("Harbour", "Kettle")]
    await members.member("Alice")
    before = await rows(house)
    await shared(visitor, picture_of(*payloads), **FROM_NOWHERE)
    assert "Which ones?" in visitor.text
    assert await rows(house) == before
    await visitor.submit("/scan", ("code", payloads[1][-13:]))
    assert "It is in your pocket." in visitor.text
    assert "Kettle" in visitor.text
    assert "Harbour" not in visitor.text


async def test_a_photo_that_no_form_of_ours_sent_is_never_recorded(
    signed_in: SignedIn, members: Cast, house: House, picture_of: Callable[..., bytes]
) -> None:
    photo = picture_of(await members.payload("Alice", "Harbour"))
    bob = await signed_in("Bob")
    before = await rows(house)
    await shared(bob, photo)  # without a nonce, from whatever sends no Sec-Fetch-Site
    assert bob.page.status_code == 200

    async def with_nonce(site: str) -> httpx2.Response:
        return await bob.client.post(
            "/scan",
            data={"nonce": "guessed"},
            files={"photo": ("a.png", photo, "image/png")},
            headers={"sec-fetch-site": site},
        )

    assert (await with_nonce("none")).status_code == 303
    for site in ("cross-site", "same-site"):
        assert (await with_nonce(site)).status_code == 403
    assert await rows(house) == before
    assert "You flattred this." in (await with_nonce("same-origin")).text


async def test_a_shared_photo_without_a_code_says_so(visitor: Browser, members: Cast) -> None:
    wall = BytesIO()
    Image.new("L", (200, 200), 255).save(wall, "PNG")
    answer = await shared(visitor, wall.getvalue(), **FROM_NOWHERE)
    assert answer.status_code == 422
    assert "No code was found in this photo." in answer.text
    assert await members.member("Alice")


async def test_codes_that_the_camera_saw_are_offered_and_looking_gives_nothing(
    visitor: Browser, members: Cast, house: House
) -> None:
    codes = [(await members.payload("Alice", title))[-13:] for title in ("Harbour", "Kettle")]
    before = await rows(house)
    await visitor.open(f"/scan?code={codes[0]}&code={codes[1]}&code={codes[0].lower()}")
    assert visitor.text.count('type="checkbox"') == 2
    await visitor.open(f"/scan?code={codes[0]}")
    assert visitor.path == f"/t/{codes[0]}"
    for wrong, said in (
        ("0000000000001", "mistyped"),
        ("https://elsewhere.example/T/0000000000000", "another house"),
    ):
        page = await visitor.open(f"/scan?code={wrong}")
        assert page.status_code == 422
        assert said in page.text
    too_many = "&".join("code=0000000000000" for _ in range(65))
    assert (await visitor.open(f"/scan?{too_many}")).status_code == 422
    assert await rows(house) == before


async def test_scans_that_waited_are_answered_again_in_any_order(
    signed_in: SignedIn, members: Cast, house: House
) -> None:
    payloads = [await members.payload("Alice", title) for title in ("One", "Two", "Three")]
    own = await members.payload("Bob", "Own")
    waited = [
        {"payload": payload, "nonce": f"n{n}", "scanned_at": "2026-11-23T09:00:00+01:00"}
        for n, payload in enumerate([*payloads, own, payloads[0], "nonsense"])
    ]
    bob = await signed_in("Bob")
    first = await bob.client.post("/scan/queue", json={"scans": waited}, headers=OURS)
    assert first.status_code == 200
    outcomes = {scan["nonce"]: scan["outcome"] for scan in first.json()["scans"]}
    assert list(outcomes.values()) == [
        "flattred",
        "flattred",
        "flattred",
        "own_thing",
        "already_flattred",
        "unknown_code",
    ]
    assert first.json()["said"] == (
        "6 scans were sent: 3 flattred, 1 of your own, 1 flattred already, 1 not known here."
    )
    after = await rows(house)
    for again in (waited[::-1], waited[2:4], waited):
        answer = await bob.client.post("/scan/queue", json={"scans": again})
        assert {s["nonce"]: s["outcome"] for s in answer.json()["scans"]} == {
            scan["nonce"]: outcomes[scan["nonce"]] for scan in again
        }
    assert await rows(house) == after


async def test_a_visitors_scans_that_waited_go_into_the_pocket(
    visitor: Browser, members: Cast
) -> None:
    waited = {"scans": [{"payload": await members.payload("Alice", "One"), "nonce": "a"}]}
    first = await visitor.client.post("/scan/queue", json=waited)
    assert first.headers["set-cookie"].startswith("pocket=")
    assert first.json()["said"] == "One scan was sent: 1 in your pocket."
    word = visitor.client.cookies["pocket"]
    assert (await visitor.client.post("/scan/queue", json=waited)).json() == first.json()
    assert visitor.client.cookies["pocket"] == word
    visitor.keep("pocket", "dada-dada-dada-dada")
    assert (await visitor.client.post("/scan/queue", json=waited)).status_code == 200


async def test_the_queue_takes_nothing_of_other_sites_and_nothing_malformed(
    signed_in: SignedIn, members: Cast, house: House
) -> None:
    scan = {"payload": await members.payload("Alice", "One"), "nonce": "a"}
    bob = await signed_in("Bob")
    before = await rows(house)
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://elsewhere.example"}):
        refused = await bob.client.post("/scan/queue", json={"scans": [scan]}, headers=headers)
        assert refused.status_code == 403
    body = json.dumps({"scans": [scan]})
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        headers = {"content-type": kind}
        refused = await bob.client.post("/scan/queue", content=body, headers=headers)
        assert refused.status_code == 415
    refused_bodies: tuple[dict[str, object], ...] = (
        {"scans": []},
        {"scans": [scan] * 501},
        {"scans": [scan | {"nonce": ""}]},
        {"scans": [scan | {"scanned_at": "yesterday"}]},
        {"scans": [scan], "pocket": "dada-dada-dada-dada"},
    )
    for wrong in refused_bodies:
        assert (await bob.client.post("/scan/queue", json=wrong)).status_code == 422
    assert await rows(house) == before
    assert (await bob.client.get("/scan/queue")).status_code == 405


async def test_the_app_can_be_installed(visitor: Browser) -> None:
    page = await visitor.open("/")
    assert '<link rel="manifest" href="/manifest.webmanifest">' in page.text
    manifest = await visitor.open("/manifest.webmanifest")
    assert manifest.headers["content-type"] == "application/manifest+json"
    said = manifest.json()
    assert (said["start_url"], said["display"], said["scope"]) == ("/scan", "standalone", "/")
    assert said["share_target"]["action"] == "/scan"
    assert {icon["purpose"] for icon in said["icons"] if "purpose" in icon} == {"any", "maskable"}
    for icon in said["icons"]:
        file = await visitor.open(icon["src"])
        assert file.headers["content-type"] == icon["type"]
        if icon["type"] == "image/png":
            drawn = Image.open(BytesIO(file.content))
            assert f"{drawn.width}x{drawn.height}" == icon["sizes"]
            assert drawn.getpixel((0, 0)) == (0xF7, 0xF6, 0xF2)
            assert drawn.getpixel((drawn.width // 2, drawn.height // 2)) == (0x1B, 0x2F, 0xB8)
    assert (await visitor.open("/icons/13.png")).status_code == 404


async def test_the_worker_keeps_files_that_are_there_and_nothing_private(
    signed_in: SignedIn,
) -> None:
    bob = await signed_in("Bob")
    worker = await bob.open("/sw.js")
    assert worker.headers["content-type"].startswith("text/javascript")
    assert worker.headers["cache-control"] == "no-cache"
    kept = set(re.findall(r'^  "(/.*)",$', worker.text, re.MULTILINE)) | {"/offline"}
    assert len(kept) > 5
    for address in kept:
        assert (await bob.open(address)).status_code == 200
    page = await bob.open("/offline")
    assert "Bob" not in page.text
    named = {f"/static/{found}" for found in re.findall(r'/static/([^"]+)', page.text)}
    assert named <= kept
    assert page.headers["content-language"] == "en"
    bob.client.headers["accept-language"] = "de"
    assert (await bob.open("/offline")).headers["content-language"] == "de"


def test_scripts_name_each_other_with_their_versions() -> None:
    for name, content in templates.STATIC.items():
        if name.endswith(".js"):
            for other, version in re.findall(r'"/static/([\w.-]+)(\?v=\w+)?"', content.decode()):
                assert templates.static(other) == f"/static/{other}{version}"
