"""Leaving: what is refused, what ends at once, what becomes of the money, and what is erased."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from irl import outbox, settlement, things
from irl.db import engine_of, file_path
from irl.errors import (
    Invalid,
    LeavingRefused,
    NotFound,
    PasswordRefused,
    SignInRefused,
    TokenRefused,
)
from irl.giving import idle_warnings, subscriptions
from irl.house import House
from irl.members import erasing, joining, leaving, sessions, settings, sign_in, tokens
from irl.members.member import SOMEBODY, Member
from irl.money import charities, deposits, ledger, moves, payout_addresses, payouts, revenue, wallet
from irl.money.leaving import Receiver
from irl.money.payments import sandbox
from irl.month import Month
from irl.rules import CENT, EURO
from irl.schema import metadata
from irl.settlement import audit, document, findings, statements, transparency
from irl.things import catalogue
from tests.cast import PASSWORD, Cast
from tests.irl.conftest import SQLITE_ALONE, Rows, day

pytestmark = pytest.mark.anyio

NOVEMBER = Month(202611)
CLOSED = day(4, 12)
IBAN = "DE89370400440532013000"


@pytest.fixture(autouse=True)
async def ends_clean(house: House) -> AsyncIterator[None]:
    yield
    assert await audit.audit(house) == []


@pytest.fixture
async def charity(house: House, members: Cast) -> charities.Charity:
    return await charities.add(house, name="Doctors", url="https://dr.example", now=members.now)


async def leaves(
    house: House, member: Member, *, gives_revenue: bool = False, now: datetime | None = None
) -> None:
    await leaving.leave(
        house,
        member.id,
        password=PASSWORD,
        gives_revenue=gives_revenue,
        address="192.0.2.7",
        now=now or day(24),
    )


async def closed(house: House, *, now: datetime = CLOSED) -> None:
    """Send what waits, close November, finish with those who left."""
    await outbox.send_waiting(house, now=now)
    await settlement.settle(house, NOVEMBER, now=now)
    await erasing.finish_due(house, now=now)


async def balance(house: House, account: ledger.Account) -> int:
    async with house.db.reading() as connection:
        return await ledger.balance(connection, account)


async def given(members: Cast, *, euros: int = 10, budget: int = 5) -> Member:
    """Bob flattrs one of Alice's things."""
    bob = await members.funds("Bob", euros=euros, budget=budget)
    await members.scan("Bob", await members.payload("Alice", "Sunset"))
    return bob


@pytest.mark.usefixtures("charity")
async def test_the_password_is_asked_for(house: House, members: Cast) -> None:
    bob = await members.member("Bob")
    with pytest.raises(PasswordRefused) as refused:
        await leaving.leave(
            house, bob.id, password="another", gives_revenue=True, address="::1", now=members.now
        )
    assert refused.value.field == "password"
    assert (await leaving.look(house, bob.id, now=members.now)).refusal is None


async def test_a_deposit_that_is_not_decided_refuses_it_for_a_week(
    house: House, members: Cast, charity: charities.Charity
) -> None:
    members.now = day(10)
    bob = await members.member("Bob")
    asked = await deposits.ask(
        house, bob.id, amount_micros=10 * EURO, provider="sandbox", now=members.now
    )
    with pytest.raises(LeavingRefused, match="deposit"):
        await leaves(house, bob, now=members.now)
    members.later(days=8)
    await leaves(house, bob, now=members.now)
    # Should it be paid after all, that is given too.
    await sandbox.decide(house, asked.id, "approve", now=day(20))
    await closed(house)
    assert await balance(house, ledger.charity(charity.id)) == 9 * EURO


async def test_a_payout_on_its_way_refuses_it(house: House, members: Cast) -> None:
    await given(members, euros=50, budget=20)
    alice = members.joined["Alice"]
    await settlement.settle(house, NOVEMBER, now=CLOSED)
    await payout_addresses.set_to(
        house, alice.id, method="sepa", holder="Alice", address=IBAN, now=CLOSED
    )
    payout = await payouts.ask(house, alice.id, amount_micros=None, now=day(26, 12))
    with pytest.raises(LeavingRefused, match="payout"):
        await leaves(house, alice, now=day(26, 12))
    await payouts.returned(house, payout.id, why="No such account", now=day(27, 12))
    with pytest.raises(Invalid, match=re.escape("You have received 20.00 EUR")) as refused:
        await leaves(house, alice, now=day(27, 12))
    assert refused.value.field == "gives_revenue"
    await leaves(house, alice, gives_revenue=True, now=day(27, 12))


async def test_an_operator_stays(house: House, members: Cast) -> None:
    bob = await members.member("Bob")
    await house.db.write(
        lambda connection: connection.run(f"UPDATE members SET operator_at = 1 WHERE id = {bob.id}")
    )
    with pytest.raises(LeavingRefused, match="operator"):
        await leaves(house, bob)


async def test_what_leaving_would_mean_is_said_before(
    house: House, members: Cast, charity: charities.Charity
) -> None:
    bob = await members.funds("Bob", euros=10, budget=5)
    found = await leaving.look(house, bob.id, now=members.now)
    assert (found.funds_micros, found.revenue_micros) == (9 * EURO, 0)
    assert (found.last_month, found.must_decide) == (NOVEMBER, False)
    assert found.charity == Receiver(id=charity.id, name="Doctors")


async def test_at_once_nobody_gets_in_any_more(house: House, members: Cast) -> None:
    bob = await members.member("Bob")
    secret = await sessions.start(house, bob.id, now=members.now)
    token = await tokens.issue(house, bob.id, name="app", scopes=["flattr"], now=members.now)
    await leaves(house, bob)
    assert await sessions.holder(house, secret, now=day(24)) is None
    with pytest.raises(TokenRefused):
        await tokens.holder(house, token.token, scope=None)
    with pytest.raises(SignInRefused):
        await sign_in.check(
            house, email=bob.email, password=PASSWORD, address="192.0.2.1", now=day(24)
        )
    with pytest.raises(NotFound):
        await leaving.look(house, bob.id, now=day(24))


async def test_at_once_own_things_take_no_more_flattrs(house: House, members: Cast) -> None:
    payload = await members.payload("Alice", "Sunset")
    await members.scan("Bob", payload)
    await leaves(house, members.joined["Alice"])
    assert [one.outcome for one in await members.scan("Charlie", payload)] == ["revoked_code"]


async def test_at_once_subscriptions_end(house: House, members: Cast, rows: Rows) -> None:
    bob = await members.member("Bob")
    placement = await members.placement(await members.thing("Alice", "Sunset"))
    await subscriptions.begin(house, bob.id, code=placement.code, months=3, now=members.now)
    await leaves(house, bob)
    [row] = await rows("SELECT ended_at FROM subscriptions")
    assert row["ended_at"] is not None


async def test_the_good_bye_says_what_happens_with_exact_amounts(
    house: House, members: Cast, rows: Rows, charity: charities.Charity
) -> None:
    bob = await members.funds("Bob", euros=10, budget=5)
    await settings.set_language(house, bob.id, "de")
    await leaves(house, bob)
    [mail] = await rows("SELECT * FROM outbox WHERE message_id LIKE 'leaving%'")
    assert mail["recipient"] == bob.email
    assert mail["language"] == "de"
    assert "9,00\N{NO-BREAK SPACE}€" in mail["body"]
    assert charity.name in mail["body"]


async def test_flattrs_of_the_open_month_settle_and_the_rest_goes_to_charity(
    house: House, members: Cast, charity: charities.Charity
) -> None:
    bob = await given(members)
    await leaves(house, bob)
    await closed(house)
    alice = members.joined["Alice"]
    assert await balance(house, ledger.revenue(alice.id)) == 5 * EURO
    assert await balance(house, ledger.funds(bob.id)) == 0
    assert await balance(house, ledger.charity(charity.id)) == 4 * EURO


async def test_the_leavers_own_charity_gets_it(house: House, members: Cast, rows: Rows) -> None:
    await charities.add(house, name="First", url="https://a.example", now=members.now)
    mine = await charities.add(house, name="Mine", url="https://b.example", now=members.now)
    bob = await members.funds("Bob", euros=10)
    await charities.choose(house, bob.id, mine.id)
    await leaves(house, bob)
    await closed(house)
    assert await balance(house, ledger.charity(mine.id)) == 9 * EURO
    [transfer] = await rows("SELECT * FROM transfers WHERE kind = 'leaving'")
    assert transfer["payable_on"] == 20261223


@pytest.mark.usefixtures("charity")
async def test_nothing_is_given_or_erased_while_the_month_is_open(
    house: House, members: Cast, rows: Rows
) -> None:
    bob = await given(members)
    await leaves(house, bob)
    await outbox.send_waiting(house, now=day(25))
    assert await erasing.finish_due(house, now=day(2, 12)) == 0
    assert await balance(house, ledger.funds(bob.id)) == 9 * EURO
    [row] = await rows(f"SELECT email FROM members WHERE id = {bob.id}")
    assert row["email"] == bob.email


@pytest.mark.usefixtures("charity")
async def test_nothing_is_erased_while_the_good_bye_waits(house: House, members: Cast) -> None:
    bob = await members.funds("Bob", euros=10)
    await leaves(house, bob)
    await settlement.settle(house, NOVEMBER, now=CLOSED)
    assert await erasing.finish_due(house, now=CLOSED) == 0
    assert await balance(house, ledger.funds(bob.id)) == 0
    await outbox.send_waiting(house, now=CLOSED)
    assert await erasing.finish_due(house, now=CLOSED) == 1


async def test_small_revenue_goes_along(
    house: House, members: Cast, charity: charities.Charity, rows: Rows
) -> None:
    await given(members)
    await leaves(house, members.joined["Alice"])
    await closed(house)
    assert await balance(house, ledger.charity(charity.id)) == 5 * EURO
    ways = await rows("SELECT kind FROM transfers WHERE kind IN ('move', 'leaving') ORDER BY kind")
    assert [row["kind"] for row in ways] == ["leaving", "move"]


async def test_what_is_held_goes_once_that_is_decided(
    house: House, members: Cast, charity: charities.Charity, rows: Rows
) -> None:
    await given(members)
    await settlement.settle(house, NOVEMBER, now=CLOSED)
    alice = members.joined["Alice"]

    async def hide(at: str) -> None:
        await house.db.write(
            lambda connection: connection.run(f"UPDATE things SET hidden_at = {at}")
        )

    await hide("1")
    await leaves(house, alice, now=day(5, 12))
    await outbox.send_waiting(house, now=day(5, 12))
    await settlement.settle(house, Month(202612), now=datetime(2027, 1, 5, tzinfo=CLOSED.tzinfo))
    later = datetime(2027, 1, 6, tzinfo=CLOSED.tzinfo)
    assert await erasing.finish_due(house, now=later) == 1
    assert await balance(house, ledger.charity(charity.id)) == 0
    await hide("NULL")
    assert await erasing.finish_due(house, now=later) == 0
    assert await balance(house, ledger.charity(charity.id)) == 5 * EURO
    assert await rows("SELECT 1 FROM members WHERE email IS NULL") != []


async def test_without_a_charity_the_money_waits_for_one_and_nobody_elses_data_do(
    house: House, members: Cast
) -> None:
    bob = await members.funds("Bob", euros=10)
    await leaves(house, bob)
    await closed(house)
    assert await balance(house, ledger.funds(bob.id)) == 9 * EURO
    found = await charities.add(house, name="Late", url="https://late.example", now=CLOSED)
    assert await erasing.finish_due(house, now=CLOSED) == 0
    assert await balance(house, ledger.charity(found.id)) == 9 * EURO


async def test_done_again_it_changes_nothing(house: House, members: Cast, rows: Rows) -> None:
    await charities.add(house, name="Doctors", url="https://dr.example", now=members.now)
    bob = await given(members)
    await leaves(house, bob)
    await closed(house)
    before = await rows("SELECT * FROM transfers ORDER BY kind, subject, part")
    assert await erasing.finish_due(house, now=day(5, 12)) == 0
    assert await rows("SELECT * FROM transfers ORDER BY kind, subject, part") == before


async def test_charities_are_paid_what_leavers_gave(
    house: House, members: Cast, charity: charities.Charity
) -> None:
    bob = await members.funds("Bob", euros=50)
    await members.funds("Charlie", euros=20)
    await leaves(house, bob)
    await leaves(house, members.joined["Charlie"])
    await closed(house)
    async with house.db.reading() as connection:
        found = await revenue.portions(connection, ledger.charity(charity.id))
    assert sorted(portion.micros for portion in found) == [18 * EURO, 45 * EURO]
    await charities.set_account(house, charity.id, holder="Doctors", iban=IBAN)
    payout = await payouts.ask_for_charity(house, charity.id, now=day(24, 12))
    assert payout.amount_micros == 63 * EURO
    assert await audit.audit(house) == []
    await payouts.returned(house, payout.id, why="No such account", now=day(25, 12))


async def test_a_chargeback_takes_back_what_the_charity_still_has(
    house: House, members: Cast, charity: charities.Charity, rows: Rows
) -> None:
    bob = await given(members, euros=50)
    await members.funds("Charlie", euros=20)
    await leaves(house, bob)
    await leaves(house, members.joined["Charlie"])
    await closed(house)
    [deposit] = await rows(f"SELECT public_id FROM deposits WHERE member_id = {bob.id}")
    await sandbox.decide(house, deposit["public_id"], "chargeback", now=day(20, 12))
    assert await balance(house, ledger.charity(charity.id)) == 18 * EURO
    assert await balance(house, ledger.LOSS) == 0
    assert await balance(house, ledger.revenue(members.joined["Alice"].id)) == 0


async def test_statements_stay_as_they_were_and_the_leaver_s_is_whole(
    house: House, members: Cast, charity: charities.Charity
) -> None:
    del charity
    bob = await given(members)
    await members.funds("Charlie", euros=10, budget=2)
    alice = members.joined["Alice"]
    [thing] = (await things.find(house, q="Sunset")).things
    placement = await members.placement(thing)
    await members.scan("Charlie", f"http://localhost:8000/t/{placement.code}")
    await leaves(house, bob)
    await leaves(house, alice)
    await outbox.send_waiting(house, now=CLOSED)
    await settlement.settle(house, NOVEMBER, now=CLOSED)
    await transparency.keep(house)
    held = [members.joined["Charlie"], bob, alice]
    before = {
        one.id: document.of(await statements.of(house, one.id, NOVEMBER, now=CLOSED))["hash"]
        for one in held
    }
    await erasing.finish_due(house, now=CLOSED)
    for one in held:
        found = document.of(await statements.of(house, one.id, NOVEMBER, now=CLOSED))
        assert found["hash"] == before[one.id]
    [share] = document.of(await statements.of(house, held[0].id, NOVEMBER, now=CLOSED))["given"][
        "shares"
    ]
    assert share["thing"]["title"] == "Sunset"
    assert share["thing"]["maker"]["nickname"] == SOMEBODY
    january = datetime(2027, 1, 5, tzinfo=CLOSED.tzinfo)
    await settlement.settle(house, Month(202612), now=january)
    found = document.of(await statements.of(house, bob.id, Month(202612), now=january))
    assert findings.of(found) == []
    assert [one["kind"] for one in found["funds"]["movements"]] == ["leaving"]


async def test_who_left_is_warned_of_nothing(house: House, members: Cast) -> None:
    await charities.add(house, name="Doctors", url="https://dr.example", now=members.now)
    bob = await members.funds("Bob", euros=10, budget=5)
    await leaves(house, bob)
    assert await idle_warnings.post_due(house, now=day(24)) == 0


async def test_the_address_is_free_again_afterwards_and_until_then_a_mail_says_so(
    house: House, members: Cast, rows: Rows
) -> None:
    bob = await members.member("Bob")
    await leaves(house, bob)

    async def asks(now: datetime) -> str:
        await joining.ask(
            house.__class__(
                db=house.db,
                rules=house.rules,
                settings=house.settings.model_copy(update={"invite_only": False}),
            ),
            email="BOB@house.example",
            nickname="Bob again",
            password=PASSWORD,
            invitation=None,
            pocket=None,
            address="192.0.2.9",
            now=now,
        )
        [mail, *_] = await rows("SELECT subject FROM outbox ORDER BY id DESC")
        return str(mail["subject"])

    assert await asks(day(25)) == "You can join again a little later"
    await closed(house)
    assert await asks(CLOSED) == "Please confirm your e-mail address"


async def test_nobody_takes_the_name_of_those_who_left(house: House, members: Cast) -> None:
    with pytest.raises(Invalid) as refused:
        await joining.ask(
            house,
            email="new@house.example",
            nickname="Somebody who left",
            password=PASSWORD,
            invitation=None,
            pocket=None,
            address="192.0.2.9",
            now=members.now,
        )
    assert refused.value.field == "nickname"


# --- erasing -------------------------------------------------------------------------------------


async def _everything(house: House) -> str:
    """All that stands in the database, as text."""
    found: list[str] = []
    for table in metadata.sorted_tables:
        async with house.db.reading() as connection:
            found += map(repr, await connection.run(f"SELECT * FROM {table.name}"))
    return "\n".join(found)


def mails_that_hold(house: House, word: bytes) -> list[str]:
    folder = Path(house.settings.mail_url.removeprefix("file:"))
    return [file.name for file in folder.iterdir() if word in file.read_bytes().lower()]


async def _a_full_life(house: House, members: Cast) -> Member:
    """Somebody who did everything that leaves a trace; mails are sent while they are of use."""
    canary = await members.funds("Canarybird", euros=20, budget=5)
    await members.scan("Canarybird", await members.payload("Alice", "Sunset"))
    placement = await members.placement(await members.thing("Alice", "Dawn"))
    await subscriptions.begin(house, canary.id, code=placement.code, months=3, now=members.now)
    draft = things.Draft(
        title="A song", artist="Canarybird", description="By Canarybird", tags=("birds",)
    )
    thing = await catalogue.register(house, canary.id, draft, now=members.now)
    await members.placement(thing, "At Canarybird's door")
    await payout_addresses.set_to(
        house,
        canary.id,
        method="sepa",
        holder="Canarybird",
        address=IBAN,
        now=members.now,
    )
    await sessions.start(house, canary.id, device="Canarybird's phone", now=members.now)
    await tokens.issue(
        house, canary.id, name="Canarybird's app", scopes=["flattr"], now=members.now
    )
    await outbox.send_waiting(house, now=members.now)
    return canary


@pytest.mark.usefixtures("charity")
async def test_no_trace_of_the_person_stays_in_any_table_or_mail(
    house: House, members: Cast, rows: Rows
) -> None:
    canary = await _a_full_life(house, members)
    [row] = await rows(f"SELECT password_hash FROM members WHERE id = {canary.id}")
    secrets = ["canarybird", row["password_hash"], IBAN]
    before = (await _everything(house)).lower()
    assert all(secret.lower() in before for secret in secrets)
    await leaves(house, canary)
    await closed(house)
    after = (await _everything(house)).lower()
    assert [secret for secret in secrets if secret.lower() in after] == []
    assert mails_that_hold(house, b"canarybird") == []
    assert mails_that_hold(house, b"alice") != []


@SQLITE_ALONE
@pytest.mark.usefixtures("charity")
async def test_no_trace_stays_in_the_file_once_it_is_vacuumed(house: House, members: Cast) -> None:
    canary = await _a_full_life(house, members)
    await leaves(house, canary)
    await closed(house)
    assert engine_of(house.settings.database_url) == "sqlite"
    path = file_path(house.settings.database_url)
    copy = path.with_name("vacuumed.db")
    with sqlite3.connect(path) as connection:
        connection.execute("VACUUM INTO ?", (str(copy),))
    assert b"canarybird" not in copy.read_bytes().lower()


@pytest.mark.usefixtures("charity")
async def test_others_keep_everything(house: House, members: Cast, rows: Rows) -> None:
    await _a_full_life(house, members)

    async def of_alice() -> list[list[dict[str, Any]]]:
        alice = members.joined["Alice"].id
        return [
            await rows(f"SELECT * FROM members WHERE id = {alice}"),
            await rows(f"SELECT * FROM things WHERE maker_id = {alice}"),
            await rows("SELECT * FROM outbox WHERE recipient = 'alice@house.example'"),
        ]

    await outbox.send_waiting(house, now=members.now)
    before = await of_alice()
    await leaves(house, members.joined["Canarybird"])
    await closed(house)
    assert await of_alice() == before


async def test_revenue_that_was_moved_first_needs_no_word(house: House, members: Cast) -> None:
    await given(members, euros=50, budget=20)
    await settlement.settle(house, NOVEMBER, now=CLOSED)
    alice = members.joined["Alice"]
    await moves.to_funds(house, alice.id, amount_micros=None, now=CLOSED)
    await leaves(house, alice, now=CLOSED)
    assert (await wallet.of(house, alice.id, now=CLOSED)).funds_micros == 20 * EURO
    assert 20 * EURO % CENT == 0
