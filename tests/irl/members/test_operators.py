"""Operators: appointed and dismissed by their e-mail address, on the command line alone."""

from __future__ import annotations

import pytest

from irl.errors import Invalid, NotFound
from irl.house import House
from irl.members import operators, sessions
from tests.cast import Cast
from tests.conftest import NOW
from tests.irl.conftest import Rows, day

pytestmark = pytest.mark.anyio


async def test_a_member_becomes_an_operator_and_is_one_no_longer(
    house: House, members: Cast, rows: Rows
) -> None:
    alice = await members.member("Alice")
    await members.member("Bob")
    secret = await sessions.start(house, alice.id, now=NOW)
    for moment in (day(1), day(2)):
        assert await operators.appoint(house, " ALICE@house.example", now=moment) == "Alice"
    found = await rows("SELECT nickname, operator_at FROM members WHERE operator_at IS NOT NULL")
    assert found == [{"nickname": "Alice", "operator_at": int(day(1).timestamp() * 1000)}]
    holder = await sessions.holder(house, secret, now=NOW)
    assert holder is not None
    assert holder.is_operator
    assert await operators.dismiss(house, "alice@house.example") == "Alice"
    holder = await sessions.holder(house, secret, now=NOW)
    assert holder is not None
    assert not holder.is_operator


async def test_only_who_joined_can_be_an_operator(house: House, members: Cast) -> None:
    await members.member("Alice")
    with pytest.raises(NotFound):
        await operators.appoint(house, "bob@house.example", now=NOW)
    with pytest.raises(NotFound):
        await operators.dismiss(house, "bob@house.example")
    with pytest.raises(Invalid) as refused:
        await operators.appoint(house, "alice", now=NOW)
    assert refused.value.field == "email"
