"""Where payouts go: an account in the SEPA countries, or an e-mail address at a provider.

Names go into payment files, which know few characters: a to z, A to Z, 0 to 9, space and
/ - ? : ( ) . , ' + (EPC217-08, "SEPA Requirements for an Extended Character Set"). Latin letters
with marks are written without them, as banks do; other scripts are refused, with the character.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from email_validator import EmailNotValidError, validate_email
from schwifty import IBAN
from schwifty.exceptions import SchwiftyException
from sqlalchemy import bindparam, select
from sqlalchemy.dialects import postgresql, sqlite

from irl import language as languages
from irl import month as months
from irl import outbox
from irl.db import Connection
from irl.errors import Invalid
from irl.house import House
from irl.schema import members, payout_addresses
from irl.sentence import Sentence
from irl.text import line

Method = Literal["sepa", "paypal", "skrill"]

HOLDER_MOST: Final = 70
"""Characters of a name in a payment (ISO 20022, Max70Text of the SEPA rulebook)."""

_SEPA: Final = frozenset(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-?:().,'+ "
)
# Letters that are more than another letter with a mark.
_SPELT: Final = str.maketrans(
    {
        "ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss",
        "ø": "o", "Ø": "O", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ł": "l", "Ł": "L",
        "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th", "ħ": "h", "Ħ": "H",
        "\u0131": "i", "\u2018": "'", "\u2019": "'", "\u2013": "-", "&": "+",
    }
)  # fmt: skip

_ONE: Final = select(payout_addresses).where(payout_addresses.c.member_id == bindparam("member_id"))
_EMAIL: Final = select(members.c.email, members.c.language).where(
    members.c.id == bindparam("member_id")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutAddress:
    """Where a member's payouts go; `address` is an IBAN or an e-mail address."""

    method: Method
    holder: str
    address: str


def offered(house: House) -> tuple[Method, ...]:
    """Give the ways on which this house pays out."""
    methods: list[Method] = ["sepa"]
    if house.settings.has_paypal:
        methods.append("paypal")
    if house.settings.has_skrill:
        methods.append("skrill")
    return tuple(methods)


def holder_name(text: str, *, field: str = "holder") -> str:
    """Write an account holder's name as payment files know it.

    Raises:
        Invalid: naming `field`: too short or long, or in letters that no payment file holds.
    """
    text = line(text, field=field, most=HOLDER_MOST)
    spelt = unicodedata.normalize("NFD", text.translate(_SPELT))
    plain = "".join(one for one in spelt if unicodedata.category(one) != "Mn")
    for one in plain:
        if one not in _SEPA:
            raise Invalid(
                Sentence(
                    "A bank cannot read {letter}: write the name in Latin letters, as on your card.",
                    letter=repr(one),
                ),
                field=field,
            )
    return line(" ".join(plain.split()), field=field, most=HOLDER_MOST)


def iban(text: str, *, field: str = "address") -> str:
    """Check an IBAN (ISO 13616) of a SEPA country; give it without spaces.

    Raises:
        Invalid: naming `field`.
    """
    text = line(text, field=field, most=60)
    try:
        found = IBAN(text)
    except SchwiftyException:
        raise Invalid("This is no IBAN: a character is wrong or missing.", field=field) from None
    if not found.in_sepa_zone:
        raise Invalid("The account must be in a country of the SEPA area.", field=field)
    return str(found.compact)


def email(text: str, *, field: str = "address") -> str:
    """Check the e-mail address of an account at a provider.

    Raises:
        Invalid: naming `field`.
    """
    text = line(text, field=field, most=254)
    try:
        return validate_email(text, check_deliverability=False, allow_quoted_local=False).normalized
    except EmailNotValidError:
        raise Invalid("This is no e-mail address.", field=field) from None


def masked(address: str) -> str:
    """Shorten an address for mails: the country and the last four of an IBAN, `a…@host`."""
    name, at, host = address.rpartition("@")
    return f"{name[:1]}…@{host}" if at else f"{address[:2]}…{address[-4:]}"


async def of(house: House, member_id: int) -> PayoutAddress | None:
    """Give where a member's payouts go, or None when that was not said yet."""
    async with house.db.reading() as connection:
        row = await connection.one(_ONE, member_id=member_id)
    if row is None:
        return None
    return PayoutAddress(method=row["method"], holder=row["holder"], address=row["address"])


async def set_to(
    house: House, member_id: int, *, method: str, holder: str, address: str, now: datetime
) -> PayoutAddress:
    """Say where payouts go from now on; those that were asked for keep the address they had.

    `irl.members.payouts.set_address` wants the member's password first.

    Raises:
        Invalid: with the field at fault.
    """
    wanted = checked(house, method=method, holder=holder, address=address)
    values = {
        "member_id": member_id,
        "method": wanted.method,
        "holder": wanted.holder,
        "address": wanted.address,
        "set_at": months.to_instant(now),
    }

    async def work(connection: Connection) -> None:
        upsert = (sqlite if connection.engine == "sqlite" else postgresql).insert(payout_addresses)
        changed = {name: upsert.excluded[name] for name in values if name != "member_id"}
        await connection.all(
            upsert.values(values).on_conflict_do_update(index_elements=["member_id"], set_=changed)
        )
        to = await connection.one(_EMAIL, member_id=member_id)
        assert to is not None, "it is a member who says so"
        speaks = languages.of(to["language"])
        body = speaks.says(
            "Hello,\n\nyour payouts go to {holder}, {address}, from now on.\n\n"
            "If this was not you, change your password and tell the operator at once.\n",
            holder=wanted.holder,
            address=masked(wanted.address),
        )
        await outbox.post(
            connection,
            recipient=to["email"],
            subject=speaks.says("Your payout address was changed"),
            body=body,
            language=speaks.code,
            now=now,
        )

    await house.db.write(work)
    return wanted


def checked(house: House, *, method: str, holder: str, address: str) -> PayoutAddress:
    """Check a payout address; give it as it is kept.

    Raises:
        Invalid: with the field at fault.
    """
    for known in offered(house):
        if method == known:
            return PayoutAddress(
                method=known,
                holder=holder_name(holder),
                address=iban(address) if known == "sepa" else email(address),
            )
    known_ones = ", ".join(offered(house))
    raise Invalid(Sentence("A method is one of: {methods}.", methods=known_ones), field="method")
