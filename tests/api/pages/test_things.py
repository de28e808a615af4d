"""A maker's pages: pictures, what came of a thing, buttons for other places, the look-up."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import unescape
from xml.etree import ElementTree as ET

import pytest

from api.pages import buttons, charts
from irl import things
from irl.db import Connection, Row
from irl.house import House
from irl.things import Draft, figures, lookup, pictures, placements
from irl.things.pictures import Drawn
from tests.api.conftest import Clock
from tests.api.pages.browser import Browser, SignedIn
from tests.cast import Cast
from tests.conftest import NOW
from tests.scanner.pictures import encoded, png, symbol

pytestmark = pytest.mark.anyio

SVG = "{http://www.w3.org/2000/svg}"
URL = "https://alice.example/harbour"


async def harbour(members: Cast, title: str = "Harbour") -> things.Thing:
    alice = await members.member("Alice")
    draft = Draft(title=title, url=URL, category="images")
    return await things.register(members.house, alice.id, draft, now=NOW)


def row(page: str, name: str) -> list[str]:
    """Give the cells of the table's row with this name."""
    [found] = re.findall(rf'<tr><th scope="row">{name}.*?</tr>', page)
    return re.findall(r"<td>(?:<small>)?(.*?)(?:</small>)?</td>", found)


async def test_a_picture_is_uploaded_shown_and_taken_away(
    signed_in: SignedIn, visitor: Browser, members: Cast
) -> None:
    thing = await harbour(members)
    placement = await members.placement(thing)
    await visitor.open(f"/t/{placement.code}")
    assert "/pictures/" not in visitor.text
    alice = await signed_in("Alice")
    await alice.open(f"/things/{thing.id}")
    await alice.upload("/picture", encoded(symbol(module=4)))
    assert alice.path == f"/things/{thing.id}"
    [address] = re.findall(r'src="(/pictures/\w+\.webp)" width="132" height="132"', alice.text)
    assert (await visitor.client.get(address)).status_code == 200
    await visitor.open(f"/t/{placement.code}")
    small = address.replace(".webp", "-small.webp")
    shown = f'<img class="picture" src="{small}" width="132" height="132" alt="">'
    assert visitor.text.index(shown) < visitor.text.index("<h1>")
    assert small in (await alice.open("/things")).text
    await alice.open(f"/things/{thing.id}")
    await alice.submit("/picture/drop")
    assert "/pictures/" not in alice.text
    assert (await visitor.client.get(address)).status_code == 404


async def test_the_page_of_a_code_asks_the_database_once_for_a_visitor(
    visitor: Browser, members: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    thing = await harbour(members)
    placement = await members.placement(thing)
    drawn = Drawn(large=bytes(200_000), small=bytes(20_000), width=4, height=3)
    await pictures.put(members.house, thing.maker_id, thing.id, drawn, now=NOW)
    asked: list[str] = []
    run = Connection.run

    async def counted(
        connection: Connection, sql: str, parameters: Sequence[object] = ()
    ) -> list[Row]:
        asked.append(sql)
        return await run(connection, sql, parameters)

    monkeypatch.setattr(Connection, "run", counted)
    await visitor.open(f"/t/{placement.code}")
    assert '-small.webp" width="4" height="3"' in visitor.text
    assert len(asked) == 1


async def test_a_picture_that_is_none_is_refused_beside_its_field(
    signed_in: SignedIn, members: Cast
) -> None:
    thing = await harbour(members)
    alice = await signed_in("Alice")
    for photo, said in (
        (b"GIF89a" + bytes(60), "not a JPEG, PNG, WebP or HEIC"),
        (png(30_000, 30_000), "too many pixels"),
        (b"", "Please choose a picture."),
    ):
        await alice.open(f"/things/{thing.id}")
        page = await alice.upload("/picture", photo)
        assert page.status_code == 422
        assert said in page.text
        assert 'id="photo-wrong"' in page.text
        assert ("title", "Harbour") in alice.form(f"/things/{thing.id}").fields
    assert (await things.of(members.house, thing.id)).picture is None


async def test_nobody_else_sees_or_changes_a_things_page(
    signed_in: SignedIn, visitor: Browser, members: Cast
) -> None:
    thing = await harbour(members)
    bob = await signed_in("Bob")
    path = f"/things/{thing.id}"
    files = {"photo": ("x.png", encoded(symbol()), "image/png")}
    assert (await bob.open(path)).status_code == 404
    assert (await bob.client.post(f"{path}/picture", files=files)).status_code == 404
    for end in ("picture/drop", "web", "delete", "codes"):
        assert (await bob.client.post(f"{path}/{end}", data={"a": "b"})).status_code == 404, end
        answer = await visitor.client.post(f"{path}/{end}", data={"a": "b"})
        assert answer.headers["location"].startswith("/sign-in"), end
    found = await placements.of_thing(members.house, thing.maker_id, thing.id)
    assert (found, (await things.of(members.house, thing.id)).picture) == ((), None)


async def test_a_maker_sees_what_came_of_a_thing(
    signed_in: SignedIn, members: Cast, visitor: Browser
) -> None:
    thing = await harbour(members)
    wall = await members.placement(thing, "Wall")
    poster = await members.placement(thing, "Poster")
    for code in (wall.code, wall.code, poster.code):
        await visitor.client.post(f"/t/{code}/visit")
    await members.scan("Bob", wall.code.text)
    await members.scan("Charlie", poster.code.text)
    alice = await signed_in("Alice")
    page = (await alice.open(f"/things/{thing.id}")).text
    assert row(page, "Wall") == ["1", "1", "2", "2"]
    assert row(page, "Poster") == ["1", "1", "1", "1"]
    assert row(page, "23 November 2026") == ["2", "3"]
    assert row(page, "22 November 2026") == ["0", "0"]
    assert row(page, "November 2026") == ["2", "not closed yet"]
    drawn = [
        ET.fromstring(svg) for svg in re.findall(r'<svg class="chart".*?</svg>', page, re.DOTALL)
    ]
    assert [len(svg) for svg in drawn] == [1, 1]
    assert "2 in all, 2 on one day at most" in drawn[0].attrib["aria-label"]


async def test_a_code_for_the_web_stands_behind_links_and_buttons(
    signed_in: SignedIn, visitor: Browser, members: Cast
) -> None:
    thing = await harbour(members, title="Harbour & <tide>")
    alice = await signed_in("Alice")
    await alice.open(f"/things/{thing.id}")
    assert '<textarea id="snippet' not in alice.text
    await alice.submit("/web")
    [web] = await placements.of_thing(members.house, thing.maker_id, thing.id)
    await alice.client.post(f"/things/{thing.id}/web")
    assert len(await placements.of_thing(members.house, thing.maker_id, thing.id)) == 1
    address = f"http://localhost:8000/t/{web.code}"
    fields = re.findall(
        r'<textarea id="snippet-(\w+)".*?>\n(.*?)</textarea>', alice.text, re.DOTALL
    )
    said = {name: unescape(text) for name, text in fields}
    assert list(said) == ["link", "script", "image", "head", "feed"]
    assert all(f'href="{address}"' in text for text in said.values())
    assert said["link"] == f'<a href="{address}">Flattr this</a>'
    assert 'title="Flattr “Harbour &amp; &lt;tide&gt;”"' in said["head"]
    feed = f'<a xmlns:atom="http://www.w3.org/2005/Atom">{said["feed"]}</a>'
    [line] = ET.fromstring(feed)
    assert line.attrib["rel"] == "payment"
    [script] = re.findall(r'src="http://localhost:8000(.*?)"', said["script"])
    given = await visitor.client.get(script)
    assert given.headers["content-type"].startswith("text/javascript")
    assert given.headers["cache-control"] == "public, max-age=86400"
    assert not re.search(
        r"fetch|XMLHttp|cookie|storage|sendBeacon|import|http:", given.text.partition("*/")[2]
    )
    [image] = re.findall(r'src="http://localhost:8000(.*?)"', said["image"])
    assert (await visitor.client.get(image)).status_code == 200
    await visitor.open(address)
    assert "keep it in my pocket" in visitor.text


async def test_the_button_counts_from_five_flattrs_on(visitor: Browser, members: Cast) -> None:
    thing = await harbour(members)
    placement = await members.placement(thing)
    told = []
    for giver in range(6):
        answer = await visitor.client.get(f"/things/{thing.id}/button.svg")
        drawn = ET.fromstring(answer.text)
        told.append([text.text for text in drawn.iter(f"{SVG}text")][1:])
        await members.scan(f"Giver{giver}", placement.code.text)
    assert told == [[]] * 5 + [["5"]]
    assert answer.headers["cache-control"] == "public, max-age=600"
    assert "default-src 'none'; sandbox" in answer.headers.get_list("content-security-policy")
    assert answer.headers["content-type"].startswith("image/svg+xml")
    await things.delete(members.house, thing.maker_id, thing.id, now=NOW)
    assert (await visitor.client.get(f"/things/{thing.id}/button.svg")).status_code == 404


def test_a_great_count_is_told_in_thousands() -> None:
    assert [buttons._short(count) for count in (5, 9_999, 10_000, 1_234_567)] == [
        "5",
        "9999",
        "10k",
        "1234k",
    ]


async def test_anyone_looks_a_thing_up_and_gets_its_code(visitor: Browser, members: Cast) -> None:
    thing = await harbour(members)
    await visitor.open("/look-up?url=alice.example/harbour/")
    assert "1 thing with this address" in visitor.text
    await visitor.submit("/look-up")
    assert visitor.path == "/look-up?url=alice.example%2Fharbour%2F"
    [web] = await placements.of_thing(members.house, thing.maker_id, thing.id)
    assert f"/api/v1/codes/{web.code}.pdf" in visitor.text
    assert 'action="/look-up"><input type="hidden"' not in visitor.text.replace("\n", "")
    assert (await visitor.client.get(f"/api/v1/codes/{web.code}.pdf")).status_code == 200
    await placements.revoke(members.house, thing.maker_id, web.code, now=NOW)
    await visitor.open("/look-up?url=alice.example/harbour/")
    assert "gives out no code for everybody" in visitor.text
    again = await visitor.client.post("/look-up", data={"thing": thing.id, "url": URL})
    assert again.status_code == 404


async def test_an_address_that_nobody_registered_is_said_kindly_and_can_be_registered(
    visitor: Browser, signed_in: SignedIn
) -> None:
    assert (await visitor.open("/look-up")).status_code == 200
    assert "Nobody registered" not in visitor.text
    page = await visitor.open("/look-up?url=https://new.example/?a=b%26c")
    assert page.status_code == 200
    assert "Nobody registered this address here yet." in page.text
    [link] = re.findall(r'href="(/things\?url=.*?)"', page.text)
    alice = await signed_in("Alice")
    await alice.open(unescape(link))
    assert ("url", "https://new.example/?a=b&c") in alice.form("/things").fields


async def test_a_look_up_is_refused_beside_its_field_and_has_an_end(
    visitor: Browser, members: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = await visitor.open("/look-up?url=ftp://a.example")
    assert page.status_code == 422
    assert 'id="url-wrong"' in page.text
    assert 'value="ftp://a.example"' in page.text
    monkeypatch.setattr(lookup, "_MOST", 0)
    page = await visitor.open(f"/look-up?url={URL}")
    assert page.status_code == 429
    assert "retry-after" in page.headers
    await harbour(members)
    assert "Harbour" not in page.text


async def test_a_language_is_chosen_or_typed(signed_in: SignedIn) -> None:
    alice = await signed_in("Alice")
    await alice.open("/things")
    assert ("language", "en") in alice.form("/things").fields
    await alice.submit("/things", title="Lied", language="other", tongue="gsw")
    fields = alice.form(alice.path).fields
    assert ("language", "other") in fields
    assert ("tongue", "gsw") in fields
    await alice.submit(alice.path, language="fr")
    assert ("language", "fr") in alice.form(alice.path).fields
    page = await alice.submit(alice.path, language="other", tongue="")
    assert page.status_code == 422
    assert 'id="language-wrong"' in page.text


async def test_the_maker_of_a_hidden_thing_is_told(
    signed_in: SignedIn, members: Cast, house: House
) -> None:
    thing = await harbour(members)
    await house.db.write(lambda connection: connection.run("UPDATE things SET hidden_at = 1"))
    alice = await signed_in("Alice")
    assert "hidden after a report" in (await alice.open(f"/things/{thing.id}")).text
    assert "Hidden after a report" in (await alice.open("/things")).text


async def test_a_things_page_speaks_the_languages_of_the_house(
    signed_in: SignedIn, members: Cast, clock: Clock
) -> None:
    thing = await harbour(members)
    clock.now = NOW
    alice = await signed_in("Alice")
    for language, month, tongue in (
        ("de", "November 2026", "Deutsch"),
        ("fr", "novembre 2026", "allemand"),
    ):
        alice.client.headers["accept-language"] = language
        page = (await alice.open(f"/things/{thing.id}")).text
        assert f"<dt>{month}</dt>" in page
        assert f'<option value="de">{tongue}</option>' in page


def test_a_chart_has_a_column_for_each_count_that_is_not_zero() -> None:
    drawn = charts.chart([0, 2, 0, 8, 4])
    assert (drawn.total, drawn.most) == (14, 8)
    heights = [column.height for column in drawn.columns]
    assert heights == [charts.HEIGHT / 4, charts.HEIGHT, charts.HEIGHT / 2]
    assert all(column.y + column.height == charts.HEIGHT for column in drawn.columns)
    assert all(
        column.x >= 0 and column.x + column.width <= charts.WIDTH for column in drawn.columns
    )


def test_a_chart_of_nothing_is_empty_and_one_flattr_is_no_crowd() -> None:
    assert charts.chart([]).columns == charts.chart([0] * figures.DAYS).columns == ()
    [column] = charts.chart([0, 1]).columns
    assert column.height == charts.HEIGHT / 4
