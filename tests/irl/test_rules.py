from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from irl import rules
from irl.rules import CENT, EURO, Rules


def test_the_defaults_are_those_of_the_house() -> None:
    house = Rules()
    assert (house.deposit_least_micros, house.deposit_most_micros) == (8 * EURO, 10_000 * EURO)
    assert (house.budget_least_micros, house.budget_most_micros) == (2 * EURO, 100 * EURO)
    assert house.fee_basis_points == 1_000
    assert (house.late_scan_days, house.clock_ahead_minutes, house.nonce_days) == (35, 5, 70)
    assert (house.pocket_days, house.pocket_most_scans, house.ended_least_days) == (30, 200, 3)
    assert EURO == 100 * CENT


def test_a_file_overrides_single_rules(tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text("fee_basis_points = 700\n")
    assert rules.load(file) == Rules(fee_basis_points=700)
    assert rules.load(None) == Rules()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("fee_points = 1\n", "fee_points"),
        ("fee_basis_points = 10000\n", "fee_basis_points"),
        ("fee_basis_points = -1\n", "fee_basis_points"),
        ("fee_basis_points = 7.5\n", "fee_basis_points"),
        ("fee_basis_points = true\n", "fee_basis_points"),
        ('session_days = "ninety"\n', "session_days"),
        ("deposit_most_micros = 1000000000001\n", "deposit_most_micros"),
        ("deposit_least_micros = 20000000000\n", "deposit_least_micros"),
        ("budget_least_micros = 0\n", "budget_least_micros"),
        ("joins_an_hour = 9\n", "joins_an_hour"),
        ("sign_ins_an_hour = 9\n", "sign_ins_an_hour"),
        ("mails_a_day = 0\n", "mails_a_day"),
        ("wrong_passwords_an_hour = 9\n", "wrong_passwords_an_hour"),
        ("links_an_hour = 9\n", "links_an_hour"),
        ("network_times = 0\n", "network_times"),
        ("password_link_hours = 0\n", "password_link_hours"),
        ("fee_basis_points 700\n", "line 1"),
        ("\ufeff\x00", "line 1"),
    ],
)
def test_rules_that_cannot_hold_are_refused_and_named(
    tmp_path: Path, text: str, named: str
) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=named):
        rules.load(file)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"gone\.toml"):
        rules.load(tmp_path / "gone.toml")


def test_stored_rules_can_be_read_back() -> None:
    house = Rules(fee_basis_points=700, mails_a_day=11)
    assert Rules(**json.loads(house.stored())) == house
    assert house.stored() == dataclasses.replace(house).stored()
