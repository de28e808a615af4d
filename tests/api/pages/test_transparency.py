"""What becomes of the money, on a page for everybody: words, bars without script, a table."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import httpx2
import pytest

from irl import settlement
from irl.house import House
from irl.month import Month
from irl.rules import EURO
from irl.settlement import transparency
from tests.api.pages.browser import Browser
from tests.cast import Cast
from tests.settlement import winter

pytestmark = pytest.mark.anyio

NOVEMBER = Month(202611)


async def _november(house: House, members: Cast, *, givers: int) -> None:
    works = [await members.payload(f"Maker{n}", f"Work {n}") for n in range(5)]
    for n in range(givers):
        await members.funds(f"Giver{n}", euros=10, budget=2)
        await members.scan(f"Giver{n}", *works)
    await settlement.settle(house, NOVEMBER, now=winter.at(2026, 12, 4))
    await transparency.keep(house)


async def test_before_any_month_is_closed_there_are_words_and_no_figures(
    visitor: Browser,
) -> None:
    page = await visitor.open("/transparency")
    assert page.status_code == 200
    assert "Of €1.00 that a member pays in, €0.10 are" in page.text
    assert "No month is closed yet" in page.text


async def test_figures_are_drawn_and_written(visitor: Browser, house: House, members: Cast) -> None:
    await _november(house, members, givers=6)
    page = (await visitor.open("/transparency")).text
    found = re.search(r'<ul class="measures">.*?</ul>', page, re.DOTALL)
    assert found is not None
    drawing = ET.fromstring(found[0])
    said = [(line.findtext("span"), line.findtext("strong")) for line in drawing.iter("li")]
    assert said[0] == ("Deposited", "€60.00")
    assert dict(said)["Given to makers"] == "€12.00"
    widths = [
        float(bar.get("width", "")) for bar in drawing.iter("rect") if bar.get("class") == "measure"
    ]
    assert widths == [320, 32, 64, 224, 64]
    for figure in ("60.00", "6.00", "12.00", "42.00"):
        assert f"<td>€{figure}</td>" in page


async def test_what_is_withheld_is_said_to_be_and_nothing_of_it_is_told(
    visitor: Browser, web: httpx2.AsyncClient, house: House, members: Cast
) -> None:
    await _november(house, members, givers=4)
    page = (await visitor.open("/transparency")).text
    assert page.count("<small>withheld</small>") == 5
    for figure in ("40.00", "4.00", "8.00", "28.00"):
        assert figure not in page
    told = (await web.get("/api/v1/transparency")).json()
    assert told["fewest_members"] == 5
    [month] = told["months"]
    assert month == {
        "month": "2026-11",
        "deposited_micros": None,
        "fee_micros": None,
        "commission_micros": 0,
        "given_micros": None,
        "charity_micros": 0,
        "paid_out_micros": 0,
        "funds_micros": None,
        "revenue_micros": None,
    }
    assert str(8 * EURO) not in str(told)
