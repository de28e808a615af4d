"""What providers say, in whatever shape it comes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from irl.errors import EventRefused
from irl.money.payments.paypal import words
from irl.money.payments.skrill import words as skrill_words

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=20,
)
FIELDS = st.sampled_from(
    ["id", "amount", "value", "currency_code", "custom_id", "payee", "links", "purchase_units"]
)


@settings(max_examples=300, deadline=None)
@given(
    kind=st.sampled_from(
        ["CHECKOUT.ORDER.APPROVED", "PAYMENT.CAPTURE.COMPLETED", "PAYMENT.CAPTURE.REFUNDED", "X"]
    ),
    resource=st.dictionaries(FIELDS, JSON | st.dictionaries(FIELDS, JSON, max_size=4), max_size=6),
)
def test_no_shape_of_an_event_is_a_mistake_of_ours(kind: str, resource: object) -> None:
    body = json.dumps({"id": "WH-1", "event_type": kind, "resource": resource}).encode()
    told = words.event(body)
    news = words.news_of_event(told, merchant="M")
    assert isinstance(news.deposit_id, str)
    words.news_of_order(told.resource, merchant="M")
    words.pay_url(told.resource)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.text(max_size=12), st.text(max_size=30), max_size=8))
def test_no_unsigned_post_is_believed(said: dict[str, str]) -> None:
    with pytest.raises(EventRefused):
        skrill_words.check(said, secret="word", needs_sha=False)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_of_a_post_are_a_mistake_of_ours(body: bytes) -> None:
    try:
        found = skrill_words.fields(body)
    except EventRefused:
        return
    assert all(isinstance(value, str) for value in found.values())
