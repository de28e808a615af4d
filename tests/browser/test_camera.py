"""The live camera, a typed code, and the same check of codes in the browser as in the house."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

import qr
from api.pages import templates
from tests.browser import wall as walls
from tests.browser.wall import Wall

BASES = ("http://localhost:8000", "https://flattr.example", "https://flattr.example:8443")


@pytest.fixture(scope="module")
def wall(tmp_path_factory: pytest.TempPathFactory, empty_sqlite: Path) -> Iterator[Wall]:
    with walls.hung(tmp_path_factory.mktemp("wall"), empty_sqlite) as hung:
        yield hung


def page_of(browser: Browser, wall: Wall, *, member: bool = True, script: str = "") -> Page:
    context = walls.picked_up(browser, wall, member=member)
    if script:
        context.add_init_script(script)
    return context.new_page()


def says(page: Page, name: str) -> None:
    expect(page.locator(f'.camera [data-says="{name}"]')).to_be_visible()


def test_from_our_own_scan_page_a_flattr_is_two_taps(wall: Wall, tmp_path: Path) -> None:
    film = walls.filmed(tmp_path / "film.mjpeg", [wall.address("Harbour")])
    with walls.chromium(*walls.with_film(film)) as browser:
        page = page_of(browser, wall)
        page.goto(f"{wall.service.url}/month")
        page.locator('nav a[href="/scan"]').tap()
        page.wait_for_url(f"**/t/{wall.codes['Harbour']}")
        assert wall.flattred() == []
        page.get_by_role("button", name="Yes, flattr it").tap()
        expect(page.get_by_text("You flattred this.")).to_be_visible()
        assert wall.flattred() == ["Harbour"]
        # Going back looks again, and ends at the same page.
        page.goto(f"{wall.service.url}/scan")
        page.wait_for_url(f"**/t/{wall.codes['Harbour']}")


def test_of_several_codes_in_sight_those_wanted_are_ticked(wall: Wall, tmp_path: Path) -> None:
    shown = [wall.address(title) for title in ("Kettle", "Street")]
    film = walls.filmed(tmp_path / "film.mjpeg", shown)
    with walls.chromium(*walls.with_film(film)) as browser:
        page = page_of(browser, wall)
        page.goto(f"{wall.service.url}/scan")
        page.wait_for_url("**/scan?code=*")
        expect(page.get_by_role("checkbox")).to_have_count(2)
        page.get_by_role("checkbox", name=re.compile("Kettle")).check()
        page.get_by_role("button", name="Flattr these").tap()
        expect(page.get_by_text("You flattred this.")).to_be_visible()
        assert "Kettle" in wall.flattred()
        assert "Street" not in wall.flattred()


def test_frames_go_one_at_a_time_and_fewer_while_the_house_is_busy(
    wall: Wall, tmp_path: Path
) -> None:
    film = walls.filmed(tmp_path / "film.mjpeg", ["https://elsewhere.example/"])
    asked: list[float] = []
    open_now: list[int] = []
    busy = True

    def frames(route: Route) -> None:
        asked.append(time.monotonic())
        open_now.append(1)
        assert len(open_now) == 1
        if busy:
            route.fulfill(status=503, headers={"Retry-After": "1"}, body="{}")
        else:
            size = len(route.request.post_data_buffer or b"")
            assert 2_000 < size < 60_000
            route.fulfill(status=200, json={"codes": []})
        open_now.clear()

    with walls.chromium(*walls.with_film(film)) as browser:
        page = page_of(browser, wall)
        page.route("**/api/v1/frames", frames)
        page.goto(f"{wall.service.url}/scan")
        says(page, "looking")
        page.wait_for_timeout(3_500)
        assert 1 <= len(asked) <= 3  # at 0, 1 and 3 seconds
        busy = False
        page.wait_for_timeout(4_500)
        asked.clear()
        page.wait_for_timeout(2_000)
        assert 4 <= len(asked) <= 9


def test_the_phones_own_detector_is_used_where_it_reads_qr(wall: Wall, tmp_path: Path) -> None:
    film = walls.filmed(tmp_path / "film.mjpeg", ["https://elsewhere.example/"])

    def detector(formats: list[str], *texts: str) -> str:
        seen = [{"rawValue": text} for text in texts]
        return f"""
          globalThis.BarcodeDetector = class {{
            static async getSupportedFormats() {{ return {formats}; }}
            async detect() {{ return {seen}; }}
          }};"""

    with walls.chromium(*walls.with_film(film)) as browser:
        frames: list[str] = []
        page = page_of(browser, wall, script=detector(["qr_code"], wall.address("Street")))
        page.on("request", lambda sent: frames.extend({sent.url} if "frames" in sent.url else ()))
        page.goto(f"{wall.service.url}/scan")
        page.wait_for_url(f"**/t/{wall.codes['Street']}")
        assert frames == []

        foreign = page_of(browser, wall, script=detector(["qr_code"], "https://else.example/T/X"))
        foreign.goto(f"{wall.service.url}/scan")
        says(foreign, "foreign")

        blind = page_of(browser, wall, script=detector([], wall.address("Street")))
        with blind.expect_request("**/api/v1/frames"):
            blind.goto(f"{wall.service.url}/scan")


def test_a_camera_that_is_refused_or_absent_leaves_the_rest(wall: Wall) -> None:
    with walls.chromium() as browser:
        page = page_of(browser, wall)
        page.goto(f"{wall.service.url}/scan")
        says(page, "off")
        page.get_by_role("button", name="Start the camera").tap()
        expect(
            page.locator('.camera [data-says="refused"], .camera [data-says="absent"]').locator(
                "visible=true"
            )
        ).to_have_count(1)
        expect(page.get_by_label("Code", exact=True)).to_be_visible()
        expect(page.locator("#photo")).to_be_visible()
        none = page_of(
            browser, wall, script="Object.defineProperty(navigator, 'mediaDevices', {value: null})"
        )
        none.goto(f"{wall.service.url}/scan")
        says(none, "absent")
        expect(none.get_by_role("button", name="Start the camera")).to_be_hidden()


def test_a_torch_is_offered_where_there_is_one(wall: Wall, tmp_path: Path) -> None:
    film = walls.filmed(tmp_path / "film.mjpeg", ["https://elsewhere.example/"])
    torch = """
      MediaStreamTrack.prototype.getCapabilities = () => ({ torch: true });
      MediaStreamTrack.prototype.applyConstraints = async (asked) => { globalThis.lit = asked; };
    """
    with walls.chromium(*walls.with_film(film)) as browser:
        page = page_of(browser, wall)
        page.goto(f"{wall.service.url}/scan")
        says(page, "looking")
        expect(page.get_by_role("button", name="Light")).to_be_hidden()
        lit = page_of(browser, wall, script=torch)
        lit.goto(f"{wall.service.url}/scan")
        button = lit.get_by_role("button", name="Light")
        for on in (True, False):
            button.tap()
            expect(button).to_have_attribute("aria-pressed", str(on).lower())
            assert lit.evaluate("globalThis.lit") == {"advanced": [{"torch": on}]}


def test_a_typed_code_is_checked_while_it_is_typed(wall: Wall) -> None:
    code = qr.Code(wall.codes["Street"])
    wrong = code.text[:-1] + ("2" if code.text[-1] != "2" else "3")
    with walls.chromium() as browser:
        page = page_of(browser, wall, member=False)
        page.goto(f"{wall.service.url}/scan")
        field = page.get_by_label("Code", exact=True)
        for typed, verdict in (
            (code.text[:5], "short"),
            (wrong, "mistyped"),
            (code.text + "0", "long"),
            (code.text[:5] + "U", "strange"),
            ("https://elsewhere.example/T/0000000000000", "foreign"),
            (code.grouped.lower().replace("1", "l").replace("0", "o"), "good"),
        ):
            field.fill(typed)
            expect(page.locator("[data-typed] [data-says]:visible")).to_have_attribute(
                "data-says", verdict
            )
            invalid = "true" if verdict not in {"short", "good"} else None
            assert field.get_attribute("aria-invalid") == invalid
        field.press("Enter")
        expect(page.get_by_text("It is in your pocket.")).to_be_visible()


def test_codes_are_read_in_the_browser_as_in_the_house(wall: Wall) -> None:
    chance = random.Random(5)
    payloads = []
    for _ in range(300):
        code = qr.mint(chance.getrandbits)
        wrong = list(code.text)
        wrong[chance.randrange(13)] = chance.choice("0123456789ABCDEFGHJKMNPQRSTVWXYZILOU-")
        swapped = list(code.text)
        one, other = chance.sample(range(13), 2)
        swapped[one], swapped[other] = swapped[other], swapped[one]
        for text in (code.text, "".join(wrong), "".join(swapped), code.grouped.lower()):
            payloads.append(text)
            base = chance.choice(BASES)
            form = chance.choice(
                ("{b}/T/{t}", "{b}/t/{t}/", "{b}/t/{t}?a", "{b}/x/{t}", " {b}/T/{t}\n", "{b}{t}")
            )
            payloads.append(form.format(b=chance.choice((base, base.upper())), t=text))
    payloads += [
        "",
        " ",
        "0" * 13,
        "\N{KELVIN SIGN}" * 13,
        "0" * 12 + "\N{LATIN SMALL LETTER LONG S}",
        "x" * 201,
        "http://flattr.example:80/T/0000000000000",
        "https://flattr.example:443/T/0000000000000",
        "https://flattr.example:80/T/0000000000000",
        "http://[::1]:8000/T/0000000000000",
        "https://a@flattr.example/T/0000000000000",
        "https://flattr.example/T/%300000000000000",
    ]

    def expected(payload: str, base: str) -> str | None:
        try:
            return qr.parse(payload, base_url=base).text
        except qr.ForeignCode:
            return "foreign"
        except qr.CodeError:
            return None

    with walls.chromium() as browser:
        page = page_of(browser, wall, member=False)
        page.goto(f"{wall.service.url}/scan")
        for base in BASES:
            read = page.evaluate(
                """async ([script, payloads, base]) => {
                  const { parse } = await import(script);
                  return payloads.map((payload) => parse(payload, base));
                }""",
                [templates.static("code.js"), payloads, base],
            )
            assert read == [expected(payload, base) for payload in payloads]
            assert sum(one is not None for one in read) > 300
