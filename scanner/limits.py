"""What a worker takes away from itself before it sees the first photo.

Everything here is for Linux; elsewhere the missing limits are reported as not holding, and the
pool's deadline is what remains.
"""

import ctypes
import math
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Final

MEMORY_BYTES: Final = 1024 * 1024 * 1024
"""Address space of a worker; a 24-megapixel HEIC needs about 700 MB of it."""

CPU_S: Final = 4
"""Seconds of processor for one photo, in case that the pool's deadline does not come."""

OPEN_FILES: Final = 16

NICENESS: Final = 5
"""Steps behind the server in the queue for a processor: scans by code and pages go before photos."""

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_NO_NEW_PRIVS: Final = 38


def confine(*, memory_bytes: int = MEMORY_BYTES) -> dict[str, bool]:
    """Take away memory, files, core dumps and privileges of this process, for good.

    Returns:
        By name, whether the limit holds.
    """
    limits: dict[str, Callable[[], bool]] = {
        "memory": lambda: _limited("RLIMIT_AS", memory_bytes),
        "no_file_writes": lambda: _limited("RLIMIT_FSIZE", 0),
        "few_open_files": lambda: _limited("RLIMIT_NOFILE", OPEN_FILES),
        "no_core_dumps": lambda: _limited("RLIMIT_CORE", 0),
        "no_new_privileges": lambda: _prctl(_PR_SET_NO_NEW_PRIVS, 1),
        "dies_with_parent": lambda: _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL),
        "processor_time": renew_processor_time,
        "behind_the_server": _step_back,
    }
    return {name: limit() for name, limit in limits.items()}


def renew_processor_time(seconds: int = CPU_S) -> bool:
    """Allow this process so many seconds of processor time from now on; whether that holds."""
    if sys.platform == "win32":
        return False
    import resource  # noqa: PLC0415  # not on Windows

    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    used = math.ceil(time.process_time())
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (used + seconds, hard))
    except (ValueError, OSError):
        return False
    return True


def _step_back() -> bool:
    if sys.platform == "win32":
        return False
    return os.nice(NICENESS) >= NICENESS


def orphaned(parent: int) -> bool:
    """Whether the parent died before `confine` could ask to die with it."""
    return os.getppid() != parent


def _limited(name: str, value: int) -> bool:
    if sys.platform == "win32":
        return False
    import resource  # noqa: PLC0415  # not on Windows

    try:
        resource.setrlimit(getattr(resource, name), (value, value))
    except (ValueError, OSError):
        return False
    return True


def _prctl(option: int, value: int) -> bool:
    if sys.platform != "linux":
        return False
    return bool(ctypes.CDLL(None).prctl(option, value, 0, 0, 0) == 0)
