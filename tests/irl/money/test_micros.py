from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from irl.errors import Invalid
from irl.money import micros
from irl.rules import CENT, EURO


def test_the_fee_is_exact_for_every_cent_from_8_to_10_000_euros() -> None:
    fees = [micros.fee(cents * CENT, basis_points=1_000) for cents in range(800, 1_000_001)]
    assert fees == list(range(800_000, 1_000_000_001, 1_000))


@given(st.integers(0, 10**9), st.integers(0, 10_000))
def test_no_rate_in_basis_points_ever_needs_rounding(cents: int, points: int) -> None:
    assert micros.fee(cents * CENT, basis_points=points) * 10_000 == cents * CENT * points


@pytest.mark.parametrize(
    ("typed", "amount"),
    [
        ("5", 5 * EURO),
        ("5.00", 5 * EURO),
        ("5,5", 5_500_000),
        (" 0.01 ", CENT),
        ("12,34", 12340000),
    ],
)
def test_euros_are_read_as_people_type_them(typed: str, amount: int) -> None:
    assert micros.parse_euros(typed, field="budget") == amount


@pytest.mark.parametrize(
    "typed", ["", "-5", "5.001", "1e3", "1.000,00", "\u0665", "5 €", "9" * 10, "."]
)
def test_what_is_no_amount_is_refused(typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        micros.parse_euros(typed, field="budget")
    assert refused.value.field == "budget"


@pytest.mark.parametrize(
    ("amount", "written"),
    [(5 * EURO, "5.00"), (10_000, "0.01"), (0, "0.00"), (333_333, "0.333333"), (-CENT, "-0.01")],
)
def test_micros_are_written_as_euros_and_whole_where_cents_do_not_say_it(
    amount: int, written: str
) -> None:
    assert micros.text(amount) == written


@given(st.integers(0, 10**10))
def test_whole_cents_are_written_and_read_back(cents: int) -> None:
    amount = cents % 10**9 * CENT
    assert micros.parse_euros(micros.text(amount), field="x") == amount


@pytest.mark.parametrize("bad", [True, 1.0, "1", 2 * CENT + 1, CENT - 1, 3 * CENT, 10**30, -CENT])
def test_an_amount_is_whole_cents_within_limits_and_an_integer(bad: object) -> None:
    with pytest.raises(Invalid) as refused:
        micros.whole_cents(bad, least=CENT, most=2 * CENT, field="amount")  # type: ignore[arg-type]
    assert refused.value.field == "amount"
