"""The list of pages to look at is whole."""

from __future__ import annotations

from api.pages import ROUTES
from tests.browser import pages


def test_every_page_of_the_table_is_looked_at() -> None:
    missing = pages.without_example()
    assert missing == [], f"give an example of these in tests/browser/pages.py: {missing}"


def test_no_two_pages_have_the_same_name() -> None:
    names = [one.name for one in pages.shown()]
    assert sorted(names) == sorted(set(names))


def test_what_is_said_to_be_no_page_is_in_the_table() -> None:
    table = {getattr(route, "path", "") for route in ROUTES}
    assert set(pages.NOT_PAGES) <= table
