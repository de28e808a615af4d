"""Hostile texts in every field of every form: they stay texts, in pages, files and mails."""

from __future__ import annotations

import csv
import io
import json
import os
import random
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode

import httpx2
import pytest
from sqlalchemy import select

from irl import letters, month, things
from irl.errors import Invalid
from irl.giving import pockets
from irl.house import House
from irl.members import invitations, joining, sessions
from irl.schema import outbox
from irl.settlement import settle
from irl.things import Draft, catalogue
from irl.things.placements import Placement
from qr.code import address
from tests.absent import absent
from tests.api.conftest import Clock
from tests.api.hostile import ALL
from tests.api.pages.anatomy import Anatomy, Eyes, Fields
from tests.api.pages.browser import Browser, SignedIn
from tests.browser import pages
from tests.browser.gallery import Gallery, filled
from tests.cast import PASSWORD, Cast, link_to
from tests.conftest import NOW

pytestmark = pytest.mark.anyio

SAMPLE: Final = len(ALL) if os.environ.get("IRL_LONG") else 25
"""Texts for each form; over all forms an ordinary run has every text in several of them."""
FORMULAS: Final = tuple("=+-@\t\r\uff1d\uff0b\uff0d\uff20")
NEVER: Final = {"iframe", "object", "embed", "base", "style", "video", "audio", "math", "marquee"}
ACTIONS: Final = {
    b"/JavaScript",
    b"/JS",
    b"/Launch",
    b"/OpenAction",
    b"/AA",
    b"/A",
    b"/URI",
    b"/EmbeddedFile",
}
NAMES: Final = 1 if os.environ.get("IRL_LONG") else 3
"""Every how many texts are tried as a nickname too; hashing a password takes a while."""
LABELS: Final = 12
"""Of how many labels the text is read back from the PDF."""


@pytest.fixture
async def gallery(house: House) -> Gallery:
    return await filled(house, now=NOW)


async def shown_to(
    browsers: Callable[[], Browser], house: House, gallery: Gallery
) -> dict[str, Browser]:
    """Give a browser of each who looks at pages."""
    found = {"visitor": browsers()}
    for who, member_id in gallery.people.items():
        found[who] = browsers()
        found[who].keep("session", await sessions.start(house, member_id, now=NOW))
    return found


async def every_page(
    people: dict[str, Browser], gallery: Gallery
) -> list[tuple[str, Browser, httpx2.Response]]:
    """Open all pages of the list once."""
    wanted = dict.fromkeys((one.address, one.who) for one in pages.shown())
    return [
        (path := where.format_map(gallery.words), people[who], await people[who].open(path))
        for where, who in wanted
    ]


async def test_what_is_typed_into_any_form_stays_text(
    browsers: Callable[[], Browser], house: House, gallery: Gallery, clock: Clock
) -> None:
    people = await shown_to(browsers, house, gallery)
    opened = await every_page(people, gallery)
    eyes = Eyes()
    for _, _, page in opened:
        eyes.known |= Anatomy(page.text).parts
    forms: dict[tuple[str, str], tuple[Browser, dict[str, str], set[str]]] = {}
    for _, browser, page in opened:
        found = Fields()
        found.feed(page.text)
        for action, kept, typed in found.forms:
            if typed or "next" in kept or "token" in kept:
                forms[action, " ".join(sorted(kept))] = (browser, kept, typed)
    assert len(forms) > 10
    # What a refusal adds to a form is learned from texts that are only wrong.
    chosen = random.Random(150)
    for (action, _), (browser, kept, typed) in forms.items():
        for said in (
            kept | dict.fromkeys(typed, ""),
            kept | dict.fromkeys(typed, "?"),
            dict.fromkeys(kept, "?"),
        ):
            eyes.known |= Anatomy((await send(browser, action, said)).text).parts
        for text in chosen.sample(ALL, SAMPLE):
            clock.now += timedelta(seconds=1)
            for names in (typed, kept):
                said = kept | dict.fromkeys(names, text)
                await handed_in(eyes, browser, action, said)
    for path, browser, _ in opened:
        eyes.look(await browser.open(path), path)
    assert not eyes.wrong, "\n".join(eyes.wrong[:20])


async def send(browser: Browser, action: str, said: dict[str, str]) -> httpx2.Response:
    return await browser.client.post(
        action,
        content=urlencode(said, errors="surrogatepass"),
        headers={"content-type": "application/x-www-form-urlencoded"},
    )


async def handed_in(eyes: Eyes, browser: Browser, action: str, said: dict[str, str]) -> None:
    """Send a form and look at the answer, which leads nowhere else."""
    answer = await send(browser, action, said)
    if answer.status_code == 303:
        onward = answer.headers["location"]
        assert onward.startswith("/"), (action, said)
        assert not onward.startswith(("//", "/\\")), (action, said)
    elif answer.headers.get("content-type", "").startswith("text/html"):
        eyes.look(answer, f"{action} {said}")


@dataclass
class Wall:
    """Things whose every text is hostile, as far as the house takes it, and their makers' names."""

    cast: Cast
    hung: dict[str, Placement] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    mallorys: str = ""

    async def hang(self, text: str) -> None:
        mallory = (await self.cast.member("Mallory")).id
        maker_id = mallory if len(self.hung) % NAMES else await self._join(text) or mallory
        draft = Draft(title=f"Plain {len(self.hung)}", category="rest")
        wanted: dict[str, Any] = dict.fromkeys(("title", "artist", "description", "url"), text)
        for name, value in (wanted | {"tags": (text,), "language": text}).items():
            with taken_or_refused(name):
                draft = catalogue.checked(replace(draft, **{name: value}))
        thing = await things.register(self.cast.house, maker_id, draft, now=self.cast.now)
        self.mallorys = thing.id if maker_id == mallory else self.mallorys
        placement = await self.cast.placement(thing)
        with taken_or_refused("placement"):
            placement = await self.cast.placement(thing, text)
        self.hung[text], self.titles[text] = placement, draft.title

    async def _join(self, text: str) -> int | None:
        """Join under this name; gives None where it is refused."""
        place, now = len(self.hung), self.cast.now
        [invitation] = await invitations.issue(self.cast.house, 1, now=now)
        email = f"mallory{place}@house.example"
        with taken_or_refused("nickname"):
            await joining.ask(
                self.cast.house,
                email=email,
                nickname=text,
                password=PASSWORD,
                invitation=invitation,
                pocket=None,
                address=f"192.0.2.{place}",
                now=now,
            )
            token = await link_to(self.cast.house, email)
            return (await pockets.verify(self.cast.house, token, now=now)).id
        return None


@contextmanager
def taken_or_refused(name: str) -> Iterator[None]:
    """A text is taken, or refused with its field named."""
    try:
        yield
    except Invalid as trouble:
        if trouble.field != name:
            raise


@pytest.fixture
async def wall(members: Cast) -> Wall:
    found = Wall(members)
    for text in ALL:
        await found.hang(text)
    return found


async def give_all(wall: Wall, giver: str) -> None:
    """Flattr everything on the wall."""
    base_url = wall.cast.house.settings.base_url
    await wall.cast.funds(giver, euros=100, budget=50)
    payloads = [address(one.code, base_url=base_url) for one in wall.hung.values()]
    outcomes = await wall.cast.scan(giver, *payloads)
    assert {one.outcome for one in outcomes} == {"flattred"}


async def test_what_is_kept_is_shown_as_it_is(
    wall: Wall, visitor: Browser, signed_in: SignedIn, house: House
) -> None:
    eyes, alice = Eyes(), await wall.cast.member("Alice")
    draft = Draft(
        title="Kettle", artist="A", description="D", url="https://a.example/", tags=("t",)
    )
    thing = await things.register(house, alice.id, draft, now=NOW)
    for place in ("", "Room 4"):
        plain = await wall.cast.placement(thing, place)
        eyes.known |= Anatomy((await visitor.open(f"/t/{plain.code}")).text).parts
    for text, placement in wall.hung.items():
        seen = eyes.look(await visitor.open(f"/t/{placement.code}"), text)
        assert seen.texts["h1"] == [wall.titles[text]]
    await give_all(wall, "Bob")
    await settle(house, month.of(NOW), early=True, now=NOW + timedelta(hours=1))
    bob, mallory = await signed_in("Bob"), await signed_in("Mallory")
    for browser, path in (
        (bob, "/month?month=2026-11"),
        (bob, "/statements/2026-11"),
        (mallory, "/things"),
        (mallory, f"/things/{wall.mallorys}"),
        (mallory, "/statements/2026-11"),
    ):
        page = await browser.open(path)
        assert page.status_code == 200
        found = Anatomy(page.text)
        eyes.wrong += [f"{path}: {one}" for one in found.wrong]
        eyes.wrong += [f"{path}: <{tag}>" for tag, _ in found.parts if tag in NEVER]
    assert not eyes.wrong, "\n".join(eyes.wrong[:20])


async def test_files_and_mails_keep_them_as_texts(
    wall: Wall, signed_in: SignedIn, house: House
) -> None:
    await give_all(wall, "Bob")
    await settle(house, month.of(NOW), early=True, now=NOW + timedelta(hours=1))
    bob = await signed_in("Bob")
    sheet = await bob.open("/statements/2026-11.csv")
    head, *rows = csv.reader(io.StringIO(sheet.text.removeprefix("\ufeff")))
    assert {len(row) for row in rows} == {len(head)}
    for row in rows:
        for name, cell in zip(head, row, strict=True):
            assert name.startswith("amount") or not cell.startswith(FORMULAS), row
    document = json.loads((await bob.open("/statements/2026-11.json")).text)
    titles = {share["thing"]["title"] for share in document["given"]["shares"]}
    assert titles >= set(wall.titles.values())
    paper = (await bob.open("/statements/2026-11.pdf")).content
    assert_harmless(paper)
    letters_seen = await mails(house)
    assert len(letters_seen) > len(ALL) / NAMES / 2


def assert_harmless(paper: bytes) -> None:
    """A PDF has no action, no script and no file in it (ISO 32000-1, 12.6.4)."""
    assert paper.startswith(b"%PDF-")
    # What stands in strings and in streams is text and drawing, whatever it looks like.
    bare = re.sub(rb"stream\r?\n.*?endstream", b"", paper, flags=re.DOTALL)
    bare = re.sub(rb"\((?:[^\\()]|\\.)*\)", b"", bare, flags=re.DOTALL)
    assert set(re.findall(rb"/[A-Za-z]+", bare)).isdisjoint(ACTIONS)


async def mails(house: House) -> list[str]:
    """Look at all mails, as text and as HTML; give their subjects."""
    async with house.db.reading() as connection:
        rows = await connection.all(select(outbox))
    for row in rows:
        assert row["subject"].isprintable()
        page = row["html"] or letters.as_html(row["subject"], row["body"])
        found = Anatomy(page)
        assert [one for one in found.wrong if "style" not in one] == []
        assert not found.parts & {("script", ""), ("img", ""), ("form", ""), ("iframe", "")}
    return [row["subject"] for row in rows]


async def test_labels_say_them_and_do_nothing(wall: Wall, visitor: Browser) -> None:
    if shutil.which("pdftotext") is None:
        absent("pdftotext is not installed")
    for place, (text, placement) in enumerate(wall.hung.items()):
        symbol = Anatomy((await visitor.open(f"/api/v1/codes/{placement.code}.svg")).text)
        assert {tag for tag, _ in symbol.parts} == {"svg", "title", "path"}
        paper = (await visitor.open(f"/api/v1/codes/{placement.code}.pdf")).content
        assert_harmless(paper)
        if place % (len(ALL) // LABELS) == 0:
            words = wall.titles[text].split()
            read = printed(paper)
            assert words[0][:4] in read, (text, read)


def printed(paper: bytes) -> str:
    """Read the text of a PDF, as a reader sees it."""
    done = subprocess.run(
        ["pdftotext", "-raw", "-", "-"], input=paper, capture_output=True, check=True, timeout=30
    )
    return done.stdout.decode()
