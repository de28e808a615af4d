"""What the operator sees of payments: what was not booked, what waits long, what is stored."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import insert

from irl.db import Connection
from irl.errors import NotFound
from irl.house import House
from irl.money import deposits, payout_files, payouts, watching
from irl.money.booking import A_PART, DIFFERS, SECOND
from irl.rules import EURO
from irl.schema import payout_files as files_table
from irl.schema import provider_events
from tests.cast import Cast
from tests.conftest import NOW
from tests.irl.conftest import Rows
from tests.irl.money.test_payouts import PAYDAY, bank, received

__all__ = ["bank"]

pytestmark = pytest.mark.anyio


async def tell(house: House, kind: str, *, days_ago: float, deposit: int | None) -> None:
    async def work(connection: Connection) -> None:
        told_at = int((NOW - timedelta(days=days_ago)).timestamp() * 1000)
        await connection.all(
            insert(provider_events).values(
                provider="paypal",
                event=f"{kind} {days_ago}",
                kind=kind,
                deposit_id=deposit,
                told_at=told_at,
            )
        )

    await house.db.write(work)


async def test_what_providers_told_is_there_with_why_it_was_not_booked(
    house: House, members: Cast, rows: Rows
) -> None:
    await members.funds("Bob", euros=20)
    [deposit] = await rows("SELECT id, public_id FROM deposits")
    await tell(house, "CAPTURED", days_ago=1, deposit=deposit["id"])
    await tell(house, f"CAPTURED{DIFFERS}", days_ago=2, deposit=deposit["id"])
    await tell(house, f"REFUNDED{A_PART}", days_ago=3, deposit=deposit["id"])
    await tell(house, f"CAPTURED{SECOND}", days_ago=89, deposit=deposit["id"])
    await tell(house, f"CAPTURED{SECOND}", days_ago=91, deposit=deposit["id"])
    watched = await watching.look(house, now=NOW)
    assert [(event.kind, event.remark) for event in watched.troubles] == [
        ("CAPTURED", "differs"),
        ("REFUNDED", "a part"),
        ("CAPTURED", "a second payment"),
    ]
    assert len(watched.events) == 5
    first = watched.events[0]
    assert (first.kind, first.remark, first.provider) == ("CAPTURED", "", "paypal")
    assert (first.deposit_id, first.amount_micros) == (deposit["public_id"], 20 * EURO)
    assert first.told_at == NOW - timedelta(days=1)


async def test_deposits_that_stay_pending_are_told_from_the_second_day_on(
    house: House, members: Cast
) -> None:
    bob = await members.member("Bob")
    asked = {}
    for hours in (1, 23, 25, 24 * 29, 24 * 31):
        moment = NOW - timedelta(hours=hours)
        deposit = await deposits.ask(
            house, bob.id, amount_micros=10 * EURO, provider="sandbox", now=moment
        )
        asked[deposit.id] = hours
    await members.funds("Bob", euros=20)
    watched = await watching.look(house, now=NOW)
    assert [asked[each.id] for each in watched.pending] == [25, 24 * 29]
    assert watched.pending_in_all == 2
    assert watched.pending[0].created_at == NOW - timedelta(hours=25)


async def test_payouts_wait_until_they_are_in_a_file_that_can_be_had_again(
    bank: House, members: Cast
) -> None:
    alice = (await received(bank, members))["alice"]
    asked = await payouts.ask(bank, alice.id, amount_micros=None, now=PAYDAY)
    watched = await watching.look(bank, now=PAYDAY)
    assert [(each.id, each.state) for each in watched.payouts] == [(asked.id, "requested")]
    assert watched.files == ()
    made = await payout_files.export(bank, now=PAYDAY)
    watched = await watching.look(bank, now=PAYDAY)
    assert [each.state for each in watched.payouts] == ["exported"]
    [file] = watched.files
    assert (file.id, file.method, file.payouts) == (made.id, "sepa", 1)
    assert (file.amount_micros, file.made_at) == (18 * EURO, PAYDAY)
    assert (await payout_files.for_bank(bank, file.id)).body == made.body


async def test_a_batch_for_a_provider_is_no_file_for_the_bank(house: House) -> None:
    async def work(connection: Connection) -> None:
        await connection.all(
            insert(files_table).values(
                public_id="b" * 13,
                method="paypal",
                made_at=0,
                payouts=1,
                amount_micros=EURO,
                body="{}",
                body_sha256="",
            )
        )

    await house.db.write(work)
    for file_id in ("b" * 13, "c" * 13, "../../etc/passwd", ""):
        with pytest.raises(NotFound):
            await payout_files.for_bank(house, file_id)
