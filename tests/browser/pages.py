"""The pages to look at, each in its states; what is in the table of routes cannot be forgotten.

A page without a parameter in its address is shown by itself, to a giver where it is for members
only. One with a parameter needs an example here, and so does each further state worth looking at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from starlette.routing import Route

from api import pages
from api.pages.page import Page as Endpoint
from tests.browser.phone import Phone

Deed = Callable[[Phone], None]


def nothing(_: Phone) -> None:
    """Only look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A page in one state, under a name; `address` has words of the gallery in braces."""

    name: str
    address: str
    who: str = "visitor"
    then: Deed = nothing
    status: int = 200


def _send(action: str, **typed: str) -> Deed:
    return lambda phone: phone.send(action, **typed)


def type_code(phone: Phone, code: str = "") -> None:
    """Type a code, by default the one behind the address, and send it."""
    code = code or phone.path.partition("?")[2]
    field = phone.page.locator('main input[name="code"]')
    field.fill(code)
    phone.follow(field.locator("xpath=ancestor::form").locator("button").first)


EXAMPLES: Final = (
    Shown(name="code-visitor", address="/t/{open}"),
    Shown(name="code-giver", address="/t/{open}", who="giver"),
    Shown(name="code-long", address="/t/{long}"),
    Shown(name="code-given", address="/t/{given}", who="giver"),
    Shown(name="code-subscribed", address="/t/{subscribed}", who="giver"),
    Shown(name="code-unfunded", address="/t/{given}", who="newcomer"),
    Shown(name="code-own", address="/t/{given}", who="maker"),
    Shown(name="code-early", address="/t/{early}"),
    Shown(name="code-over", address="/t/{over}"),
    Shown(name="code-revoked", address="/t/{revoked}", status=410),
    Shown(name="code-unknown", address="/t/0000-0000-0000-0", status=404),
    Shown(name="report", address="/t/{open}/report"),
    Shown(name="pocketed", address="/t/{open}", then=lambda phone: phone.follow("button.flattr")),
    Shown(name="scan-visitor", address="/scan"),
    Shown(name="scan-giver", address="/scan", who="giver"),
    Shown(
        name="scan-refused", address="/scan", who="giver", then=lambda phone: type_code(phone, "AB")
    ),
    Shown(name="scanned", address="/scan?{other}", who="giver", then=type_code),
    Shown(name="home-member", address="/", who="giver"),
    Shown(name="join-invited", address="/join?invitation={invitation}"),
    Shown(
        name="join-refused",
        address="/join",
        then=_send(
            "/join", email="no@where.example", nickname="No", password="p" * 12, invitation="0" * 17
        ),
    ),
    Shown(name="verify-link", address="/verify?token={link}"),
    Shown(name="verify-refused", address="/verify?token=none", then=_send("/verify")),
    Shown(
        name="sign-in-refused",
        address="/sign-in",
        then=_send("/sign-in", email="no@where.example", password="not this one"),
    ),
    Shown(name="month-new", address="/month", who="newcomer"),
    Shown(name="month-closed", address="/month?month={closed}", who="giver"),
    Shown(name="wallet-new", address="/wallet", who="newcomer"),
    Shown(
        name="wallet-refused", address="/wallet", who="newcomer", then=_send("/wallet", amount="3")
    ),
    Shown(name="checkout", address="/sandbox/checkout/{pending}", who="giver"),
    Shown(name="checkout-booked", address="/sandbox/checkout/{booked}", who="giver"),
    Shown(name="deposit-pending", address="/deposits/{pending}", who="giver"),
    Shown(name="deposit-booked", address="/deposits/{booked}", who="giver"),
    Shown(name="deposit-declined", address="/deposits/{declined}", who="giver"),
    Shown(name="payouts-maker", address="/payouts", who="maker"),
    Shown(name="payouts-address-maker", address="/payouts/address", who="maker"),
    Shown(name="payouts-move-maker", address="/payouts/move", who="maker"),
    Shown(name="things-new", address="/things", who="newcomer"),
    Shown(name="things-maker", address="/things", who="maker"),
    Shown(name="thing", address="/things/{thing}", who="maker"),
    Shown(name="thing-bare", address="/things/{bare}", who="maker"),
    Shown(name="statement-given", address="/statements/{closed}", who="giver"),
    Shown(name="statement-received", address="/statements/{closed}", who="maker"),
    Shown(name="house-charity", address="/house/charities/{charity}", who="operator"),
    Shown(name="house-refused", address="/house", who="giver", status=404),
    Shown(name="look-up-found", address="/look-up?url=https%3A%2F%2Fembankment.example%2Fpanels"),
    Shown(name="password-new-unknown", address="/password/new?token=unknown"),
    Shown(name="statement-none", address="/statements/2099-12", who="giver", status=409),
)
"""Each state worth looking at beside the plain pages; of an address not in the table, none."""

NOT_PAGES: Final = {"/deposits/{id}/back": "leads on to the deposit"}
"""Addresses that show no page of their own, with the reason; those of files are known as such."""

_IS_FILE: Final = re.compile(r"\.(csv|js|json|pdf|png|svg|webmanifest|webp|xml|ics|txt)$")
_OPERATORS: Final = "/house"


def look(phone: Phone, one: Shown, words: Mapping[str, str]) -> None:
    """Open a page and bring it into its state."""
    answer = phone.open(one.address.format_map(words))
    assert answer.status == one.status, f"{one.name}: {answer.status} at {answer.url}"
    one.then(phone)


def routes() -> Iterator[Route]:
    """Give the routes of the table that show pages."""
    for route in pages.ROUTES:
        if not isinstance(route, Route) or "GET" not in (route.methods or ()):
            continue
        is_page = isinstance(route.endpoint, Endpoint) and not _IS_FILE.search(route.path)
        if is_page and route.path not in NOT_PAGES:
            yield route


def shown() -> tuple[Shown, ...]:
    """Give all pages to look at: those of the table, and the examples."""
    found = [one for route in routes() if (one := _by_itself(route)) is not None]
    table = list(routes())
    return (*found, *(one for one in EXAMPLES if any(_fits(route, one) for route in table)))


def without_example() -> list[str]:
    """Give the routes that show pages and that nothing here looks at."""
    seen = {id(route.endpoint) for one in shown() for route in routes() if _fits(route, one)}
    return [route.path for route in routes() if id(route.endpoint) not in seen]


def _by_itself(route: Route) -> Shown | None:
    """Show a page whose address has no parameter to whoever may see it."""
    if "{" in route.path:
        return None
    who = "visitor"
    if route.path.startswith(_OPERATORS):
        who = "operator"
    elif isinstance(route.endpoint, Endpoint) and route.endpoint.members_only:
        who = "giver"
    if any((one.address, one.who, one.then) == (route.path, who, nothing) for one in EXAMPLES):
        return None
    name = route.path.strip("/").replace("/", "-") or "home"
    return Shown(name=name, address=route.path, who=who)


def _fits(route: Route, one: Shown) -> bool:
    return route.path_regex.fullmatch(one.address.partition("?")[0]) is not None
