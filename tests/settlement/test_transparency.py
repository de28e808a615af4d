"""The path of one euro: figures of closed months that never tell of fewer than five members."""

from __future__ import annotations

import dataclasses
from datetime import datetime

import pytest

from irl import settlement
from irl.house import House
from irl.money import moves
from irl.money.payments import sandbox
from irl.month import Month
from irl.rules import EURO
from irl.settlement import audit, transparency
from irl.settlement.transparency import Figures
from tests.cast import Cast
from tests.settlement import winter
from tests.settlement.conftest import NOVEMBER, day, rows

pytestmark = pytest.mark.anyio

DECEMBER = Month(202612)


async def _give(members: Cast, givers: int, makers: int, *, euros: int = 10) -> None:
    """So many givers deposit and flattr one thing of each of so many makers."""
    works = [
        await members.payload(f"Maker{n}", f"Work {n} {members.now:%m}") for n in range(makers)
    ]
    for n in range(givers):
        await members.funds(f"Giver{n}", euros=euros, budget=2 + n)
        await members.scan(f"Giver{n}", *works)


async def _close(house: House, month: Month, now: datetime) -> Figures:
    await settlement.settle(house, month, now=now)
    await transparency.keep(house)
    [latest, *_] = await transparency.published(house)
    assert latest.month == month
    return latest


async def _real(house: House, kind: int) -> int:
    [row] = await rows(
        house,
        f"SELECT CAST(sum(balance_micros) AS bigint) AS micros FROM balances WHERE account % 8 = {kind}",
    )
    return int(row["micros"])


async def test_five_of_everybody_are_told_to_the_micro(house: House, members: Cast) -> None:
    await _give(members, givers=6, makers=5)
    told = await _close(house, NOVEMBER, day(4, 12))
    given = sum(2 + n for n in range(6)) * EURO
    assert told == Figures(
        month=NOVEMBER,
        deposited=60 * EURO,  # type: ignore[arg-type]
        fee=6 * EURO,  # type: ignore[arg-type]
        commission=0,  # type: ignore[arg-type]
        given=given,  # type: ignore[arg-type]
        charity=0,  # type: ignore[arg-type]
        paid_out=0,  # type: ignore[arg-type]
        funds=54 * EURO - given,  # type: ignore[arg-type]
        revenue=given,  # type: ignore[arg-type]
    )
    assert (told.funds, told.revenue) == (await _real(house, 1), await _real(house, 2))


async def test_four_members_are_nowhere_to_be_seen(house: House, members: Cast) -> None:
    await _give(members, givers=4, makers=5)
    told = await _close(house, NOVEMBER, day(4, 12))
    assert [name for name, value in dataclasses.asdict(told).items() if value is not None] == [
        "month",
        "commission",
        "charity",
        "paid_out",
    ]


async def test_one_maker_of_many_givers_is_withheld_and_so_are_the_balances(
    house: House, members: Cast
) -> None:
    """What was given would else tell what one member earned, and so would the balances."""
    await _give(members, givers=6, makers=1)
    told = await _close(house, NOVEMBER, day(4, 12))
    assert (told.deposited, told.fee) == (60 * EURO, 6 * EURO)
    assert (told.given, told.funds, told.revenue) == (None, None, None)


async def test_one_reversal_is_not_to_be_had_from_two_balances(house: House, members: Cast) -> None:
    await _give(members, givers=6, makers=5)
    first = await _close(house, NOVEMBER, day(4, 12))
    assert first.funds is not None
    members.now = day(10, 12)
    await _give(members, givers=5, makers=5)
    [deposit] = await rows(house, "SELECT public_id FROM deposits WHERE id = 1")
    await sandbox.decide(house, deposit["public_id"], "chargeback", now=members.now)
    second = await _close(house, DECEMBER, winter.at(2027, 1, 4))
    assert second.deposited == 50 * EURO
    assert second.given is not None
    assert (second.funds, second.revenue) == (None, None)
    # Four more members in the next month: five together are told, as one sum.
    members.now = winter.at(2027, 1, 10)
    for number in (2, 3, 4, 5, 7, 8, 9, 10, 11):
        [deposit] = await rows(house, f"SELECT public_id FROM deposits WHERE id = {number}")
        await sandbox.decide(house, deposit["public_id"], "chargeback", now=members.now)
    third = await _close(house, Month(202701), winter.at(2027, 2, 4))
    assert (third.funds, third.revenue) == (await _real(house, 1), await _real(house, 2))


async def test_what_cancels_out_in_the_sum_of_both_balances_hides_nobody(
    house: House, members: Cast
) -> None:
    """Five movers stand behind each balance, but in the sum of both only one reversal is left."""
    await _give(members, givers=6, makers=5)
    await _close(house, NOVEMBER, day(4, 12))
    members.now = day(10, 12)
    for n in range(5):
        maker = await members.member(f"Maker{n}")
        await moves.to_funds(house, maker.id, amount_micros=EURO, now=members.now)
    [deposit] = await rows(house, "SELECT public_id FROM deposits WHERE id = 1")
    await sandbox.decide(house, deposit["public_id"], "chargeback", now=members.now)
    told = await _close(house, DECEMBER, winter.at(2027, 1, 4))
    assert (told.funds, told.revenue) == (None, None)


async def test_a_closed_months_figures_never_change(house: House, members: Cast) -> None:
    await winter.lived(house, members)
    await transparency.keep(house)
    once = await transparency.published(house)
    assert [each.month for each in once] == list(reversed(winter.MONTHS))
    [deposit] = await rows(house, "SELECT public_id FROM deposits WHERE id = 1")
    await sandbox.decide(house, deposit["public_id"], "chargeback", now=winter.at(2027, 3, 6))
    await transparency.keep(house)
    assert await transparency.published(house) == once
    await house.db.write(lambda connection: connection.run("DELETE FROM month_figures"))
    await transparency.keep(house)
    assert await transparency.published(house) == once


async def test_balances_computed_later_are_those_of_then(house: House, members: Cast) -> None:
    """The same figures, whether they were kept at once or after months that came later."""
    await _give(members, givers=6, makers=5)
    at_once = await _close(house, NOVEMBER, day(4, 12))
    members.now = day(10, 12)
    await _give(members, givers=7, makers=6)
    await _close(house, DECEMBER, winter.at(2027, 1, 4))
    kept = await transparency.published(house)
    await house.db.write(lambda connection: connection.run("DELETE FROM month_figures"))
    await transparency.keep(house)
    assert await transparency.published(house) == kept
    assert kept[-1] == at_once


async def test_the_audit_names_figures_that_are_not_what_they_were(
    house: House, members: Cast
) -> None:
    await _give(members, givers=6, makers=5)
    await _close(house, NOVEMBER, day(4, 12))
    assert await audit.audit(house) == []
    await house.db.write(
        lambda connection: connection.run(
            "UPDATE month_figures SET amount_micros = 1 WHERE name = 'charity'"
        )
    )
    assert await audit.audit(house) == ["2026-11: the figures for everybody are not what they were"]
