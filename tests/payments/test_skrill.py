"""Skrill's side: prepared payments, signed status posts, amounts as numbers."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from irl.errors import EventRefused, NotFound, PaymentDiffers, ProviderUnavailable
from irl.house import House
from irl.money import deposits, wallet
from irl.money.deposits import Deposit
from irl.money.payments.protocol import Post
from irl.rules import EURO
from tests.cast import Cast
from tests.conftest import NOW
from tests.irl.conftest import SQLITE_ALONE
from tests.payments.conftest import Tills

pytestmark = [pytest.mark.anyio, SQLITE_ALONE]


async def ask(house: House, members: Cast, euros: int = 10) -> Deposit:
    bob = await members.member("Bob")
    return await deposits.ask(house, bob.id, amount_micros=euros * EURO, provider="skrill", now=NOW)


async def hear(house: House, post: Post) -> None:
    await deposits.heard(house, provider="skrill", headers=post.headers, body=post.body, now=NOW)


async def state(house: House, members: Cast, deposit: Deposit) -> str:
    return (await deposits.seen(house, members.joined["Bob"].id, deposit.id)).state


async def funds(house: House, members: Cast) -> int:
    return (await wallet.of(house, members.joined["Bob"].id, now=NOW)).funds_micros


async def test_a_payment_is_prepared_with_all_that_skrill_needs(
    house: House, members: Cast, tills: Tills
) -> None:
    deposit = await ask(house, members)
    payment = tills.payment(deposit.id)
    assert deposit.checkout_url == f"https://skrill.fake/?sid={payment.sid}"
    assert payment.asked["amount"] == "10.00"
    assert payment.asked["status_url"] == "http://localhost:8000/hooks/skrill"


async def test_going_to_pay_again_prepares_anew(house: House, members: Cast, tills: Tills) -> None:
    deposit = await ask(house, members)
    url = await deposits.pay(house, members.joined["Bob"].id, deposit.id, now=NOW)
    assert url != deposit.checkout_url
    assert url.endswith(tills.payment(deposit.id).sid)
    known = await deposits.of(house, members.joined["Bob"].id, deposit.id)
    assert known.checkout_url == url, "reading it prepares nothing"


@pytest.mark.parametrize(
    ("status", "then"), [("0", "pending"), ("2", "booked"), ("-2", "declined")]
)
async def test_nobody_is_sent_to_pay_what_is_paid_or_on_its_way(
    house: House, members: Cast, tills: Tills, status: str, then: str
) -> None:
    deposit = await ask(house, members)
    tills.payment(deposit.id).status = status
    url = await deposits.pay(house, members.joined["Bob"].id, deposit.id, now=NOW)
    assert url == f"http://localhost:8000/deposits/{deposit.id}"
    assert await state(house, members, deposit) == then
    assert tills.skrill_app.count("POST /") - tills.skrill_app.count("POST /app") == 1


@pytest.mark.parametrize("how", ["500", "nonsense", "drop", "404"])
async def test_preparing_is_never_repeated_by_itself(
    house: House, members: Cast, tills: Tills, how: str
) -> None:
    tills.skrill_app.order("/", how, times=9)
    with pytest.raises(ProviderUnavailable):
        await ask(house, members)
    assert tills.skrill_app.count("POST /") == 1


@pytest.mark.parametrize("written", ["10", "10.0", "10.00", "10.000000"])
async def test_an_amount_counts_as_a_number_however_it_is_written(
    house: House, members: Cast, tills: Tills, written: str
) -> None:
    deposit = await ask(house, members)
    post = tills.status(tills.payment(deposit.id), status="2", mb_amount=written)
    await hear(house, post)
    await hear(house, post)
    assert await funds(house, members) == 9 * EURO


@pytest.mark.parametrize(
    "other",
    [
        {"mb_amount": "9.99"},
        {"mb_amount": "1000"},
        {"mb_currency": "USD"},
        {"pay_to_email": "thief@fake.example"},
        {"merchant_id": "1"},
    ],
)
async def test_what_differs_is_refused_though_it_is_signed(
    house: House, members: Cast, tills: Tills, other: dict[str, str]
) -> None:
    deposit = await ask(house, members)
    with pytest.raises(PaymentDiffers):
        await hear(house, tills.status(tills.payment(deposit.id), status="2", **other))
    assert await state(house, members, deposit) == "pending"


@pytest.mark.parametrize("field", ["mb_amount", "status", "transaction_id", "mb_currency"])
async def test_what_was_changed_after_signing_is_refused(
    house: House, members: Cast, tills: Tills, field: str
) -> None:
    deposit = await ask(house, members)
    said = tills.skrill.status_fields(tills.payment(deposit.id), status="0")
    body = urlencode(said | {field: "2"}).encode()
    with pytest.raises(EventRefused):
        await hear(house, Post(headers={}, body=body))
    assert await state(house, members, deposit) == "pending"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"status=2",
        b"\xff\xfe",
        b"a=%ff",
        b"md5sig=x&md5sig=y",
        b"&".join(b"f%d=1" % n for n in range(70)),
        b"md5sig=" + b"%C3%9F" * 20,
    ],
)
async def test_what_is_no_status_post_is_refused(house: House, body: bytes) -> None:
    with pytest.raises(EventRefused):
        await hear(house, Post(headers={}, body=body))


async def test_both_signatures_must_hold_where_both_are_sent(
    house: House, members: Cast, tills: Tills
) -> None:
    payment = tills.payment((await ask(house, members)).id)
    said = tills.skrill.status_fields(payment, status="2")
    for changed in ({"sha2sig": "0" * 64}, {"md5sig": "0" * 32}):
        with pytest.raises(EventRefused):
            await hear(house, Post(headers={}, body=urlencode(said | changed).encode()))


async def test_where_sha_is_wanted_md5_alone_is_refused(
    house: House, members: Cast, tills: Tills
) -> None:
    import dataclasses

    strict = dataclasses.replace(
        house, settings=house.settings.model_copy(update={"skrill_needs_sha": True})
    )
    said = tills.skrill.status_fields(tills.payment((await ask(house, members)).id), status="2")
    alone = {name: value for name, value in said.items() if name != "sha2sig"}
    with pytest.raises(EventRefused):
        await hear(strict, Post(headers={}, body=urlencode(alone).encode()))
    await hear(strict, Post(headers={}, body=urlencode(said).encode()))
    assert await funds(house, members) == 9 * EURO


async def test_the_statuses_mean_what_they_say_and_the_truth_wins(
    house: House, members: Cast, tills: Tills
) -> None:
    deposit = await ask(house, members)
    payment = tills.payment(deposit.id)
    for status, then in (
        ("0", "pending"),
        ("-2", "declined"),
        ("-1", "declined"),
        ("2", "booked"),
        ("-2", "booked"),
        ("0", "booked"),
        ("-3", "reversed"),
        ("2", "reversed"),
        ("-1", "reversed"),
    ):
        await hear(house, tills.status(payment, status=status))
        assert await state(house, members, deposit) == then
    assert await funds(house, members) == 0


async def test_a_chargeback_that_comes_first_books_and_takes_back(
    house: House, members: Cast, tills: Tills
) -> None:
    deposit = await ask(house, members)
    payment = tills.payment(deposit.id)
    for status in ("-3", "2"):
        await hear(house, tills.status(payment, status=status))
        assert await state(house, members, deposit) == "reversed"
    assert await funds(house, members) == 0


async def test_an_unknown_status_is_refused(house: House, members: Cast, tills: Tills) -> None:
    payment = tills.payment((await ask(house, members)).id)
    for other in ({"status": "3"}, {"status": "2", "mb_amount": "ten"}):
        with pytest.raises(EventRefused):
            await hear(house, tills.status(payment, **other))


async def test_a_payment_of_somebody_else_is_not_found(
    house: House, members: Cast, tills: Tills
) -> None:
    payment = tills.payment((await ask(house, members)).id)
    with pytest.raises(NotFound):
        await hear(house, tills.status(payment, status="2", transaction_id="0" * 13))


async def test_paying_twice_books_once_and_is_noted(
    house: House, members: Cast, tills: Tills
) -> None:
    deposit = await ask(house, members)
    first = tills.payment(deposit.id)
    await deposits.pay(house, members.joined["Bob"].id, deposit.id, now=NOW)
    second = tills.payment(deposit.id)
    for payment in (first, second):
        await hear(house, tills.status(payment, status="2"))
    assert await funds(house, members) == 9 * EURO
    async with house.db.reading() as connection:
        noted = await connection.run("SELECT kind FROM provider_events ORDER BY event")
    assert [row["kind"] for row in noted] == ["status 2", "status 2 (a second payment)"]


async def test_a_provider_that_is_not_offered_is_told_nothing(house: House) -> None:
    import dataclasses

    bare = dataclasses.replace(
        house, settings=house.settings.model_copy(update={"skrill_email": ""})
    )
    with pytest.raises(NotFound):
        await hear(bare, Post(headers={}, body=b"status=2"))
