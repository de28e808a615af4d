"""The cast: Alice makes, Bob gives, Charlie must see nothing; all joined through the front door."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select

from irl import things
from irl.giving import pockets, scans
from irl.house import House
from irl.members import invitations, joining
from irl.members.member import Member
from irl.money import deposits, wallet
from irl.money.payments import sandbox
from irl.rules import EURO
from irl.schema import outbox
from irl.things import placements
from qr.code import address

PASSWORD = "a password of the cast"


async def link_to(house: House, email: str) -> str:
    """Give the token of the latest link that was mailed to somebody."""
    async with house.db.reading() as connection:
        rows = await connection.all(
            select(outbox.c.body).where(outbox.c.recipient == email).order_by(outbox.c.id.desc())
        )
    for row in rows:
        if found := re.search(r"/verify\?token=([\w-]+)", row["body"]):
            return found[1]
    raise AssertionError(f"no link was mailed to {email}")


@dataclass
class Cast:
    """Makes members, things, codes and flattrs, each by its real verb."""

    house: House
    now: datetime
    joined: dict[str, Member] = field(default_factory=dict)

    async def member(self, name: str, *, pocket: str | None = None) -> Member:
        """Join under this name, or give who already did."""
        if name not in self.joined:
            [invitation] = await invitations.issue(self.house, 1, now=self.now)
            email = f"{name.lower()}@house.example"
            await joining.ask(
                self.house,
                email=email,
                nickname=name,
                password=PASSWORD,
                invitation=invitation,
                pocket=pocket,
                address="192.0.2.1",
                now=self.now,
            )
            token = await link_to(self.house, email)
            self.joined[name] = await pockets.verify(self.house, token, now=self.now)
        return self.joined[name]

    async def thing(self, maker: str, title: str) -> things.Thing:
        member = await self.member(maker)
        draft = things.Draft(title=title, category="images")
        return await things.register(self.house, member.id, draft, now=self.now)

    async def placement(
        self, thing: things.Thing, name: str = "", *, opens_at: datetime | None = None
    ) -> placements.Placement:
        return await placements.make(
            self.house,
            thing.maker_id,
            thing.id,
            name=name,
            opens_at=opens_at,
            closes_at=None,
            mask=3,
            now=self.now,
        )

    async def payload(self, maker: str, title: str) -> str:
        """Register a thing and give the text of its printed code."""
        placement = await self.placement(await self.thing(maker, title))
        return address(placement.code, base_url=self.house.settings.base_url)

    async def funds(self, name: str, *, euros: int, budget: int | None = None) -> Member:
        """Deposit and, if asked, set a budget, both in euros."""
        member = await self.member(name)
        deposit = await deposits.ask(
            self.house, member.id, amount_micros=euros * EURO, provider="sandbox", now=self.now
        )
        await sandbox.decide(self.house, deposit.id, "approve", now=self.now)
        if budget is not None:
            await wallet.set_budget(self.house, member.id, budget * EURO, now=self.now)
        return member

    async def scan(
        self, name: str, *payloads: str, nonce: str = "", now: datetime | None = None
    ) -> tuple[scans.Outcome, ...]:
        """Hand in payloads, each with its own nonce."""
        member = await self.member(name)
        now = now or self.now
        wanted = [
            scans.Scan(
                payload=payload, nonce=f"{nonce}{now.timestamp()}-{index}-{payload[-20:]}"[:64]
            )
            for index, payload in enumerate(payloads)
        ]
        giver = scans.Giver(member_id=member.id)
        return (await scans.record(self.house, giver=giver, scans=wanted, now=now)).outcomes

    def later(self, **by: float) -> None:
        """Let time pass."""
        self.now += timedelta(**by)
