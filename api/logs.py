"""Logs: one JSON object a line on stderr, without anything personal in it.

A request leaves its method, the pattern of its route (never the path, which can hold ids, codes
and tokens), status, time and id. An error leaves its kind and where it happened, not its message:
that may quote what a person sent.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Final, TextIO

_FLUSH_S: Final = 0.1


class AccessLog:
    """Writes a line a request, several at once: a write for each would cost as much as the rest."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lines: list[str] = []

    def note(
        self, *, method: str, route: str | None, status: int, ms: float, request_id: str
    ) -> None:
        """Note one request; `method` is upper-case letters, `route` one of our own patterns."""
        if not self._lines:
            asyncio.get_running_loop().call_later(_FLUSH_S, self.flush)
        where = f'"{route}"' if route else "null"
        # The times of lines that are written together differ by less than they need to tell.
        self._lines.append(
            f'"method":"{method}","route":{where},"status":{status},"ms":{ms:.1f},'
            f'"request_id":"{request_id}"}}\n'
        )

    def flush(self) -> None:
        """Write what waits."""
        lines, self._lines = self._lines, []
        if lines:
            head = f'{{"at":"{_now()}","log":"access",'
            self._stream.write("".join(f"{head}{line}" for line in lines))
            self._stream.flush()


class JsonLines(logging.Formatter):
    """Formats a record as one line of JSON; of an exception only kind and places."""

    def format(self, record: logging.LogRecord) -> str:
        """Give the line."""
        line: dict[str, object] = {
            "at": _now(),
            "log": record.name,
            "level": record.levelname.lower(),
            "message": record.getMessage(),
        }
        if record.exc_info and record.exc_info[1] is not None:
            line |= described(record.exc_info[1])
        if request_id := getattr(record, "request_id", None):
            line["request_id"] = request_id
        return json.dumps(line, ensure_ascii=False, separators=(",", ":"))


def described(trouble: BaseException) -> dict[str, object]:
    """Give the kind of an exception, of what caused it, and the places it went through."""
    kinds: list[str] = []
    cause: BaseException | None = trouble
    while cause is not None and len(kinds) < 10:
        kinds.append(f"{type(cause).__module__}.{type(cause).__qualname__}")
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    frames = traceback.extract_tb(trouble.__traceback__)
    return {
        "error": kinds,
        "places": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-20:]],
    }


def to_stderr() -> None:
    """Send all logs of this process to stderr as lines of JSON."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for name in ("databases", "httpx2"):  # the one tells statements, the other addresses
        logging.getLogger(name).setLevel(logging.WARNING)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
