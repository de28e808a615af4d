"""PayPal's signature: only what PayPal signed for us is believed."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import UTC, datetime, timedelta

import pytest

from irl.errors import EventRefused, ProviderUnavailable
from irl.house import House
from irl.money.payments.paypal.provider import proven
from irl.money.payments.protocol import Post
from tests.fakes.certificates import Chain
from tests.fakes.paypal import CERTIFICATE
from tests.irl.conftest import SQLITE_ALONE
from tests.payments.conftest import Tills

pytestmark = [pytest.mark.anyio, SQLITE_ALONE]

EVENT = {"id": "WH-1", "event_type": "A.KIND", "resource": {"id": "R"}}
NOW = datetime.now(UTC)
DAY = timedelta(days=1)


async def test_what_paypal_signed_is_believed(house: House, tills: Tills) -> None:
    told = await proven(house, tills.post(EVENT), now=NOW)
    assert (told.id, told.kind, told.resource) == ("WH-1", "A.KIND", {"id": "R"})


async def test_the_certificate_is_fetched_once(house: House, tills: Tills) -> None:
    await asyncio.gather(*(proven(house, tills.post(EVENT), now=NOW) for _ in range(20)))
    assert tills.paypal_app.count(f"GET {CERTIFICATE}") == 1


async def test_a_transmission_that_is_40_days_late_is_as_true(house: House, tills: Tills) -> None:
    assert await proven(house, tills.post(EVENT), now=NOW + 40 * DAY)


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("paypal-transmission-id", "another"),
        ("paypal-transmission-id", ""),
        ("paypal-transmission-id", "a|b"),
        ("paypal-transmission-time", "2026-11-23T00:00:00Z"),
        ("paypal-transmission-sig", "AAAA"),
        ("paypal-transmission-sig", "no base64!"),
        ("paypal-transmission-sig", "x" * 2000),
        ("paypal-auth-algo", "SHA1withRSA"),
        ("paypal-auth-algo", "none"),
        ("paypal-cert-url", "http://paypal.fake/v1/notifications/certs/CERT-1"),
        ("paypal-cert-url", "https://evil.fake/v1/notifications/certs/CERT-1"),
        ("paypal-cert-url", "https://paypal.fake.evil.fake/v1/notifications/certs/CERT-1"),
        ("paypal-cert-url", "https://paypal.fake@evil.fake/v1/notifications/certs/CERT-1"),
        ("paypal-cert-url", "https://paypal.fake:444/v1/notifications/certs/CERT-1"),
        ("paypal-cert-url", "https://paypal.fake/v1/notifications/certs/../../evil"),
        ("paypal-cert-url", "https://paypal.fake/v1/notifications/certs/..%2f..%2fevil"),
        ("paypal-cert-url", "https://paypal.fake/v1/notifications/certs/CERT-1?a=b"),
        ("paypal-cert-url", "https://paypal.fake/v1/notifications/certs/CERT-1#a"),
        ("paypal-cert-url", "https://paypal.fake/evil/v1/notifications/certs/CERT-1"),
        ("paypal-cert-url", "https://[paypal.fake/v1/notifications/certs/CERT-1"),
        ("paypal-cert-url", "file:///etc/passwd"),
    ],
)
async def test_any_other_header_is_refused(
    house: House, tills: Tills, header: str, value: str
) -> None:
    post = tills.post(EVENT)
    with pytest.raises(EventRefused):
        await proven(house, Post(headers={**post.headers, header: value}, body=post.body), now=NOW)
    missing = {name: said for name, said in post.headers.items() if name != header}
    with pytest.raises(EventRefused):
        await proven(house, Post(headers=missing, body=post.body), now=NOW)


async def test_any_other_body_is_refused(house: House, tills: Tills) -> None:
    post = tills.post(EVENT)
    for body in (post.body + b" ", post.body.replace(b"WH-1", b"WH-2"), b"", b"{}"):
        with pytest.raises(EventRefused):
            await proven(house, Post(headers=post.headers, body=body), now=NOW)


async def test_a_webhook_of_another_merchant_is_refused(house: House, tills: Tills) -> None:
    with pytest.raises(EventRefused):
        await proven(house, tills.post(EVENT, webhook="WH-OTHER"), now=NOW)


@pytest.mark.parametrize(
    "made",
    [
        {"name": "evil.example"},
        {"begins": NOW - 20 * DAY, "ends": NOW - DAY},
        {"begins": NOW + DAY},
    ],
)
async def test_a_certificate_of_another_name_or_time_is_refused(
    house: House, tills: Tills, made: dict[str, object]
) -> None:
    wrong = Chain.make(**made)  # type: ignore[arg-type]
    trusted = dataclasses.replace(wrong, roots=tills.paypal.chain.roots)
    tills.paypal.chain = trusted
    house.settings.paypal_roots.write_bytes(wrong.roots)  # type: ignore[union-attr]
    with pytest.raises(EventRefused):
        await proven(house, tills.post(EVENT), now=NOW)


async def test_a_certificate_of_another_root_is_refused(house: House, tills: Tills) -> None:
    tills.paypal.chain = Chain.make()
    for _ in range(3):
        with pytest.raises(EventRefused):
            await proven(house, tills.post(EVENT), now=NOW)
    assert tills.paypal_app.count(f"GET {CERTIFICATE}") == 1, "it is not fetched for each forgery"


async def test_a_chain_that_lacks_a_link_is_refused(house: House, tills: Tills) -> None:
    sent = tills.paypal.chain.sent
    leaf = sent[: sent.index(b"-----END CERTIFICATE-----") + 26]
    tills.paypal.chain = dataclasses.replace(tills.paypal.chain, sent=leaf)
    with pytest.raises(EventRefused):
        await proven(house, tills.post(EVENT), now=NOW)


@pytest.mark.parametrize("sent", [b"", b"<html>", b"\0" * 100, b"-----BEGIN CERTIFICATE-----\n"])
async def test_what_is_no_certificate_is_refused(house: House, tills: Tills, sent: bytes) -> None:
    tills.paypal.chain = dataclasses.replace(tills.paypal.chain, sent=sent)
    with pytest.raises(EventRefused):
        await proven(house, tills.post(EVENT), now=NOW)


async def test_a_certificate_that_ends_is_fetched_anew(house: House, tills: Tills) -> None:
    await proven(house, tills.post(EVENT), now=NOW)
    await proven(house, tills.post(EVENT), now=NOW + DAY)
    assert tills.paypal_app.count(f"GET {CERTIFICATE}") == 2


async def test_without_an_answer_it_can_be_told_again(house: House, tills: Tills) -> None:
    tills.paypal_app.order(CERTIFICATE, "500", times=3)
    with pytest.raises(ProviderUnavailable):
        await proven(house, tills.post(EVENT), now=NOW)
    assert await proven(house, tills.post(EVENT), now=NOW)


async def test_what_is_signed_and_no_event_is_refused(house: House, tills: Tills) -> None:
    for body in (b"", b"[]", b"nonsense", b'{"id": 1}', b"[" * 5000, b"\xff"):
        headers = tills.paypal.signed(body)
        with pytest.raises(EventRefused):
            await proven(house, Post(headers=headers, body=body), now=NOW)


async def test_the_roots_of_the_system_are_trusted_by_default(house: House, tills: Tills) -> None:
    plain = house.settings.model_copy(update={"paypal_roots": None})
    with pytest.raises((EventRefused, ProviderUnavailable)):
        await proven(dataclasses.replace(house, settings=plain), tills.post(EVENT), now=NOW)
