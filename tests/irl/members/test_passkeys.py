"""Passkeys, by an authenticator in software: what lets a member in, and everything that must not."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import json
import random
from datetime import timedelta
from typing import Any

import pytest

from irl.errors import Conflict, Invalid, NotFound, PasswordRefused, SignInRefused, Throttled
from irl.house import House
from irl.members import passkeys
from irl.members.member import Member
from tests.authenticator import Authenticator, to_bytes, to_text
from tests.cast import PASSWORD, Cast
from tests.conftest import NOW, with_rules
from tests.irl.conftest import SQLITE_ALONE, Rows

pytestmark = pytest.mark.anyio


async def begin(house: House, member: Member, *, password: str = PASSWORD) -> dict[str, Any]:
    return await passkeys.begin_adding(
        house, member.id, password=password, address="192.0.2.1", now=NOW
    )


async def finish(
    house: House, member: Member, answer: str, *, name: str = "My phone", **later: float
) -> None:
    await passkeys.finish_adding(
        house, member.id, name=name, answer=answer, now=NOW + timedelta(**later)
    )


async def add(house: House, member: Member, device: Authenticator, name: str = "My phone") -> None:
    await finish(house, member, device.create(await begin(house, member)), name=name)


async def ask(house: House) -> dict[str, Any]:
    return await passkeys.begin_sign_in(house, address="192.0.2.1", now=NOW)


async def show(house: House, answer: str, **later: float) -> Member:
    return await passkeys.finish_sign_in(
        house, answer=answer, address="192.0.2.1", now=NOW + timedelta(**later)
    )


async def come_in(house: House, device: Authenticator, **instead: Any) -> Member:
    return await show(house, device.get(await ask(house), **instead))


@pytest.mark.parametrize("counts", [True, False])
async def test_a_passkey_signs_in_without_e_mail_or_password(
    house: House, members: Cast, rows: Rows, *, counts: bool
) -> None:
    alice, bob = await members.member("Alice"), await members.member("Bob")
    hers, his = Authenticator(counts=counts), Authenticator(counts=counts)
    await add(house, alice, hers)
    await add(house, bob, his, "A key")
    for _ in range(3):
        assert await come_in(house, hers) == alice
    assert await come_in(house, his) == bob
    [kept] = await passkeys.mine(house, alice.id)
    assert (kept.name, kept.created_at, kept.used_at) == ("My phone", NOW, NOW)
    assert await rows("SELECT * FROM challenges") == []
    [told] = await rows("SELECT * FROM outbox WHERE body LIKE '%My phone%'")
    assert told["recipient"] == "alice@house.example"
    assert told["subject"] == "A passkey was added"


async def test_what_the_browser_is_asked_for(house: House, members: Cast) -> None:
    alice = await members.member("Alice")
    options = await begin(house, alice)
    assert options["rp"] == {"id": "localhost", "name": "flattr in real life"}
    assert options["user"]["name"] == "alice@house.example"
    assert options["authenticatorSelection"] == {
        "residentKey": "required",
        "requireResidentKey": True,
        "userVerification": "preferred",
    }
    assert options["attestation"] == "none"
    # The handle says nothing about whom, and is the same each time.
    assert (await begin(house, alice))["user"]["id"] == options["user"]["id"]
    assert len(to_bytes(options["user"]["id"])) == 32
    asked = await ask(house)
    assert (asked["rpId"], asked["userVerification"]) == ("localhost", "preferred")
    assert asked["allowCredentials"] == []
    assert len(to_bytes(asked["challenge"])) == 64


@pytest.mark.parametrize(
    ("base_url", "origin"),
    [
        ("https://irl.example", "https://irl.example"),
        ("https://IRL.example:443", "https://irl.example"),
        ("https://irl.example:8443", "https://irl.example:8443"),
    ],
)
@SQLITE_ALONE
async def test_the_house_is_known_by_its_host(
    house: House, members: Cast, base_url: str, origin: str
) -> None:
    alice = await members.member("Alice")
    settings = house.settings.model_copy(update={"base_url": base_url})
    object.__setattr__(house, "settings", settings)
    device = Authenticator(origin)
    await add(house, alice, device)
    assert await come_in(house, device) == alice


async def test_adding_needs_the_password_and_a_name(house: House, members: Cast) -> None:
    alice = await members.member("Alice")
    with pytest.raises(PasswordRefused) as wrong:
        await begin(house, alice, password="not hers")
    assert wrong.value.field == "password"
    device = Authenticator()
    options = await begin(house, alice)
    for name in ("", " ", "a" * 61, "a\nb"):
        with pytest.raises(Invalid) as refused:
            await finish(house, alice, device.create(options), name=name)
        assert refused.value.field == "name"
    assert await passkeys.mine(house, alice.id) == ()


async def test_a_challenge_is_answered_once_by_whom_it_was_asked_and_in_five_minutes(
    house: House, members: Cast
) -> None:
    alice, bob = await members.member("Alice"), await members.member("Bob")
    device = Authenticator()
    made = device.create(await begin(house, alice))
    with pytest.raises(Invalid, match="begin anew"):
        await finish(house, bob, made)
    with pytest.raises(Invalid, match="begin anew"):
        await finish(house, alice, made, minutes=5)
    await finish(house, alice, made, minutes=4, seconds=59)
    with pytest.raises(Invalid, match="begin anew"):
        await finish(house, alice, made)
    shown = device.get(await ask(house))
    with pytest.raises(SignInRefused):
        await show(house, shown, minutes=5)
    assert await show(house, shown) == alice
    with pytest.raises(SignInRefused):
        await show(house, shown)
    # A challenge of adding is none of signing in.
    with pytest.raises(SignInRefused):
        await show(house, device.get({"rpId": "localhost"} | await begin(house, alice)))


async def test_one_answer_sent_many_times_at_once_lets_in_once(house: House, members: Cast) -> None:
    alice = await members.member("Alice")
    device = Authenticator(counts=False)
    await add(house, alice, device)
    shown = device.get(await ask(house))
    ends = await asyncio.gather(*(show(house, shown) for _ in range(8)), return_exceptions=True)
    assert sum(isinstance(end, Member) for end in ends) == 1
    assert sum(isinstance(end, SignInRefused) for end in ends) == 7


async def test_a_copied_key_is_noticed_by_its_count(house: House, members: Cast) -> None:
    alice = await members.member("Alice")
    device = Authenticator()
    await add(house, alice, device)
    copied = copy.copy(device)
    copied.keys = {name: copy.copy(key) for name, key in device.keys.items()}
    for _ in range(2):
        await come_in(house, device)
    with pytest.raises(SignInRefused):
        await come_in(house, copied)
    assert await come_in(house, device) == alice


async def test_answers_that_lie_let_nobody_in(house: House, members: Cast) -> None:
    alice, bob = await members.member("Alice"), await members.member("Bob")
    device, other = Authenticator(), Authenticator()
    await add(house, alice, device)
    await add(house, bob, other)
    [his] = other.keys.values()
    asked = await ask(house)
    true = json.loads(device.get(asked))["response"]
    elsewhere = Authenticator("https://elsewhere.example", keys=device.keys)
    created = json.loads(Authenticator().create(await begin(house, alice)))["response"]
    for lie in (
        {"userHandle": his.handle},
        {"signature": json.loads(other.get(await ask(house)))["response"]["signature"]},
        {"signature": to_text(b"\0" * 70)},
        {"authenticatorData": true["authenticatorData"]},  # of another count than was signed
        {"authenticatorData": to_text(b"")},
        {"clientDataJSON": created["clientDataJSON"]},
        {"clientDataJSON": true["clientDataJSON"]},  # of another challenge than was signed
        {"clientDataJSON": to_text(b"[]")},
        {"userHandle": 7},
        {"signature": None},
    ):
        with pytest.raises(SignInRefused):
            await come_in(house, device, **lie)
    with pytest.raises(SignInRefused):
        await come_in(house, elsewhere)
    [key] = device.keys.values()
    key.rp_id = "elsewhere.example"
    with pytest.raises(SignInRefused):
        await show(house, device.get({**await ask(house), "rpId": "elsewhere.example"}))
    key.rp_id = "localhost"
    assert await come_in(house, device) == alice


@SQLITE_ALONE
async def test_a_passkey_made_on_another_site_is_not_kept(house: House, members: Cast) -> None:
    alice = await members.member("Alice")
    for device in (Authenticator("https://elsewhere.example"), Authenticator("http://localhost")):
        with pytest.raises(Invalid) as refused:
            await add(house, alice, device)
        assert refused.value.field == "credential"
    options = await begin(house, alice)
    with pytest.raises(Invalid):
        await finish(
            house, alice, Authenticator().create(options | {"rp": {"id": "elsewhere.example"}})
        )
    assert await passkeys.mine(house, alice.id) == ()


async def test_a_passkey_is_kept_once(house: House, members: Cast) -> None:
    alice, bob = await members.member("Alice"), await members.member("Bob")
    device = Authenticator()
    await add(house, alice, device)
    assert (await begin(house, alice))["excludeCredentials"][0]["id"] in device.keys
    [name] = device.keys
    # Somebody claims a key that is another member's, with a challenge of their own.
    theirs = json.loads(Authenticator().create(await begin(house, bob)))
    raw = to_bytes(theirs["response"]["attestationObject"])
    mine = raw.replace(to_bytes(theirs["id"]), to_bytes(name))
    theirs |= {"id": name, "rawId": name}
    theirs["response"]["attestationObject"] = to_text(mine)
    with pytest.raises(Invalid, match="added already"):
        await finish(house, bob, json.dumps(theirs))
    assert await come_in(house, device) == alice


async def test_a_removed_passkey_lets_nobody_in_and_nobody_else_removes_it(
    house: House, members: Cast, rows: Rows
) -> None:
    alice, bob = await members.member("Alice"), await members.member("Bob")
    device = Authenticator()
    await add(house, alice, device)
    [kept] = await passkeys.mine(house, alice.id)
    for member, passkey_id in ((bob, kept.passkey_id), (alice, "0" * 13), (alice, "\0")):
        with pytest.raises(NotFound):
            await passkeys.remove(house, member.id, passkey_id, now=NOW)
    assert await come_in(house, device) == alice
    await passkeys.remove(house, alice.id, kept.passkey_id, now=NOW)
    with pytest.raises(SignInRefused):
        await come_in(house, device)
    [told] = await rows("SELECT subject FROM outbox ORDER BY id DESC LIMIT 1")
    assert told == {"subject": "A passkey was removed"}


@SQLITE_ALONE
async def test_there_are_at_most_twenty(house: House, members: Cast) -> None:
    alice = await members.member("Alice")
    for _ in range(passkeys.MOST):
        await add(house, alice, Authenticator())
    with pytest.raises(Conflict, match="remove one first"):
        await begin(house, alice)


@SQLITE_ALONE
async def test_passkeys_are_throttled_by_network(house: House) -> None:
    house = with_rules(house, sign_ins_an_hour=10)
    for _ in range(10):
        await ask(house)
        with pytest.raises(SignInRefused):
            await show(house, "{}")
    with pytest.raises(Throttled):
        await ask(house)
    with pytest.raises(Throttled):
        await show(house, "{}")


@SQLITE_ALONE
@pytest.mark.parametrize(
    "answer",
    [
        "",
        "null",
        "[]",
        "{",
        "{}",
        '{"response": {"clientDataJSON": "e30"}}',
        '{"response": {"clientDataJSON": 7}}',
        '{"id": 7, "response": "x"}',
        "[" * 10_000,
        '"' + "x" * 20_000 + '"',
        "\ud800",
        "\0",
    ],
    ids=lambda answer: ascii(answer)[:20],
)
async def test_what_is_no_answer_is_refused(house: House, members: Cast, answer: str) -> None:
    alice = await members.member("Alice")
    with pytest.raises(Invalid) as refused:
        await finish(house, alice, answer)
    assert refused.value.field == "credential"
    with pytest.raises(SignInRefused):
        await show(house, answer)


@SQLITE_ALONE
async def test_damaged_answers_are_refused_and_break_nothing(house: House, members: Cast) -> None:
    alice = await members.member("Alice")
    house = with_rules(house, sign_ins_an_hour=10_000)
    dice = random.Random(5)
    device = Authenticator()
    await add(house, alice, device)

    def damaged(answer: str, part: str) -> str:
        said = json.loads(answer)
        raw = bytearray(to_bytes(said["response"][part]))
        for _ in range(dice.randint(1, 4)):
            raw[dice.randrange(len(raw))] = dice.randrange(256)
        if dice.random() < 0.3:
            del raw[dice.randrange(len(raw)) :]
        said["response"][part] = to_text(bytes(raw))
        return json.dumps(said)

    for turn in range(150):
        shown = device.get(await ask(house))
        part = dice.choice(["clientDataJSON", "authenticatorData", "signature"])
        if (bad := damaged(shown, part)) != shown:
            with pytest.raises(SignInRefused):
                await show(house, bad)
        if turn % 10 == 0:
            made = Authenticator().create(await begin(house, alice))
            with contextlib.suppress(Invalid):  # a damaged key can still be a key
                await finish(house, alice, damaged(made, "attestationObject"))
    assert await come_in(house, device) == alice
