"""Pages for when something is not right: reporting it, and what a problem says to do next."""

from __future__ import annotations

import pytest

from api import problems
from api.pages import templates
from irl import language as languages
from irl.errors import NotFound, Throttled, Unavailable
from irl.house import House
from irl.things import reports
from qr import mint
from tests.api.pages.browser import Browser
from tests.cast import Cast

pytestmark = pytest.mark.anyio


def shown(trouble: Exception, *, here: str = "/month", is_get: bool = True) -> str:
    return templates.filled(
        "problem.html",
        language=languages.of("en"),
        here=here,
        me=None,
        problem=problems.of(trouble),
        is_get=is_get,
        request_id="r1",
    )


async def test_anyone_reports_a_code_with_a_reason_of_a_list(
    visitor: Browser, house: House, members: Cast
) -> None:
    placement = await members.placement(await members.thing("Alice", "Harbour"))
    path = f"/t/{placement.code}/report"
    await visitor.open(path)
    assert visitor.text.count('type="radio"') == len(reports.REASONS)
    await visitor.submit(path, text="Pasted over.")
    assert visitor.page.status_code == 422
    assert "Pasted over." in visitor.text
    await visitor.submit(path, reason="not_the_work")
    assert visitor.path == "/reported"
    assert "Thank you" in visitor.text
    [report] = await reports.waiting(house)
    assert (report.reason, report.text) == ("not_the_work", "Pasted over.")


async def test_what_was_chosen_is_still_chosen_after_a_mistake(
    visitor: Browser, members: Cast
) -> None:
    placement = await members.placement(await members.thing("Alice", "Harbour"))
    path = f"/t/{placement.code}/report"
    await visitor.open(path)
    await visitor.submit(path, reason="spam", text="x" * 2001)
    assert visitor.page.status_code == 422
    assert dict(visitor.form(path).fields)["reason"] == "spam"


async def test_an_unknown_code_is_told_with_what_to_do(visitor: Browser) -> None:
    page = await visitor.open(f"/t/{mint()}")
    assert page.status_code == 404
    assert "group by group" in page.text
    assert "Scan it, or type it again" in page.text
    page = await visitor.open("/nowhere")
    assert page.status_code == 404
    assert "group by group" not in page.text
    assert "The address may be mistyped" in page.text


@pytest.mark.parametrize(
    ("wait", "told"),
    [(1, "in 1 minute."), (60, "in 1 minute."), (61, "in 2 minutes."), (3600, "in 60 minutes.")],
)
def test_too_many_tries_are_told_when_to_come_back(wait: int, told: str) -> None:
    assert told in shown(Throttled("Too many.", retry_after_s=wait))


def test_a_house_that_cannot_write_says_that_nothing_was_lost_and_when_to_try_again() -> None:
    page = shown(Unavailable("The house cannot write now."), here="/t/A'\"><b>")
    assert "Nothing was lost. Please try again in 1 second." in page
    assert 'href="/t/A&#39;&#34;&gt;&lt;b&gt;"' in page
    assert "Try again" not in shown(Unavailable("Later."), is_get=False)


def test_a_problem_is_told_in_the_language_of_the_page() -> None:
    german = languages.of("de")
    page = templates.filled(
        "problem.html",
        language=german,
        here="/",
        me=None,
        problem=problems.of(NotFound("There is no such thing.")),
        is_get=True,
        request_id="r1",
    )
    assert '<html lang="de">' in page
    assert f"<h1>{german.says('There is nothing here')}</h1>" in page


def test_every_kind_of_problem_has_a_page_with_a_way_on() -> None:
    for trouble in problems.TABLE:
        kind = problems.TABLE[trouble]
        problem = problems.Problem(kind=kind, detail="Something.")
        page = templates.filled(
            "problem.html",
            language=languages.of("en"),
            here="/",
            me=None,
            problem=problem,
            is_get=True,
            request_id="r1",
        )
        assert page.count('class="button') == 1, kind
        assert page.count("<h1>") == 1
