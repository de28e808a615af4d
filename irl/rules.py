"""The house rules: every number that an operator may want to change, with its default.

An operator's TOML file, named by the setting `IRL_RULES`, overrides single rules. The rules in
force are stored with each deposit and each closed month, so that old figures stay explicable.
Amounts are micro-euros: 1 EUR = 1,000,000.
"""

from __future__ import annotations

import dataclasses
import json
import tomllib
from dataclasses import dataclass
from pathlib import Path

EURO = 1_000_000
CENT = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The rules in force. Units stand at the end of each name."""

    deposit_least_micros: int = 8 * EURO
    deposit_most_micros: int = 10_000 * EURO
    fee_basis_points: int = 1_000
    budget_least_micros: int = 2 * EURO
    budget_most_micros: int = 100 * EURO
    payout_least_micros: int = 10 * EURO
    payout_month_day: int = 10
    payout_wait_days: int = 30
    late_scan_days: int = 35
    clock_ahead_minutes: int = 5
    ended_least_days: int = 3
    undecided_link_hours: int = 24
    session_days: int = 90
    nonce_days: int = 70
    pocket_days: int = 30
    pocket_most_scans: int = 200
    joins_an_hour: int = 60
    sign_ins_an_hour: int = 120
    wrong_passwords_an_hour: int = 20
    links_an_hour: int = 60
    network_times: int = 10
    password_link_hours: int = 1
    mails_a_day: int = 10
    mail_days: int = 30
    reload_mail_days: int = 5

    def __post_init__(self) -> None:
        """Refuse rules that contradict each other.

        Raises:
            ValueError: with one line that names the rule.
        """
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if type(value) is not int or not 0 <= value <= 10**12:
                raise ValueError(f"rule {field.name}: a whole number from 0 to 10^12 is needed")
        if self.fee_basis_points >= 10_000:
            raise ValueError("rule fee_basis_points: below 10000, or nothing is left to give")
        for least, most in (
            ("deposit_least_micros", "deposit_most_micros"),
            ("budget_least_micros", "budget_most_micros"),
        ):
            if not 0 < getattr(self, least) <= getattr(self, most):
                raise ValueError(f"rule {least}: must be above 0 and not above {most}")
        for name in (
            "joins_an_hour",
            "sign_ins_an_hour",
            "wrong_passwords_an_hour",
            "links_an_hour",
            "mails_a_day",
        ):
            if getattr(self, name) < 10:
                raise ValueError(f"rule {name}: at least 10, or people cannot come in")
        for name in ("network_times", "password_link_hours"):
            if getattr(self, name) < 1:
                raise ValueError(f"rule {name}: at least 1")

    def stored(self) -> str:
        """Write the rules as JSON with sorted keys, as stored with deposits and months."""
        return json.dumps(dataclasses.asdict(self), sort_keys=True, separators=(",", ":"))


def load(path: Path | None) -> Rules:
    """Read the operator's TOML file over the defaults.

    Raises:
        ValueError: the file is no TOML, names an unknown rule, or has a value out of range.
        OSError: the file cannot be read.
    """
    if path is None:
        return Rules()
    given = tomllib.loads(path.read_text(encoding="utf-8"))
    known = {field.name for field in dataclasses.fields(Rules)}
    for name in given:
        if name not in known:
            raise ValueError(f"rule {name}: there is no such rule")
    return Rules(**given)
