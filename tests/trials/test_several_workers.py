"""Several workers on PostgreSQL: they come up, and go with the process that minds them."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import httpx2

from tests.service import running
from tests.trials.conftest import Trial

GONE_S = 40


def test_workers_go_with_a_killed_parent_and_free_the_port(
    filled_postgresql: Trial, tmp_path: Path
) -> None:
    with running(tmp_path, filled_postgresql.fresh(), IRL_WORKERS="2") as service:
        assert httpx2.get(f"{service.url}/api/v1/things").status_code == 200
        service.kill()
        until = time.monotonic() + GONE_S
        while _answers(service.port):
            assert time.monotonic() < until, "the workers outlived their parent"
            time.sleep(0.1)
        service.start()
        assert httpx2.get(f"{service.url}/api/v1/things").status_code == 200


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
