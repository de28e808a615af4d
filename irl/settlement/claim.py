"""The two kinds of claims that the audit checks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Same:
    """Two tables that must hold the same rows; a row only in one is a finding."""

    claim: str
    one: str
    other: str


@dataclass(frozen=True, slots=True)
class Never:
    """A question that must have no answer; each row is a finding."""

    claim: str
    sql: str
