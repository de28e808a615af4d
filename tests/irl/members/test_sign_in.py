"""Signing in, sessions and tokens."""

from __future__ import annotations

from datetime import timedelta

import pytest

from irl.errors import Invalid, NotFound, ScopeMissing, SignInRefused, Throttled, TokenRefused
from irl.house import House
from irl.members import invitations, joining, passwords, sessions, sign_in, tokens
from tests.cast import PASSWORD, Cast
from tests.conftest import NOW, with_rules
from tests.irl.conftest import Rows

pytestmark = pytest.mark.anyio


async def come_in(house: House, email: str, password: str = PASSWORD) -> str:
    member = await sign_in.check(
        house, email=email, password=password, address="192.0.2.1", now=NOW
    )
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


async def test_signing_in_is_throttled_by_network_address_and_by_account(
    house: House, members: Cast
) -> None:
    await members.member("Alice")
    house = with_rules(house, sign_ins_an_hour=10)
    for i in range(10):
        with pytest.raises(SignInRefused):
            await sign_in.check(
                house,
                email="alice@house.example",
                password="not the password",
                address=f"192.0.2.{i}",
                now=NOW,
            )
    with pytest.raises(Throttled):  # another address, the same account
        await come_in(house, "alice@house.example")
    later = await sign_in.check(
        house,
        email="alice@house.example",
        password=PASSWORD,
        address="192.0.2.1",
        now=NOW + timedelta(hours=1),
    )
    assert later.nickname == "Alice"


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
