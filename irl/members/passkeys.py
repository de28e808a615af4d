"""Passkeys: signing in without a password, by a key that stays on the member's own devices.

W3C Web Authentication, level 3. The browser's answers are checked by the package `webauthn`; here
is what must be kept beside that: which challenge was asked, once and for five minutes; which key
is whose; and how often a key says that it signed, since a copy of it would say less. Keys are
discoverable, so signing in asks for no e-mail address. Who holds the key is asked for a finger or
a PIN where the device can (`preferred`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import webauthn
from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from webauthn.authentication.verify_authentication_response import VerifiedAuthentication
from webauthn.helpers import bytes_to_base64url, parse_client_data_json
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from irl import month as months
from irl.db import Connection, Row
from irl.errors import Conflict, Invalid, NotFound, SignInRefused
from irl.house import House
from irl.members import challenges, member, notices, sign_in, throttles
from irl.members.member import Member
from irl.schema import members, passkeys
from irl.secret import is_public_id, public_id
from irl.text import line

NAME_MOST: Final = 60
MOST: Final = 20
"""Passkeys of one member."""

ANSWER_MOST: Final = 16 * 1024
"""Characters of a browser's answer; a usual one has about 1,000."""

_MINE: Final = (
    select(passkeys)
    .where(passkeys.c.member_id == bindparam("member_id"))
    .order_by(passkeys.c.created_at, passkeys.c.public_id)
)
_BY_CREDENTIAL: Final = (
    select(*member.COLUMNS, members.c.seal, passkeys.c.public_key, passkeys.c.sign_count)
    .join(passkeys, passkeys.c.member_id == members.c.id)
    .where(passkeys.c.credential_id == bindparam("credential_id"), members.c.left_at.is_(None))
)
_SEALED: Final = select(*member.COLUMNS, members.c.seal).where(
    members.c.id == bindparam("member_id")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey:
    """A passkey as its holder sees it in a list."""

    passkey_id: str
    name: str
    created_at: datetime
    used_at: datetime | None


async def begin_adding(
    house: House, member_id: int, *, password: str, address: str, now: datetime
) -> dict[str, Any]:
    """Give what the browser needs to make a passkey: `PublicKeyCredentialCreationOptionsJSON`.

    The password is asked for, since whoever adds a passkey can come back with it.

    Raises:
        PasswordRefused: it is not the member's, with the field `password`.
        Conflict: there are 20 passkeys already.
        Throttled: too many tries.
    """
    await sign_in.confirm(house, member_id, password=password, address=address, now=now)
    async with house.db.reading() as connection:
        row = await connection.one(_SEALED, member_id=member_id)
        known = await connection.all(_MINE, member_id=member_id)
    assert row is not None
    if len(known) >= MOST:
        raise Conflict("There are as many passkeys as there can be; remove one first.")
    options = webauthn.generate_registration_options(
        rp_id=_rp_id(house),
        rp_name="flattr in real life",
        user_id=_handle(row),
        user_name=row["email"],
        user_display_name=row["nickname"],
        challenge=await challenges.ask(house, member_id, now=now),
        timeout=challenges.LASTS // timedelta(milliseconds=1),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.PREFERRED,
        ),
        exclude_credentials=[
            PublicKeyCredentialDescriptor(id=webauthn.base64url_to_bytes(one["credential_id"]))
            for one in known
        ],
    )
    return _plain(options)


async def finish_adding(
    house: House, member_id: int, *, name: str, answer: str, now: datetime
) -> None:
    """Keep the passkey that a browser made, and tell its holder by mail.

    Args:
        house: the house.
        member_id: of who asked for it.
        name: what the member calls it, 1 to 60 characters.
        answer: the browser's `RegistrationResponseJSON`, as text.
        now: the moment of asking.

    Raises:
        Invalid: a bad name; or no answer to a challenge of the last five minutes that this member
            was given, with the field `credential`.
    """
    name = line(name, field="name", most=NAME_MOST)
    said, challenge = _read(answer)
    if not await challenges.use_up(house, challenge, member_id, now=now):
        raise Invalid(
            "This took too long, or was done already. Please begin anew.", field="credential"
        )
    try:
        made = webauthn.verify_registration_response(
            credential=said,
            expected_challenge=challenge,
            expected_rp_id=_rp_id(house),
            expected_origin=_origin(house),
        )
    except Exception as trouble:  # the library raises whatever its parsers do at hostile bytes
        raise Invalid("The browser's passkey cannot be read.", field="credential") from trouble
    values = {
        "credential_id": bytes_to_base64url(made.credential_id),
        "public_id": public_id(),
        "member_id": member_id,
        "public_key": bytes_to_base64url(made.credential_public_key),
        "sign_count": made.sign_count,
        "name": name,
        "created_at": months.to_instant(now),
    }

    async def work(connection: Connection) -> None:
        into = (sqlite if connection.engine == "sqlite" else postgresql).insert(passkeys)
        new = into.values(values).on_conflict_do_nothing(index_elements=["credential_id"])
        if await connection.value(new.returning(passkeys.c.public_id)) is None:
            raise Invalid("This passkey was added already.", field="credential")
        holder = await connection.one(member.BY_ID, member_id=member_id)
        assert holder is not None
        await notices.passkey_added(connection, house, holder, name=name, now=now)

    await house.db.write(work)


async def begin_sign_in(house: House, *, address: str, now: datetime) -> dict[str, Any]:
    """Give what the browser needs to sign in: `PublicKeyCredentialRequestOptionsJSON`.

    Raises:
        Throttled: too many asked from this network.
    """
    limits = throttles.of_sender(
        "passkey", address, most=house.rules.sign_ins_an_hour, rules=house.rules
    )
    await throttles.count_all(house, limits, now=now)
    options = webauthn.generate_authentication_options(
        rp_id=_rp_id(house),
        challenge=await challenges.ask(house, None, now=now),
        timeout=challenges.LASTS // timedelta(milliseconds=1),
        user_verification=UserVerificationRequirement.PREFERRED,
    )
    return _plain(options)


async def finish_sign_in(house: House, *, answer: str, address: str, now: datetime) -> Member:
    """Give the member who showed a passkey.

    Args:
        house: the house.
        answer: the browser's `AuthenticationResponseJSON`, as text.
        address: the network address of who asks, for the throttle.
        now: the moment of asking.

    Raises:
        SignInRefused: it is no passkey of ours, or no answer to a challenge of the last five
            minutes, or the key was copied.
        Throttled: too many tries from this network.
    """
    await throttles.count_all(house, sign_in.senders(house, address), now=now)
    refused = SignInRefused(
        "This passkey is not known here, or it took too long. Please try again."
    )
    try:
        said, challenge = _read(answer)
    except Invalid:
        raise refused from None
    if not await challenges.use_up(house, challenge, None, now=now):
        raise refused
    credential_id = said.get("id")
    if not isinstance(credential_id, str):
        raise refused
    async with house.db.reading() as connection:
        row = await connection.one(_BY_CREDENTIAL, credential_id=credential_id)
    if row is None:
        raise refused
    try:
        shown = _verified(house, said, challenge, row)
    except Exception as trouble:  # the library raises whatever its parsers do at hostile bytes
        raise refused from trouble
    if not await _count_up(house, credential_id, row["sign_count"], shown.new_sign_count, now=now):
        raise refused
    return member.of_row(row)


async def mine(house: House, member_id: int) -> tuple[Passkey, ...]:
    """Give a member's passkeys, the oldest first."""
    async with house.db.reading() as connection:
        rows = await connection.all(_MINE, member_id=member_id)
    return tuple(
        Passkey(
            passkey_id=row["public_id"],
            name=row["name"],
            created_at=months.from_instant(row["created_at"]),
            used_at=None if row["used_at"] is None else months.from_instant(row["used_at"]),
        )
        for row in rows
    )


async def remove(house: House, member_id: int, passkey_id: str, *, now: datetime) -> None:
    """Remove a passkey: it signs in nobody any more, and a mail tells of it.

    Raises:
        NotFound: it does not exist or is not this member's.
    """
    if not is_public_id(passkey_id):
        raise NotFound("There is no such passkey.")
    this = (passkeys.c.public_id == passkey_id) & (passkeys.c.member_id == member_id)

    async def work(connection: Connection) -> None:
        name = await connection.value(delete(passkeys).where(this).returning(passkeys.c.name))
        holder = await connection.one(member.BY_ID, member_id=member_id)
        if name is None or holder is None:
            raise NotFound("There is no such passkey.")
        await notices.passkey_removed(connection, house, holder, name=name, now=now)

    await house.db.write(work)


def _verified(
    house: House, said: Mapping[str, Any], challenge: bytes, row: Row
) -> VerifiedAuthentication:
    """Check an answer; the handle, which may be left out, must be of the key's holder (§7.2)."""
    handle = said["response"].get("userHandle")
    if handle and webauthn.base64url_to_bytes(handle) != _handle(row):
        raise ValueError("the handle is another member's")
    return webauthn.verify_authentication_response(
        credential=dict(said),
        expected_challenge=challenge,
        expected_rp_id=_rp_id(house),
        expected_origin=_origin(house),
        credential_public_key=webauthn.base64url_to_bytes(row["public_key"]),
        credential_current_sign_count=row["sign_count"],
    )


def _read(answer: str) -> tuple[dict[str, Any], bytes]:
    """Read a browser's answer as far as the challenge that it answers.

    Raises:
        Invalid: it is none.
    """
    if len(answer) > ANSWER_MOST:
        raise Invalid("The browser's passkey cannot be read.", field="credential")
    try:
        said = json.loads(answer)
        client = webauthn.base64url_to_bytes(said["response"]["clientDataJSON"])
        return said, parse_client_data_json(client).challenge
    except Exception as trouble:  # the library raises whatever its parsers do at hostile bytes
        raise Invalid("The browser's passkey cannot be read.", field="credential") from trouble


async def _count_up(
    house: House, credential_id: str, before: int, after: int, *, now: datetime
) -> bool:
    """Note a key's new count; False when the key signed elsewhere, or went, meanwhile."""
    this = (passkeys.c.credential_id == credential_id) & (passkeys.c.sign_count == before)
    change = update(passkeys).where(this).values(sign_count=after, used_at=months.to_instant(now))

    async def work(connection: Connection) -> bool:
        return await connection.value(change.returning(passkeys.c.public_id)) is not None

    return await house.db.write(work)


def _handle(row: Row) -> bytes:
    """Give what authenticators know a member by: always the same, and it says nothing about whom."""
    return hashlib.blake2b(b"passkeys", key=bytes.fromhex(row["seal"]), digest_size=32).digest()


def _rp_id(house: House) -> str:
    return urlsplit(house.settings.base_url).hostname or ""


def _origin(house: House) -> str:
    """Give the origin of our pages as browsers write it (RFC 6454, section 6.2)."""
    base = urlsplit(house.settings.base_url)
    usual = {"http": 80, "https": 443}.get(base.scheme)
    port = "" if base.port in {None, usual} else f":{base.port}"
    return f"{base.scheme}://{base.hostname}{port}"


def _plain(options: Any) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(webauthn.options_to_json(options))
    return made
