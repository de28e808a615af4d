"""Errors and mails are sentences that every language can say, with its own amounts and moments."""

from __future__ import annotations

import re
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest

from irl import language as languages
from irl import letters, outbox
from irl.errors import Invalid, IrlError, NotPayable
from irl.giving import idle_warnings
from irl.house import House
from irl.letters import Letter
from irl.members import joining, settings
from irl.money import charities, micros, moves, payout_addresses, reload
from irl.rules import EURO
from irl.sentence import Euros, Sentence
from tests.cast import PASSWORD, Cast
from tests.conftest import NOW
from tests.irl.conftest import SQLITE_ALONE, Rows, day

pytestmark = pytest.mark.anyio

SPACE = "\N{NO-BREAK SPACE}"


@pytest.fixture
async def spoken(house: House, members: Cast) -> Cast:
    """Bob reads German; he has a budget and funds."""
    bob = await members.funds("Bob", euros=10, budget=5)
    await settings.set_language(house, bob.id, "de")
    return members


async def last_mail(rows: Rows) -> dict[str, str]:
    [mail, *_] = await rows("SELECT subject, body, language FROM outbox ORDER BY id DESC")
    return mail


async def test_warnings_speak_the_members_language(house: House, spoken: Cast, rows: Rows) -> None:
    await charities.add(house, name="Doctors", url="https://dr.example", now=spoken.now)
    assert await idle_warnings.post_due(house, now=day(24)) == 1
    mail = await last_mail(rows)
    assert mail["language"] == "de"
    assert "November 2026" in mail["subject"]
    assert f"5,00{SPACE}€" in mail["body"]
    assert "1. Dezember 2026, 00:00 UTC" in mail["body"]


async def test_reload_mails_speak_the_members_language(
    house: House, spoken: Cast, rows: Rows
) -> None:
    await reload.want(house, spoken.joined["Bob"].id, on=True, now=spoken.now)
    assert await reload.post_due(house, now=day(27)) == 1
    mail = await last_mail(rows)
    assert mail["language"] == "de"
    assert "Dezember 2026" in mail["subject"]
    assert f"4,00{SPACE}€" in mail["body"]
    assert "/wallet?amount=8.00" in mail["body"]


async def test_mails_about_payouts_speak_the_members_language(
    house: House, spoken: Cast, rows: Rows
) -> None:
    bob = spoken.joined["Bob"]
    await payout_addresses.set_to(
        house,
        bob.id,
        method="sepa",
        holder="Bob",
        address="DE89370400440532013000",
        now=spoken.now,
    )
    assert (await last_mail(rows))["language"] == "de"


@pytest.mark.parametrize("language", ["fr", None])
async def test_the_language_asked_for_at_joining_stays(
    house: House, members: Cast, rows: Rows, language: str | None
) -> None:
    await members.member("Alice")
    open_house = House(
        db=house.db,
        rules=house.rules,
        settings=house.settings.model_copy(update={"invite_only": False}),
    )
    await joining.ask(
        open_house,
        email="dora@house.example",
        nickname="Dora",
        password=PASSWORD,
        invitation=None,
        pocket=None,
        address="192.0.2.3",
        language=language,
        now=NOW,
    )
    assert (await last_mail(rows))["language"] == (language or "en")
    dora = await members.member("Dora") if language is None else None
    assert dora is None or dora.language is None


def _composed(language: str) -> EmailMessage:
    letter = Letter(
        recipient="bob@house.example",
        subject="Bonjour",
        body="Salut.\n",
        html=None,
        message_id="1",
        created_at=NOW,
        language=language,
    )
    made = letters.compose(letter, sender="house@house.example")
    found = message_from_bytes(made.as_bytes(), policy=default)
    assert isinstance(found, EmailMessage)
    return found


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_letter_says_which_language_it_speaks(language: str) -> None:
    found = _composed(language)
    assert found["Content-Language"] == language
    page = found.get_body(preferencelist=("html",))
    assert page is not None
    assert f'<html lang="{language}">' in page.get_content()


async def test_a_mail_keeps_its_language_until_it_is_sent(house: House, spoken: Cast) -> None:
    await charities.add(house, name="Doctors", url="https://dr.example", now=spoken.now)
    await idle_warnings.post_due(house, now=day(24))
    await outbox.send_waiting(house, now=day(24))
    folder = Path(house.settings.mail_url.removeprefix("file:"))
    said = [message_from_bytes(content, policy=default) for content in _contents(folder)]
    assert "de" in {mail["Content-Language"] for mail in said}


def _contents(folder: Path) -> list[bytes]:
    return [file.read_bytes() for file in folder.iterdir()]


async def test_errors_carry_their_values(house: House, members: Cast) -> None:
    bob = await members.member("Bob")
    with pytest.raises(NotPayable) as refused:
        await moves.to_funds(house, bob.id, amount_micros=EURO, now=members.now)
    assert str(refused.value) == "0.00 EUR can be moved."
    assert languages.of("fr").says(refused.value.message).startswith(f"0,00{SPACE}€")


@SQLITE_ALONE
async def test_an_amount_in_an_error_is_written_in_each_language(house: House) -> None:
    with pytest.raises(Invalid) as refused:
        micros.whole_cents(
            1,
            least=house.rules.deposit_least_micros,
            most=house.rules.deposit_most_micros,
            field="amount",
        )
    assert str(refused.value) == "The amount must lie between 8.00 EUR and 10000.00 EUR."
    assert f"10.000,00{SPACE}€" in languages.of("de").says(refused.value.message)


def test_a_sentence_in_a_sentence_is_said_too() -> None:
    inner = Sentence("{amount} were given.", amount=Euros(5 * EURO))
    outer = Sentence("Hello,\n\n{said}\n", said=inner)
    assert str(outer) == "Hello,\n\n5.00 EUR were given.\n"
    assert f"5,00{SPACE}€" in languages.of("de").says(outer)


def test_values_with_braces_stay_as_they_are() -> None:
    said = languages.of("fr").says("Hello {name}", name="{0} {x}")
    assert "{0} {x}" in said


ROOT = Path(__file__).parents[2]
_JOINED = re.compile(r"raise (\w+)\(\s*f\"")
# How a database cannot be opened is told to the operator, on a terminal.
_ON_TERMINALS = {"Unavailable"}


def test_no_error_for_people_is_put_together_by_hand() -> None:
    """A text that is joined before it is said can be translated by nobody."""
    people = {each.__name__ for each in _all(IrlError)}
    found = [
        (file.name, match[1])
        for room in ("irl", "api")
        for file in (ROOT / room).rglob("*.py")
        for match in _JOINED.finditer(file.read_text())
        if match[1] in people - _ON_TERMINALS
    ]
    assert found == []


def _all(kind: type[Exception]) -> set[type[Exception]]:
    below = set(kind.__subclasses__())
    return below.union(*(_all(each) for each in below)) if below else below


def test_moments_are_written_in_each_language() -> None:
    at = datetime(2026, 12, 1, tzinfo=NOW.tzinfo)
    assert languages.of("fr").says("On {at}", at=at).endswith("1 décembre 2026, 00:00 UTC")
