"""Mails that were not sent: told without who gets them, tried again, dropped."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from irl import outbox, undelivered
from irl.db import Connection
from irl.errors import NotFound
from irl.house import House
from tests.conftest import NOW
from tests.irl.conftest import Rows

pytestmark = pytest.mark.anyio

SOON = NOW + timedelta(minutes=5)
LATER = NOW + timedelta(hours=2)


async def post(house: House, name: str, **said: Any) -> int:
    """Post a mail; give its number."""

    async def work(connection: Connection) -> int:
        await outbox.post(
            connection,
            recipient=f"{name}@house.example",
            subject=f"To {name}",
            body="Secret.\n",
            now=NOW,
            **said,
        )
        row = await connection.run("SELECT max(id) AS id FROM outbox")
        return int(row[0]["id"])

    return await house.db.write(work)


async def change(house: House, mail: int, **values: object) -> None:
    said = ", ".join(f"{name} = {value!r}" for name, value in values.items())
    await house.db.write(lambda c: c.run(f"UPDATE outbox SET {said} WHERE id = {mail}"))


def at(moment: Any) -> int:
    return int(moment.timestamp() * 1000)


async def test_what_waits_and_what_was_given_up_is_told_without_its_recipient(
    house: House,
) -> None:
    dead, new, late = [await post(house, name) for name in ("dora", "nina", "lara")]
    await change(
        house, dead, due_at=outbox.NEVER, tries=2, trouble="550 <dora@house.example>: unknown"
    )
    await change(house, late, due_at=at(LATER), tries=3, trouble="451 later")
    await change(house, await post(house, "sent"), sent_at=at(NOW))
    queue = await undelivered.look(house, now=NOW)
    assert (queue.waiting, queue.given_up) == (2, 1)
    [gone] = queue.latest_given_up
    assert (gone.recipient, gone.due_at, gone.tries) == ("d…@house.example", None, 2)
    assert (gone.subject, gone.trouble) == ("To dora", "550 <d…@house.example>: unknown")
    first, second = queue.first_waiting
    assert (first.id, first.due_at, first.trouble, first.can_be_tried) == (new, NOW, None, False)
    assert (second.id, second.due_at, second.can_be_tried) == (late, LATER, True)


async def test_a_mail_that_was_given_up_is_tried_again(house: House, rows: Rows) -> None:
    dead, late = await post(house, "dora"), await post(house, "lara")
    await change(house, dead, due_at=outbox.NEVER, tries=36, trouble="550 unknown")
    await change(house, late, due_at=at(LATER), tries=3, trouble="451 later")
    for mail in (dead, late):
        await undelivered.again(house, mail, now=NOW)
    assert {(row["due_at"], row["tries"]) for row in await rows("SELECT * FROM outbox")} == {
        (at(NOW), 0)
    }
    assert await outbox.send_waiting(house, now=NOW) == 2
    with pytest.raises(NotFound):
        await undelivered.again(house, dead, now=NOW)


async def test_what_may_be_under_way_or_is_of_no_use_is_not_tried_again(house: House) -> None:
    waiting = await post(house, "nina")
    # So much is put off what somebody is sending just now.
    taken = await post(house, "tara")
    await change(house, taken, due_at=at(NOW + outbox.TAKEN_FOR))
    old = await post(house, "olga", expires_at=NOW)
    await change(house, old, due_at=outbox.NEVER, trouble="It could not be sent.")
    for mail in (waiting, taken, old, 0, -1, 2**70):
        with pytest.raises(NotFound):
            await undelivered.again(house, mail, now=NOW)
    queue = await undelivered.look(house, now=NOW)
    assert not any(mail.can_be_tried for mail in (*queue.first_waiting, *queue.latest_given_up))


async def test_a_dropped_mail_is_not_sent_nor_told_nor_posted_again(
    house: House, rows: Rows
) -> None:
    waiting, dead = await post(house, "nina", message_id="reload-1"), await post(house, "dora")
    await change(house, dead, due_at=outbox.NEVER, trouble="550 unknown")
    for mail in (waiting, dead):
        await undelivered.drop(house, mail)
    queue = await undelivered.look(house, now=NOW)
    assert (queue.waiting, queue.given_up) == (0, 0)
    assert queue.latest_given_up == queue.first_waiting == ()
    await post(house, "nina", message_id="reload-1")
    assert await outbox.send_waiting(house, now=SOON) == 0
    assert len(await rows("SELECT id FROM outbox")) == 2
    for mail in (waiting, dead, 0, 2**70):
        with pytest.raises(NotFound):
            await undelivered.drop(house, mail)


async def test_a_mail_that_was_sent_cannot_be_dropped(house: House) -> None:
    mail = await post(house, "dora")
    assert await outbox.send_waiting(house, now=NOW) == 1
    with pytest.raises(NotFound):
        await undelivered.drop(house, mail)
