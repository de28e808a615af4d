"""The whole story on phones: a painting, a visitor, a pocket, a member, a month, a statement."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from tests.browser.conftest import Phones
from tests.browser.phone import Phone
from tests.browser.street import Street
from tests.service import Service

PASSWORD = "standing before a painting"


def join(phone: Phone, service: Service, name: str) -> None:
    """Join by an invitation's link, and follow the link of the mail."""
    invitation = service.irl("invite", "-n", "1").strip()
    email = f"{name.lower()}@street.example"
    phone.open(f"/join?invitation={invitation}")
    phone.send("/join", email=email, nickname=name, password=PASSWORD)
    assert phone.path == "/join/sent"
    link = re.search(r"http\S+/verify\?token=\S+", service.mails(email)[-1])
    assert link is not None
    phone.open(link[0])
    phone.send("/verify")
    assert phone.path == "/month"


def make_code(phone: Phone, title: str) -> str:
    """Register a thing and make a code for it; gives the address that is printed."""
    phone.open("/things")
    phone.send("/things", title=title, artist="Mara Pinsel")
    assert phone.path.startswith("/things/")
    phone.send(f"{phone.path}/codes", placement="Room 3, left wall")
    link = phone.page.locator('main a[href^="/t/"]').first.get_attribute("href")
    assert link is not None
    return f"{phone.base_url}{link}".replace("/t/", "/T/")


def pay_in(phone: Phone, amount: str) -> None:
    phone.open("/wallet")
    phone.send("/wallet", amount=amount)
    phone.follow('main button[value="approve"]')


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_from_a_painting_on_a_wall_to_the_makers_statement(
    phones: Phones, empty_street: Street, *, script: bool
) -> None:
    service = empty_street.service
    mara, ben = (phones(at=empty_street, script=script) for _ in range(2))
    join(mara, service, "Mara")
    harbour, kettle = (make_code(mara, title) for title in ("Harbour before rain", "Kettle"))

    # Somebody who never heard of us: one tap, and it waits in the pocket until the mail's link.
    ben.open(harbour)
    assert "Harbour before rain" in ben.text()
    ben.follow("button.flattr")
    assert ben.taps == 1
    join(ben, service, "Ben")
    ben.open("/month")
    assert "Harbour before rain" in ben.text()

    pay_in(ben, "10")
    ben.open("/wallet")
    assert "€9.00" in ben.text()
    ben.open("/month")
    ben.send("/month", budget="5")

    ben.open(kettle)
    ben.follow("button.flattr")
    assert "2.50" in ben.text()
    ben.follow('main form[action$="/undo"] button')
    assert ben.page.locator("button.flattr").count() == 1
    ben.open("/month")
    assert "Kettle" not in ben.text()

    month = f"{datetime.now(UTC):%Y-%m}"
    service.irl("settle", month, "--early")
    for phone in (ben, mara):
        phone.open(f"/statements/{month}")
        assert "Harbour before rain" in phone.text()
        assert "€5.00" in phone.text()
        assert "Kettle" not in phone.text()
    assert service.irl("audit") == "clean\n"


@pytest.mark.parametrize(
    ("language", "amount"), [("en", "€2.00"), ("de", "2,00 €"), ("fr", "2,00 €")]
)
def test_a_phone_is_spoken_to_in_its_language(phones: Phones, language: str, amount: str) -> None:
    phone = phones(language=language)
    phone.open("/")
    assert phone.page.locator("html").get_attribute("lang") == language
    assert amount in phone.text().replace("\u00a0", " ").replace("\u202f", " ")
