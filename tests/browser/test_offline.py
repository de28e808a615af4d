"""Without a connection: pages that stand in, scans that wait, and what is never kept."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from api.pages import templates
from tests.browser import wall as walls
from tests.browser.wall import Wall


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with walls.chromium() as started:
        yield started


@pytest.fixture
def wall(tmp_path: Path, empty_sqlite: Path) -> Iterator[Wall]:
    with walls.hung(tmp_path, empty_sqlite) as hung:
        yield hung


def installed(context: BrowserContext, wall: Wall, path: str = "/scan") -> Page:
    """Open a page and wait until the phone keeps what opens without a connection."""
    page = context.new_page()
    page.goto(f"{wall.service.url}{path}")
    page.evaluate(
        """async () => {
          await navigator.serviceWorker.ready;
          while (!navigator.serviceWorker.controller) await new Promise((r) => setTimeout(r, 20));
        }"""
    )
    return page


def in_queue(page: Page, work: str, *values: Any) -> Any:
    """Do something with static/queue.js, which is `queue` there; `values` are what is given."""
    return page.evaluate(
        f"async ([script, ...values]) => {{ const queue = await import(script); {work} }}",
        [templates.static("queue.js"), *values],
    )


def waiting(page: Page) -> list[dict[str, str]]:
    found: list[dict[str, str]] = in_queue(page, "return queue.waiting();")
    return found


def test_a_code_scanned_without_a_connection_is_flattred_when_back(
    browser: Browser, wall: Wall
) -> None:
    context = walls.picked_up(browser, wall)
    page = installed(context, wall)
    context.set_offline(True)
    page.goto(f"{wall.service.url}/T/{wall.codes['Harbour']}")  # by the phone's own camera
    page.get_by_role("button", name="Flattr it, send it later").first.tap()
    expect(page.get_by_role("heading", name="Waiting for a connection")).to_be_visible()
    page.get_by_label("Code", exact=True).fill(wall.codes["Kettle"].lower())
    page.locator("#typing button").tap()
    expect(page.locator("#waiting li")).to_have_count(2)
    page.reload()
    expect(page.locator("#waiting li")).to_have_count(2)
    assert wall.flattred() == []
    context.set_offline(False)
    expect(page.get_by_text("2 scans were sent: 2 flattred.")).to_be_visible()
    expect(page.locator("#waiting")).to_be_hidden()
    assert wall.flattred() == ["Harbour", "Kettle"]
    assert waiting(page) == []
    page.get_by_role("link", name="Open this page").tap()
    expect(page.get_by_text("You flattred this.")).to_be_visible()


def test_a_button_pressed_when_the_connection_was_lost_counts_once(
    browser: Browser, wall: Wall
) -> None:
    context = walls.picked_up(browser, wall)
    page = installed(context, wall, f"/t/{wall.codes['Harbour']}")
    # The house has it, and its answer is lost on the way.
    page.evaluate(
        """() => fetch(location.pathname, {
          method: "POST", redirect: "manual",
          body: new URLSearchParams(new FormData(document.querySelector("form.bar"))),
        })"""
    )
    assert wall.flattred() == ["Harbour"]
    context.set_offline(True)
    page.get_by_role("button", name="Yes, flattr it").tap()
    expect(page.locator("#waiting li")).to_have_count(1)
    context.set_offline(False)
    expect(page.get_by_text("One scan was sent: 1 flattred.")).to_be_visible()
    assert wall.flattred() == ["Harbour"]


def test_a_code_typed_when_the_connection_was_lost_waits_too(browser: Browser, wall: Wall) -> None:
    context = walls.picked_up(browser, wall, member=False)
    page = installed(context, wall)
    context.set_offline(True)
    page.get_by_label("Code", exact=True).fill(wall.codes["Street"])
    page.get_by_label("Code", exact=True).press("Enter")
    expect(page.locator("#waiting li")).to_have_count(1)
    context.set_offline(False)
    expect(page.get_by_text("One scan was sent: 1 in your pocket.")).to_be_visible()
    assert wall.pocketed() == ["Street"]
    page.goto(f"{wall.service.url}/pocket")
    expect(page.get_by_role("link", name="Street")).to_be_visible()


def test_what_waits_can_be_taken_out(browser: Browser, wall: Wall) -> None:
    context = walls.picked_up(browser, wall)
    page = installed(context, wall)
    context.set_offline(True)
    page.goto(f"{wall.service.url}/t/{wall.codes['Harbour']}")
    page.get_by_role("button", name="Flattr it, send it later").first.tap()
    page.get_by_role("button", name="Take out").tap()
    expect(page.locator("#waiting")).to_be_hidden()
    context.set_offline(False)
    page.goto(f"{wall.service.url}/scan")
    assert waiting(page) == []
    assert wall.flattred() == []


def test_500_scans_end_the_same_however_often_they_are_sent(browser: Browser, wall: Wall) -> None:
    context = walls.picked_up(browser, wall)
    page = installed(context, wall)
    codes = list(wall.codes.values())
    scans = [{"payload": codes[n % 3], "nonce": f"nonce-{n:03}"} for n in range(520)]
    assert in_queue(page, "await queue.add(values[0]); return queue.send();", scans) == [
        "500 scans were sent: 497 flattred already, 3 flattred.",
        "20 scans were sent: 20 flattred already.",
    ]
    assert waiting(page) == []
    assert wall.flattred() == ["Harbour", "Kettle", "Street"]
    again = "await queue.add(values[0]); return (await Promise.all([queue.send(), queue.send()])).flat();"
    assert in_queue(page, again, scans[:500][::-1]) == [
        "500 scans were sent: 497 flattred already, 3 flattred."
    ]
    assert wall.flattred() == ["Harbour", "Kettle", "Street"]


def answering(status: int, body: str) -> Callable[[Route], None]:
    """Answer in place of the house."""

    def answer(route: Route) -> None:
        route.fulfill(status=status, body=body)

    return answer


def test_only_what_was_answered_is_forgotten(browser: Browser, wall: Wall) -> None:
    context = walls.picked_up(browser, wall)
    page = installed(context, wall)
    code = wall.codes["Harbour"]
    for status, body in ((503, "{}"), (200, "<html>a hotel's own page"), (429, "{}"), (200, "{}")):
        page.route("**/scan/queue", answering(status, body))
        in_queue(page, "await queue.add(values); await queue.send();", {"payload": code})
        page.unroute("**/scan/queue")
    assert len(waiting(page)) == 4
    # One that is damaged holds up no other.
    in_queue(page, "await queue.add(values);", {"payload": 5, "nonce": "damaged"})
    assert len(in_queue(page, "return queue.send();")) == 5
    assert waiting(page) == []
    assert wall.flattred() == ["Harbour"]


def test_what_the_worker_sent_by_itself_is_told_once(browser: Browser, wall: Wall) -> None:
    context = walls.picked_up(browser, wall)
    page = installed(context, wall)
    cdp = context.new_cdp_session(page)
    found: list[str] = []
    cdp.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda told: found.extend(one["registrationId"] for one in told["registrations"]),
    )
    cdp.send("ServiceWorker.enable")
    in_queue(page, "await queue.add(values);", {"payload": wall.codes["Kettle"]})
    page.wait_for_timeout(200)
    cdp.send(
        "ServiceWorker.dispatchSyncEvent",
        {
            "origin": wall.service.url,
            "registrationId": found[0],
            "tag": "scans",
            "lastChance": False,
        },
    )
    expect(page.get_by_text("One scan was sent: 1 flattred.")).to_be_visible()
    assert wall.flattred() == ["Kettle"]
    assert waiting(page) == []
    page.goto(f"{wall.service.url}/month")
    expect(page.get_by_text("Kettle").first).to_be_visible()
    expect(page.get_by_text("One scan was sent")).to_have_count(0)


def test_nothing_private_is_kept_and_the_page_speaks_the_language_of_the_last_one(
    browser: Browser, wall: Wall
) -> None:
    context = walls.picked_up(browser, wall)
    page = installed(context, wall)
    for path in ("/month", "/wallet", "/pocket", f"/t/{wall.codes['Harbour']}"):
        page.goto(f"{wall.service.url}{path}")
    kept = page.evaluate(
        """async () => {
          const found = [];
          for (const name of await caches.keys()) {
            for (const request of await (await caches.open(name)).keys()) {
              const text = await (await caches.match(request)).text();
              found.push([new URL(request.url).pathname, text.includes("Bob")]);
            }
          }
          return found;
        }"""
    )
    assert {path for path, _ in kept if not path.startswith("/static/")} == {"/offline"}
    assert not any(is_private for _, is_private in kept)
    page.get_by_role("button", name="Deutsch").tap()
    page.wait_for_function("document.documentElement.lang === 'de'")
    page.wait_for_function(
        "caches.match('/offline').then((kept) => kept.headers.get('Content-Language') === 'de')"
    )
    context.set_offline(True)
    page.goto(f"{wall.service.url}/month")
    assert page.evaluate("document.documentElement.lang") == "de"
    assert page.locator("#typing").is_visible()


class _Foreign(BaseHTTPRequestHandler):
    """A page of another site with a form that sends itself."""

    def __init__(self, *arguments: Any, target: str, **more: Any) -> None:
        self.target = target
        super().__init__(*arguments, **more)

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(
            f"""<form method="post" action="{self.target}"><input name="nonce" value="n"></form>
            <script>if (location.pathname === "/") document.forms[0].submit()</script>""".encode()
        )

    def log_message(self, *_: object) -> None:
        return


@contextmanager
def foreign_site(target: str) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Foreign, target=target)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_a_form_of_another_site_gives_nothing_with_or_without_the_worker(
    browser: Browser, wall: Wall
) -> None:
    target = f"{wall.service.url}/t/{wall.codes['Harbour']}"
    context = walls.picked_up(browser, wall)
    with foreign_site(target) as site:
        for is_installed in (False, True):
            page = installed(context, wall) if is_installed else context.new_page()
            with page.expect_response(lambda answer: answer.request.method == "POST") as answered:
                page.goto(site)
            assert answered.value.status == 403
    assert wall.flattred() == []
    own = installed(context, wall, f"/t/{wall.codes['Harbour']}")
    own.get_by_role("button", name="Yes, flattr it").tap()
    expect(own.get_by_text("You flattred this.")).to_be_visible()
    assert wall.flattred() == ["Harbour"]
