"""The house at one look: each figure is of what it says."""

from __future__ import annotations

from datetime import timedelta

import pytest

from irl import outbox, overview
from irl.db import Connection
from irl.house import House
from irl.money import payouts
from irl.month import Month
from irl.rules import EURO
from irl.settlement import audits
from irl.things import reports
from tests.cast import Cast
from tests.conftest import NOW
from tests.irl.conftest import day
from tests.irl.money.test_payouts import PAYDAY, received

pytestmark = pytest.mark.anyio


async def test_an_empty_house_has_nothing_to_tell(house: House) -> None:
    found = await overview.look(house, now=NOW)
    assert found.running == Month(202611)
    assert (found.ended, found.ripe, found.audit, found.audit_is_old) == ((), (), None, False)
    assert not any((found.reports, found.mails_waiting, found.mails_given_up, found.troubles))
    assert not any((found.payouts_waiting, found.payouts_sent, found.pending))


async def test_what_waits_is_counted(house: House, members: Cast) -> None:
    alice = (await received(house, members))["alice"]
    thing = await members.thing("Alice", "Copy")
    for decided in (True, False):
        await reports.send(
            house, code=None, thing_id=thing.id, reason="spam", text="", address="1", now=NOW
        )
        if decided:
            [report] = await reports.waiting(house)
            await reports.decide(house, report.id, "keep", now=NOW)
    await outbox.send_waiting(house, now=NOW)
    await payouts.ask(house, alice.id, amount_micros=None, now=PAYDAY)
    await outbox.send_waiting(house, now=PAYDAY)

    async def post(connection: Connection) -> None:
        for name in ("dora", "nina"):
            await outbox.post(
                connection, recipient=f"{name}@house.example", subject="", body="", now=NOW
            )
        await connection.run(
            f"UPDATE outbox SET due_at = {outbox.NEVER} WHERE recipient = 'dora@house.example'"
        )

    await house.db.write(post)
    await audits.keep(house, ["wrong"], now=PAYDAY - timedelta(days=1))
    found = await overview.look(house, now=PAYDAY)
    assert (found.reports, found.mails_waiting, found.mails_given_up) == (1, 1, 1)
    assert (found.payouts_waiting, found.payouts_waiting_micros) == (1, 18 * EURO)
    assert found.audit is not None
    assert (found.audit.is_clean, found.audit_is_old) == (False, False)
    assert (await overview.look(house, now=PAYDAY + timedelta(days=2))).audit_is_old


async def test_months_wait_until_late_scans_had_their_days(house: House, members: Cast) -> None:
    await members.member("Alice")
    found = await overview.look(house, now=day(3, 12))
    assert (found.running, found.ended, found.ripe) == (Month(202612), (Month(202611),), ())
    found = await overview.look(house, now=day(4, 12))
    assert found.ripe == (Month(202611),)
