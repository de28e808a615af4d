"""Warnings: twice before an idle month's pot goes to charity, and never without."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from irl import month as months
from irl import outbox
from irl.giving import flattrs, idle_warnings
from irl.giving.worth import of_month
from irl.house import House
from irl.members.member import Member
from irl.money import charities, wallet
from irl.money.charities import Charity
from irl.month import Month
from irl.rules import EURO
from irl.settlement import audit, runner
from tests.cast import Cast
from tests.irl.conftest import Rows, day
from tests.irl.test_outbox import with_mail

pytestmark = pytest.mark.anyio

WEEK = day(24, hour=0)
"""Seven days before the end of November 2026."""

LAST_CALL = day(29, hour=0)
DOWN = "smtp://127.0.0.1:9"


@pytest.fixture
async def rescue(house: House) -> Charity:
    return await charities.add(house, name="Sea Rescue", url="https://sea.example", now=day(1))


@pytest.fixture
async def bob(members: Cast, rescue: Charity) -> Member:
    """He gives, but flattrs nothing."""
    assert rescue.id
    return await members.funds("Bob", euros=10, budget=5)


def warnings_in(house: House) -> list[str]:
    """Give the subjects of all delivered warnings."""
    folder = Path(house.settings.mail_url.removeprefix("file:"))
    mails = [
        message_from_bytes(file.read_bytes(), policy=policy.default)
        for file in sorted(folder.glob("*.eml"))
    ]
    return [mail["Subject"] for mail in mails if "confirm" not in mail["Subject"]]


async def warn(house: House, now: datetime) -> int:
    """Do what the clock does: write what is due, and send it."""
    posted = await idle_warnings.post_due(house, now=now)
    await outbox.send_waiting(house, now=now)
    return posted


async def given_to_charity(house: House, rows: Rows) -> int:
    """Close November and tell what the charity got, in whole euros."""
    await runner.settle(house, Month(202611), now=day(4, 12))
    assert await audit.audit(house) == []
    found = await rows("SELECT amount_micros FROM transfers WHERE kind = 'charity'")
    return sum(int(row["amount_micros"]) for row in found) // EURO


async def test_an_idle_month_is_warned_of_twice_and_goes_to_charity(
    house: House, bob: Member, rows: Rows
) -> None:
    assert await warn(house, WEEK - timedelta(seconds=1)) == 0
    for later in range(0, 20, 5):
        assert await warn(house, WEEK + timedelta(hours=later)) == (later == 0)
    for later in range(0, 20, 5):
        assert await warn(house, LAST_CALL + timedelta(hours=later)) == (later == 0)
    first = "Nothing flattred in November 2026 yet"
    assert warnings_in(house) == [first, f"Last reminder: n{first[1:]}"]
    noted = await rows("SELECT month, member_id, days FROM warnings ORDER BY days DESC")
    assert [tuple(row.values()) for row in noted] == [(202611, bob.id, 7), (202611, bob.id, 2)]
    assert await given_to_charity(house, rows) == 5


async def test_the_warning_says_how_much_goes_where_and_until_when(
    house: House, members: Cast, bob: Member, rows: Rows
) -> None:
    reef = await charities.add(house, name="Reef <&>", url="https://reef.example", now=day(1))
    await charities.choose(house, bob.id, reef.id)
    await members.funds("Dora", euros=8, budget=100)
    await warn(house, WEEK)
    said = {
        row["recipient"]: row["body"]
        for row in await rows(
            "SELECT recipient, body FROM outbox WHERE message_id LIKE 'warning-%'"
        )
    }
    to_bob = " ".join(said["bob@house.example"].split())
    assert "your pot of €5.00 goes to Reef <&>, the charity that you chose" in to_bob
    assert "on 1 December 2026, 00:00 UTC" in to_bob
    assert "http://localhost:8000/scan" in to_bob
    to_dora = " ".join(said["dora@house.example"].split())
    assert "your pot of €7.20 goes to Sea Rescue, the charity of the house" in to_dora


async def test_only_members_whose_pot_would_go_are_warned(
    house: House, members: Cast, bob: Member, rows: Rows
) -> None:
    await members.member("Alice")  # no budget, no funds
    await members.funds("Dora", euros=10)  # no budget
    ebba = await members.member("Ebba")  # no funds
    await wallet.set_budget(house, ebba.id, 5 * EURO, now=members.now)
    await members.funds("Finn", euros=10, budget=5)
    await members.scan("Finn", await members.payload("Alice", "Lighthouse"))
    gone = await members.funds("Gone", euros=10, budget=5)
    await house.db.write(lambda c: c.run(f"UPDATE members SET left_at = 1 WHERE id = {gone.id}"))
    unset = await members.funds("Unset", euros=10, budget=5)
    await wallet.set_budget(house, unset.id, None, now=members.now)
    assert await warn(house, WEEK) == 1
    [row] = await rows("SELECT member_id FROM warnings")
    assert row["member_id"] == bob.id


async def test_flattrs_that_do_not_count_leave_a_month_idle(
    house: House, members: Cast, bob: Member, rows: Rows
) -> None:
    await members.scan("Bob", await members.payload("Alice", "Hidden"))
    await house.db.write(lambda c: c.run("UPDATE things SET hidden_at = 1"))
    assert await warn(house, WEEK) == 1
    assert await warn(house, LAST_CALL) == 1
    assert bob.id
    assert await given_to_charity(house, rows) == 5


async def test_who_flattrs_after_the_first_warning_gets_no_second(
    house: House, members: Cast, bob: Member, rows: Rows
) -> None:
    assert await warn(house, WEEK) == 1
    payload = await members.payload("Alice", "Lighthouse")
    [outcome] = await members.scan("Bob", payload, now=WEEK + timedelta(days=1))
    assert await warn(house, LAST_CALL) == 0
    # One who takes it back after that was warned once, so the pot stays.
    assert outcome.flattr_id is not None
    await flattrs.undo(house, bob.id, outcome.flattr_id, now=LAST_CALL + timedelta(hours=1))
    assert await warn(house, LAST_CALL + timedelta(hours=2)) == 0
    assert await given_to_charity(house, rows) == 0


async def test_who_unsets_the_budget_is_warned_no_more_and_gives_nothing(
    house: House, bob: Member, rows: Rows
) -> None:
    assert await warn(house, WEEK) == 1
    await wallet.set_budget(house, bob.id, None, now=WEEK + timedelta(hours=1))
    assert await warn(house, LAST_CALL) == 0
    assert await given_to_charity(house, rows) == 0


@pytest.mark.parametrize("slept", [WEEK, LAST_CALL])
async def test_without_one_of_the_two_warnings_the_pot_stays(
    house: House, bob: Member, rows: Rows, slept: datetime
) -> None:
    """The clock slept for more than a day."""
    for now in (WEEK, LAST_CALL):
        await warn(house, now + (timedelta(days=1) if now == slept else timedelta()))
    assert len(warnings_in(house)) == (0 if slept == WEEK else 1)
    assert bob.id
    assert await given_to_charity(house, rows) == 0


async def test_without_a_first_warning_that_was_taken_there_is_no_second(
    house: House, bob: Member, rows: Rows
) -> None:
    good = house.settings.mail_url
    with_mail(house, mail_url=DOWN)
    assert await warn(house, WEEK) == 1
    assert [row["sent_at"] for row in await rows("SELECT sent_at FROM warnings")] == [None]
    assert await warn(house, LAST_CALL) == 0
    with_mail(house, mail_url=good)
    await outbox.send_waiting(house, now=LAST_CALL + timedelta(hours=1))
    assert warnings_in(house) == []  # the first one is of no use any more
    assert bob.id
    assert await given_to_charity(house, rows) == 0


async def test_a_warning_that_was_taken_late_counts_if_it_was_before_the_end(
    house: House, bob: Member, rows: Rows
) -> None:
    good = house.settings.mail_url
    for now in (WEEK, LAST_CALL):
        with_mail(house, mail_url=DOWN)
        assert await warn(house, now) == 1
        with_mail(house, mail_url=good)
        assert await outbox.send_waiting(house, now=now + timedelta(days=1)) > 0
    assert len(warnings_in(house)) == 2
    assert bob.id
    assert await given_to_charity(house, rows) == 5


async def test_a_last_call_that_nobody_took_before_the_end_leaves_the_pot(
    house: House, bob: Member, rows: Rows
) -> None:
    good = house.settings.mail_url
    assert await warn(house, WEEK) == 1
    with_mail(house, mail_url=DOWN)
    assert await warn(house, LAST_CALL) == 1
    with_mail(house, mail_url=good)
    await outbox.send_waiting(house, now=day(1, 12, hour=0))
    assert len(warnings_in(house)) == 1
    view = await of_month(house, bob.id, Month(202612), now=day(2, 12))
    assert view.funds_micros == 9 * EURO
    assert await given_to_charity(house, rows) == 0


async def test_a_warning_that_counts_is_seen_in_the_next_months_preview(
    house: House, bob: Member
) -> None:
    for now in (WEEK, LAST_CALL):
        await warn(house, now)
    view = await of_month(house, bob.id, Month(202612), now=day(2, 12))
    assert view.funds_micros == 4 * EURO


async def test_a_house_without_charities_warns_nobody(house: House, members: Cast) -> None:
    await members.funds("Bob", euros=10, budget=5)
    assert await warn(house, WEEK) == 0


async def test_two_clocks_warn_once(
    house: House, members: Cast, rescue: Charity, rows: Rows
) -> None:
    assert rescue.id
    for i in range(5):
        await members.funds(f"Giver{i}", euros=8, budget=2)
    posted = await asyncio.gather(*(idle_warnings.post_due(house, now=WEEK) for _ in range(4)))
    assert sum(posted) == 5
    await outbox.send_waiting(house, now=WEEK)
    assert len(warnings_in(house)) == 5
    assert len(await rows("SELECT 1 FROM warnings WHERE sent_at IS NOT NULL")) == 5


async def test_many_are_warned_in_stretches_and_not_faster_than_mail_goes_out(
    house: House, members: Cast, rescue: Charity, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert rescue.id
    monkeypatch.setattr(idle_warnings, "STRETCH", 2)
    monkeypatch.setattr(idle_warnings, "_WAITING_MOST", 3)
    for i in range(9):
        await members.funds(f"Giver{i}", euros=8, budget=2)
    await outbox.send_waiting(house, now=WEEK)
    rounds = []
    while await idle_warnings.post_due(house, now=WEEK):
        rounds.append(len(await rows("SELECT 1 FROM warnings")))
        await outbox.send_waiting(house, now=WEEK)
    assert rounds[-1] == 9
    assert len(rounds) >= 3
    assert max(b - a for a, b in zip([0, *rounds], rounds, strict=False)) <= 4
    assert len(warnings_in(house)) == 9
    assert await idle_warnings.post_due(house, now=WEEK, go_on=lambda: False) == 0


async def test_the_second_month_is_warned_of_anew(house: House, bob: Member) -> None:
    for now in (WEEK, LAST_CALL, day(25, 12, hour=0), day(30, 12, hour=0)):
        assert await warn(house, now) == 1
    assert bob.id
    assert len(warnings_in(house)) == 4


async def test_the_audit_finds_a_pot_that_went_without_its_warnings(
    house: House, bob: Member, rows: Rows
) -> None:
    for now in (WEEK, LAST_CALL):
        await warn(house, now)
    assert await given_to_charity(house, rows) == 5
    ends_at = months.to_instant(months.end(Month(202611)))
    change = f"UPDATE warnings SET sent_at = {ends_at} WHERE days = 2"
    await house.db.write(lambda c: c.run(change))
    [finding] = await audit.audit(house)
    assert "two warnings" in str(finding)
    assert str(bob.id) in str(finding)
