"""A member, as the rest of the house knows one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Select, bindparam, select

from irl.db import Row
from irl.schema import members
from irl.sentence import Sentence

SOMEBODY: Final = Sentence("somebody who left")
"""The nickname of a member whose personal rows were erased; pages say it in their language."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A person who joined; exists only once the e-mail is verified."""

    id: int
    nickname: str
    email: str
    budget_micros: int | None
    is_operator: bool
    language: str | None = None


COLUMNS: Final = (
    members.c.id,
    members.c.nickname,
    members.c.email,
    members.c.budget_micros,
    members.c.operator_at,
    members.c.language,
)

BY_ID: Final[Select[tuple[object, ...]]] = select(*COLUMNS).where(
    members.c.id == bindparam("member_id"), members.c.left_at.is_(None)
)


def of_row(row: Row) -> Member:
    """Build a member from a row with `COLUMNS`."""
    return Member(
        id=row["id"],
        nickname=row["nickname"],
        email=row["email"],
        budget_micros=row["budget_micros"],
        is_operator=row["operator_at"] is not None,
        language=row["language"],
    )
