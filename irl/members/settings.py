"""What a member chooses about the own account: the language, and whether makers see who flattred."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, func, select, update

from irl import month as months
from irl.db import Connection
from irl.errors import Invalid
from irl.house import House
from irl.language import NAMES
from irl.schema import members

_CHOSEN: Final = select(members.c.language, members.c.shows_flattrs_at).where(
    members.c.id == bindparam("member_id")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A member's choices; without a language pages speak what the browser asks for."""

    language: str | None
    shows_flattrs: bool
    """Whether makers may see the nickname beside flattrs given from then on."""


async def of(house: House, member_id: int) -> Chosen:
    """Give what a member has chosen."""
    async with house.db.reading() as connection:
        row = await connection.one(_CHOSEN, member_id=member_id)
    assert row is not None, "it is a member who asks"
    return Chosen(language=row["language"], shows_flattrs=row["shows_flattrs_at"] is not None)


async def choose(house: House, member_id: int, chosen: Chosen, *, now: datetime) -> None:
    """Choose; whoever shows flattrs already goes on doing so since then.

    Raises:
        Invalid: the house does not speak the language, with the field `language`.
    """
    _check(chosen.language)
    since = func.coalesce(members.c.shows_flattrs_at, months.to_instant(now))
    change = (
        update(members)
        .where(members.c.id == member_id)
        .values(
            language=chosen.language,
            shows_flattrs_at=since if chosen.shows_flattrs else None,
        )
    )

    async def work(connection: Connection) -> None:
        await connection.all(change)

    await house.db.write(work)


async def set_language(house: House, member_id: int, code: str | None) -> None:
    """Choose the language of pages and mails; None is what the browser asks for.

    Raises:
        Invalid: the house does not speak it, with the field `language`.
    """
    _check(code)

    async def work(connection: Connection) -> None:
        await connection.all(update(members).where(members.c.id == member_id).values(language=code))

    await house.db.write(work)


def _check(code: str | None) -> None:
    if code is not None and code not in NAMES:
        raise Invalid("The house does not speak this language.", field="language")
