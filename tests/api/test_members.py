from __future__ import annotations

from datetime import timedelta

import httpx2
import pytest

from irl.house import House
from irl.members import invitations, throttles
from tests.api.conftest import Clock, Hands, People
from tests.api.said import DOCUMENT, assert_problem
from tests.cast import PASSWORD, Cast, link_to
from tests.conftest import NOW

pytestmark = pytest.mark.anyio


async def _join(web: httpx2.AsyncClient, house: House, email: str) -> httpx2.Response:
    [invitation] = await invitations.issue(house, 1, now=NOW)
    return await web.post(
        "/api/v1/members",
        json={
            "email": email,
            "nickname": "Dora",
            "password": PASSWORD,
            "invitation": invitation,
        },
    )


def _wish(email: str, password: str = PASSWORD, *scopes: str) -> dict[str, object]:
    return {"email": email, "password": password, "scopes": scopes or ["wallet"], "name": "phone"}


async def test_joining_verifying_and_getting_a_token(web: httpx2.AsyncClient, house: House) -> None:
    asked = await _join(web, house, "dora@house.example")
    assert asked.status_code == 201
    assert asked.json() == {"nickname": "Dora", "verified": False}

    early = await web.post("/api/v1/tokens", json=_wish("dora@house.example"))
    assert_problem(early, 401, "sign-in-refused")

    link = await link_to(house, "dora@house.example")
    verified = await web.post("/api/v1/members/verify", json={"token": link})
    assert verified.status_code == 200
    assert verified.json() == {"nickname": "Dora", "verified": True}
    again = await web.post("/api/v1/members/verify", json={"token": link})
    assert_problem(again, 422, "link-refused", field="token")

    issued = await web.post(
        "/api/v1/tokens", json=_wish("Dora@House.example", PASSWORD, "flattr", "wallet")
    )
    assert issued.status_code == 201
    assert issued.json()["scopes"] == ["flattr", "wallet"]
    me = await web.get("/api/v1/me", headers={"Authorization": f"bearer {issued.json()['token']}"})
    assert me.json() == {
        "nickname": "Dora",
        "email": "dora@house.example",
        "verified": True,
        "budget_micros": None,
        "funds_micros": 0,
        "revenue_micros": 0,
        "month": "2026-11",
        "closes_at": "2026-12-01T00:00:00.000Z",
    }


async def test_a_taken_address_gets_the_same_answer(
    web: httpx2.AsyncClient, house: House, members: Cast
) -> None:
    await members.member("Alice")
    answer = await _join(web, house, "alice@house.example")
    assert (answer.status_code, answer.json()) == (201, {"nickname": "Dora", "verified": False})


async def test_the_mail_can_be_sent_again_and_the_answer_never_tells(
    web: httpx2.AsyncClient, house: House
) -> None:
    await _join(web, house, "dora@house.example")
    first = await link_to(house, "dora@house.example")
    for email in ("dora@house.example", "nobody@house.example"):
        answer = await web.post("/api/v1/members/verify/resend", json={"email": email})
        assert (answer.status_code, answer.content) == (202, b"")
    assert await link_to(house, "dora@house.example") != first


async def test_a_wrong_password_and_an_unknown_address_are_refused_alike(
    web: httpx2.AsyncClient, members: Cast
) -> None:
    await members.member("Alice")
    wrong = await web.post("/api/v1/tokens", json=_wish("alice@house.example", "not hers"))
    unknown = await web.post("/api/v1/tokens", json=_wish("zoe@house.example"))
    details = [assert_problem(a, 401, "sign-in-refused")["detail"] for a in (wrong, unknown)]
    assert details[0] == details[1]
    assert wrong.headers["www-authenticate"].startswith("Bearer")


async def test_unknown_scopes_are_refused(web: httpx2.AsyncClient, members: Cast) -> None:
    await members.member("Alice")
    for scopes in ([], ["payout"]):
        wish = _wish("alice@house.example") | {"scopes": scopes}
        answer = await web.post("/api/v1/tokens", json=wish)
        assert_problem(answer, 422, "invalid", field="scopes")


async def test_signing_in_is_throttled_and_says_for_how_long(
    web: httpx2.AsyncClient, members: Cast, house: House
) -> None:
    await members.member("Alice")
    for _ in range(house.rules.sign_ins_an_hour):
        await throttles.count(
            house, "sign-in 192.0.2.7", most=1000, window=timedelta(hours=1), now=NOW
        )
    answer = await web.post("/api/v1/tokens", json=_wish("alice@house.example"))
    assert_problem(answer, 429, "throttled")
    assert 0 < int(answer.headers["retry-after"]) <= 3601


async def test_a_revoked_token_opens_nothing(people: People) -> None:
    phone, laptop = await people("Bob"), await people("Bob", "flattr")
    answer = await laptop.ask("DELETE", f"/tokens/{phone.token_id}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert "content-length" not in answer.headers
    assert_problem(await phone.get("/me"), 401, "token-refused")


async def test_nobody_revokes_a_token_of_somebody_else(bob: Hands, charlie: Hands) -> None:
    answer = await charlie.ask("DELETE", f"/tokens/{bob.token_id}")
    assert_problem(answer, 404, "not-found")
    assert (await bob.get("/me")).status_code == 200


async def test_every_call_that_needs_a_token_says_so(web: httpx2.AsyncClient) -> None:
    for path, operations in DOCUMENT["paths"].items():
        for method, operation in operations.items():
            if {} in operation.get("security", [{}]):
                continue
            for headers in (
                {},
                {"Authorization": "Bearer nonsense"},
                {"Authorization": "Basic QTpC"},
                {"Authorization": "Bearer"},
            ):
                answer = await web.request(method, path, headers=headers)
                assert_problem(answer, 401, "token-refused")
                assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_a_token_without_the_scope_is_forbidden(people: People) -> None:
    only = {scope: await people("Bob", scope) for scope in ("flattr", "thing", "wallet")}
    for scope, method, path in (
        ("wallet", "GET", "/me"),
        ("wallet", "GET", "/me/deposits"),
        ("wallet", "GET", "/me/statements/2026-10"),
        ("flattr", "GET", "/me/flattrs"),
        ("flattr", "DELETE", "/me/flattrs/x"),
        ("thing", "DELETE", "/things/x"),
        ("thing", "DELETE", "/codes/x"),
    ):
        for name, hands in only.items():
            answer = await hands.ask(method, path)
            if name == scope:
                assert answer.status_code != 403
            else:
                assert_problem(answer, 403, "scope-missing")


async def test_time_passes_for_links(web: httpx2.AsyncClient, house: House, clock: Clock) -> None:
    await _join(web, house, "dora@house.example")
    clock.now += timedelta(days=2)
    link = await link_to(house, "dora@house.example")
    answer = await web.post("/api/v1/members/verify", json={"token": link})
    assert_problem(answer, 422, "link-refused", field="token")
