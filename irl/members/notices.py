"""Mails about signing in: a link to set a password, and what was changed, told to its holder.

Whoever changes how one signs in may be a stranger with an open browser; the mail is what its holder
notices it by. They are written in the member's language, in the transaction of what they tell of.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from irl import language as languages
from irl import outbox
from irl.db import Connection
from irl.house import House
from irl.sentence import Sentence


async def password_link(
    connection: Connection,
    house: House,
    member: Mapping[str, Any],
    *,
    secret: str,
    until: datetime,
    now: datetime,
) -> None:
    """Mail a link that sets a new password; it is of no use after `until`."""
    body = Sentence(
        "Hello {nickname},\n\n"
        "somebody, perhaps you, asked to set a new password at {host}. This link leads to it:\n\n"
        "{address}\n\n"
        "It works once, until {until}. If it was not you, just leave it: nothing was changed.\n",
        nickname=member["nickname"],
        host=house.settings.host,
        address=f"{house.settings.base_url}/password/new?token={secret}",
        until=until,
    )
    subject = Sentence("A link to set a new password")
    await _post(connection, member, subject, body, until=until, now=now)


async def password_changed(
    connection: Connection, house: House, member: Mapping[str, Any], *, now: datetime
) -> None:
    """Tell that the password was changed."""
    body = Sentence(
        "Hello {nickname},\n\n"
        "your password at {host} was changed just now, and other devices were signed out.\n\n"
        "If it was not you, set a new one at once: {address}\n",
        nickname=member["nickname"],
        host=house.settings.host,
        address=f"{house.settings.base_url}/password",
    )
    subject = Sentence("Your password was changed")
    await _post(connection, member, subject, body, now=now)


async def passkey_added(
    connection: Connection, house: House, member: Mapping[str, Any], *, name: str, now: datetime
) -> None:
    """Tell that a passkey was added."""
    body = Sentence(
        "Hello {nickname},\n\n"
        "a passkey was added to your account at {host} just now: {name}. Whoever has it can sign"
        " in.\n\n"
        "If it was not you, remove it at once and change your password: {address}\n",
        nickname=member["nickname"],
        host=house.settings.host,
        name=name,
        address=f"{house.settings.base_url}/account",
    )
    subject = Sentence("A passkey was added")
    await _post(connection, member, subject, body, now=now)


async def passkey_removed(
    connection: Connection, house: House, member: Mapping[str, Any], *, name: str, now: datetime
) -> None:
    """Tell that a passkey was removed."""
    body = Sentence(
        "Hello {nickname},\n\n"
        "a passkey was removed from your account at {host} just now: {name}.\n\n"
        "If it was not you, look at your account and change your password: {address}\n",
        nickname=member["nickname"],
        host=house.settings.host,
        name=name,
        address=f"{house.settings.base_url}/account",
    )
    subject = Sentence("A passkey was removed")
    await _post(connection, member, subject, body, now=now)


async def _post(
    connection: Connection,
    member: Mapping[str, Any],
    subject: Sentence,
    body: Sentence,
    *,
    until: datetime | None = None,
    now: datetime,
) -> None:
    speaks = languages.of(member["language"])
    await outbox.post(
        connection,
        recipient=member["email"],
        subject=speaks.says(subject),
        body=speaks.says(body),
        expires_at=until,
        language=speaks.code,
        now=now,
    )
