"""A small gallery for trying things out: makers, things with codes, a giver with funds, an operator."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import select

import irl.house
import qr
import scanner
from api.drawing import to_keep
from irl import things
from irl.giving import pockets
from irl.house import House
from irl.members import invitations, joining, operators
from irl.members.member import Member
from irl.money import deposits, wallet
from irl.money.payments import sandbox
from irl.rules import EURO
from irl.schema import members, outbox
from irl.settings import Settings
from irl.things import Draft, pictures, placements
from qr import render

PASSWORD: Final = "walk-through-the-gallery"  # noqa: S105 - play money, printed for everybody
GIVER: Final = "Gita Giver"
OPERATOR: Final = "Olga Operator"
DEPOSIT_MICROS: Final = 20 * EURO
BUDGET_MICROS: Final = 5 * EURO


class NotEmpty(Exception):
    """The database has members already; nothing was done."""


@dataclass(frozen=True, slots=True)
class Exhibit:
    """A thing of the gallery and where its code hangs."""

    maker: str
    draft: Draft
    placement: str


EXHIBITS: Final = (
    Exhibit(
        "Mara Pinsel",
        Draft(
            title="Harbour before rain",
            artist="Mara Pinsel",
            description="Oil on canvas, 80 x 120 cm, painted on the quay in one afternoon.",
            category="images",
            tags=("painting", "sea"),
        ),
        "Room 1, left wall",
    ),
    Exhibit(
        "Mara Pinsel",
        Draft(
            title="Self-portrait with kettle",
            artist="Mara Pinsel",
            description="Charcoal on paper.",
            category="images",
            tags=("drawing",),
        ),
        "Room 1, right wall",
    ),
    Exhibit(
        "Mara Pinsel",
        Draft(
            title="Straße nach Süden",
            artist="Mara Pinsel",
            description="Aquarell, 30 x 40 cm.",
            category="images",
            tags=("painting",),
            language="de",
        ),
        "Room 2, window",
    ),
    Exhibit(
        "Busker Bela",
        Draft(
            title="Songs from the underpass",
            artist="Bela and the Echo",
            description="Accordion and voice, most evenings at six.",
            category="audio",
            tags=("music", "street"),
        ),
        "Accordion case",
    ),
    Exhibit(
        "Busker Bela",
        Draft(
            title="Third platform waltz",
            artist="Bela and the Echo",
            description="The record, seven inches.",
            category="audio",
            tags=("music", "record"),
        ),
        "Record sleeve",
    ),
    Exhibit(
        "Ada Zine",
        Draft(
            title="How to fold a city",
            artist="Ada Zine",
            description="A zine of sixteen pages about paper, maps and getting lost.",
            category="text",
            tags=("zine",),
        ),
        "Table by the door",
    ),
    Exhibit(
        "Ada Zine",
        Draft(
            title="Repair café on Thursdays",
            artist="The neighbours",
            description="Bring what is broken. Somebody knows how.",
            category="people",
            tags=("neighbourhood",),
        ),
        "Tram stop poster 14",
    ),
    Exhibit(
        "Ada Zine",
        Draft(
            title="inkpot",
            artist="Ada Zine",
            description="A small program that sets zines.",
            category="software",
            tags=("free-software",),
        ),
        "Back of the zine",
    ),
)


async def fill(settings: Settings) -> list[str]:
    """Fill the empty database; give the lines that tell how to come in.

    Raises:
        NotEmpty: there are members already.
        SettingsRefused: money is not played with here.
        Unavailable: the database cannot be opened.
    """
    if not settings.plays:
        raise irl.settings.SettingsRefused("IRL_SANDBOX: the gallery needs play money")
    async with irl.house.opened(settings) as house:
        if await _is_inhabited(house):
            raise NotEmpty("the database is not empty; nothing was done")
        now = datetime.now(UTC)
        makers = {
            name: await _join(house, name, now)
            for name in dict.fromkeys(exhibit.maker for exhibit in EXHIBITS)
        }
        hung = [await _hang(house, makers[exhibit.maker], exhibit, now) for exhibit in EXHIBITS]
        giver = await _join(house, GIVER, now)
        deposit = await deposits.ask(
            house, giver.id, amount_micros=DEPOSIT_MICROS, provider="sandbox", now=now
        )
        await sandbox.decide(house, deposit.id, "approve", now=now)
        await wallet.set_budget(house, giver.id, BUDGET_MICROS, now=now)
        operator = await _join(house, OPERATOR, now)
        await operators.appoint(house, operator.email, now=now)
        return list(_lines(settings.base_url, [*makers.values(), giver, operator], hung))


async def _is_inhabited(house: House) -> bool:
    async with house.db.reading() as connection:
        return await connection.value(select(members.c.id).limit(1)) is not None


async def _join(house: House, nickname: str, now: datetime) -> Member:
    """Join through the front door, with an invitation and a verified e-mail."""
    [invitation] = await invitations.issue(house, 1, now=now)
    email = f"{nickname.split(maxsplit=1)[0].lower()}@gallery.example"
    await joining.ask(
        house,
        email=email,
        nickname=nickname,
        password=PASSWORD,
        invitation=invitation,
        pocket=None,
        address="demo",
        now=now,
    )
    return await pockets.verify(house, await _mailed_token(house, email), now=now)


async def _mailed_token(house: House, email: str) -> str:
    async with house.db.reading() as connection:
        body = await connection.value(
            select(outbox.c.body)
            .where(outbox.c.recipient == email)
            .order_by(outbox.c.id.desc())
            .limit(1)
        )
    found = re.search(r"/verify\?token=([\w-]+)", body or "")
    assert found is not None, "joining mails a link"
    return found[1]


async def _hang(
    house: House, maker: Member, exhibit: Exhibit, now: datetime
) -> placements.Placement:
    # Nothing else at a shell needs numpy and the scanner's libraries.
    from api.demo_art import PAINTED  # noqa: PLC0415

    thing = await things.register(house, maker.id, exhibit.draft, now=now)
    if thing.title in PAINTED:
        picture = to_keep(scanner.picture(PAINTED[thing.title]()))
        await pictures.put(house, maker.id, thing.id, picture, now=now)
    return await placements.make(
        house,
        maker.id,
        thing.id,
        name=exhibit.placement,
        opens_at=None,
        closes_at=None,
        mask=render.MASK,
        now=now,
    )


def _lines(
    base_url: str, inhabitants: list[Member], hung: list[placements.Placement]
) -> Iterator[str]:
    yield f"A small gallery at {base_url}, with play money."
    yield ""
    yield f"Sign in at {base_url}/sign-in with the password {PASSWORD}:"
    roles = {
        GIVER: "gives, 20.00 paid in, budget 5.00",
        OPERATOR: f"runs the house at {base_url}/house",
    }
    for member in inhabitants:
        yield f"  {member.email:24} {member.nickname} ({roles.get(member.nickname, 'makes')})"
    yield ""
    yield "Things, each with the page of its code and what is printed:"
    for placement in hung:
        title = f"{placement.thing.title} ({placement.name})"
        yield f"  {title:48} {base_url}/t/{placement.code}"
        yield f"  {'':48} {qr.address(placement.code, base_url=base_url)}"
