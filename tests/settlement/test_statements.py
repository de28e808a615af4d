"""A statement says what was given and received, and anyone can compute it again from it."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import Any

import pytest

from irl import settlement
from irl.errors import NothingYet
from irl.house import House
from irl.money import charities
from irl.rules import EURO
from irl.settlement import document, sheet, statements
from irl.settlement.statement import Statement
from tests.cast import Cast
from tests.settlement.conftest import NOVEMBER, day, run

pytestmark = pytest.mark.anyio


async def _closed(house: House, members: Cast, *titles: str) -> None:
    await members.funds("Bob", euros=10, budget=5)
    await members.scan("Bob", *[await members.payload("Alice", title) for title in titles])
    await settlement.settle(house, NOVEMBER, now=day(4, 12))


async def _of(house: House, members: Cast, name: str) -> Statement:
    member = await members.member(name)
    return await statements.of(house, member.id, NOVEMBER, now=day(5, 12))


def _splitmix64(state: int) -> int:
    """As anybody would write it from the paper, without looking at ours."""
    z = (state + 0x9E3779B97F4A7C15) % 2**64
    z = (z ^ (z // 2**30)) * 0xBF58476D1CE4E5B9 % 2**64
    z = (z ^ (z // 2**27)) * 0x94D049BB133111EB % 2**64
    return z ^ (z // 2**31)


def _computed_again(given: dict[str, Any]) -> dict[int, int]:
    valid = [share["number"] for share in given["shares"] if share["void"] is None]
    rounding = given["rounding"]
    start = _splitmix64(_splitmix64(rounding["month"]) ^ rounding["member"])
    valid.sort(key=lambda number: _splitmix64(start ^ number))
    share, odd = divmod(given["pot_micros"], len(valid))
    return {number: share + (place < odd) for place, number in enumerate(valid)}


async def test_an_open_month_has_no_statement(house: House, members: Cast) -> None:
    await members.member("Bob")
    with pytest.raises(NothingYet):
        await _of(house, members, "Bob")


async def test_anyone_can_compute_the_shares_again_from_the_json(
    house: House, members: Cast
) -> None:
    await _closed(house, members, *[f"Work {i}" for i in range(7)])
    given = document.of(await _of(house, members, "Bob"))["given"]
    told = {share["number"]: share["share_micros"] for share in given["shares"]}
    assert told == _computed_again(given)
    assert sum(told.values()) == given["pot_micros"] == 5 * EURO
    assert given["budget_micros"] == 5 * EURO
    assert given["funds_micros"] == 9 * EURO


async def test_a_maker_sees_counts_and_exact_micros_and_no_people(
    house: House, members: Cast
) -> None:
    await _closed(house, members, "Work", "Song")
    statement = await _of(house, members, "Alice")
    told = document.of(statement)["received"]
    assert {one["thing"]["title"]: one["amount_micros"] for one in told["things"]} == {
        "Work": 2_500_000,
        "Song": 2_500_000,
    }
    assert [one["flattrs"] for one in told["things"]] == [1, 1]
    assert told["total_micros"] == 5 * EURO
    assert [one["amount_micros"] for one in told["payable"]] == [5 * EURO]
    assert told["payable"][0]["payable_on"] == "2026-12-23"
    assert "Bob" not in str(document.of(statement))


async def test_a_void_flattr_is_shown_with_its_reason_and_gets_nothing(
    house: House, members: Cast
) -> None:
    await members.funds("Bob", euros=10, budget=5)
    work = await members.payload("Alice", "Work")
    await members.scan("Bob", work, await members.payload("Alice", "Song"))
    await run(house, "UPDATE things SET hidden_at = 1 WHERE title = 'Song'")
    await settlement.settle(house, NOVEMBER, now=day(4, 12))
    shares = {share.title: share for share in (await _of(house, members, "Bob")).shares}
    assert (shares["Song"].void, shares["Song"].share_micros) == ("hidden", 0)
    assert (shares["Work"].void, shares["Work"].share_micros) == (None, 5 * EURO)


async def test_an_idle_month_names_its_charity(house: House, members: Cast) -> None:
    await charities.add(house, name="The shelter", url="https://charity.example", now=day(1))
    await members.funds("Bob", euros=10, budget=5)
    await settlement.settle(house, NOVEMBER, early=True, now=day(23, hour=13))
    statement = await _of(house, members, "Bob")
    assert (statement.charity, statement.pot_micros) == ("The shelter", 5 * EURO)
    assert "given,charity,,,The shelter,,0,5.000000,5000000," in sheet.of(statement)


async def test_who_gave_and_received_nothing_has_an_empty_statement(
    house: House, members: Cast
) -> None:
    await _closed(house, members, "Work")
    statement = await _of(house, members, "Charlie")
    assert (statement.pot_micros, statement.funds_micros, statement.budget_micros) == (
        0,
        None,
        None,
    )
    assert (statement.shares, statement.received, statement.received_micros) == ((), (), 0)


async def test_a_title_cannot_become_a_formula_in_the_csv(house: House, members: Cast) -> None:
    titles = ["=1+1", '+"quoted", with a comma', "@sum", "-1", "\uff1dHYPERLINK(1)", "Plain"]
    await _closed(house, members, *titles)
    text = sheet.of(await _of(house, members, "Bob"))
    assert text.startswith("\ufeffmonth,")
    assert text.count("\r\n") == text.count("\n")
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    given = [row for row in rows if row["section"] == "given"]
    assert {row["title"].removeprefix("'") for row in given} == set(titles)
    assert [row["title"] for row in given if not row["title"].startswith("'")] == ["Plain"]
    assert sum(int(row["amount_micros"]) for row in given) == 5 * EURO
    # An amount below zero is a number, in both columns.
    [pot] = [row for row in rows if (row["section"], row["what"]) == ("funds", "pot")]
    assert (pot["amount_eur"], pot["amount_micros"]) == ("-5.000000", "-5000000")
    for row in rows:
        assert Decimal(row["amount_eur"] or 0) * EURO == int(row["amount_micros"] or 0)
