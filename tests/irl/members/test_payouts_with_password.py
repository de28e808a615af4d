"""Money leaves only for who knows the password, and guessing it is throttled."""

from __future__ import annotations

import pytest

from irl.errors import PasswordRefused, Throttled
from irl.house import House
from irl.members import payouts as with_password
from irl.money import payout_addresses, payouts
from tests.cast import PASSWORD, Cast
from tests.conftest import NOW, with_rules
from tests.irl.conftest import Rows
from tests.irl.money.test_payouts import IBAN, PAYDAY, received

pytestmark = pytest.mark.anyio


async def test_a_payout_and_its_address_need_the_password(
    house: House, members: Cast, rows: Rows
) -> None:
    alice = (await received(house, members))["alice"]
    for wrong in ("", "wrong password", PASSWORD + " ", "x" * 10_000, "\0"):
        with pytest.raises(PasswordRefused) as refused:
            await with_password.ask(
                house,
                alice.id,
                amount_micros=None,
                password=wrong,
                address="192.0.2.1",
                now=PAYDAY,
            )
        assert refused.value.field == "password"
        with pytest.raises(PasswordRefused):
            await with_password.set_address(
                house,
                alice.id,
                method="sepa",
                holder="Mallory",
                account=IBAN,
                password=wrong,
                address="192.0.2.1",
                now=PAYDAY,
            )
    assert await rows("SELECT * FROM payouts") == []
    kept = await payout_addresses.of(house, alice.id)
    assert kept is not None
    assert kept.holder == "Aelice Uenter"
    asked = await with_password.ask(
        house, alice.id, amount_micros=None, password=PASSWORD, address="192.0.2.1", now=PAYDAY
    )
    assert await payouts.mine(house, alice.id) == (asked,)
    mails = await rows("SELECT subject FROM outbox ORDER BY id DESC LIMIT 1")
    assert mails == [{"subject": "A payout of €18.00 was asked for"}]


@pytest.mark.parametrize("varied", ["address", "member"])
async def test_guessing_is_throttled_by_member_and_by_network(
    house: House, members: Cast, varied: str
) -> None:
    house = with_rules(house, sign_ins_an_hour=10)
    people = [await members.member(name) for name in ("Alice", "Bob", "Charlie")]
    for guess in range(10):
        with pytest.raises(PasswordRefused):
            await with_password.confirm(
                house,
                people[guess % 3 if varied == "member" else 0].id,
                password="a guess",
                address=f"192.0.2.{guess if varied == 'address' else 0}",
                now=NOW,
            )
    with pytest.raises(Throttled):
        await with_password.confirm(
            house, people[0].id, password=PASSWORD, address="192.0.2.0", now=NOW
        )
