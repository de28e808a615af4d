"""The real service: `irl serve` as a process of its own, spoken to over HTTP."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from pathlib import Path

import httpx2

IRL = (str(Path(sys.executable).with_name("irl")),)
START_S = 40


@dataclass
class Service:
    """A running service and the folder it lives in."""

    folder: Path
    database_url: str
    port: int
    extra: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    clients: list[httpx2.Client] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("IRL_")}
        return kept | {
            "PORT": str(self.port),
            "IRL_BASE_URL": self.url,
            "IRL_DATABASE_URL": self.database_url,
            "IRL_MAIL_URL": f"file:{self.folder / 'outbox'}",
            "PYTHONPATH": str(Path(__file__).parent.parent),
            **self.extra,
        }

    def irl(self, *arguments: str, code: int = 0) -> str:
        """Run a command of the operator and give what it prints."""
        done = subprocess.run(
            [*IRL, *arguments],
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == code, f"irl {arguments}: {done.returncode} {done.stderr}"
        return done.stdout

    def start(self) -> None:
        """Start serving and wait until it is ready."""
        with (self.folder / "serve.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*IRL, "serve"], env=self.environment, cwd=self.folder, stderr=log, stdout=log
            )
        until = time.monotonic() + START_S
        with httpx2.Client(timeout=5) as web:
            while time.monotonic() < until:
                assert self.process.poll() is None, (self.folder / "serve.log").read_text()
                try:
                    if web.get(f"{self.url}/healthz").status_code == 200:
                        return
                except httpx2.TransportError:
                    time.sleep(0.05)
        raise AssertionError("the service did not start")

    def client(self, path: str = "") -> httpx2.Client:
        """Give a client of this service; it is closed when the service stops."""
        self.clients.append(httpx2.Client(base_url=f"{self.url}{path}", timeout=30))
        return self.clients[-1]

    def beside(self, command: str) -> subprocess.Popen[bytes]:
        """Start a command that goes on beside the server, for instance the clock."""
        with (self.folder / f"{command}.log").open("ab") as log:
            return subprocess.Popen(
                [*IRL, command], env=self.environment, cwd=self.folder, stderr=log, stdout=log
            )

    def kill(self) -> None:
        """End the server as a power cut would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)

    def stop(self) -> None:
        """Ask the server to stop and wait until it has."""
        while self.clients:
            self.clients.pop().close()
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(30)

    def mails(self, recipient: str) -> list[str]:
        """Give the bodies of all mails to somebody, oldest first."""
        self.irl("mail")
        found = []
        for path in sorted((self.folder / "outbox").glob("*.eml")):
            message = message_from_bytes(path.read_bytes(), policy=policy.default)
            body = message.get_body(("plain",))
            assert body is not None
            if message["To"] == recipient:
                found.append(body.get_content())
        return found


def free_port() -> int:
    """Give a port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(folder: Path, database_url: str, **extra: str) -> Iterator[Service]:
    """Serve until the block ends."""
    service = Service(folder, database_url, free_port(), extra)
    service.start()
    try:
        yield service
    finally:
        service.stop()
