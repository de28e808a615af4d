"""The page of a statement leads to its files, for who is signed in."""

from __future__ import annotations

from datetime import timedelta

import pytest

from irl import month
from irl.settlement import settle
from tests.api.pages.browser import Browser, SignedIn
from tests.cast import Cast
from tests.conftest import NOW

pytestmark = pytest.mark.anyio


async def test_a_statement_is_taken_home_as_pdf_and_csv(
    signed_in: SignedIn, visitor: Browser, members: Cast
) -> None:
    await members.funds("Bob", euros=10, budget=5)
    await members.scan("Bob", await members.payload("Alice", "Harbour"))
    bob = await signed_in("Bob")
    assert (await bob.open("/statements/2026-11.pdf")).status_code == 409
    await settle(members.house, month.of(NOW), early=True, now=NOW + timedelta(hours=1))

    page = (await bob.open("/statements/2026-11")).text
    for end, begins, kind in (
        ("pdf", "%PDF-", "application/pdf"),
        ("csv", "\ufeffmonth,", "text/csv"),
        ("json", "{", "application/json"),
    ):
        address = f"/statements/2026-11.{end}"
        assert f'href="{address}"' in page
        file = await bob.open(address)
        assert file.status_code == 200
        assert file.headers["content-type"].startswith(kind)
        assert file.content.startswith(begins.encode())
        assert (await bob.open(f"/statements/soon.{end}")).status_code == 404
        assert "Sign in" in (await visitor.open(address)).text
