"""A statement says what was given and received, and anyone can compute it again from it."""

from __future__ import annotations

import asyncio
import csv
import hashlib
import io
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from irl import settlement
from irl.errors import NotFound, NothingYet
from irl.house import House
from irl.money import charities
from irl.money.payments import sandbox
from irl.month import Month
from irl.rules import EURO
from irl.settlement import audit, document, findings, sheet, statements
from irl.settlement.statement import Statement
from tests.cast import Cast
from tests.settlement import winter
from tests.settlement.conftest import NOVEMBER, day, rows, run

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
    lines = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    given = [row for row in lines if row["section"] == "given"]
    assert {row["title"].removeprefix("'") for row in given} == set(titles)
    assert [row["title"] for row in given if not row["title"].startswith("'")] == ["Plain"]
    assert sum(int(row["amount_micros"]) for row in given) == 5 * EURO
    # An amount below zero is a number, in both columns.
    [pot] = [row for row in lines if (row["section"], row["what"]) == ("funds", "pot")]
    assert (pot["amount_eur"], pot["amount_micros"]) == ("-5.000000", "-5000000")
    for row in lines:
        assert Decimal(row["amount_eur"] or 0) * EURO == int(row["amount_micros"] or 0)


# --- the chain -----------------------------------------------------------------------------------


async def _hashes(house: House) -> dict[tuple[int, int], str]:
    found = await rows(house, "SELECT member_id, month, sha256 FROM statement_hashes")
    return {(row["member_id"], row["month"]): row["sha256"] for row in found}


async def test_a_statement_is_kept_with_all_before_it_and_never_changes(
    house: House, members: Cast
) -> None:
    await winter.lived(house, members)
    bob = (await members.member("Bob")).id
    last = await statements.of(house, bob, winter.MONTHS[-1], now=members.now)
    kept = await _hashes(house)
    assert {month for member, month in kept if member == bob} == set(winter.MONTHS)
    assert kept[bob, winter.MONTHS[-1]] == document.of(last)["hash"]
    assert last.previous == kept[bob, winter.MONTHS[-2]]
    for month in winter.MONTHS:
        again = await statements.of(house, bob, month, now=members.now)
        assert document.of(again)["hash"] == kept[bob, month]
    assert await _hashes(house) == kept


async def test_the_hash_is_what_anybody_computes_from_the_file(house: House, members: Cast) -> None:
    """As written in docs/statements.md, without our own words for it."""

    def hashed(value: Any) -> Any:
        left_out = {"hash", "title", "artist", "maker", "charity", "words"}
        if isinstance(value, dict):
            return {key: hashed(one) for key, one in value.items() if key not in left_out}
        return [hashed(one) for one in value] if isinstance(value, list) else value

    await _closed(house, members, "Größe 漁", "Song")
    made = document.of(await _of(house, members, "Bob"))
    text = json.dumps(hashed(made), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert hashlib.sha256(text.encode()).hexdigest() == made["hash"]
    assert "Größe" not in text


async def test_a_new_title_a_new_name_or_a_later_reversal_changes_no_statement(
    house: House, members: Cast
) -> None:
    await _closed(house, members, "Work", "Song")
    before = {name: document.of(await _of(house, members, name)) for name in ("Alice", "Bob")}
    await run(house, "UPDATE things SET title = 'Another', artist = 'Somebody', hidden_at = 5")
    [deposit] = await rows(house, "SELECT public_id FROM deposits")
    await sandbox.decide(house, deposit["public_id"], "chargeback", now=day(6, 12))
    for name, said in before.items():
        after = document.of(await _of(house, members, name))
        assert after["hash"] == said["hash"]
        assert document.canonical(after) == document.canonical(said)
    assert await audit.audit(house) == []
    await settlement.settle(house, Month(202612), now=datetime(2027, 1, 5, tzinfo=UTC))
    for name, account, key in (
        ("Alice", "revenue", "reversal_share/1/"),
        ("Bob", "funds", "reversal_funds/1/"),
    ):
        member = await members.member(name)
        december = document.of(
            await statements.of(house, member.id, Month(202612), now=members.now)
        )
        assert december["previous"] == before[name]["hash"]
        assert [one["key"].startswith(key) for one in december[account]["movements"]] == [True]
        assert december[account]["closing_micros"] == 0
    assert [back["amount_micros"] for back in december["reversals"]] == [10 * EURO]


async def test_what_a_chargeback_takes_while_a_month_waits_to_be_closed_is_told(
    house: House, members: Cast
) -> None:
    await members.funds("Bob", euros=10, budget=5)
    await members.scan("Bob", await members.payload("Alice", "Work"))
    [first] = await rows(house, "SELECT public_id FROM deposits")
    members.later(hours=1)
    await members.funds("Bob", euros=8)
    await sandbox.decide(house, first["public_id"], "chargeback", now=day(2, 12))
    await settlement.settle(house, NOVEMBER, now=day(4, 12))
    given = await _of(house, members, "Bob")
    assert (given.funds_micros, given.taken_back_micros) == (7_200_000, 9 * EURO)
    assert given.funds.closing_micros == 9 * EURO + 7_200_000 - 5 * EURO
    assert given.reversals == ()
    assert findings.of(document.of(given)) == []


async def test_there_is_no_statement_from_before_one_had_joined(
    house: House, members: Cast
) -> None:
    await _closed(house, members, "Work")
    members.now = day(5, 12)
    late = await members.member("Dora")
    with pytest.raises(NotFound):
        await statements.of(house, late.id, NOVEMBER, now=members.now)
    await settlement.settle(house, Month(202612), now=datetime(2027, 1, 5, tzinfo=UTC))
    first = await statements.of(house, late.id, Month(202612), now=members.now)
    assert first.previous is None


@pytest.mark.parametrize(
    "meddled",
    [
        "UPDATE receipts SET flattrs = flattrs + 1",
        "UPDATE flattrs SET given_at = given_at + 1",
        "UPDATE months SET closed_at = closed_at + 1",
        "UPDATE statement_hashes SET month = 202612",
    ],
)
async def test_the_audit_names_a_statement_that_is_not_what_it_was(
    house: House, members: Cast, meddled: str
) -> None:
    await _closed(house, members, "Work")
    for name in ("Alice", "Bob"):
        await _of(house, members, name)
    assert await audit.audit(house) == []
    await run(house, meddled)
    found = await audit.audit(house)
    assert any("2026-11: the statement of member " in each for each in found)
    if "months" in meddled:
        with pytest.raises(AssertionError, match="never changes"):
            await _of(house, members, "Bob")


async def test_two_who_ask_for_the_same_statement_at_once_get_the_same(
    house: House, members: Cast
) -> None:
    await _closed(house, members, "Work")
    both = await asyncio.gather(*(_of(house, members, "Bob") for _ in range(8)))
    assert len({document.of(each)["hash"] for each in both}) == 1
    assert len(await _hashes(house)) == 1


async def test_the_list_says_in_two_figures_what_each_statement_says(
    house: House, members: Cast
) -> None:
    await winter.lived(house, members)
    for name in winter.NAMES:
        member = await members.member(name)
        listed = await statements.listed(house, member.id)
        assert [one.month for one in listed] == sorted((one.month for one in listed), reverse=True)
        told = {}
        for month in winter.MONTHS:
            try:
                told[month] = await statements.of(house, member.id, month, now=members.now)
            except NotFound:
                continue
        assert {one.month: (one.given_micros, one.received_micros) for one in listed} == {
            month: (found.pot_micros, found.received_micros) for month, found in told.items()
        }
        assert [one.closed_at for one in listed] == [told[one.month].closed_at for one in listed]


async def test_who_joined_after_the_last_closing_has_an_empty_list(
    house: House, members: Cast
) -> None:
    await _closed(house, members, "Work")
    members.now = day(10, 12)
    dora = await members.member("Dora")
    assert await statements.listed(house, dora.id) == ()
