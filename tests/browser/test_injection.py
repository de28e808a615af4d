"""Hostile texts before a real browser: nothing runs, nothing asks, nothing is reported."""

from __future__ import annotations

import random
from typing import Final

import pytest

from irl import things
from irl.errors import Invalid
from irl.things import Draft, placements
from tests.api.hostile import ALL
from tests.browser.conftest import Phones
from tests.browser.phone import Phone
from tests.browser.street import Street
from tests.cast import Cast

SAMPLE: Final = random.Random(83).sample(ALL, 24)
# What the texts call; it is nowhere else, so to hear of it is to know that a text has run.
_TRAP: Final = "globalThis.zq = what => console.error(`a text has run: ${what}`);"


async def hang(cast: Cast) -> list[str]:
    """Hang things with hostile texts, as far as the house takes them; gives their pages."""
    mallory, found = await cast.member("Mallory"), []
    for text in SAMPLE:
        try:
            draft = Draft(title=text, artist=text, description=text, category="rest")
            thing = await things.register(cast.house, mallory.id, draft, now=cast.now)
            placement = await cast.placement(thing, text[: placements.NAME_MOST])
        except Invalid:
            continue
        await cast.scan("Bob", placement.code.text)
        found += [f"/t/{placement.code}", f"/things/{thing.id}"]
    return found


def trapped(phone: Phone) -> Phone:
    phone.context.add_init_script(_TRAP)
    return phone


@pytest.fixture(scope="module")
def hung(street: Street) -> list[str]:
    return street.does(hang)


def test_what_is_kept_does_nothing(phones: Phones, street: Street, hung: list[str]) -> None:
    assert len(hung) > len(SAMPLE)
    mallory, bob = trapped(phones()), trapped(phones())
    mallory.be(street.session("Mallory"))
    bob.be(street.session("Bob"))
    for path in ("/things", *hung):
        mallory.open(path)
    for path in ("/month", *hung[::2]):
        bob.open(path)
        assert bob.page.locator("main img[src='x'], main iframe, main svg script").count() == 0


def test_what_is_typed_does_nothing(phones: Phones) -> None:
    phone = trapped(phones())
    for text in SAMPLE:
        phone.open("/join")
        form = phone.form("/join")
        for name in ("nickname", "invitation"):
            form.locator(f"[name={name}]").fill(text)
        form.locator("[name=email]").evaluate(
            "(one, text) => { one.type = 'text'; one.value = text; }", text
        )
        form.evaluate("form => { form.noValidate = true; }")
        phone.follow(form.locator("button").first)
        assert phone.path == "/join"
