"""Subscriptions: one flattr at the start of each month, by itself, once."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest

from irl import month as months
from irl import things
from irl.errors import AlreadySubscribed, Invalid, NotFound, SubscriptionEnded
from irl.giving import flattrs, scans, subscription_rounds, subscriptions
from irl.giving.subscriptions import Subscription
from irl.house import House
from irl.month import Month
from irl.rounds import Round
from irl.settlement import audit, runner
from irl.things import placements, reports
from irl.things.placements import Placement
from tests.cast import Cast
from tests.irl.conftest import Rows, day

pytestmark = pytest.mark.anyio

DECEMBER, JANUARY = day(1, 12, 0), datetime.fromisoformat("2027-01-01T00:00:00Z")


@pytest.fixture
async def lighthouse(members: Cast) -> Placement:
    return await members.placement(await members.thing("Alice", "Lighthouse"), "Tram stop")


async def subscribe(
    members: Cast, placement: Placement, *, months: int = 3, name: str = "Bob"
) -> Subscription:
    """Scan, and subscribe."""
    member = await members.member(name)
    await members.scan(name, placement.code.text)
    return await subscriptions.begin(
        members.house, member.id, code=placement.code, months=months, now=members.now
    )


async def given(rows: Rows) -> list[tuple[int, int]]:
    """Give month and placement of every flattr."""
    found = await rows("SELECT month, placement_id FROM flattrs ORDER BY month, placement_id")
    return [(row["month"], row["placement_id"]) for row in found]


async def outcomes(rows: Rows) -> list[tuple[int, str]]:
    found = await rows("SELECT month, outcome FROM subscription_months ORDER BY month")
    return [(row["month"], row["outcome"]) for row in found]


async def state_of(house: House, subscription: Subscription, now: datetime) -> str:
    async with house.db.reading() as connection:
        [row, *_] = await connection.run("SELECT member_id FROM subscriptions")
    return (await subscriptions.of(house, row["member_id"], subscription.id, now=now)).state


async def test_the_next_three_months_are_given_and_then_it_has_ended(
    house: House, members: Cast, lighthouse: Placement, rows: Rows
) -> None:
    begun = await subscribe(members, lighthouse)
    assert (begun.months_left, begun.last_month, begun.state) == (3, 202702, "running")
    month = Month(202611)
    for left in (2, 1, 0, 0):
        assert await subscription_rounds.give_due(house, now=months.last_instant(month)) == 0
        month = months.add(month, 1)
        now = months.start(month)
        assert await subscription_rounds.give_due(house, now=now) == (month <= 202702)
        bob = await members.member("Bob")
        [seen] = (await subscriptions.mine(house, bob.id, now=now)).subscriptions
        assert seen.months_left == left
        assert seen.state == ("running" if month < 202702 else "ended")
    [placement] = await rows("SELECT id FROM placements")
    assert await given(rows) == [
        (month, placement["id"]) for month in (202611, 202612, 202701, 202702)
    ]
    assert [name for _, name in await outcomes(rows)] == ["begun", *3 * ["flattred"]]
    counted = await rows("SELECT month, flattrs FROM placement_months ORDER BY month")
    assert [row["flattrs"] for row in counted] == [1, 1, 1, 1]
    assert await audit.audit(house) == []


async def test_however_often_and_by_how_many_it_is_given_once(
    house: House, members: Cast, lighthouse: Placement, rows: Rows
) -> None:
    await subscribe(members, lighthouse)
    news = await asyncio.gather(
        *(subscription_rounds.give_due(house, now=DECEMBER) for _ in range(8))
    )
    assert sum(news) == 1
    # A clock that knows nothing of what the others did finds it done all the same.
    await house.db.write(
        lambda connection: connection.run("DELETE FROM house WHERE name <> 'settlement_epoch'")
    )
    assert await subscription_rounds.give_due(house, now=DECEMBER + timedelta(days=3)) == 0
    assert len(await given(rows)) == 2


async def test_many_are_given_in_stretches_and_a_round_that_was_cut_off_goes_on(
    house: House, members: Cast, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        subscription_rounds, "_TO_VISIT", subscription_rounds._TO_VISIT.limit(None).limit(7)
    )
    for i in range(20):
        await subscribe(members, await members.placement(await members.thing("Alice", f"{i}")))
    left = iter([True, True, False])
    assert await subscription_rounds.give_due(house, now=DECEMBER, go_on=lambda: next(left)) == 14
    async with house.db.reading() as connection:
        at = await Round(name="subscriptions", period=202612).at(connection)
    ids = [row["id"] for row in await rows("SELECT id FROM subscriptions ORDER BY id")]
    assert at == ids[13]
    assert await subscription_rounds.give_due(house, now=DECEMBER) == 6
    assert len(await given(rows)) == 40
    async with house.db.reading() as connection:
        assert await Round(name="subscriptions", period=202612).at(connection) is None


async def test_what_was_given_by_hand_before_is_one_flattr_and_not_two(
    house: House, members: Cast, lighthouse: Placement, rows: Rows
) -> None:
    await subscribe(members, lighthouse)
    await members.scan("Bob", lighthouse.code.text, now=DECEMBER)
    assert await subscription_rounds.give_due(house, now=DECEMBER) == 0
    assert await outcomes(rows) == [(202611, "begun"), (202612, "already_flattred")]
    assert len(await given(rows)) == 2


@pytest.mark.parametrize("is_before", [True, False])
async def test_a_flattr_undone_is_not_given_again_that_month(
    house: House, members: Cast, lighthouse: Placement, rows: Rows, *, is_before: bool
) -> None:
    await subscribe(members, lighthouse)
    bob = await members.member("Bob")
    if not is_before:
        await subscription_rounds.give_due(house, now=DECEMBER)
    [outcome] = await members.scan("Bob", lighthouse.code.text, now=DECEMBER)
    assert outcome.flattr_id is not None
    await flattrs.undo(house, bob.id, outcome.flattr_id, now=DECEMBER)
    for hours in range(3):
        later = DECEMBER + timedelta(hours=hours)
        assert await subscription_rounds.give_due(house, now=later) == 0
    assert [month for month, _ in await given(rows)] == [202611]
    assert await subscription_rounds.give_due(house, now=JANUARY) == 1


async def test_a_paused_month_is_not_made_up_for(
    house: House, members: Cast, lighthouse: Placement, rows: Rows
) -> None:
    begun = await subscribe(members, lighthouse)
    bob = await members.member("Bob")
    paused = await subscriptions.change(house, bob.id, begun.id, "paused", now=members.now)
    assert (paused.state, paused.months_left) == ("paused", 3)
    again = await subscriptions.change(house, bob.id, begun.id, "paused", now=members.now)
    assert again == paused
    assert await subscription_rounds.give_due(house, now=DECEMBER) == 0
    running = await subscriptions.change(house, bob.id, begun.id, "running", now=DECEMBER)
    assert (running.state, running.months_left) == ("running", 2)
    assert await subscription_rounds.give_due(house, now=DECEMBER + timedelta(days=1)) == 0
    assert await subscription_rounds.give_due(house, now=JANUARY) == 1
    assert await outcomes(rows) == [
        (202611, "begun"),
        (202612, "paused"),
        (202701, "flattred"),
    ]
    february = months.start(Month(202702))
    assert await subscription_rounds.give_due(house, now=february) == 1
    assert await state_of(house, begun, february) == "ended"


async def test_what_has_ended_gives_no_more_and_cannot_be_resumed(
    house: House, members: Cast, lighthouse: Placement, rows: Rows
) -> None:
    begun = await subscribe(members, lighthouse)
    bob = await members.member("Bob")
    for _ in range(2):
        ended = await subscriptions.change(house, bob.id, begun.id, "ended", now=members.now)
        assert (ended.state, ended.months_left) == ("ended", 0)
    for state in ("running", "paused"):
        with pytest.raises(SubscriptionEnded):
            await subscriptions.change(house, bob.id, begun.id, state, now=members.now)
    with pytest.raises(Invalid):
        await subscriptions.change(house, bob.id, begun.id, "asleep", now=members.now)
    assert await subscription_rounds.give_due(house, now=DECEMBER) == 0
    assert len(await given(rows)) == 1
    anew = await subscribe(members, lighthouse, months=12)
    assert anew.last_month == 202711


async def test_after_a_clock_that_slept_only_the_running_month_is_given(
    house: House, members: Cast, lighthouse: Placement, rows: Rows
) -> None:
    begun = await subscribe(members, lighthouse)
    assert await subscription_rounds.give_due(house, now=day(20, 1).replace(year=2027)) == 1
    assert [month for month, _ in await given(rows)] == [202611, 202701]
    other = await members.placement(await members.thing("Alice", "Harbour"))
    members.now = JANUARY
    await subscribe(members, other)
    late = months.start(Month(202709))
    assert await subscription_rounds.give_due(house, now=late) == 0
    assert await state_of(house, begun, late) == "ended"
    assert await rows("SELECT id FROM subscriptions WHERE ended_at IS NULL") == []


async def test_a_month_that_was_closed_early_begins_the_next_one_at_once(
    house: House, members: Cast, lighthouse: Placement, rows: Rows
) -> None:
    await subscribe(members, lighthouse)
    await runner.settle(house, Month(202611), early=True, now=members.now)
    members.later(hours=1)
    assert await subscription_rounds.give_due(house, now=members.now) == 1
    assert [month for month, _ in await given(rows)] == [202611, 202612]
    harbour = await members.placement(await members.thing("Alice", "Harbour"))
    assert (await subscribe(members, harbour)).last_month == 202703
    assert await subscription_rounds.give_due(house, now=DECEMBER) == 0


async def test_a_revoked_code_gives_nothing_and_the_subscription_stays(
    house: House, members: Cast, lighthouse: Placement, rows: Rows
) -> None:
    begun = await subscribe(members, lighthouse)
    alice = await members.member("Alice")
    await placements.revoke(house, alice.id, lighthouse.code, now=members.now)
    assert await subscription_rounds.give_due(house, now=DECEMBER) == 0
    assert (await outcomes(rows))[-1] == (202612, "revoked_code")
    assert await state_of(house, begun, DECEMBER) == "running"


async def test_the_subscription_of_a_deleted_thing_ends(
    house: House, members: Cast, lighthouse: Placement, rows: Rows
) -> None:
    begun = await subscribe(members, lighthouse)
    alice = await members.member("Alice")
    await things.delete(house, alice.id, lighthouse.thing.id, now=members.now)
    assert await subscription_rounds.give_due(house, now=DECEMBER) == 0
    assert (await outcomes(rows))[-1] == (202612, "revoked_code")
    assert await state_of(house, begun, DECEMBER) == "ended"


@pytest.mark.parametrize("by", ["code", "thing"])
async def test_the_subscription_of_what_was_hidden_ends(
    house: House, members: Cast, lighthouse: Placement, by: str
) -> None:
    begun = await subscribe(members, lighthouse)
    await reports.send(
        house,
        code=lighthouse.code if by == "code" else None,
        thing_id=lighthouse.thing.id if by == "thing" else None,
        reason="spam",
        text="",
        address="192.0.2.1",
        now=members.now,
    )
    [report] = await reports.waiting(house)
    await reports.decide(house, report.id, "hide", now=members.now)
    assert await subscription_rounds.give_due(house, now=DECEMBER) == 0
    assert await state_of(house, begun, DECEMBER) == "ended"


async def test_what_became_ones_own_gets_nothing(
    house: House, members: Cast, lighthouse: Placement, rows: Rows
) -> None:
    await subscribe(members, lighthouse)
    bob = await members.member("Bob")
    await house.db.write(lambda c: c.run(f"UPDATE things SET maker_id = {bob.id}"))
    assert await subscription_rounds.give_due(house, now=DECEMBER) == 0
    assert (await outcomes(rows))[-1] == (202612, "own_thing")


async def test_hours_hold_for_subscriptions_too(house: House, members: Cast, rows: Rows) -> None:
    thing = await members.thing("Alice", "Fair")
    stall = await placements.make(
        house,
        thing.maker_id,
        thing.id,
        name="",
        opens_at=None,
        closes_at=day(30),
        mask=3,
        now=members.now,
    )
    await subscribe(members, stall)
    assert await subscription_rounds.give_due(house, now=DECEMBER) == 0
    assert (await outcomes(rows))[-1] == (202612, "not_open")


async def test_who_left_gives_no_more(house: House, members: Cast, lighthouse: Placement) -> None:
    begun = await subscribe(members, lighthouse)
    bob = await members.member("Bob")
    await house.db.write(lambda c: c.run(f"UPDATE members SET left_at = 1 WHERE id = {bob.id}"))
    assert await subscription_rounds.give_due(house, now=DECEMBER) == 0
    assert await state_of(house, begun, DECEMBER) == "ended"


async def test_a_thing_is_subscribed_to_through_the_placement_that_was_scanned(
    house: House, members: Cast, lighthouse: Placement, rows: Rows
) -> None:
    other = await members.placement(await members.thing("Alice", "Harbour"), "Pier")
    bob = await members.member("Bob")
    with pytest.raises(Invalid) as refused:
        await subscriptions.begin(house, bob.id, thing_id=other.thing.id, months=3, now=members.now)
    assert refused.value.field == "thing"
    await members.scan("Bob", other.code.text)
    begun = await subscriptions.begin(
        house, bob.id, thing_id=other.thing.id, months=6, now=members.now
    )
    assert (begun.code, begun.thing.title) == (other.code, "Harbour")
    seen = await subscriptions.of_thing(house, bob.id, other.thing.id, now=members.now)
    assert seen == begun
    assert await subscriptions.of_thing(house, bob.id, lighthouse.thing.id, now=DECEMBER) is None
    await subscription_rounds.give_due(house, now=DECEMBER)
    assert len({placement for _, placement in await given(rows)}) == 1


async def test_what_cannot_be_subscribed_to_is_refused(
    house: House, members: Cast, lighthouse: Placement, rows: Rows
) -> None:
    alice, bob = await members.member("Alice"), await members.member("Bob")
    code, now = lighthouse.code, members.now
    for wrong in (0, 1, 4, 13, -3):
        with pytest.raises(Invalid) as refused:
            await subscriptions.begin(house, bob.id, code=code, months=wrong, now=now)
        assert refused.value.field == "months"
    with pytest.raises(Invalid):
        await subscriptions.begin(house, bob.id, months=3, now=now)
    with pytest.raises(Invalid):
        await subscriptions.begin(house, alice.id, code=code, months=3, now=now)
    for unknown in ("nonsense", "0123456789abc"):
        with pytest.raises(NotFound):
            await subscriptions.begin(house, bob.id, thing_id=unknown, months=3, now=now)
        with pytest.raises(NotFound):
            await subscriptions.change(house, bob.id, unknown, "ended", now=now)
    begun = await subscribe(members, lighthouse)
    with pytest.raises(AlreadySubscribed):
        await subscriptions.begin(house, bob.id, code=code, months=12, now=now)
    charlie = await members.member("Charlie")
    with pytest.raises(NotFound):
        await subscriptions.change(house, charlie.id, begun.id, "ended", now=now)
    with pytest.raises(NotFound):
        await subscriptions.of(house, charlie.id, begun.id, now=now)
    assert (await subscriptions.mine(house, charlie.id, now=now)).subscriptions == ()
    await placements.revoke(house, alice.id, code, now=now)
    with pytest.raises(NotFound):
        await subscriptions.begin(house, charlie.id, code=code, months=3, now=now)
    assert len(await rows("SELECT id FROM subscriptions")) == 1


async def test_subscribing_at_once_from_two_phones_is_one_subscription(
    house: House, members: Cast, lighthouse: Placement, rows: Rows
) -> None:
    bob = await members.member("Bob")
    both = await asyncio.gather(
        *(
            subscriptions.begin(house, bob.id, code=lighthouse.code, months=3, now=members.now)
            for _ in range(6)
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(one, AlreadySubscribed) for one in both) == 5
    assert len(await rows("SELECT id FROM subscriptions")) == 1


async def test_many_subscriptions_come_in_pages_and_have_an_end(
    house: House, members: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscriptions, "OPEN_MOST", 3)
    monkeypatch.setattr(subscriptions, "PAGE", 2)
    for name in ("_MINE", "_BEFORE"):
        statement = getattr(subscriptions, name)
        monkeypatch.setattr(subscriptions, name, statement.limit(None).limit(3))
    bob = await members.member("Bob")
    made = []
    for i in range(3):
        placement = await members.placement(await members.thing("Alice", f"{i}"))
        made.append((await subscribe(members, placement)).id)
    with pytest.raises(Invalid, match="At most 3"):
        await subscribe(members, await members.placement(await members.thing("Alice", "More")))
    first = await subscriptions.mine(house, bob.id, now=members.now)
    assert [one.id for one in first.subscriptions] == made[:0:-1]
    second = await subscriptions.mine(house, bob.id, after=first.next, now=members.now)
    assert ([one.id for one in second.subscriptions], second.next) == (made[:1], None)
    with pytest.raises(Invalid):
        await subscriptions.mine(house, bob.id, after="nonsense", now=members.now)


async def test_scans_and_rounds_at_once_give_one_flattr(
    house: House, members: Cast, lighthouse: Placement, rows: Rows
) -> None:
    await subscribe(members, lighthouse)
    bob = await members.member("Bob")
    payload = lighthouse.code.text

    async def scan(nonce: str) -> None:
        one = scans.Scan(payload=payload, nonce=nonce)
        giver = scans.Giver(member_id=bob.id)
        await scans.record(house, giver=giver, scans=[one], now=DECEMBER)

    await asyncio.gather(
        *(scan(f"n{i}") for i in range(5)),
        *(subscription_rounds.give_due(house, now=DECEMBER) for _ in range(3)),
    )
    assert len(await given(rows)) == 2
    [counted] = await rows("SELECT flattrs FROM placement_months WHERE month = 202612")
    assert counted["flattrs"] == 1
