"""The house: what every verb of the domain needs, opened once and handed on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from sqlalchemy import update

from irl.db import Connection, Database
from irl.outside import Outside
from irl.rules import Rules
from irl.schema import house
from irl.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """An open database, the rules in force, the operator's settings, and servers of others."""

    db: Database
    rules: Rules
    settings: Settings
    outside: Outside = field(default_factory=lambda: Outside(timeout_s=8))


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[House]:
    """Open the house and close it again, whatever happens in between.

    Raises:
        SettingsRefused: the rules cannot be read.
        Unavailable: the database cannot be opened.
    """
    rules = settings.house_rules()
    outside = Outside(timeout_s=settings.provider_timeout_s)
    async with Database.open(settings.database_url) as db:
        try:
            yield House(db=db, rules=rules, settings=settings, outside=outside)
        finally:
            await outside.close()


async def inputs_changed(connection: Connection) -> None:
    """Note that what a closing month is computed from has changed: it is then computed again."""
    await connection.all(
        update(house).where(house.c.name == "settlement_epoch").values(value=house.c.value + 1)
    )
