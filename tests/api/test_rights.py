"""Every route for everybody: nobody gets what is not theirs, and a new route must say who may."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx2
import pytest
from sqlalchemy import func, insert, select, update
from starlette.routing import Route

from api import app as application
from irl import month as months
from irl import schema
from irl.db import Connection
from irl.giving import subscriptions, worth
from irl.house import House
from irl.members import sessions, tokens
from irl.money import payouts
from irl.secret import public_id
from irl.settings import Settings
from qr import render
from tests.api import rights
from tests.browser.gallery import IBAN, Gallery, filled
from tests.cast import PASSWORD
from tests.conftest import NOW

pytestmark = pytest.mark.anyio

WHO: Final = ("visitor", "other", "operator", "owner")
TABLES: Final = {"pages": rights.PAGES, "API": rights.API, "house": rights.HOUSE}
OTHER: Final = "newcomer"
OWNERS: Final = {"giver": "gita", "maker": "mara", "newcomer": "nils", "operator": "olga"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table."""

    method: str
    address: str
    owner: str
    expected: tuple[str, ...]
    said: str

    def is_about(self, route: Route) -> bool:
        """Whether the line is about what a route does."""
        path = self.address.partition("?")[0]
        fits = route.path_regex.fullmatch(path) is not None
        return fits and self.method in (route.methods or ())

    @property
    def wants_token(self) -> bool:
        """Whether who asks shows a token, and not the cookie of a session."""
        return self.address.startswith("/api/")


def lines(table: str) -> Iterator[Line]:
    """Read a table."""
    for text in table.strip().splitlines():
        method, address, owner, *rest = text.split(maxsplit=7)
        yield Line(method, address, owner, tuple(rest[:4]), rest[4] if rest[4:] else "")


@pytest.fixture
def database_url(tmp_path: Path, empty_sqlite: Path) -> str:
    shutil.copy(empty_sqlite, tmp_path / "irl.db")
    return f"sqlite:///{tmp_path / 'irl.db'}"


@pytest.fixture
async def gallery(house: House) -> Gallery:
    """The filled house, with the words of all that belongs to somebody."""
    found = await filled(house, now=NOW)
    gita, mara = found.people["giver"], found.people["maker"]
    month = await worth.of_month(house, gita, None, now=NOW)
    subscribed = await subscriptions.mine(house, gita, now=NOW)
    issued = await tokens.issue(house, gita, name="spare", scopes=tokens.SCOPES, now=NOW)
    another = await tokens.issue(house, gita, name="another", scopes=tokens.SCOPES, now=NOW)
    found.words |= await numbered(house, gita)
    found.words |= {
        "flattr": month.flattrs[-1].id,
        "flattr_2": month.flattrs[-2].id,
        "subscription": subscribed.subscriptions[0].id,
        "payout": (await payouts.mine(house, mara))[0].id,
        "token_id": issued.token_id,
        "app": another.token_id,
        "password": PASSWORD,
        "iban": IBAN,
        "running": months.text(months.of(NOW)),
    }
    return found


async def numbered(house: House, giver: int) -> dict[str, str]:
    """Have a passkey and a mail that waits; give names and numbers of what is there."""
    at = months.to_instant(NOW)
    passkey = {"credential_id": "Y3JlZA", "public_id": public_id(), "public_key": "a2V5"}
    await sessions.start(house, giver, now=NOW)

    async def keep(connection: Connection) -> None:
        row = passkey | {"name": "Key", "member_id": giver, "sign_count": 0, "created_at": at}
        await connection.all(insert(schema.passkeys).values(row))
        await connection.all(
            update(schema.outbox).values(tries=3, trouble="no answer", due_at=at + 3_600_000)
        )

    await house.db.write(keep)
    firsts = {
        "device": select(schema.sessions.c.public_id).where(schema.sessions.c.member_id == giver),
        "picture": select(schema.pictures.c.public_id).order_by(schema.pictures.c.thing_id),
        "report": select(schema.reports.c.id),
        "mail": select(func.max(schema.outbox.c.id)),
        "mail_2": select(func.max(schema.outbox.c.id) - 1),
    }
    async with house.db.reading() as connection:
        words = {
            name: str(await connection.value(wanted.limit(1))) for name, wanted in firsts.items()
        }
    return words | {"passkey": passkey["public_id"]}


@dataclass
class Doors:
    """Sends a line of the table as each of the four."""

    web: httpx2.AsyncClient
    house: House
    gallery: Gallery

    async def answers(self, line: Line) -> tuple[str, ...]:
        """Give the four answers, the owner's last, since it may use up what is asked for."""
        return tuple([await self._answer(line, who) for who in WHO])

    async def _answer(self, line: Line, who: str) -> str:
        if who == line.owner:
            return "-"  # the operator is the owner here, and asks only once
        headers = {"accept": "application/json" if "/api/" in line.address else "text/html"}
        if who != "visitor":
            role = {"owner": line.owner, "other": OTHER}.get(who, who)
            headers |= await self._papers(line, self.gallery.people[role])
        content: bytes | None = None
        if line.said:
            content, headers["content-type"] = self._said(line.said)
        elif line.method == "POST":
            content, headers["content-type"] = b"", "application/x-www-form-urlencoded"
        address = self._filled(line.address)
        self.web.cookies.clear()
        answer = await self.web.request(line.method, address, headers=headers, content=content)
        # Whatever was answered, an address that was not sent along is nobody else's to read.
        private = f"{OWNERS[line.owner]}@house.example"
        assert who == "owner" or private in line.said or private not in answer.text
        return self._word(answer)

    async def _papers(self, line: Line, member_id: int) -> dict[str, str]:
        if line.wants_token:
            issued = await tokens.issue(
                self.house, member_id, name="rights", scopes=tokens.SCOPES, now=NOW
            )
            return {"authorization": f"Bearer {issued.token}"}
        return {"cookie": f"session={await sessions.start(self.house, member_id, now=NOW)}"}

    def _said(self, said: str) -> tuple[bytes, str]:
        if said == "PHOTO":
            picture = render.png(render.symbol(self._filled("{open}")))
            head = 'Content-Disposition: form-data; name="photo"; filename="wall.png"'
            part = b"--edge\r\n" + head.encode() + b"\r\nContent-Type: image/png\r\n\r\n"
            return part + picture + b"\r\n--edge--\r\n", "multipart/form-data; boundary=edge"
        is_json = said.startswith('{"') or said == "{}"
        kind = "application/json" if is_json else "application/x-www-form-urlencoded"
        return self._filled(said).encode(), kind

    def _filled(self, text: str) -> str:
        for name, value in self.gallery.words.items():
            text = text.replace(f"{{{name}}}", value)
        return text

    def _word(self, answer: httpx2.Response) -> str:
        asks = answer.headers.get("location", "").startswith("/sign-in?")
        if answer.status_code == 401 or (answer.status_code == 303 and asks):
            return "who"
        return "yes" if answer.status_code < 400 else str(answer.status_code)


@pytest.fixture
def doors(web: httpx2.AsyncClient, house: House, gallery: Gallery) -> Doors:
    return Doors(web, house, gallery)


@pytest.mark.parametrize("name", TABLES)
async def test_nobody_gets_what_is_not_theirs(doors: Doors, name: str) -> None:
    table = list(routes())
    said = {
        line: await doors.answers(line)
        for line in lines(TABLES[name])
        if any(line.is_about(route) for route in table)
    }
    wrong = [
        f"{line.method} {line.address}: {' '.join(answers)}, not {' '.join(line.expected)}"
        for line, answers in said.items()
        if answers != line.expected
    ]
    assert not wrong, "\n".join(wrong)


def test_every_route_says_who_may() -> None:
    table = list(routes())
    told = {
        (line.method, route.endpoint)
        for text in TABLES.values()
        for line in lines(text)
        for route in table
        if line.is_about(route)
    }
    missing = [
        f"{method} {route.path}"
        for route in table
        for method in sorted((route.methods or set()) - {"HEAD"})
        if (method, route.endpoint) not in told
    ]
    assert not missing, f"add a line to tests/api/rights.py for each of {missing}"


def routes() -> Iterator[Route]:
    """Give all routes of the application."""
    router = application.create(Settings())._app
    for route in getattr(router, "routes", ()):
        assert isinstance(route, Route)
        yield route
