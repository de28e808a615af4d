"""Signing in, sessions and tokens."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from irl.errors import (
    Invalid,
    NotFound,
    ScopeMissing,
    SignInRefused,
    Throttled,
    TokenRefused,
    Unavailable,
)
from irl.house import House
from irl.members import invitations, joining, known_devices, passwords, sessions, sign_in, tokens
from tests.cast import PASSWORD, Cast
from tests.conftest import NOW, with_rules
from tests.irl.conftest import Rows

pytestmark = pytest.mark.anyio


async def come_in(house: House, email: str, password: str = PASSWORD, **said: Any) -> str:
    usual: dict[str, Any] = {"address": "192.0.2.1", "now": NOW}
    member = await sign_in.check(house, email=email, password=password, **usual | said)
    return member.nickname


async def test_a_member_signs_in_with_e_mail_and_password(house: House, members: Cast) -> None:
    await members.member("Alice")
    assert await come_in(house, " ALICE@house.example") == "Alice"


async def test_nobody_learns_what_was_wrong(house: House, members: Cast) -> None:
    await members.member("Alice")
    [invitation] = await invitations.issue(house, 1, now=NOW)
    await joining.ask(
        house,
        email="unverified@house.example",
        nickname="Dora",
        password=PASSWORD,
        invitation=invitation,
        pocket=None,
        address="192.0.2.1",
        now=NOW,
    )
    said = set()
    for email, password in (
        ("alice@house.example", "not the password"),
        ("nobody@house.example", PASSWORD),
        ("unverified@house.example", PASSWORD),
        ("no address", PASSWORD),
        ("\ud800@house.example", PASSWORD),
        ("alice@house.example", ""),
        ("alice@house.example", "a" * 257),
        ("alice@house.example", "\ud800" * 8),
        ("alice@house.example", "\0" * 8),
    ):
        with pytest.raises(SignInRefused) as refused:
            await come_in(house, email, password)
        said.add(refused.value.message)
    assert len(said) == 1


async def test_an_unknown_address_costs_as_much_work_as_a_known_one(
    house: House, members: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified: list[str] = []
    real = passwords._HASHER.verify

    class Counting:
        def verify(self, password_hash: str, password: str) -> bool:
            verified.append(password_hash)
            return real(password_hash, password)

        hash = passwords._HASHER.hash

    await members.member("Alice")
    monkeypatch.setattr(passwords, "_HASHER", Counting())
    for email in ("alice@house.example", "nobody@house.example"):
        with pytest.raises(SignInRefused):
            await come_in(house, email, "not the password")
    one, other = (password_hash.rpartition("$")[0].rpartition("$")[0] for password_hash in verified)
    assert one == other  # the same parameters, so the same work


async def test_a_hash_that_is_none_matches_nothing() -> None:
    assert not await passwords.matches("nobody has this password", None)
    assert not await passwords.matches(PASSWORD, "no hash at all")


async def guess(house: House, times: int, **said: Any) -> None:
    """Try wrong passwords, each from a network of its own."""
    wrong: dict[str, Any] = {"email": "alice@house.example", "password": "wrong", "now": NOW}
    for i in range(times):
        with pytest.raises(SignInRefused):
            await sign_in.check(house, **{"address": f"198.51.{i}.1"} | wrong | said)


async def test_signing_in_is_throttled_by_network_address(house: House, members: Cast) -> None:
    await members.member("Alice")
    house = with_rules(house, sign_ins_an_hour=10)
    for _ in range(10):
        await come_in(house, "alice@house.example")
    with pytest.raises(Throttled):
        await come_in(house, "alice@house.example")
    await sign_in.check(
        house, email="alice@house.example", password=PASSWORD, address="192.0.2.2", now=NOW
    )
    assert await come_in(house, "alice@house.example", now=NOW + timedelta(hours=1)) == "Alice"


@pytest.mark.parametrize("email", ["alice@house.example", "nobody@house.example"])
async def test_guessing_from_everywhere_is_throttled_and_never_tells_who_is_a_member(
    house: House, members: Cast, email: str
) -> None:
    await members.member("Alice")
    await guess(house, 20, email=email)
    with pytest.raises(Throttled, match="a new password set by mail") as refused:
        await come_in(house, email)
    assert 0 < refused.value.retry_after_s <= 3601


async def test_right_passwords_are_not_counted_as_wrong_ones(house: House, members: Cast) -> None:
    await members.member("Alice")
    await guess(house, 19)
    for _ in range(5):
        await come_in(house, "alice@house.example")


async def test_a_stranger_who_guesses_locks_nobody_out(house: House, members: Cast) -> None:
    alice, bob = await members.member("Alice"), await members.member("Bob")
    mark, foreign = [await known_devices.mark(house, member.id) for member in (alice, bob)]
    await guess(house, 20)
    assert await come_in(house, "alice@house.example", mark=mark) == "Alice"
    for made_up in (None, "", foreign, mark[:-1] + ("0" if mark[-1] != "0" else "1"), "\ud800"):
        with pytest.raises(Throttled):
            await come_in(house, "alice@house.example", mark=made_up)


async def test_a_known_device_has_tries_of_its_own_and_no_more(house: House, members: Cast) -> None:
    alice = await members.member("Alice")
    mark = await known_devices.mark(house, alice.id)
    await guess(house, 20, mark=mark)
    with pytest.raises(Throttled):
        await come_in(house, "alice@house.example", mark=mark)
    assert await come_in(house, "alice@house.example") == "Alice"


async def test_a_session_lasts_90_days_or_until_it_is_ended(
    house: House, members: Cast, rows: Rows
) -> None:
    alice = await members.member("Alice")
    secret = await sessions.start(house, alice.id, now=NOW)
    other = await sessions.start(house, alice.id, now=NOW)
    almost = NOW + timedelta(days=90) - timedelta(milliseconds=1)
    found = await sessions.holder(house, secret, now=almost)
    assert found == alice
    assert await sessions.holder(house, secret, now=NOW + timedelta(days=90)) is None
    assert await sessions.holder(house, "made up", now=NOW) is None
    await sessions.end(house, secret)
    await sessions.end(house, secret)
    assert await sessions.holder(house, secret, now=NOW) is None
    assert await sessions.holder(house, other, now=NOW) == alice
    assert secret not in str(await rows("SELECT * FROM sessions"))
    await sessions.start(house, alice.id, now=NOW + timedelta(days=91))
    assert len(await rows("SELECT * FROM sessions")) == 1
    await sessions.forget_old(house, now=NOW + timedelta(days=181) - timedelta(milliseconds=1))
    assert len(await rows("SELECT * FROM sessions")) == 1
    await sessions.forget_old(house, now=NOW + timedelta(days=181))
    assert await rows("SELECT * FROM sessions") == []


async def test_a_member_sees_the_sessions_and_ends_one(house: House, members: Cast) -> None:
    alice, bob = await members.member("Alice"), await members.member("Bob")
    phone = await sessions.start(house, alice.id, device="Chrome on Android", now=NOW)
    laptop = await sessions.start(house, alice.id, now=NOW + timedelta(hours=1))
    await sessions.holder(house, laptop, now=NOW + timedelta(days=2))
    first, second = await sessions.mine(house, alice.id, secret=phone, now=NOW)
    assert (first.is_this, first.device, first.created_at) == (True, "Chrome on Android", NOW)
    assert (second.is_this, second.device, second.seen_on) == (False, "", date(2026, 11, 25))
    assert await sessions.mine(house, bob.id, secret=phone, now=NOW) == ()
    for member_id, session_id in (
        (bob.id, second.session_id),
        (alice.id, "0" * 13),
        (alice.id, "\0"),
    ):
        with pytest.raises(NotFound):
            await sessions.end_one(house, member_id, session_id)
    await sessions.end_one(house, alice.id, second.session_id)
    assert await sessions.holder(house, laptop, now=NOW) is None
    assert await sessions.holder(house, phone, now=NOW) == alice


async def test_a_session_is_noted_once_a_day_and_otherwise_only_read(
    house: House, members: Cast, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = await members.member("Alice")
    secret = await sessions.start(house, alice.id, now=NOW)
    writes = 0
    real = house.db.write

    async def counted(work: Any) -> Any:
        nonlocal writes
        writes += 1
        return await real(work)

    monkeypatch.setattr(house.db, "write", counted)
    for later in (1, 2, 20, 21, 22):
        await sessions.holder(house, secret, now=NOW + timedelta(hours=later))
    assert writes == 1
    [row] = await rows("SELECT seen_on FROM sessions")
    assert row["seen_on"] == 20261124


async def test_a_house_that_cannot_write_still_knows_who_is_signed_in(
    house: House, members: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = await members.member("Alice")
    secret = await sessions.start(house, alice.id, now=NOW)

    async def full(_: object) -> None:
        raise Unavailable("the disk is full")

    monkeypatch.setattr(house.db, "write", full)
    assert await sessions.holder(house, secret, now=NOW + timedelta(days=1)) == alice


async def test_signing_out_everywhere_ends_sessions_and_tokens_of_one_member(
    house: House, members: Cast
) -> None:
    alice, bob = await members.member("Alice"), await members.member("Bob")
    mine = [await sessions.start(house, alice.id, now=NOW) for _ in range(2)]
    app = await tokens.issue(house, alice.id, name="app", scopes=["flattr"], now=NOW)
    other = await sessions.start(house, bob.id, now=NOW)
    await sessions.end_everywhere(house, alice.id)
    assert [await sessions.holder(house, secret, now=NOW) for secret in mine] == [None, None]
    with pytest.raises(TokenRefused):
        await tokens.holder(house, app.token, scope=None)
    assert await sessions.holder(house, other, now=NOW) == bob


async def test_a_token_opens_what_its_scopes_say(house: House, members: Cast) -> None:
    alice = await members.member("Alice")
    issued = await tokens.issue(
        house, alice.id, name="app", scopes=["wallet", "flattr", "wallet"], now=NOW
    )
    assert issued.scopes == ("flattr", "wallet")
    for scope in ("flattr", "wallet", None):
        assert await tokens.holder(house, issued.token, scope=scope) == alice
    with pytest.raises(ScopeMissing):
        await tokens.holder(house, issued.token, scope="thing")


@pytest.mark.parametrize("secret", ["", "made up", "\ud800", "\0"])
async def test_an_unknown_token_is_refused(house: House, secret: str) -> None:
    with pytest.raises(TokenRefused):
        await tokens.holder(house, secret, scope="flattr")


async def test_a_revoked_token_opens_nothing_and_nobody_else_revokes_it(
    house: House, members: Cast, rows: Rows
) -> None:
    alice, bob = await members.member("Alice"), await members.member("Bob")
    issued = await tokens.issue(house, alice.id, name="app", scopes=["thing"], now=NOW)
    assert issued.token not in str(await rows("SELECT * FROM tokens"))
    for token_id in (issued.token_id, "unknown", "\0", "\ud800", ""):
        with pytest.raises(NotFound):
            await tokens.revoke(house, bob.id, token_id)
    assert await tokens.holder(house, issued.token, scope="thing") == alice
    await tokens.revoke(house, alice.id, issued.token_id)
    with pytest.raises(TokenRefused):
        await tokens.holder(house, issued.token, scope="thing")
    with pytest.raises(NotFound):
        await tokens.revoke(house, alice.id, issued.token_id)


async def test_a_member_sees_the_tokens_without_their_secrets(house: House, members: Cast) -> None:
    alice, bob = await members.member("Alice"), await members.member("Bob")
    old = await tokens.issue(house, alice.id, name="old app", scopes=["flattr"], now=NOW)
    later = NOW + timedelta(days=1)
    new = await tokens.issue(house, alice.id, name="new", scopes=["thing", "wallet"], now=later)
    kept = await tokens.mine(house, alice.id)
    assert [(one.token_id, one.name, one.scopes) for one in kept] == [
        (new.token_id, "new", ("thing", "wallet")),
        (old.token_id, "old app", ("flattr",)),
    ]
    assert [one.created_at for one in kept] == [later, NOW]
    assert await tokens.mine(house, bob.id) == ()


async def test_a_token_needs_a_name_and_known_scopes(house: House, members: Cast) -> None:
    alice = await members.member("Alice")
    for scopes in ([], ["everything"], ["flattr", "x"]):
        with pytest.raises(Invalid) as refused:
            await tokens.issue(house, alice.id, name="app", scopes=scopes, now=NOW)
        assert refused.value.field == "scopes"
    for name in ("", "a" * 101, "a\nb"):
        with pytest.raises(Invalid) as refused:
            await tokens.issue(house, alice.id, name=name, scopes=["flattr"], now=NOW)
        assert refused.value.field == "name"
