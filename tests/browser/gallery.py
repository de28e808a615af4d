"""A house with a past, to look at: makers, givers, two closed months, and every kind of code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import update

import scanner
from api.demo import EXHIBITS
from api.demo_art import PAINTED
from api.drawing import to_keep
from irl import month as months
from irl import things
from irl.giving import subscriptions
from irl.house import House
from irl.members import invitations, joining
from irl.money import charities, deposits, payout_addresses, payouts
from irl.money.payments import sandbox
from irl.month import Month
from irl.rules import EURO
from irl.schema import members
from irl.settlement import settle, transparency
from irl.things import Draft, pictures, placements, reports
from irl.things.placements import Placement
from qr.code import address
from tests.cast import PASSWORD, Cast, link_to

GIVERS: Final = ("Gita", "Henk", "Ines", "Jonas", "Katja", "Luca", "Mei")
FUNDS_EUROS, BUDGET_EUROS, PAYOUT_EUROS = 70, 20, 12
CLOSED_MONTHS: Final = 2
IBAN: Final = "DE89370400440532013000"  # the example of ISO 13616's registry
LONG: Final = Draft(
    title="Donaudampfschifffahrtsgesellschaftskapitänsmütze, or: eleven views of a river in flood",
    artist="The Collective of the Embankment and its Friends",
    description="Eleven small panels.\n\nThey hang so low that children see them first.",
    url="https://embankment.example/panels",
    category="images",
    tags=("painting", "river"),
    language="de",
)


@dataclass
class Gallery:
    """Who lives there, and the words that stand in addresses: `/t/{open}` is `/t/8F3K…`."""

    people: dict[str, int] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)


async def filled(house: House, *, now: datetime) -> Gallery:
    """Fill an empty house with two closed months and what came since.

    Gita gives, Mara makes, Nils has only just joined, and Olga runs the house.
    """
    gallery = Gallery()
    first = months.add(months.of(now), -CLOSED_MONTHS)
    cast = Cast(house, months.start(first) + timedelta(hours=9))
    for name, url in (("Sea Rescue", "https://sea.example/"), ("Shelter", "https://bed.example/")):
        charity = await charities.add(house, name=name, url=url, now=cast.now)
    gallery.words["charity"] = str(charity.id)
    hung = [await _hang(cast, *_exhibit) for _exhibit in _exhibits()]
    for name in GIVERS:
        await cast.funds(name, euros=FUNDS_EUROS, budget=BUDGET_EUROS)
    for past in range(CLOSED_MONTHS):
        month = months.add(first, past)
        await _live(cast, hung, month)
        await _close(cast, month, now=now)
        gallery.words["closed"] = months.text(month)
    cast.now = now
    for name in GIVERS:
        await _give(cast, name, hung[:5])
    await _codes(cast, hung, gallery)
    await _money(cast, gallery)
    await _doors(cast, gallery)
    for role, name in (("giver", "Gita"), ("maker", "Mara"), ("newcomer", "Nils")):
        gallery.people[role] = (await cast.member(name)).id
    gallery.people["operator"] = await _operator(cast, "Olga")
    return gallery


def _exhibits() -> list[tuple[str, Draft, str]]:
    shown = [(one.maker.split()[0], one.draft, one.placement) for one in EXHIBITS]
    return [*shown, ("Mara", LONG, "Stairs between the second and the third floor, left")]


async def _hang(cast: Cast, maker: str, draft: Draft, place: str) -> Placement:
    member = await cast.member(maker)
    thing = await things.register(cast.house, member.id, draft, now=cast.now)
    if draft.title in PAINTED:
        picture = to_keep(scanner.picture(PAINTED[draft.title]()))
        await pictures.put(cast.house, member.id, thing.id, picture, now=cast.now)
    return await cast.placement(thing, place)


async def _live(cast: Cast, hung: Sequence[Placement], month: Month) -> None:
    """Have people look and give on a few days of a month; everybody likes something else."""
    for day in range(2, 26, 4):
        cast.now = months.start(month) + timedelta(days=day, hours=15)
        for place, placement in enumerate(hung):
            for _ in range(1 + day * (place + 3) % 7):
                await placements.visit(cast.house, placement.code, now=cast.now)
        for place, name in enumerate(GIVERS):
            await _give(cast, name, [hung[(place + day) % len(hung)], hung[0]])


async def _close(cast: Cast, month: Month, *, now: datetime) -> None:
    rules = cast.house.rules
    cast.now = min(months.end(month) + timedelta(days=rules.ended_least_days + 1), now)
    is_early = cast.now < months.end(month) + timedelta(days=rules.ended_least_days)
    await settle(cast.house, month, early=is_early, now=cast.now)
    await transparency.keep(cast.house)


async def _give(cast: Cast, name: str, liked: Sequence[Placement]) -> None:
    base_url = cast.house.settings.base_url
    await cast.scan(name, *(address(one.code, base_url=base_url) for one in liked))


async def _codes(cast: Cast, hung: Sequence[Placement], gallery: Gallery) -> None:
    """Name a code in each of its states, and one's own things."""
    gita, mara, now = await cast.member("Gita"), await cast.member("Mara"), cast.now
    thing = hung[0].thing
    early, over, revoked = [
        await placements.make(
            cast.house,
            mara.id,
            thing.id,
            name=name,
            opens_at=opens,
            closes_at=closes,
            mask=3,
            now=now,
        )
        for name, opens, closes in (
            ("Night of museums", now + timedelta(days=9), None),
            ("Opening", None, now + timedelta(seconds=1)),
            ("Old poster", None, None),
        )
    ]
    await placements.revoke(cast.house, mara.id, revoked.code, now=now)
    await subscriptions.begin(cast.house, gita.id, code=hung[1].code, months=6, now=now)
    await subscriptions.begin(cast.house, gita.id, code=hung[7].code, months=3, now=now)
    bare = await cast.thing("Mara", "Untitled, unfinished")
    for reason, said in (("not_the_maker", "My aunt painted it."), ("other", "")):
        await _report(cast, hung[4], reason, said)
    gallery.words |= {
        "open": hung[6].code.text,
        "other": hung[7].code.text,
        "long": hung[8].code.text,
        "given": hung[0].code.text,
        "subscribed": hung[1].code.text,
        "early": early.code.text,
        "over": over.code.text,
        "revoked": revoked.code.text,
        "thing": thing.id,
        "bare": bare.id,
        "panels": hung[8].thing.id,
    }


async def _report(cast: Cast, placement: Placement, reason: str, said: str) -> None:
    await reports.send(
        cast.house,
        code=placement.code,
        thing_id=None,
        reason=reason,
        text=said,
        address="192.0.2.9",
        now=cast.now,
    )


async def _money(cast: Cast, gallery: Gallery) -> None:
    """Have Gita pay in, in every state of a deposit, and Mara be paid out."""
    gita, mara = await cast.member("Gita"), await cast.member("Mara")
    for euros, decision in ((10, "decline"), (15, "approve"), (25, None)):
        deposit = await deposits.ask(
            cast.house, gita.id, amount_micros=euros * EURO, provider="sandbox", now=cast.now
        )
        if decision is not None:
            await sandbox.decide(cast.house, deposit.id, decision, now=cast.now)
        gallery.words[
            {"approve": "booked", "decline": "declined"}.get(decision or "", "pending")
        ] = deposit.id
    await payout_addresses.set_to(
        cast.house, mara.id, method="sepa", holder="Mara Pinsel", address=IBAN, now=cast.now
    )
    await payouts.ask(cast.house, mara.id, amount_micros=PAYOUT_EUROS * EURO, now=cast.now)


async def _doors(cast: Cast, gallery: Gallery) -> None:
    """Leave an invitation, and the link of somebody who has not followed it yet."""
    spent, left = await invitations.issue(cast.house, 2, now=cast.now)
    email = "pia@house.example"
    await joining.ask(
        cast.house,
        email=email,
        nickname="Pia",
        password=PASSWORD,
        invitation=spent,
        pocket=None,
        address="192.0.2.8",
        now=cast.now,
    )
    gallery.words |= {"invitation": left, "link": await link_to(cast.house, email)}


async def _operator(cast: Cast, name: str) -> int:
    member = await cast.member(name)
    await cast.house.db.write(
        lambda connection: connection.all(
            update(members)
            .where(members.c.id == member.id)
            .values(operator_at=months.to_instant(cast.now))
        )
    )
    return member.id
