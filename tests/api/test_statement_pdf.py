"""A statement on paper: everything that it must say, whatever the titles say."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest

from api import paper, statement_pdf
from api.paper import Strip
from irl import language
from irl.house import House
from irl.members import settings
from irl.money.micros import Micros
from irl.money.shares import mix, shares
from irl.month import Day, Month
from irl.settlement import document, runner
from irl.settlement.movements import Account, Movement
from irl.settlement.statement import Deposited, Payable, Receipt, Share, Statement
from tests.api.conftest import Clock, Hands, People
from tests.api.said import assert_problem
from tests.cast import Cast

MONTH = Month(202611)
MEMBER = 7
MAKER = "Alice"

needs_poppler = pytest.mark.skipif(
    shutil.which("pdftotext") is None, reason="pdftotext is not installed (poppler-utils)"
)


def of_titles(*titles: str, pot: int = 5_000_000, own: int | None = None) -> Statement:
    """A month in which everything of these titles was flattred; `own` is the number of one's own."""
    numbers = [number for number in range(len(titles)) if number != own]
    found = dict(zip(numbers, shares(MONTH, MEMBER, pot, numbers), strict=True))
    given = tuple(
        Share(
            thing_id=f"thing{number}",
            title=title,
            artist="",
            maker=MAKER,
            given_at=datetime(2026, 11, 1, tzinfo=UTC) + timedelta(hours=number),
            number=number,
            mix=mix(MONTH, MEMBER, number),
            share_micros=found.get(number, Micros(0)),
            void="own_thing" if number == own else None,
        )
        for number, title in enumerate(titles)
    )
    received = tuple(
        Receipt(thing_id="mine", title=title, flattrs=2, amount_micros=Micros(1_234_567))
        for title in titles[:40]
    )
    return Statement(
        month=MONTH,
        member=MEMBER,
        begins_at=datetime(2026, 11, 1, tzinfo=UTC),
        ends_at=datetime(2026, 12, 1, tzinfo=UTC),
        closed_at=datetime(2026, 12, 4, tzinfo=UTC),
        early=False,
        budget_micros=Micros(pot),
        funds_micros=Micros(9_000_000),
        taken_back_micros=Micros(0),
        pot_micros=Micros(pot),
        odd_micros=pot % len(numbers) if numbers else 0,
        charity_id=None,
        charity=None,
        shares=given,
        received=received,
        payable=(Payable(payable_on=Day(20270203), amount_micros=Micros(2_469_134)),)
        if received
        else (),
        funds=account(
            ("deposit/12/0", "deposit", 12, 9_000_000), ("pot/202611/7", "pot", 34, -pot)
        ),
        revenue=account(("share/202611/720270203", "share", 34, 2_469_134)),
        deposits=(
            Deposited(
                id="2ed3w4sqfeyeh",
                key="deposit/12/0",
                amount_micros=Micros(10_000_000),
                fee_micros=Micros(1_000_000),
                net_micros=Micros(9_000_000),
            ),
        ),
        reversals=(),
        previous="0123456789abcdef" * 4,
    )


def account(*moved: tuple[str, str, int, int]) -> Account:
    """An account that began with 1.00 EUR: key, kind, day from the beginning of November, micros."""
    return Account(
        opening_micros=Micros(1_000_000),
        movements=tuple(
            Movement(
                key=key,
                kind=kind,
                at=datetime(2026, 11, 1, 12, tzinfo=UTC) + timedelta(days=day - 1),
                amount_micros=Micros(micros),
            )
            for key, kind, day, micros in moved
            if micros
        ),
    )


def printed(statement: Statement, code: str = "en") -> bytes:
    speaks = language.of(code)
    return statement_pdf.made(statement, nickname="Bob", host="flattr.example", speaks=speaks)


def said(pdf: bytes) -> list[str]:
    """Each page's text, as it stands on the page."""
    command = ["pdftotext", "-layout", "-", "-"]
    done = subprocess.run(command, input=pdf, capture_output=True, check=True)
    assert done.stderr == b""
    return done.stdout.decode().split("\f")[:-1]


def whole(pdf: bytes) -> str:
    return "".join(said(pdf))


def told(tool: str, pdf: bytes, tmp_path: Path) -> str:
    file = tmp_path / "statement.pdf"
    file.write_bytes(pdf)
    return subprocess.run([tool, file], capture_output=True, check=True, text=True).stdout


def test_the_same_statement_gives_the_same_bytes() -> None:
    statement = of_titles("Harbour", "Night")
    assert printed(statement) == printed(statement)
    assert printed(statement).startswith(b"%PDF-")


@needs_poppler
def test_a_statement_says_what_was_given_and_received() -> None:
    page = whole(printed(of_titles("Harbour", "Night", "Bridge", own=1)))
    assert "Statement of November 2026" in page
    assert "Bob at flattr.example" in page
    assert "Closed on 4 December 2026, 00:00 UTC" in page
    assert "The budget was €5.00. There to give: €9.00.\n" in page
    assert re.search(r"1 Nov +Harbour +0 +2\.50\n", page)
    assert re.search(r"Night +1 +your own\n", page)
    assert re.search(r"3 flattrs +5\.00\n", page)
    assert re.search(r"Harbour +2 +1\.234567\n", page)
    assert re.search(r"6 flattrs +3\.703701\n", page)
    assert "€2.469134 can be paid out from 3 February 2027 on." in page
    assert "Page 2 of 2" in page


@needs_poppler
def test_the_rule_and_its_numbers_are_there_to_compute_the_shares_again() -> None:
    statement = of_titles("A", "B", "C")
    page = whole(printed(statement))
    assert "splitmix64(splitmix64(splitmix64(month) ^ member) ^ thing)" in page
    assert "Pot: 5000000 micro-euros. Odd micro-euros: 2. Month: 202611." in page
    assert "Number of the member: 7." in page
    rows = re.findall(r"(?m)^1 Nov +\w +(\d+) +(\d\.\d{6})$", page)
    assert [(int(number), amount) for number, amount in rows] == [
        (share.number, f"{share.share_micros / 1_000_000:.6f}") for share in statement.shares
    ]


@needs_poppler
def test_a_month_of_nothing_is_one_quiet_page() -> None:
    nothing = of_titles(pot=0)
    quiet = replace(nothing.funds, opening_micros=Micros(0), movements=())
    [page] = said(printed(replace(nothing, funds=quiet, revenue=quiet, deposits=(), previous=None)))
    assert "No flattrs." in page
    assert "What moved" not in page
    assert "none: this is the first statement" in page
    assert "Nothing." in page
    assert "splitmix64" not in page


@needs_poppler
def test_a_pot_for_a_charity_names_it() -> None:
    given = replace(of_titles(), charity="Water & Bread", charity_id=1, early=True)
    page = whole(printed(given))
    assert "Nothing was flattred, so the pot went to Water & Bread." in page
    assert "Closed early on" in page


@needs_poppler
@pytest.mark.parametrize(
    "title",
    [
        "<b>bold</b><para>",
        "&lt;&amp; &#65;",
        "(unbalanced \\) Tj ET BT",
        "=HYPERLINK(1)",
        "%PDF-1.4 endobj",
        "{{ 7*7 }} {% raw %}",
    ],
)
def test_a_title_is_only_ever_a_title(title: str) -> None:
    page = whole(printed(of_titles(title)))
    assert page.count(title) == 2


@needs_poppler
def test_what_moved_is_listed_with_its_key_between_two_balances() -> None:
    page = whole(printed(of_titles("Harbour")))
    assert re.search(r"Before +1\.00\n", page)
    assert re.search(r"12 Nov +Deposit, less its fee +9\.00\n +deposit/12/0\n", page)
    assert re.search(r"4 Dec +Given this month +\u22125\.00\n +pot/202611/7\n", page)
    assert re.search(r"After +5\.00\n", page)
    assert "€10.00 came in: €1.00 fee, €9.00 to give." in page


@needs_poppler
@pytest.mark.parametrize(
    ("code", "figures", "day"),
    [
        ("en", ("€5.00", "1.666667", "10.00", "1 Nov"), "4 December 2026, 00:00 UTC"),
        ("fr", ("5,00 €", "1,666667", "10,00", "1 nov."), "4 décembre 2026, 00:00 UTC"),
        ("de", ("5,00 €", "1,666667", "10,00", "1. Nov."), "4. Dezember 2026, 00:00 UTC"),
    ],
)
def test_the_paper_is_in_a_language_and_its_hash_in_none(
    code: str, figures: tuple[str, ...], day: str
) -> None:
    statement = of_titles("A", "B", "C")
    pdf = printed(statement, code)
    page = whole(pdf)
    for figure in (*figures, day, document.of(statement)["hash"], "5000000"):
        assert figure in page
    assert "?" not in page
    tag = {"en": "en-GB", "fr": "fr-FR", "de": "de-DE"}[code]
    assert f"/Lang ({tag})".encode() in pdf


@needs_poppler
@pytest.mark.parametrize("code", ["en", "fr", "de"])
def test_points_stand_below_each_other_in_each_language(code: str) -> None:
    page = whole(printed(of_titles("Harbour", pot=1_234_560_000), code))
    point = language.of(code).point
    rows = [line for line in page.splitlines() if "Harbour" in line or "1 flattr" in line.lower()]
    places = {line.rindex(point) for line in rows[:2]}
    assert len(rows) >= 2
    assert len(places) == 1


@needs_poppler
def test_the_hash_and_the_one_before_it_are_printed_whole() -> None:
    statement = of_titles("Harbour")
    page = whole(printed(statement))
    assert f"{document.of(statement)['hash']}\n" in page
    assert f"{statement.previous}\n" in page


@needs_poppler
def test_a_title_in_letters_that_the_paper_lacks_is_told_by_its_id() -> None:
    page = whole(printed(of_titles("\u6f01\u5e2b\u306e\u6e2f", "Why??")))
    assert "Thing thing0" in page
    assert "Why??" in page


@needs_poppler
@pytest.mark.parametrize("euros", [1, 100, 10_000, 1_000_000])
def test_large_figures_are_never_cut(euros: int) -> None:
    statement = of_titles("Harbour")
    received = (replace(statement.received[0], amount_micros=Micros(euros * 1_000_000 + 1)),)
    page = whole(printed(replace(statement, received=received)))
    assert "…" not in page
    assert page.count(f"{euros:,}.000001") == 3


@needs_poppler
def test_directions_and_control_characters_do_not_reach_the_paper() -> None:
    page = whole(printed(of_titles("one\u202etwo\x07three\nfour")))
    assert "onetwothree four" in page


@needs_poppler
def test_a_long_title_is_cut_and_stays_in_its_column() -> None:
    page = whole(printed(of_titles("endless " * 60, "W" * 200)))
    assert "…" in page
    assert len(re.findall(r"2\.50$", page, re.MULTILINE)) == 2


@needs_poppler
def test_five_hundred_flattrs_go_over_many_pages_and_none_is_lost() -> None:
    titles = [f"Work {number:03}" for number in range(500)]
    pages = said(printed(of_titles(*titles)))
    assert len(pages) > 10
    for number, page in enumerate(pages, 1):
        assert f"Page {number} of {len(pages)}" in page
        assert page.count("Thing no.") + page.count("Flattrs  ") >= 1 or number == len(pages)
    rows = re.findall(r"(?m)^ ?\d+ Nov +(Work \d+) +\d+ +0\.01$", "".join(pages))
    assert rows == titles
    # The sum does not stand alone.
    [end] = [page for page in pages if "500 flattrs" in page]
    assert "Work 499" in end


@pytest.mark.skipif(shutil.which("pdfinfo") is None, reason="poppler-utils is not installed")
def test_title_and_language_are_set_and_every_font_is_embedded(tmp_path: Path) -> None:
    pdf = printed(of_titles("Harbour"))
    assert re.search(r"Title: +Statement of November 2026, Bob\n", told("pdfinfo", pdf, tmp_path))
    assert re.search(rb"/Lang \(en-GB\)", pdf)
    fonts = told("pdffonts", pdf, tmp_path).splitlines()[2:]
    assert len(fonts) >= 2
    assert all(re.search(r" yes yes yes ", font) for font in fonts)


def test_a_strip_higher_than_a_page_has_one_of_its_own() -> None:
    def nothing(*_: object) -> None:
        pass

    low, high = Strip(10, nothing), Strip(10_000, nothing)
    assert paper.pages_of([low, high, low]) == [[low], [high], [low]]


def test_a_heading_is_never_the_last_on_a_page() -> None:
    def nothing(*_: object) -> None:
        pass

    full = Strip(paper.TOP - paper.BOTTOM - 15, nothing)
    heading, row = Strip(10, nothing, keep=True), Strip(10, nothing)
    assert paper.pages_of([full, heading, row]) == [[full], [heading, row]]


@pytest.mark.anyio
async def test_the_calls_hand_out_the_paper_of_a_closed_month_only(
    people: People, members: Cast, house: House, clock: Clock, web: httpx2.AsyncClient
) -> None:
    bob: Hands = await people("Bob")
    await members.funds("Bob", euros=10, budget=5)
    await members.scan("Bob", await members.payload("Alice", "Harbour"))
    assert_problem(await bob.get("/me/statements/2026-11.pdf"), 409, "nothing-yet")
    assert_problem(await bob.get("/me/statements/soon.pdf"), 422, "invalid", field="month")
    assert_problem(await web.get("/api/v1/me/statements/2026-11.pdf"), 401, "token-refused")

    clock.now = datetime(2026, 12, 5, tzinfo=UTC)
    await runner.settle(house, MONTH, early=False, now=clock.now)
    answer = await bob.get("/me/statements/2026-11.pdf")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["cache-control"] == "no-store"
    assert "statement-2026-11.pdf" in answer.headers["content-disposition"]
    assert answer.content.startswith(b"%PDF-")
    assert answer.content == (await bob.get("/me/statements/2026-11.pdf")).content


@pytest.mark.anyio
async def test_a_call_gets_the_paper_in_the_language_that_it_asks_for_else_in_ones_own(
    people: People, members: Cast, house: House, clock: Clock
) -> None:
    bob: Hands = await people("Bob")
    clock.now = datetime(2026, 12, 5, tzinfo=UTC)
    await runner.settle(house, MONTH, early=False, now=clock.now)

    async def language_of(**headers: str) -> str:
        answer = await bob.ask("GET", "/me/statements/2026-11.pdf", headers=headers)
        found = re.search(rb"/Lang \((.*?)\)", answer.content)
        assert found is not None
        return found[1].decode()

    assert await language_of() == "en-GB"
    await settings.set_language(house, members.joined["Bob"].id, "de")
    assert await language_of() == "de-DE"
    asks = {"Accept-Language": "fr-CH, de;q=0.5"}
    assert await language_of(**asks) == "fr-FR"
    assert await language_of(**{"Accept-Language": "tlh"}) == "en-GB"
