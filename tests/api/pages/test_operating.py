"""The operator's pages: what each shows, and what each of its buttons does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from irl import outbox, things
from irl.db import Connection
from irl.house import House
from irl.members import invitations, operators
from irl.money import charities, payout_addresses, payout_files, payouts, wallet
from irl.month import Month
from irl.rules import EURO
from irl.settlement import audits, errands, runner, transparency
from irl.things import placements, reports
from tests.api.conftest import Clock
from tests.api.pages.browser import Browser, SignedIn
from tests.cast import PASSWORD, Cast
from tests.conftest import NOW
from tests.irl.conftest import day

pytestmark = pytest.mark.anyio

NOVEMBER = Month(202611)
IBAN = "DE89 3704 0044 0532 0130 00"


@pytest.fixture
async def olga(signed_in: SignedIn, house: House, members: Cast) -> Browser:
    """She runs the house."""
    await members.member("Olga")
    await operators.appoint(house, "olga@house.example", now=NOW)
    return await signed_in("Olga")


@pytest.fixture
def run(house: House) -> Callable[[str], Awaitable[list[dict[str, Any]]]]:
    """Run SQL, for what no verb does."""

    async def done(sql: str) -> list[dict[str, Any]]:
        return await house.db.write(lambda connection: connection.run(sql))

    return done


async def report(house: House, **said: Any) -> None:
    known: dict[str, Any] = {"code": None, "thing_id": None, "reason": "spam", "text": ""}
    await reports.send(house, **known | said, address="192.0.2.9", now=NOW)


async def test_the_way_to_the_house_is_at_the_foot_of_an_operators_pages(
    olga: Browser, signed_in: SignedIn
) -> None:
    await olga.open("/")
    assert 'href="/house"' in olga.text
    bob = await signed_in("Bob")
    await bob.open("/")
    assert 'href="/house"' not in bob.text


async def test_the_overview_tells_what_waits(
    olga: Browser, house: House, members: Cast, clock: Clock
) -> None:
    await olga.open("/house")
    assert "Nothing. All is done." in olga.text
    assert "November 2026" in olga.text
    assert "There was no audit yet." in olga.text
    thing = await members.thing("Alice", "Copy")
    await report(house, thing_id=thing.id)
    await audits.keep(house, ["one", "two"], now=NOW)
    await olga.open("/house")
    assert "report to decide" in olga.text
    assert "things that the last audit found" in olga.text
    assert "Nothing. All is done." not in olga.text
    clock.now = day(4, 12)
    await olga.open("/house")
    assert "month to be closed" in olga.text
    assert "no audit for two days" in olga.text


async def test_invitations_are_shown_once_and_let_people_join(
    olga: Browser, visitor: Browser, house: House
) -> None:
    await olga.open("/house/invitations")
    await olga.submit("/house/invitations", count="3")
    assert olga.page.headers["cache-control"] == "no-store"
    assert "3 new invitations" in olga.text
    links = [line for line in olga.text.splitlines() if line.startswith("http://localhost:8000")]
    assert len(set(links)) == 3
    await visitor.open(links[0].removeprefix("http://localhost:8000"))
    code = links[0].rpartition("=")[2]
    assert dict(visitor.form("/join").fields)["invitation"] == code
    await visitor.submit("/join", email="new@house.example", nickname="New", password=PASSWORD)
    assert visitor.path == "/join/sent"
    await olga.open("/house/invitations")
    assert code not in olga.text
    [today] = await invitations.days(house)
    assert (today.made, today.spent) == (4, 1)  # Olga's own is spent
    assert "23 November 2026" in olga.text


@pytest.mark.parametrize("count", ["0", "501", "-1", "x", "", "1e3", "٣", "9" * 5000])
async def test_other_numbers_of_invitations_are_refused(
    olga: Browser, house: House, count: str
) -> None:
    await olga.open("/house/invitations")
    await olga.submit("/house/invitations", count=count)
    assert olga.page.status_code == 422
    assert "Write a number from 1 to 500." in olga.text
    assert 'id="count-wrong"' in olga.text
    assert sum(each.made for each in await invitations.days(house)) == 1


async def test_a_report_is_decided_and_the_decision_changed(
    olga: Browser, house: House, members: Cast
) -> None:
    thing = await members.thing("Alice", "Copy <b>")
    placement = await members.placement(thing, "Room 3")
    await report(house, code=placement.code, reason="not_the_work", text="Pasted <i>over</i>.")
    await olga.open("/house/reports")
    for told in ("Not what stands there", "Copy &lt;b&gt;", "Alice", "Room 3"):
        assert told in olga.text
    assert placement.code.grouped in olga.text
    assert "Pasted &lt;i&gt;over&lt;/i&gt;." in olga.text
    [waiting] = await reports.waiting(house)
    hide, keep = (form for form in olga.forms if form.action == f"/house/reports/{waiting.id}")
    assert [dict(form.fields)["decision"] for form in (hide, keep)] == ["hide", "keep"]
    olga.page = await olga.client.post(hide.action, data=dict(hide.fields))
    assert olga.page.headers["location"] == "/house/reports"
    assert (await placements.by_code(house, placement.code)).revoked
    await olga.open("/house/reports")
    assert "No report waits." in olga.text
    await olga.open("/house/reports/decided")
    assert "to hide it" in olga.text
    await olga.submit(f"/house/reports/{waiting.id}")
    assert olga.path == "/house/reports/decided"
    assert "to keep it" in olga.text
    assert not (await placements.by_code(house, placement.code)).revoked


async def test_a_decision_that_is_none_changes_nothing(
    olga: Browser, house: House, members: Cast
) -> None:
    thing = await members.thing("Alice", "Copy")
    await report(house, thing_id=thing.id)
    [waiting] = await reports.waiting(house)
    for path, said, status in (
        (waiting.id, {"decision": "burn"}, 422),
        (waiting.id, {}, 422),
        (waiting.id + 1, {"decision": "hide"}, 404),
        ("x", {"decision": "hide"}, 404),
        ("9" * 40, {"decision": "hide"}, 404),
    ):
        answer = await olga.client.post(f"/house/reports/{path}", data={"a": ""} | said)
        assert answer.status_code == status
    assert len(await reports.waiting(house)) == 1
    assert (await things.of(house, thing.id)).title == "Copy"


async def test_a_charity_from_the_list_to_its_payout(
    olga: Browser, house: House, members: Cast, clock: Clock
) -> None:
    await olga.open("/house/charities")
    assert "There is none yet" in olga.text
    await olga.submit("/house/charities", name="Sea Rescue", url="sea")
    assert olga.page.status_code == 422
    assert dict(olga.form("/house/charities").fields)["name"] == "Sea Rescue"
    await olga.submit("/house/charities", url="https://sea.example")
    [sea] = await charities.listed(house)
    path = f"/house/charities/{sea.id}"
    assert olga.path == path
    await members.funds("Bob", euros=20, budget=15)
    await runner.settle(house, NOVEMBER, early=True, now=day(29))
    clock.now = day(25, 12)
    await olga.open(path)
    assert "€15.00" in olga.text
    assert "First it needs an account." in olga.text
    await olga.submit(f"{path}/account", holder="Sea e.V.", iban="DE00", password=PASSWORD)
    assert olga.page.status_code == 422
    assert "This is no IBAN" in olga.text
    await olga.submit(f"{path}/account", iban=IBAN, password="wrong")
    assert olga.page.status_code == 403
    assert "This is not your password." in olga.text
    await olga.submit(f"{path}/account", iban=IBAN, password=PASSWORD)
    assert "Sea e.V., DE…3000" in olga.text
    assert "0532" not in olga.text
    await olga.submit(f"{path}/payout", password="wrong")
    assert olga.page.status_code == 403
    assert 'id="payout-wrong"' in olga.text
    await olga.submit(f"{path}/payout", password=PASSWORD)
    assert olga.path == "/house/payments"
    assert "Sea e.V., DE…3000" in olga.text
    assert "€15.00" in olga.text
    again = await olga.client.post(f"{path}/payout", data={"password": PASSWORD})
    assert again.status_code == 409
    await olga.open(path)
    await olga.submit(f"{path}/retire")
    assert olga.path == "/house/charities"
    assert "off the list" in olga.text
    assert await charities.listed(house) == ()


async def test_a_month_is_closed_by_the_clock_once_it_was_asked_for(
    olga: Browser, house: House, members: Cast, clock: Clock
) -> None:
    await members.funds("Bob", euros=20, budget=5)
    await members.scan("Bob", await members.payload("Alice", "Lighthouse"))
    await olga.open("/house/months")
    assert "Close November 2026 early, with play money" in olga.text
    refused = await olga.client.post("/house/months/2026-11/close", data={"early": ""})
    assert refused.status_code == 409
    assert "can be closed from" in refused.text
    clock.now = day(4, 12)
    await olga.open("/house/months")
    await olga.submit("/house/months/2026-11/close")
    assert olga.path == "/house/months"
    assert "irl settle 2026-11</code>" in olga.text
    assert not [form for form in olga.forms if form.action.endswith("/close")]
    await errands.do(house, now=clock.now)
    await olga.open("/house/months")
    assert "irl settle" not in olga.text
    assert "withheld" in olga.text
    assert "5.00" not in olga.text  # what one giver gave is nobody's business
    again = await olga.client.post("/house/months/2026-11/close", data={"a": ""})
    assert again.status_code == 409
    for nothing in ("2026-13", "x", "2026-1"):
        answer = await olga.client.post(f"/house/months/{nothing}/close", data={"a": ""})
        assert answer.status_code == 404


async def test_an_early_closing_is_asked_for_and_what_became_of_it_is_told(
    olga: Browser, house: House, clock: Clock
) -> None:
    await olga.open("/house/months")
    await olga.submit("/house/months/2026-11/close")
    assert "irl settle 2026-11 --early" in olga.text
    earnest = replace(house, settings=house.settings.model_copy(update={"sandbox": False}))
    await errands.do(earnest, now=clock.now)
    await olga.open("/house/months")
    assert "Only play money allows a month to be closed early." in olga.text
    await olga.submit("/house/months/2026-11/close")
    await errands.do(house, now=clock.now)
    await transparency.keep(house)
    await olga.open("/house/months")
    assert "closed early" in olga.text


async def test_the_last_audit_is_shown_and_one_is_asked_for(
    olga: Browser, house: House, clock: Clock
) -> None:
    await olga.open("/house/months")
    await olga.submit("/house/audit")
    assert olga.path == "/house/months"
    assert "irl audit</code>" in olga.text
    await errands.do(house, now=clock.now)
    await olga.open("/house/months")
    assert "Clean" in olga.text
    await audits.keep(house, ["account 9: <5>"], now=clock.now)
    await olga.open("/house/months")
    assert "1 finding<" in olga.text
    assert "account 9: &lt;5&gt;" in olga.text


async def test_mails_are_tried_again_and_dropped(
    olga: Browser, house: House, run: Callable[[str], Awaitable[list[dict[str, Any]]]]
) -> None:
    await outbox.send_waiting(house, now=NOW)

    async def post(connection: Connection) -> None:
        for name in ("dora", "nina"):
            await outbox.post(
                connection,
                recipient=f"{name}@house.example",
                subject=f"To <{name}>",
                body="secret words",
                now=NOW,
            )

    await house.db.write(post)
    await run(
        f"UPDATE outbox SET due_at = {outbox.NEVER}, tries = 1, trouble = '550 <b>no</b>'"
        " WHERE recipient = 'dora@house.example'"
    )
    await olga.open("/house/mails")
    for told in ("d…@house.example", "n…@house.example", "To &lt;dora&gt;", "1 try<"):
        assert told in olga.text
    assert "550 &lt;b&gt;no&lt;/b&gt;" in olga.text
    assert "dora@" not in olga.text
    assert "secret words" not in olga.text
    [again] = [form for form in olga.forms if form.action.endswith("/again")]
    await olga.submit(again.action)
    assert "550" in olga.text
    assert not [form for form in olga.forms if form.action.endswith("/again")]
    [first, *_] = [form for form in olga.forms if form.action.endswith("/drop")]
    await olga.submit(first.action)
    assert len([form for form in olga.forms if form.action.endswith("/drop")]) == 1
    assert await outbox.send_waiting(house, now=NOW) == 1
    for action in ("again", "drop"):
        for nothing in ("0", "x", "9" * 30):
            answer = await olga.client.post(f"/house/mails/{nothing}/{action}", data={"a": ""})
            assert answer.status_code == 404


async def test_payments_show_what_differs_and_what_waits(
    olga: Browser,
    members: Cast,
    run: Callable[[str], Awaitable[list[dict[str, Any]]]],
) -> None:
    await members.funds("Bob", euros=20)
    at = int(NOW.timestamp() * 1000)
    for event, kind in (("1", "CAPTURED"), ("2", "CAPTURED (differs)"), ("3", "<i> (a part)")):
        await run(
            "INSERT INTO provider_events (provider, event, kind, deposit_id, told_at)"
            f" VALUES ('paypal', '{event}', '{kind}', 1, {at})"
        )
    await olga.open("/house/payments")
    assert olga.text.count("CAPTURED") == 3  # the one that differs stands in both lists
    assert olga.text.count(">differs<") == 2
    assert "a part was taken back" in olga.text
    assert "&lt;i&gt;" in olga.text
    assert "Bob" not in olga.text


async def test_a_stored_file_for_the_bank_is_downloaded(
    olga: Browser, house: House, members: Cast, clock: Clock
) -> None:
    await members.funds("Bob", euros=20, budget=20)
    await members.scan("Bob", await members.payload("Alice", "Work"))
    await wallet.set_budget(house, members.joined["Bob"].id, 20 * EURO, now=members.now)
    await runner.settle(house, NOVEMBER, now=day(4, 12))
    clock.now = day(25, 12)
    alice = members.joined["Alice"].id
    await payout_addresses.set_to(
        house, alice, method="sepa", holder="Alice", address=IBAN, now=clock.now
    )
    await payouts.ask(house, alice, amount_micros=None, now=clock.now)
    pays = {"sepa_name": "House", "sepa_iban": "FR1420041010050500013M02606"}
    bank = replace(house, settings=house.settings.model_copy(update=pays))
    made = await payout_files.export(bank, now=clock.now)
    await olga.open("/house/payments")
    assert f'href="/house/payouts/{made.id}.xml"' in olga.text
    assert "on its way" in olga.text
    file = await olga.client.get(f"/house/payouts/{made.id}.xml")
    assert file.text == made.body
    assert file.headers["content-type"].startswith("application/xml")
    assert file.headers["content-disposition"] == f'attachment; filename="payouts-{made.id}.xml"'
    assert file.headers["cache-control"] == "no-store"
    assert (await olga.client.get(f"/house/payouts/{'0' * 13}.xml")).status_code == 404
