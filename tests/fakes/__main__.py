"""Run both fakes in the foreground: `python -m tests.fakes HOUSE FOLDER`; see scripts/run.

FOLDER gets the settings by which a house finds them, as lines of a shell.
"""

from __future__ import annotations

import shlex
import signal
import sys
import threading
from pathlib import Path

from tests.fakes.running import running


def main(house: str, folder: str) -> None:
    """Serve until stopped."""
    stopped = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stopped.set())
    room = Path(folder).resolve()
    room.mkdir(parents=True, exist_ok=True)
    with running(room, house=house) as fakes:
        lines = [f"export {name}={shlex.quote(value)}" for name, value in fakes.environment.items()]
        (room / "settings.new").write_text("\n".join(lines) + "\n")
        (room / "settings.new").rename(room / "settings")
        said = f"payments are fake: merchant's pages {fakes.paypal.url}/merchant and {fakes.skrill.url}/merchant"
        print(said, flush=True)  # noqa: T201 - it is a program
        stopped.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
