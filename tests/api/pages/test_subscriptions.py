"""Subscriptions, charity and reload on pages: a member clicks through each, without script."""

from __future__ import annotations

import re

import pytest

from irl.giving import subscription_rounds
from irl.house import House
from irl.money import charities, reload, wallet
from irl.rules import EURO
from tests.api.conftest import Clock
from tests.api.pages.browser import Browser, SignedIn
from tests.cast import PASSWORD, Cast
from tests.irl.conftest import Rows, day

pytestmark = pytest.mark.anyio


@pytest.fixture
def rows(house: House) -> Rows:
    async def read(sql: str) -> list[dict[str, object]]:
        async with house.db.reading() as connection:
            return await connection.run(sql)

    return read


async def test_what_was_flattred_is_subscribed_to_paused_resumed_and_ended(
    signed_in: SignedIn, members: Cast, house: House, clock: Clock, rows: Rows
) -> None:
    code = (await members.placement(await members.thing("Alice", "Lighthouse"))).code
    bob = await signed_in("Bob")
    await bob.open(f"/t/{code}")
    assert "Subscribe" not in bob.text  # only what was flattred
    await bob.submit(f"/t/{code}")
    assert "Subscribe" not in bob.text  # one thing at a time: giving comes first
    await bob.open(f"/t/{code}")
    await bob.submit(f"/t/{code}/subscribe", months="3")
    assert "at the start of each month until February 2027" in bob.text
    assert not [form for form in bob.forms if form.action.endswith("/subscribe")]

    clock.now = day(1, 12, hour=0)
    await subscription_rounds.give_due(house, now=clock.now)
    await bob.open("/month")
    assert "Lighthouse" in bob.text
    await bob.open("/subscriptions")
    assert "Until February 2027. 2 months to come." in bob.text
    [form] = [form for form in bob.forms if "subscriptions" in form.action]
    await bob.submit(form.action, ("state", "paused"))
    assert "Paused: nothing is given meanwhile" in bob.text
    await bob.submit(form.action, ("state", "running"))
    assert "Paused:" not in bob.text
    await bob.submit(form.action, ("state", "ended"))
    assert "Ended." in bob.text
    assert not [form for form in bob.forms if "subscriptions" in form.action]
    assert len(await rows("SELECT 1 FROM flattrs")) == 2


async def test_sending_the_form_twice_or_wrongly_makes_no_second_subscription(
    signed_in: SignedIn, members: Cast, rows: Rows
) -> None:
    code = (await members.placement(await members.thing("Alice", "Lighthouse"))).code
    bob = await signed_in("Bob")
    await bob.open(f"/t/{code}")
    await bob.submit(f"/t/{code}")
    for typed, status in (("4", 422), ("", 422), ("3", 303), ("3", 303)):
        answer = await bob.client.post(f"/t/{code}/subscribe", data={"months": typed})
        assert answer.status_code == status
    [row] = await rows("SELECT public_id FROM subscriptions")
    wrong = await bob.client.post(f"/subscriptions/{row['public_id']}", data={"state": "asleep"})
    assert wrong.status_code == 422
    charlie = await signed_in("Charlie")
    foreign = await charlie.client.post(
        f"/subscriptions/{row['public_id']}", data={"state": "ended"}
    )
    assert foreign.status_code == 404
    await charlie.open("/subscriptions")
    assert "None yet." in charlie.text


async def test_ones_own_thing_offers_no_subscription(signed_in: SignedIn, members: Cast) -> None:
    code = (await members.placement(await members.thing("Alice", "Lighthouse"))).code
    alice = await signed_in("Alice")
    await alice.open(f"/t/{code}")
    assert "subscribe" not in alice.text
    refused = await alice.client.post(f"/t/{code}/subscribe", data={"months": "3"})
    assert refused.status_code == 422


async def test_a_charity_is_chosen_or_left_to_the_house(
    signed_in: SignedIn, members: Cast, house: House
) -> None:
    bob = await signed_in("Bob")
    await bob.open("/charity")
    assert "The house has no charity yet" in bob.text
    for name in ("Sea Rescue", "Reef <&>"):
        await charities.add(house, name=name, url="https://sea.example", now=members.now)
    await bob.open("/charity")
    assert "As the house chooses, now Sea Rescue" in bob.text
    assert ("charity", "") in bob.form("/charity").fields
    assert "Reef &lt;&amp;&gt;" in bob.text
    member = await members.member("Bob")
    second = (await charities.listed(house))[1]
    await bob.submit("/charity", charity=str(second.id))
    assert await charities.chosen(house, member.id) == second
    assert dict(bob.form("/charity").fields)["charity"] == str(second.id)
    await bob.submit("/charity", charity="99")
    assert bob.page.status_code == 422
    assert "There is no such charity." in bob.text
    await bob.open("/charity")
    await bob.submit("/charity", charity="")
    assert await charities.chosen(house, member.id) is None


async def test_the_link_of_the_mail_leads_to_the_wallet_with_the_amount_filled_in(
    signed_in: SignedIn, visitor: Browser, members: Cast, house: House, rows: Rows
) -> None:
    bob = await signed_in("Bob")
    member = await members.member("Bob")
    await wallet.set_budget(house, member.id, 20 * EURO, now=members.now)
    await bob.open("/wallet")
    await bob.submit("/wallet/reload", ("on", "yes"))
    assert "Stop these mails" in bob.text
    assert await reload.post_due(house, now=day(26)) == 1
    [mail] = await rows("SELECT body FROM outbox WHERE message_id LIKE 'reload-%'")
    found = re.search(r"http://localhost:8000(/wallet\?amount=[0-9.]+)", str(mail["body"]))
    assert found is not None
    # On a phone where nobody is signed in, the way there leads past the sign-in.
    await visitor.open(found[1])
    assert visitor.path.startswith("/sign-in")
    await visitor.submit("/sign-in", email="bob@house.example", password=PASSWORD)
    assert visitor.path == found[1]
    assert dict(visitor.form("/wallet").fields)["amount"] == "23.00"
    assert (
        "Of €23.00, for example, the house keeps €2.30 (10%), once. €20.70 are yours to give."
        in visitor.text
    )
    await visitor.submit("/wallet", ("provider", "sandbox"))
    assert "Pay €23.00" in visitor.text
    await bob.submit("/wallet/reload", ("on", "no"))
    assert not await reload.is_wanted(house, member.id)


@pytest.mark.parametrize("amount", ["", "nonsense", "7.99", "10000.01", "-9", "<script>"])
async def test_an_amount_that_cannot_be_paid_is_not_filled_in(
    signed_in: SignedIn, amount: str
) -> None:
    bob = await signed_in("Bob")
    await bob.open(f"/wallet?amount={amount}")
    assert bob.page.status_code == 200
    assert dict(bob.form("/wallet").fields)["amount"] == ""


async def test_visitors_are_sent_to_sign_in_first(visitor: Browser) -> None:
    for path in ("/subscriptions", "/charity", "/wallet"):
        await visitor.open(path)
        assert visitor.path.startswith("/sign-in")
