"""The export: all that is kept about a member, and nothing about anybody else."""

from __future__ import annotations

import json

import pytest

from irl import settlement, things
from irl.errors import NotFound
from irl.giving import subscriptions
from irl.house import House
from irl.members import export, leaving, sessions, tokens
from irl.month import Month
from irl.rules import EURO
from irl.schema import metadata
from tests.cast import PASSWORD, Cast
from tests.irl.conftest import SQLITE_ALONE, day

pytestmark = pytest.mark.anyio

# Keys of these are the member's, and what they say is in another section or a mere secret.
ELSEWHERE = {"draws", "voids", "challenges", "password_links"}
NAMED_OTHERWISE = {"statement_hashes": "statements"}


async def test_it_holds_what_a_member_did(house: House, members: Cast) -> None:
    bob = await members.funds("Bob", euros=10, budget=5)
    placement = await members.placement(await members.thing("Alice", "Sunset"), "Room 3")
    await members.scan("Bob", f"http://localhost:8000/t/{placement.code}")
    await subscriptions.begin(house, bob.id, code=placement.code, months=3, now=members.now)
    await things.register(house, bob.id, things.Draft(title="A song", tags=("loud",)), now=day(23))
    await sessions.start(house, bob.id, device="A phone", now=members.now)
    await tokens.issue(house, bob.id, name="An app", scopes=["flattr"], now=members.now)
    await settlement.settle(house, Month(202611), now=day(4, 12))
    found = await export.of(house, bob.id, now=day(5, 12))
    assert found["account"] == {
        "nickname": "Bob",
        "email": "bob@house.example",
        "joined_at": "2026-11-23T12:00:00.000Z",
        "operator_at": None,
        "language": None,
        "shows_flattrs_at": None,
        "reload_at": None,
        "budget_micros": 5 * EURO,
        "charity": None,
        "funds_micros": 4 * EURO,
        "revenue_micros": 0,
    }
    assert found["left_out"] == []
    [flattr] = found["flattrs"]
    assert (flattr["month"], flattr["title"], flattr["placement"]) == (
        "2026-11",
        "Sunset",
        "Room 3",
    )
    [deposit] = found["deposits"]
    assert (deposit["state"], deposit["net_micros"]) == ("booked", 9 * EURO)
    assert [one["tag"] for one in found["tags"]] == ["loud"]
    assert [one["device"] for one in found["sessions"]] == ["A phone"]
    assert [one["name"] for one in found["tokens"]] == ["An app"]
    assert [one["pot_micros"] for one in found["pots"]] == [5 * EURO]
    assert found["lots"][0]["payable_on"] == "2026-12-23"
    assert {one["months"] for one in found["subscriptions"]} == {3}
    assert [one["outcome"] for one in found["scans"]] == ["flattred"]
    assert [one["subject"] for one in found["mails"]] == ["Please confirm your e-mail address"]


async def test_it_holds_no_secret_and_nothing_of_others(house: House, members: Cast) -> None:
    await members.scan("Bob", await members.payload("Alice", "Sunset"))
    for name, other in (("Bob", "alice@"), ("Alice", "bob")):
        found = await export.of(house, members.joined[name].id, now=members.now)
        written = json.dumps(found).lower()
        assert other not in written
        assert "argon2" not in written
        assert "hash" not in written


async def test_who_left_is_told_nothing(house: House, members: Cast) -> None:
    bob = await members.member("Bob")
    await leaving.leave(
        house, bob.id, password=PASSWORD, gives_revenue=False, address="::1", now=members.now
    )
    with pytest.raises(NotFound):
        await export.of(house, bob.id, now=members.now)


@SQLITE_ALONE
async def test_no_table_about_members_is_forgotten(house: House, members: Cast) -> None:
    bob = await members.member("Bob")
    sections = set(await export.of(house, bob.id, now=members.now))
    about = {table.name for table in metadata.sorted_tables if "member_id" in table.c}
    missed = {NAMED_OTHERWISE.get(name, name) for name in about - ELSEWHERE} - sections
    assert missed == set()
