import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests import postgres
from tests.absent import absent


@pytest.fixture(scope="module")
def server() -> Iterator[postgres.Server]:
    if not postgres.available():
        absent(postgres.MISSING)
    with postgres.Server.start() as started:
        yield started


@pytest.fixture
def ours(server: postgres.Server) -> postgres.Server:
    if "IRL_TEST_POSTGRES" in os.environ:
        pytest.skip("about servers that the tests start themselves")
    return server


def ask(url: str, sql: str) -> Any:
    async def run() -> Any:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    return asyncio.run(run())


def test_a_database_is_made_copied_and_dropped(server: postgres.Server) -> None:
    server.drop("irl_first")
    server.drop("irl_second")
    first = server.create("irl_first")
    ask(first, "CREATE TABLE things AS SELECT 42 AS id")
    second = server.create("irl_second", template="irl_first")
    assert ask(second, "SELECT id FROM things") == 42
    server.drop("irl_first")
    server.drop("irl_second")
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        ask(first, "SELECT 1")


def test_databases_are_made_inside_a_running_event_loop_too(server: postgres.Server) -> None:
    async def inside() -> None:
        server.create("irl_inside")
        server.drop("irl_inside")

    asyncio.run(inside())


def test_what_was_committed_survives_an_immediate_restart(ours: postgres.Server) -> None:
    url = ours.create("irl_restarted")
    ask(url, "CREATE TABLE things AS SELECT 42 AS id")
    ours.restart(immediate=True)
    assert ask(url, "SELECT id FROM things") == 42
    ours.restart(immediate=False)
    assert ask(url, "SELECT id FROM things") == 42
    ours.drop("irl_restarted")


def test_nobody_gets_in_without_the_password(ours: postgres.Server) -> None:
    password = ours.url("postgres").split(":")[2].split("@")[0]
    with pytest.raises(asyncpg.InvalidPasswordError):
        ask(ours.url("postgres").replace(password, "guess"), "SELECT 1")


def test_a_name_that_would_need_escaping_is_refused(server: postgres.Server) -> None:
    with pytest.raises(ValueError, match="lower-case"):
        server.create('irl"; DROP DATABASE postgres; --')


def test_the_server_dies_with_the_process_that_started_it(ours: postgres.Server) -> None:
    assert ours.address
    program = (
        "import time; from tests.postgres import Server; server = Server.start();"
        "print(server._folder, server.address, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as starter:
        assert starter.stdout is not None
        folder, address = starter.stdout.readline().decode().split()
        assert ask(address, "SELECT 1") == 1
        starter.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 20
    while Path(folder).exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(folder).exists()
    with pytest.raises(ConnectionRefusedError):
        ask(address, "SELECT 1")
