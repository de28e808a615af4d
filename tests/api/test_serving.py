"""The service as its operator starts it: a process, its ports, its lines."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from click.testing import CliRunner

from api import demo, serving
from api.cli import main
from irl import migrations
from irl.settings import Settings, SettingsRefused
from qr import render
from tests.api.said import assert_problem


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {
        "IRL_DATABASE_URL": f"sqlite:///{tmp_path / 'irl.db'}",
        "IRL_MAIL_URL": f"file:{tmp_path / 'outbox'}",
        "PORT": str(_free_port()),
    }


def _run(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "api", *words],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def service(environment: dict[str, str]) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A migrated service with a gallery, running."""
    migrations.upgrade(environment["IRL_DATABASE_URL"])
    base = f"http://localhost:{environment['PORT']}"
    environment |= {"IRL_BASE_URL": base}
    assert _run(environment, "demo").returncode == 0
    with subprocess.Popen(
        [sys.executable, "-m", "api", "serve"],
        env=os.environ | environment,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            _wait_for(base)
            yield process, base
        finally:
            process.kill()


def _wait_for(base: str) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            if httpx2.get(f"{base}/healthz").status_code == 200:
                return
        except httpx2.TransportError:
            time.sleep(0.1)
    raise AssertionError("the service did not come up")


def test_the_service_answers_reads_photos_and_stops(
    service: tuple[subprocess.Popen[str], str],
) -> None:
    process, base = service
    things = httpx2.get(f"{base}/api/v1/things").json()["things"]
    assert len(things) == len(demo.EXHIBITS)

    picture = render.png(render.symbol("https://example.org/menu"))
    scanned = httpx2.post(f"{base}/api/v1/scans", files={"photo": ("p.png", picture)})
    assert scanned.json()["scans"][0]["outcome"] == "foreign_code"

    large = httpx2.post(f"{base}/api/v1/scans", files={"photo": ("p.jpg", bytes(20 * 2**20))})
    assert_problem(large, 413, "photo-too-large", field="photo")
    assert "server" not in large.headers

    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=30)
    lines = [json.loads(line) for line in errors.splitlines()]
    routes = {(line["method"], line["route"]) for line in lines if line["log"] == "access"}
    assert ("POST", "/api/v1/scans") in routes
    assert ("GET", "/api/v1/things") in routes


def test_what_is_missing_is_said_in_one_line(environment: dict[str, str]) -> None:
    for changed, said in (
        ({}, "irl migrate"),
        ({"PORT": "none"}, "PORT"),
        ({"IRL_DATABASE_URL": "mysql://x"}, "IRL_DATABASE_URL"),
        ({"IRL_WORKERS": "2"}, "IRL_WORKERS"),
        ({"IRL_TRUSTED_PROXIES": "*"}, "IRL_TRUSTED_PROXIES"),
        ({"IRL_RULES": "/nowhere/rules.toml"}, "IRL_RULES"),
        ({"IRL_DATABASE_URL": "postgresql://x@127.0.0.1:1/x"}, "cannot be opened"),
    ):
        done = CliRunner().invoke(main, ["serve"], env=environment | changed)
        assert done.exit_code == 2, done
        assert len(done.stderr.splitlines()) == 1, done.stderr
        assert said in done.stderr


def test_proxies_are_networks_and_never_everybody() -> None:
    options = serving.options(Settings(trusted_proxies="10.0.0.0/8, 192.0.2.1"))
    assert options["forwarded_allow_ips"] == ["10.0.0.0/8", "192.0.2.1"]
    assert options["proxy_headers"] is True
    assert serving.options(Settings())["proxy_headers"] is False
    with pytest.raises(SettingsRefused, match="IRL_TRUSTED_PROXIES"):
        serving.options(Settings(trusted_proxies="*"))


def test_several_workers_need_postgresql() -> None:
    with pytest.raises(SettingsRefused, match="IRL_WORKERS"):
        serving.options(Settings(workers=2))
    settings = Settings(workers=2, database_url="postgresql://localhost/irl")
    assert serving.options(settings)["workers"] == 2


def test_the_gallery_is_filled_once(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    migrations.upgrade(environment["IRL_DATABASE_URL"])
    runner = CliRunner()
    filled = runner.invoke(main, ["demo"])
    assert filled.exit_code == 0
    assert demo.PASSWORD in filled.output
    assert "gita@gallery.example" in filled.output
    assert "runs the house at http://localhost:8000/house" in filled.output
    assert filled.output.count("http://localhost:8000/t/") == len(demo.EXHIBITS)
    again = runner.invoke(main, ["demo"])
    assert (again.exit_code, "not empty" in again.stderr) == (2, True)
    quiet = runner.invoke(main, ["demo", "--if-empty"])
    assert quiet.exit_code == 0


def test_the_gallery_needs_play_money(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (environment | {"IRL_SANDBOX": "off"}).items():
        monkeypatch.setenv(name, value)
    migrations.upgrade(environment["IRL_DATABASE_URL"])
    refused = CliRunner().invoke(main, ["demo"])
    assert (refused.exit_code, "IRL_SANDBOX" in refused.stderr) == (2, True)


def test_photos_are_read_from_the_shell_a_line_each(tmp_path: Path) -> None:
    good, empty = tmp_path / "good.png", tmp_path / "empty.png"
    good.write_bytes(render.png(render.symbol("HELLO")))
    empty.write_bytes(b"")
    runner = CliRunner()
    read = runner.invoke(main, ["scan", str(good)])
    assert read.exit_code == 0
    line = json.loads(read.output)
    assert (line["file"], line["texts"], line["attempt"]) == (str(good), ["HELLO"], "plain")
    assert line["ms"] > 0
    both = runner.invoke(main, ["scan", str(good), str(empty), str(tmp_path / "missing")])
    assert both.exit_code == 1
    lines = [json.loads(line) for line in both.stdout.splitlines()]
    assert [line["texts"] for line in lines] == [["HELLO"], [], []]
    assert all("error" in line for line in lines[1:])
