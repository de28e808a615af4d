"""A new password: for who knows the old one, or reads the mail; and what ends with the old one."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta

import pytest

from irl.errors import Invalid, LinkRefused, PasswordRefused, SignInRefused, Throttled, TokenRefused
from irl.house import House
from irl.members import known_devices, password_changes, sessions, settings, sign_in, tokens
from irl.members.member import Member
from tests.cast import PASSWORD, Cast
from tests.conftest import NOW, with_rules
from tests.irl.conftest import SQLITE_ALONE, Rows

pytestmark = pytest.mark.anyio

EMAIL = "alice@house.example"
NEW = "another password of hers"


async def come_in(house: House, password: str, mark: str | None = None) -> Member:
    return await sign_in.check(
        house, email=EMAIL, password=password, address="192.0.2.1", mark=mark, now=NOW
    )


async def change(
    house: House, alice: Member, secret: str, new: str, *, old: str = PASSWORD
) -> None:
    await password_changes.change(
        house,
        alice.id,
        password=old,
        new_password=new,
        secret=secret,
        address="192.0.2.1",
        now=NOW,
    )


async def ask_link(house: House, email: str = EMAIL, *, address: str = "192.0.2.1") -> None:
    await password_changes.ask_link(house, email, address=address, now=NOW)


async def links(rows: Rows) -> list[str]:
    """Give the mailed links, the latest first."""
    mails = await rows("SELECT body FROM outbox ORDER BY id DESC")
    return re.findall(r"/password/new\?token=([\w-]+)", "".join(mail["body"] for mail in mails))


async def set_by(house: House, link: str, password: str = NEW, **later: float) -> Member:
    return await password_changes.set_by_link(
        house, link, password=password, address="192.0.2.1", now=NOW + timedelta(**later)
    )


async def test_a_changed_password_ends_the_other_sessions_and_is_told(
    house: House, members: Cast, rows: Rows
) -> None:
    alice = await members.member("Alice")
    here, there = [await sessions.start(house, alice.id, now=NOW) for _ in range(2)]
    app = await tokens.issue(house, alice.id, name="app", scopes=["flattr"], now=NOW)
    await ask_link(house)
    [link] = await links(rows)
    await change(house, alice, here, NEW)
    assert await sessions.holder(house, here, now=NOW) == alice
    assert await sessions.holder(house, there, now=NOW) is None
    assert await tokens.holder(house, app.token, scope=None) == alice
    assert await come_in(house, NEW) == alice
    with pytest.raises(SignInRefused):
        await come_in(house, PASSWORD)
    with pytest.raises(LinkRefused):
        await set_by(house, link)
    [told] = await rows("SELECT * FROM outbox ORDER BY id DESC LIMIT 1")
    assert (told["recipient"], told["subject"]) == (EMAIL, "Your password was changed")
    assert NEW not in told["body"]


async def test_the_old_password_is_needed_and_the_new_one_must_be_good(
    house: House, members: Cast, rows: Rows
) -> None:
    alice = await members.member("Alice")
    here, there = [await sessions.start(house, alice.id, now=NOW) for _ in range(2)]
    with pytest.raises(PasswordRefused) as wrong:
        await change(house, alice, here, NEW, old="not hers")
    assert wrong.value.field == "password"
    for bad in ("", "short", "12345678", EMAIL, "Alice" * 60):
        with pytest.raises(Invalid) as refused:
            await change(house, alice, here, bad)
        assert refused.value.field == "new_password"
    assert await come_in(house, PASSWORD) == alice
    assert await sessions.holder(house, there, now=NOW) == alice
    assert await rows("SELECT * FROM outbox WHERE subject LIKE '%password%'") == []


async def test_a_forgotten_password_is_set_by_a_mailed_link_and_everything_else_ends(
    house: House, members: Cast, rows: Rows
) -> None:
    alice, bob = await members.member("Alice"), await members.member("Bob")
    stolen = await sessions.start(house, alice.id, now=NOW)
    app = await tokens.issue(house, alice.id, name="app", scopes=["flattr"], now=NOW)
    other = await sessions.start(house, bob.id, now=NOW)
    mark = await known_devices.mark(house, alice.id)
    await ask_link(house, f" {EMAIL.upper()}")
    await ask_link(house)
    newer, older = await links(rows)
    assert await password_changes.leads_on(house, older, now=NOW)
    assert older not in str(await rows("SELECT * FROM password_links"))
    assert await set_by(house, older) == alice
    assert await sessions.holder(house, stolen, now=NOW) is None
    with pytest.raises(TokenRefused):
        await tokens.holder(house, app.token, scope=None)
    assert await sessions.holder(house, other, now=NOW) == bob
    assert await come_in(house, NEW) == alice
    for link in (older, newer):
        assert not await password_changes.leads_on(house, link, now=NOW)
        with pytest.raises(LinkRefused):
            await set_by(house, link)
    [row] = await rows(f"SELECT seal, password_hash FROM members WHERE id = {alice.id}")
    assert not known_devices.is_known(row, mark)
    [told] = await rows("SELECT subject FROM outbox ORDER BY id DESC LIMIT 1")
    assert told == {"subject": "Your password was changed"}


async def test_a_link_lasts_an_hour_and_a_bad_password_does_not_use_it_up(
    house: House, members: Cast, rows: Rows
) -> None:
    await members.member("Alice")
    await ask_link(house)
    [link] = await links(rows)
    for bad in ("short", EMAIL):
        with pytest.raises(Invalid) as refused:
            await set_by(house, link, bad)
        assert refused.value.field == "password"
    with pytest.raises(LinkRefused) as late:
        await set_by(house, link, hours=1)
    assert late.value.field == "token"
    for made_up in ("", "made up", "\ud800", "\0"):
        assert not await password_changes.leads_on(house, made_up, now=NOW)
        with pytest.raises(LinkRefused):
            await set_by(house, made_up)
    await set_by(house, link, minutes=59)
    await ask_link(house)
    assert len(await rows("SELECT * FROM password_links")) == 1


async def test_a_link_followed_many_times_at_once_works_once(
    house: House, members: Cast, rows: Rows
) -> None:
    await members.member("Alice")
    await ask_link(house)
    [link] = await links(rows)
    ends = await asyncio.gather(
        *(set_by(house, link, f"{NEW} {i}") for i in range(6)), return_exceptions=True
    )
    assert sum(isinstance(end, Member) for end in ends) == 1
    assert sum(isinstance(end, LinkRefused) for end in ends) == 5


async def test_asking_for_a_link_never_tells_who_is_a_member(
    house: House, members: Cast, rows: Rows
) -> None:
    await members.member("Alice")
    before = await rows("SELECT id FROM outbox")
    await ask_link(house, "nobody@house.example")
    assert await rows("SELECT id FROM outbox") == before
    assert await rows("SELECT * FROM password_links") == []
    with pytest.raises(Invalid) as refused:
        await ask_link(house, "nobody")
    assert refused.value.field == "email"
    await ask_link(house, EMAIL)
    for email in (EMAIL, "nobody@house.example"):
        for _ in range(8 if email == EMAIL else 9):
            await ask_link(house, email)
        with pytest.raises(Throttled):
            await ask_link(house, email)


@SQLITE_ALONE
async def test_links_are_throttled_by_network(house: House, members: Cast, rows: Rows) -> None:
    await members.member("Alice")
    house = with_rules(house, links_an_hour=10, network_times=1)
    await ask_link(house)
    [link] = await links(rows)
    for i in range(9):
        await ask_link(house, f"nobody{i}@house.example", address=f"192.0.2.{i}")
    with pytest.raises(Throttled):
        await ask_link(house, "nobody@house.example", address="192.0.2.99")
    for _ in range(10):
        with pytest.raises(LinkRefused):
            await set_by(house, "made up")
    with pytest.raises(Throttled):
        await set_by(house, link)


async def test_mails_are_in_the_language_of_the_member(
    house: House, members: Cast, rows: Rows
) -> None:
    alice = await members.member("Alice")
    await settings.set_language(house, alice.id, "de")
    await ask_link(house)
    [mail] = await rows("SELECT body FROM outbox ORDER BY id DESC LIMIT 1")
    assert "23. November 2026" in mail["body"]
