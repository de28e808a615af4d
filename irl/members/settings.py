"""What a member chooses about the own account: the language of pages and mails."""

from __future__ import annotations

from sqlalchemy import update

from irl.db import Connection
from irl.errors import Invalid
from irl.house import House
from irl.language import NAMES
from irl.schema import members


async def set_language(house: House, member_id: int, code: str | None) -> None:
    """Choose the language of pages and mails; None is what the browser asks for.

    Raises:
        Invalid: the house does not speak it, with the field `language`.
    """
    if code is not None and code not in NAMES:
        raise Invalid("The house does not speak this language.", field="language")

    async def work(connection: Connection) -> None:
        await connection.all(update(members).where(members.c.id == member_id).values(language=code))

    await house.db.write(work)
