"""Bad input gets 4xx with the field named, and nothing is stored."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from api import door
from irl.house import House
from irl.members import invitations
from tests.api.conftest import Hands
from tests.api.said import assert_problem, rows
from tests.cast import PASSWORD, Cast, link_to
from tests.conftest import NOW

pytestmark = pytest.mark.anyio

THING = {"title": "Lighthouse", "category": "images", "language": "en"}
RIGHT_TO_LEFT = "\u202egnp.exe"


@dataclass(frozen=True)
class Case:
    """One bad request and the problem that it must get."""

    name: str
    method: str
    path: str
    json: Any
    field: str | None
    status: int = 422
    problem: str = "invalid"


def _budget(value: object) -> dict[str, object]:
    return {"budget_micros": value}


def _deposit(value: object, provider: str = "sandbox") -> dict[str, object]:
    return {"amount_micros": value, "provider": provider}


def _scan(**changes: object) -> dict[str, object]:
    return {"scans": [{"payload": "x", "nonce": "1"} | changes]}


BAD_AMOUNTS = {
    "below": 1_990_000,
    "above": 10_000_010_000,
    "negative": -5_000_000,
    "zero": 0,
    "a part of a cent": 8_000_001,
    "fractional": 5_000_000.5,
    "a whole number as a fraction": 5_000_000.0,
    "true": True,
    "text": "5000000",
    "10^30": 10**30,
    "-10^30": -(10**30),
    "a list": [5_000_000],
}

CASES = [
    *(
        Case(f"a budget that is {name}", "PUT", "/me/budget", _budget(value), "budget_micros")
        for name, value in BAD_AMOUNTS.items()
    ),
    *(
        Case(f"a deposit that is {name}", "POST", "/me/deposits", _deposit(value), "amount_micros")
        for name, value in BAD_AMOUNTS.items()
    ),
    Case("a deposit of null", "POST", "/me/deposits", _deposit(None), "amount_micros"),
    Case("a budget without a word", "PUT", "/me/budget", {}, "budget_micros"),
    Case("an unknown provider", "POST", "/me/deposits", _deposit(8_000_000, "bank"), "provider"),
    Case("a provider that is a number", "POST", "/me/deposits", _deposit(8_000_000, 1), "provider"),  # type: ignore[arg-type]
    Case("an unknown field", "PUT", "/me/budget", _budget(5_000_000) | {"x": 1}, "x"),
    Case("a title of no characters", "POST", "/things", THING | {"title": ""}, "title"),
    Case("a title of blanks", "POST", "/things", THING | {"title": "   "}, "title"),
    Case("a title of 10,000 characters", "POST", "/things", THING | {"title": "a" * 10_000}, "title"),
    Case("a title with a null", "POST", "/things", THING | {"title": "a\0b"}, "title"),
    Case("a title with a new line", "POST", "/things", THING | {"title": "a\nb"}, "title"),
    Case("a title that runs backwards", "POST", "/things", THING | {"title": RIGHT_TO_LEFT}, "title"),
    Case("an artist with an escape", "POST", "/things", THING | {"artist": "a\x1b[31m"}, "artist"),
    Case("a script as an address", "POST", "/things", THING | {"url": "javascript:alert(1)"}, "url"),
    Case("an unknown category", "POST", "/things", THING | {"category": "food"}, "category"),
    Case("no category", "POST", "/things", {"title": "a", "language": "en"}, "category"),
    Case("a bad language", "POST", "/things", THING | {"language": "english!"}, "language"),
    Case("a tag that is a number", "POST", "/things", THING | {"tags": ["a", 1]}, "tags.1"),
    Case("too many tags", "POST", "/things", THING | {"tags": [f"t{n}" for n in range(30)]}, "tags"),
    Case("a body that is a list", "POST", "/things", [], None),
    Case("a body that is a text", "POST", "/things", "null", None),
    Case("no scans", "POST", "/scans", {"scans": []}, "scans"),
    Case("501 scans", "POST", "/scans", {"scans": _scan()["scans"] * 501}, "scans"),  # type: ignore[operator]
    Case("an empty nonce", "POST", "/scans", _scan(nonce=""), "scans.0.nonce"),
    Case("a long nonce", "POST", "/scans", _scan(nonce="n" * 65), "scans.0.nonce"),
    Case("a nonce with a new line", "POST", "/scans", _scan(nonce="n\n"), "scans.0.nonce"),
    Case("a nonce that is a number", "POST", "/scans", _scan(nonce=1), "scans.0.nonce"),
    Case("a payload that is none", "POST", "/scans", _scan(payload=None), "scans.0.payload"),
    Case("a moment without offset", "POST", "/scans", _scan(scanned_at="2026-11-23T10:00:00"), "scans.0.scanned_at"),
    Case("a moment of seconds", "POST", "/scans", _scan(scanned_at="1700000000"), "scans.0.scanned_at"),
    Case("a moment that is a number", "POST", "/scans", _scan(scanned_at=0), "scans.0.scanned_at"),
    Case("a day that is none", "POST", "/scans", _scan(scanned_at="2026-02-30T10:00:00Z"), "scans.0.scanned_at"),
    Case("a moment before time", "POST", "/scans", _scan(scanned_at="0001-01-01T00:00:00+14:00"), "scans.0.scanned_at"),
    Case("an unknown field of a scan", "POST", "/scans", _scan(member=1), "scans.0.member"),
    Case("an unknown thing", "GET", "/things/nonsense", None, None, 404, "not-found"),
    Case("an unknown deposit", "GET", "/me/deposits/nonsense", None, None, 404, "not-found"),
    Case("an unknown flattr", "DELETE", "/me/flattrs/nonsense", None, None, 404, "not-found"),
    Case("an unknown code", "DELETE", "/codes/0123456789ABC", None, None, 404, "not-found"),
    Case("a code that is none", "DELETE", "/codes/%F0%9F%92%A9", None, None, 404, "not-found"),
    Case("an unknown token", "DELETE", "/tokens/nonsense", None, None, 404, "not-found"),
    Case("a month that is none", "GET", "/me/flattrs?month=2026-13", None, "month"),
    Case("a month without a word", "GET", "/me/flattrs?month=", None, "month"),
    Case("a month twice", "GET", "/me/flattrs?month=2026-11&month=2026-10", None, "month"),
    Case("a page that is none", "GET", "/me/flattrs?after=x", None, "after"),
    Case("an unknown parameter", "GET", "/things?order=price", None, "order"),
    Case("a search for a bad category", "GET", "/things?category=food", None, "category"),
    Case("a bad query", "GET", "/things?q=%ff", None, None, 400, "bad-form"),
    Case("a report of nothing", "POST", "/reports", {"reason": "spam"}, "code"),
    Case("a report without reason", "POST", "/reports", {"thing": "x"}, "reason"),
    Case("a report for a bad reason", "POST", "/reports", {"thing": "x", "reason": "ugly"}, "reason"),
    Case("a report of a code that is none", "POST", "/reports", {"code": "x", "reason": "spam"}, "code", 404, "not-found"),
]  # fmt: skip


async def test_each_is_refused_by_name_and_nothing_is_stored(
    bob: Hands, house: House, subtests: pytest.Subtests
) -> None:
    before = await rows(house)
    for case in CASES:
        with subtests.test(case.name):
            said = {} if case.json is None else {"json": case.json}
            answer = await bob.ask(case.method, case.path, **said)
            assert_problem(answer, case.status, case.problem, field=case.field)
            assert await rows(house) == before


RAW = {
    "nothing": b"",
    "half of it": b'{"budget_micros": 50',
    "no UTF-8": b'{"budget_micros": "\xff\xfe"}',
    "half a surrogate": b'{"budget_micros": "\\ud800"}',
    "100,000 lists deep": b"[" * 100_000,
    "100,000 objects deep": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "a number of 5,000 digits": b'{"budget_micros": ' + b"9" * 5000 + b"}",
    "two documents": b'{"budget_micros": null} {}',
}


async def test_a_body_that_is_no_json_is_refused(bob: Hands, subtests: pytest.Subtests) -> None:
    kind = {"Content-Type": "application/json"}
    for name, raw in RAW.items():
        with subtests.test(name):
            answer = await bob.ask("PUT", "/me/budget", content=raw, headers=kind)
            assert_problem(answer, 400, "bad-json")


async def test_a_body_of_another_kind_is_refused(bob: Hands) -> None:
    kinds = ("text/plain", "application/x-www-form-urlencoded", "json")
    for headers in ({}, *({"Content-Type": kind} for kind in kinds)):
        answer = await bob.ask(
            "PUT", "/me/budget", content=b'{"budget_micros":null}', headers=headers
        )
        assert_problem(answer, 415, "media-type")


async def test_a_charset_beside_the_kind_is_fine(bob: Hands) -> None:
    answer = await bob.ask(
        "PUT",
        "/me/budget",
        content=b'{"budget_micros":null}',
        headers={"Content-Type": "application/json; charset=utf-8"},
    )
    assert answer.status_code == 200


async def test_several_fields_at_fault_are_all_named(bob: Hands) -> None:
    answer = await bob.post("/things", json={"title": 1, "tags": {}, "colour": "red"})
    said = assert_problem(answer, 422, "invalid", field="title")
    assert {error["field"] for error in said["errors"]} == {
        "title", "category", "tags", "language", "colour",
    }  # fmt: skip


# --- joining -------------------------------------------------------------------------------------


BAD_NEWCOMERS: list[tuple[str, str | None]] = [
    ("email", "none at all"),
    ("email", "a@b@c"),
    ("email", "a" * 300 + "@house.example"),
    ("nickname", ""),
    ("nickname", "x" * 61),
    ("nickname", RIGHT_TO_LEFT),
    ("password", "short"),
    ("password", "x" * 10_000),
    ("invitation", None),
    ("invitation", "0123456789abcdef0"),
    ("invitation", "0123456789ABCDEF0"),
    ("invitation", "0123"),
    ("pocket", "never-heard"),
]


async def test_joining_with_a_bad_value_is_refused(
    web: httpx2.AsyncClient, house: House, subtests: pytest.Subtests
) -> None:
    [invitation] = await invitations.issue(house, 1, now=NOW)
    before = await rows(house)
    newcomer = {
        "email": "dora@house.example",
        "nickname": "Dora",
        "password": PASSWORD,
        "invitation": invitation,
    }
    for field, value in BAD_NEWCOMERS:
        with subtests.test(f"{field} {str(value)[:20]}"):
            answer = await web.post("/api/v1/members", json=newcomer | {field: value})
            name = "invitation-refused" if field == "invitation" else "invalid"
            assert_problem(answer, 422, name, field=field)
            assert await rows(house) == before


async def test_an_invitation_is_used_once(
    web: httpx2.AsyncClient, house: House, members: Cast
) -> None:
    await members.member("Alice")
    [invitation] = await invitations.issue(house, 1, now=NOW)
    for name in ("dora", "emil"):
        answer = await web.post(
            "/api/v1/members",
            json={
                "email": f"{name}@house.example",
                "nickname": name,
                "password": PASSWORD,
                "invitation": invitation,
            },
        )
        assert answer.status_code == 201
    links = [await link_to(house, f"{name}@house.example") for name in ("dora", "emil")]
    answers = [await web.post("/api/v1/members/verify", json={"token": link}) for link in links]
    assert answers[0].json() == {"nickname": "dora", "verified": True}
    assert_problem(answers[1], 422, "invitation-refused", field="invitation")


# --- photos --------------------------------------------------------------------------------------


def _png(width: int, height: int) -> bytes:
    """A PNG of one colour: 30,000 x 30,000 pixels are about 110 KB."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    packed = zlib.compressobj(9)
    line = bytes(1 + (width + 7) // 8)
    data = b"".join(packed.compress(line) for _ in range(height)) + packed.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


def _zip() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("photo.jpg", "no photo")
    return packed.getvalue()


PHOTOS = {
    "empty": b"",
    "a text": b"I am a photo, really." * 100,
    "a ZIP": _zip(),
    "cut off": _png(300, 300)[:60],
    "30,000 x 30,000 pixels": _png(30_000, 30_000),
}


async def test_a_photo_that_is_none_is_refused(
    bob: Hands, house: House, subtests: pytest.Subtests
) -> None:
    before = await rows(house)
    for name, photo in PHOTOS.items():
        with subtests.test(name):
            answer = await bob.post("/scans", files={"photo": ("photo.jpg", photo)})
            assert_problem(answer, 422, "photo-refused", field="photo")
            assert await rows(house) == before


async def test_a_photo_without_a_code_is_a_problem(bob: Hands, house: House) -> None:
    before = await rows(house)
    answer = await bob.post("/scans", files={"photo": ("photo.png", _png(300, 300))})
    assert_problem(answer, 422, "no-code-in-photo", field="photo")
    assert await rows(house) == before


async def _endless(taken: list[int]) -> AsyncIterator[bytes]:
    """A form with a photo that never ends, of which we count what is taken."""
    yield b'--cut\r\nContent-Disposition: form-data; name="photo"; filename="a.jpg"\r\n\r\n\xff\xd8'
    for _ in range(1000):
        taken.append(64 * 1024)
        yield bytes(64 * 1024)


async def test_a_photo_larger_than_the_limit_is_refused_while_it_streams(bob: Hands) -> None:
    taken: list[int] = []
    answer = await bob.ask(
        "POST",
        "/scans",
        content=_endless(taken),
        headers={"Content-Type": "multipart/form-data; boundary=cut"},
    )
    assert_problem(answer, 413, "photo-too-large", field="photo")
    assert answer.headers["connection"] == "close"


async def test_a_photo_that_says_that_it_is_too_large_is_refused_at_once(bob: Hands) -> None:
    answer = await bob.post("/scans", files={"photo": ("a.jpg", bytes(door.MAX_FORM_BYTES))})
    assert_problem(answer, 413, "photo-too-large", field="photo")


async def test_a_photo_a_little_above_the_limit_is_too_large_as_well(bob: Hands) -> None:
    photo = b"\xff\xd8\xff" + bytes(12 * 2**20)
    answer = await bob.post("/scans", files={"photo": ("a.jpg", photo)})
    assert_problem(answer, 413, "photo-too-large", field="photo")


async def test_a_json_body_larger_than_the_limit_is_refused(bob: Hands) -> None:
    answer = await bob.post("/scans", json={"scans": [{"payload": "x" * 2**20, "nonce": "1"}]})
    assert_problem(answer, 413, "too-large")


async def test_a_form_that_is_none_is_refused(bob: Hands) -> None:
    for body, kind in (
        (b"", "multipart/form-data"),
        (b"nonsense", "multipart/form-data; boundary=cut"),
    ):
        answer = await bob.ask("POST", "/scans", content=body, headers={"Content-Type": kind})
        assert_problem(answer, 400, "bad-form")


async def test_a_form_that_ends_in_the_middle_of_the_photo_is_refused(bob: Hands) -> None:
    answer = await bob.ask(
        "POST",
        "/scans",
        content=b'--cut\r\nContent-Disposition: form-data; name="photo"; filename="a"\r\n\r\nabc',
        headers={"Content-Type": "multipart/form-data; boundary=cut"},
    )
    assert_problem(answer, 422, "invalid", field="photo")


async def test_bad_fields_beside_a_photo_are_refused(bob: Hands, subtests: pytest.Subtests) -> None:
    bad: dict[str, str | list[str]] = {
        "nonce": "n" * 65,
        "scanned_at": "yesterday",
        "member": "1",
        "pocket": ["a", "b"],
    }
    for field, value in bad.items():
        with subtests.test(field):
            photo = ("a.png", _png(300, 300))
            answer = await bob.post("/scans", data={field: value}, files={"photo": photo})
            assert_problem(answer, 422, "invalid", field=field)


async def test_a_photo_as_a_mere_field_is_refused(bob: Hands) -> None:
    answer = await bob.ask(
        "POST",
        "/scans",
        content=b'--cut\r\nContent-Disposition: form-data; name="photo"\r\n\r\nme\r\n--cut--\r\n',
        headers={"Content-Type": "multipart/form-data; boundary=cut"},
    )
    assert_problem(answer, 422, "invalid", field="photo")


async def test_two_photos_are_refused(bob: Hands) -> None:
    photo = ("a.png", _png(300, 300))
    answer = await bob.post("/scans", files=[("photo", photo), ("photo", photo)])
    assert_problem(answer, 400, "bad-form")
