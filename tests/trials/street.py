"""A street full of codes and people who scan them: what the trials start from, and their apps.

An app writes down what it sends before it sends it, and what was acknowledged; what was not, it
sends again with the same nonce, as a phone does that was off line.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import httpx2

from irl import month as months
from irl.house import House, opened
from irl.members import tokens
from irl.month import Month
from irl.settings import Settings
from irl.settlement import audit
from tests.cast import Cast

T = TypeVar("T")

LONG = bool(os.environ.get("IRL_LONG"))
GIVERS = 8
THINGS = 2000 if LONG else 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Giver:
    """A member with an app."""

    id: int
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Street:
    """People and codes of a filled database; `things` are the codes' things, in their order."""

    givers: tuple[Giver, ...]
    codes: tuple[str, ...]
    things: tuple[int, ...]
    ended: Month
    """The month in which all this was made, and flattrs were given: the last one."""

    @property
    def late(self) -> datetime:
        """A moment of that month, to claim for a scan that comes late."""
        return months.end(self.ended) - timedelta(hours=12)


async def fill(house: House) -> Street:
    """Let people join, deposit, hang up codes and flattr half of them, all of it last month."""
    ended = months.add(months.of(datetime.now(UTC)), -1)
    then = months.end(ended) - timedelta(hours=18)
    members = Cast(house, then)
    maker = await members.member("Maker")
    things = await asyncio.gather(*(members.thing("Maker", f"Work {i}") for i in range(THINGS)))
    placed = await asyncio.gather(*(members.placement(thing) for thing in things))
    codes = tuple(placement.code.text for placement in placed)
    givers = []
    for i in range(GIVERS):
        member = await members.funds(f"Giver{i}", euros=10, budget=2 + i % 5)
        assert member.id != maker.id
        issued = await tokens.issue(house, member.id, name="app", scopes=tokens.SCOPES, now=then)
        givers.append(Giver(id=member.id, token=issued.token))
        for begin in range(0, len(codes) // 2, 500):
            await members.scan(f"Giver{i}", *codes[begin : min(begin + 500, len(codes) // 2)])
    found = await read(house, "SELECT id, public_id FROM things")
    by_id = {row["public_id"]: row["id"] for row in found}
    numbers = tuple(by_id[thing.id] for thing in things)
    return Street(givers=tuple(givers), codes=codes, things=numbers, ended=ended)


async def read(house: House, sql: str) -> list[dict[str, Any]]:
    async with house.db.reading() as connection:
        return await connection.run(sql)


def in_house(url: str, work: Callable[[House], Awaitable[T]]) -> T:
    """Open the house at this address and do something in it."""

    async def inside() -> T:
        async with opened(Settings(database_url=url, sandbox=True)) as house:
            return await work(house)

    return asyncio.run(inside())


@dataclass(slots=True, kw_only=True)
class App:
    """The app of one giver, with its notebook."""

    giver: Giver
    street: Street
    chance: random.Random
    late: bool = False
    sent: dict[str, str] = field(default_factory=dict)
    """By nonce, the code: written down before it is sent."""
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By nonce, what was acknowledged."""
    sent_again: int = 0
    slowest_s: float = 0.0

    def batch(self) -> list[dict[str, str]]:
        """Scan a few codes."""
        scans = []
        for _ in range(self.chance.choice((1, 1, 2, 20))):
            nonce = f"{self.giver.id}-{len(self.sent)}"
            self.sent[nonce] = self.chance.choice(self.street.codes)
            scans.append({"payload": self.sent[nonce], "nonce": nonce})
            if self.late:
                scans[-1]["scanned_at"] = months.iso(self.street.late)
        return scans

    async def run(self, url: str, stopped: asyncio.Event) -> None:
        """Scan until told to stop and until all that was sent is acknowledged."""
        async with self.client(url) as web:
            while not stopped.is_set():
                await self.hand_in(web, self.batch())

    def client(self, url: str) -> httpx2.AsyncClient:
        headers = {"Authorization": f"Bearer {self.giver.token}"}
        return httpx2.AsyncClient(base_url=url, headers=headers, timeout=20)

    async def hand_in(self, web: httpx2.AsyncClient, scans: list[dict[str, str]]) -> None:
        """Send, again and again, until there is an answer; note it."""
        begun = time.monotonic()
        while (said := await self._answer(web, scans)) is None:
            self.sent_again += 1
            await asyncio.sleep(0.05)
        self.slowest_s = max(self.slowest_s, time.monotonic() - begun)
        assert [one["nonce"] for one in said] == [scan["nonce"] for scan in scans]
        for one in said:
            before = self.answers.setdefault(one["nonce"], one)
            assert before == one, "the same nonce, another answer"

    async def _answer(
        self, web: httpx2.AsyncClient, scans: list[dict[str, str]]
    ) -> list[dict[str, Any]] | None:
        try:
            answer = await web.post("/api/v1/scans", json={"scans": scans})
        except httpx2.TransportError:
            return None
        if answer.status_code == 503:
            return None
        assert answer.status_code == 200, answer.text
        said: list[dict[str, Any]] = answer.json()["scans"]
        return said


def apps(street: Street, *, seed: int, late: bool = False) -> list[App]:
    """One app for each giver."""
    return [
        App(giver=giver, street=street, chance=random.Random(f"{seed} {giver.id}"), late=late)
        for giver in street.givers
    ]


async def assert_kept(house: House, street: Street, used: list[App]) -> None:
    """Assert that all that was acknowledged is there once, and nothing else."""
    thing_of = dict(zip(street.codes, street.things, strict=True))
    given: Counter[tuple[int, int, int]] = Counter()
    fresh: Counter[tuple[int, int, int]] = Counter()
    for app in used:
        assert app.answers.keys() == app.sent.keys(), "something was never acknowledged"
        for nonce, said in app.answers.items():
            key = (months.parse(said["month"]), app.giver.id, thing_of[app.sent[nonce]])
            given[key] += 1
            fresh[key] += said["outcome"] == "flattred"
            assert said["outcome"] in {"flattred", "already_flattred"}
    before = {
        (street.ended, giver.id, thing)
        for giver in street.givers
        for thing in street.things[: len(street.things) // 2]
    }
    rows = await read(house, "SELECT month, member_id, thing_id FROM flattrs")
    kept = [(row["month"], row["member_id"], row["thing_id"]) for row in rows]
    assert len(kept) == len(set(kept))
    assert set(kept) == set(given) | before
    assert all(fresh[key] == (key not in before) for key in given), "a flattr was doubled or lost"
    await _assert_counted(house)
    assert await audit.audit(house) == []


async def _assert_counted(house: House) -> None:
    counted = await read(house, "SELECT placement_id, month, flattrs FROM placement_months")
    summed = await read(
        house,
        "SELECT placement_id, month, COUNT(*) AS flattrs FROM flattrs GROUP BY placement_id, month",
    )
    told = {tuple(row.values()) for row in counted if row["flattrs"]}
    assert told == {tuple(row.values()) for row in summed}
