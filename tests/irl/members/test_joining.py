"""Joining: asked for, mailed, verified; and what nobody may learn or take on the way."""

from __future__ import annotations

import asyncio
import os
from datetime import timedelta
from typing import Any
from unicodedata import normalize

import pytest

from irl import outbox
from irl.errors import Invalid, InvitationRefused, LinkRefused, Throttled
from irl.giving import pockets
from irl.house import House
from irl.members import invitations, joining, passwords
from irl.members.member import Member
from tests.cast import PASSWORD, Cast, link_to
from tests.conftest import NOW, with_rules
from tests.irl.conftest import SQLITE_ALONE, Rows

pytestmark = pytest.mark.anyio


async def ask(house: House, **said: Any) -> str:
    """Ask to join as Dora, with some of it said otherwise."""
    dora: dict[str, Any] = {
        "email": "dora@house.example",
        "nickname": "Dora",
        "password": PASSWORD,
        "pocket": None,
        "address": "192.0.2.7",
        "now": NOW,
    }
    if "invitation" not in said:
        [said["invitation"]] = await invitations.issue(house, 1, now=NOW)
    return await joining.ask(house, **dora | said)


async def verify(house: House, email: str = "dora@house.example", **later: float) -> Member:
    return await pockets.verify(house, await link_to(house, email), now=NOW + timedelta(**later))


async def test_who_follows_the_mailed_link_is_a_member(house: House, rows: Rows) -> None:
    assert await ask(house, nickname="  Dora the Painter ") == "Dora the Painter"
    assert await rows("SELECT * FROM members") == []
    member = await verify(house)
    assert (member.nickname, member.email) == ("Dora the Painter", "dora@house.example")
    assert member.budget_micros is None
    assert not member.is_operator
    [kept] = await rows("SELECT * FROM members")
    assert PASSWORD not in str(kept)
    assert kept["password_hash"].startswith("$argon2id$")
    assert await rows("SELECT * FROM joinings") == []
    assert await rows("SELECT * FROM verifications") == []


async def test_a_taken_address_is_answered_like_a_free_one_and_its_holder_gets_a_mail(
    house: House, members: Cast, rows: Rows
) -> None:
    await members.member("Alice")
    assert await ask(house, email="ALICE@house.example", nickname="Mallory") == "Mallory"
    [mail] = await rows("SELECT * FROM outbox WHERE subject LIKE '%member already%'")
    assert mail["recipient"].casefold() == "alice@house.example"
    assert "verify?token" not in mail["body"]
    assert "Mallory" not in mail["body"]
    assert await rows("SELECT * FROM joinings") == []


async def test_a_taken_address_costs_as_much_work_as_a_free_one(
    house: House, members: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The hash of the password is nearly all the time that an answer takes.
    hashes = 0
    real = passwords.hashed

    async def counted(password: str) -> str:
        nonlocal hashes
        hashes += 1
        return await real(password)

    await members.member("Alice")
    monkeypatch.setattr(passwords, "hashed", counted)
    await ask(house, email="alice@house.example")
    await ask(house, email="free@house.example")
    assert hashes == 2


@SQLITE_ALONE
@pytest.mark.parametrize("bad", [None, "", "  ", "0" * 16, "0" * 18, "g" * 17, "0" * 17, "A" * 17])
async def test_without_a_good_invitation_nobody_asks(house: House, rows: Rows, bad: str) -> None:
    with pytest.raises(InvitationRefused) as refused:
        await ask(house, invitation=bad)
    assert refused.value.field == "invitation"
    assert await rows("SELECT * FROM outbox") == []


async def test_an_invitation_is_spent_at_verification_and_not_before(house: House) -> None:
    [invitation] = await invitations.issue(house, 1, now=NOW)
    await ask(house, invitation=invitation, email="first@house.example")
    await ask(house, invitation=f" {invitation}\n", email="second@house.example")
    await verify(house, "second@house.example")
    with pytest.raises(InvitationRefused) as late:
        await verify(house, "first@house.example")
    assert late.value.field == "invitation"
    with pytest.raises(InvitationRefused, match="used already"):
        await ask(house, invitation=invitation, email="third@house.example")


@pytest.mark.long
async def test_many_with_one_invitation_are_one_member(house: House, rows: Rows) -> None:
    many = 200 if os.environ.get("IRL_LONG") else 20
    house = with_rules(house, joins_an_hour=many)
    [invitation] = await invitations.issue(house, 1, now=NOW)
    emails = [f"dora{i}@house.example" for i in range(many)]
    await asyncio.gather(*(ask(house, invitation=invitation, email=email) for email in emails))
    links = [await link_to(house, email) for email in emails]
    ends = await asyncio.gather(
        *(pockets.verify(house, link, now=NOW) for link in links), return_exceptions=True
    )
    assert sum(isinstance(end, Member) for end in ends) == 1
    assert sum(isinstance(end, InvitationRefused) for end in ends) == many - 1
    assert len(await rows("SELECT * FROM members")) == 1


async def test_one_link_followed_many_times_at_once_is_one_member(house: House, rows: Rows) -> None:
    await ask(house)
    link = await link_to(house, "dora@house.example")
    ends = await asyncio.gather(
        *(pockets.verify(house, link, now=NOW) for _ in range(10)), return_exceptions=True
    )
    assert sum(isinstance(end, Member) for end in ends) == 1
    assert sum(isinstance(end, LinkRefused) for end in ends) == 9
    assert len(await rows("SELECT * FROM members")) == 1


async def test_an_open_house_needs_no_invitation(house: House) -> None:
    object.__setattr__(house, "settings", house.settings.model_copy(update={"invite_only": False}))
    await ask(house, invitation=None)
    assert (await verify(house)).nickname == "Dora"


async def test_links_that_were_never_mailed_are_used_or_too_old_are_refused(house: House) -> None:
    await ask(house)
    for said in ("", "made up", "\ud800", "\0"):
        with pytest.raises(LinkRefused) as refused:
            await pockets.verify(house, said, now=NOW)
        assert refused.value.field == "token"
    link = await link_to(house, "dora@house.example")
    with pytest.raises(LinkRefused):
        await verify(house, hours=24, milliseconds=1)
    await verify(house, hours=24)
    with pytest.raises(LinkRefused):
        await pockets.verify(house, link, now=NOW)


@pytest.mark.parametrize(("hours", "sent"), [(23, 1), (24, 0)])
async def test_a_link_is_not_mailed_any_more_when_it_no_longer_works(
    house: House, hours: int, sent: int
) -> None:
    await ask(house)
    assert await outbox.send_waiting(house, now=NOW + timedelta(hours=hours)) == sent


async def test_a_link_to_an_address_that_was_verified_meanwhile_is_refused(house: House) -> None:
    await ask(house, nickname="Dora")
    first = await link_to(house, "dora@house.example")
    await ask(house, nickname="Not Dora")
    await verify(house)
    with pytest.raises(LinkRefused):
        await pockets.verify(house, first, now=NOW)


async def test_the_link_can_be_sent_again_and_both_links_work_once(house: House) -> None:
    await ask(house)
    first = await link_to(house, "dora@house.example")
    await joining.resend(
        house, " Dora@House.example", address="192.0.2.7", now=NOW + timedelta(hours=20)
    )
    second = await link_to(house, "dora@house.example")
    assert first != second
    await pockets.verify(house, second, now=NOW + timedelta(hours=30))
    with pytest.raises(LinkRefused):
        await pockets.verify(house, first, now=NOW)


async def test_sending_again_never_tells_who_waits_or_is_a_member(
    house: House, members: Cast, rows: Rows
) -> None:
    await members.member("Alice")
    before = await rows("SELECT id FROM outbox")
    await joining.resend(house, "alice@house.example", address="192.0.2.7", now=NOW)
    await joining.resend(house, "nobody@house.example", address="192.0.2.7", now=NOW)
    assert await rows("SELECT id FROM outbox") == before
    with pytest.raises(Invalid) as refused:
        await joining.resend(house, "nobody", address="192.0.2.7", now=NOW)
    assert refused.value.field == "email"


async def test_nobody_is_flooded_with_mails(house: House, rows: Rows) -> None:
    await ask(house)
    for _ in range(9):
        await joining.resend(house, "dora@house.example", address="192.0.2.7", now=NOW)
    with pytest.raises(Throttled):
        await joining.resend(house, "DORA@house.example", address="192.0.2.7", now=NOW)
    with pytest.raises(Throttled) as refused:
        await ask(house)
    assert 0 < refused.value.retry_after_s <= 86_400
    assert len(await rows("SELECT * FROM outbox")) == 10
    await joining.resend(
        house, "dora@house.example", address="192.0.2.7", now=NOW + timedelta(days=1)
    )


async def test_a_holder_is_not_flooded_either(house: House, members: Cast, rows: Rows) -> None:
    await members.member("Alice")
    for _ in range(9):
        await ask(house, email="alice@house.example")
    with pytest.raises(Throttled):
        await ask(house, email="alice@house.example")
    sent = await rows("SELECT * FROM outbox WHERE recipient = 'alice@house.example'")
    assert len(sent) == 10


@pytest.mark.parametrize(
    "email",
    [
        "",
        "dora",
        "dora@",
        "@house.example",
        "a b@house.example",
        "dora@house.example\nBcc: all@house.example",
        "dora@house..example",
        f"{'a' * 65}@house.example",
        f"a@{'b' * 250}.example",
        "dora@house.example, eve@house.example",
        "Dora <dora@house.example>",
        "dora\0@house.example",
        "\ud800@house.example",
    ],
)
async def test_what_is_no_address_is_refused(email: str) -> None:
    with pytest.raises(Invalid) as refused:
        joining.email_address(email)
    assert refused.value.field == "email"


def test_addresses_that_look_alike_to_a_mail_server_are_one() -> None:
    composed, decomposed = (
        joining.email_address(normalize(form, "jürgen@Müller.example")) for form in ("NFC", "NFD")
    )
    assert composed == decomposed
    assert joining.email_address("Dora@House.example")[1] == "dora@house.example"


@SQLITE_ALONE
@pytest.mark.parametrize(
    "nickname",
    ["", "   ", "a" * 61, "Dora\n", "Do\nra", "Do\0ra", "Do\u202era", "\u200d", "Do\ud800ra"],
    ids=ascii,
)
async def test_a_nickname_that_lies_or_is_none_is_refused(house: House, nickname: str) -> None:
    if nickname == "Dora\n":  # outer white space is dropped
        assert await ask(house, nickname=nickname) == "Dora"
        return
    with pytest.raises(Invalid) as refused:
        await ask(house, nickname=nickname)
    assert refused.value.field == "nickname"


@SQLITE_ALONE
@pytest.mark.parametrize(
    "password",
    [
        "",
        "seven77",
        "a" * 257,
        "Password",
        "12345678",
        "dora@house.example",
        "DORA@house.example",
        "with\ncontrol",
        "with\x00control",
        pytest.param("lone\ud800surrogate", id="lone-surrogate"),
    ],
)
async def test_a_password_that_is_none_is_refused(house: House, password: str) -> None:
    with pytest.raises(Invalid) as refused:
        await ask(house, password=password)
    assert refused.value.field == "password"


@SQLITE_ALONE
async def test_a_nickname_is_no_password(house: House) -> None:
    with pytest.raises(Invalid, match="easy to guess"):
        await ask(house, nickname="Dora the Painter", password="dora the painter")


async def test_an_unknown_pocket_is_refused_before_a_mail_goes_out(
    house: House, rows: Rows
) -> None:
    for word in ("bada-bada-bada-bada", "\ud800"):
        with pytest.raises(Invalid) as refused:
            await ask(house, pocket=word)
        assert refused.value.field == "pocket"
    assert await rows("SELECT * FROM outbox") == []
    await ask(house, pocket="  ")


@SQLITE_ALONE
async def test_joining_is_throttled_by_network_address(house: House) -> None:
    house = with_rules(house, joins_an_hour=10)
    for _ in range(10):
        with pytest.raises(InvitationRefused):
            await ask(house, invitation="0" * 17)
    with pytest.raises(Throttled) as refused:
        await ask(house)
    assert refused.value.retry_after_s == 3600 + 1
    await ask(house, address="192.0.2.8")
    await ask(house, now=NOW + timedelta(hours=1))


@SQLITE_ALONE
async def test_asking_for_links_and_following_them_is_throttled(house: House) -> None:
    house = with_rules(house, links_an_hour=10, mails_a_day=100)
    for i in range(10):
        await joining.resend(house, f"dora{i}@house.example", address="2001:db8::1", now=NOW)
        with pytest.raises(LinkRefused):
            await pockets.verify(house, "made up", address="2001:db8::1", now=NOW)
    with pytest.raises(Throttled):  # another address of the same connection
        await joining.resend(house, "dora@house.example", address="2001:db8::2", now=NOW)
    with pytest.raises(Throttled):
        await pockets.verify(house, "made up", address="2001:db8::3", now=NOW)
    await joining.resend(house, "dora@house.example", address="2001:db8:0:1::1", now=NOW)


async def test_who_never_follows_the_link_is_forgotten_after_30_days(
    house: House, rows: Rows
) -> None:
    await ask(house)
    await ask(house, email="later@house.example", now=NOW + timedelta(days=1))
    await joining.forget_old(house, now=NOW + timedelta(days=30))
    assert len(await rows("SELECT * FROM joinings")) == 2
    await joining.forget_old(house, now=NOW + timedelta(days=30, hours=1))
    [left] = await rows("SELECT * FROM joinings")
    assert left["email"] == "later@house.example"
    assert len(await rows("SELECT * FROM verifications")) == 1


async def test_invitations_are_random_and_kept_as_hashes(house: House, rows: Rows) -> None:
    made = await invitations.issue(house, 50, now=NOW)
    assert len(set(made)) == 50
    assert all(len(code) == 17 and set(code) <= set("0123456789abcdef") for code in made)
    assert not set(made) & {row["code_hash"] for row in await rows("SELECT * FROM invitations")}
