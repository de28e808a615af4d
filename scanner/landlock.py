"""No file is opened any more, and nobody outside is reached: Linux's Landlock with no exception.

See landlock(7) and linux/landlock.h. What a kernel can take away depends on its version, the ABI;
it is asked, and everything that it and we know is taken away.
"""

import ctypes
import os
import struct
import sys
from pathlib import Path
from typing import Final

KNOWN: Final = (
    # Rights to files and folders: from execute to make symbolic links; refer; truncate; devices.
    {1: 0x1FFF, 2: 0x3FFF, 3: 0x7FFF, 5: 0xFFFF},
    # Rights to the network: bind and connect by TCP.
    {4: 0b11},
    # What leads out of the process: abstract unix sockets, and signals.
    {6: 0b11},
)
"""By field of struct landlock_ruleset_attr, and by the ABI in which they came, the bits of all
that can be taken away."""

# The same on all machines (include/uapi/asm-generic/unistd.h).
_CREATE_RULESET: Final = 444
_RESTRICT_SELF: Final = 446
_ASK_VERSION: Final = 1


def abi() -> int:
    """The version of Landlock in this kernel; 0 without."""
    if sys.platform != "linux":
        return 0
    return max(0, _call(_CREATE_RULESET, None, 0, _ASK_VERSION))


def ruleset(version: int) -> bytes:
    """Write struct landlock_ruleset_attr: everything is taken away that a kernel's ABI knows."""
    return struct.pack(
        "=QQQ",
        *(
            max((bits for since, bits in field.items() if since <= version), default=0)
            for field in KNOWN
        ),
    )


def confine() -> bool:
    """Take everything that Landlock knows from this process, for good; whether that holds.

    Needs no new privileges (`limits.confine`), and holds for one thread only.
    """
    if (version := abi()) == 0 or not _alone():
        return False
    attributes = ruleset(version)
    rules = _call(_CREATE_RULESET, attributes, len(attributes), 0)
    if rules < 0:
        return False
    try:
        return _call(_RESTRICT_SELF, rules, 0) == 0
    finally:
        os.close(rules)


def _alone() -> bool:
    try:
        return len(list(Path("/proc/self/task").iterdir())) == 1
    except OSError:
        return False


def _call(number: int, *arguments: bytes | int | None) -> int:
    words = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    return int(ctypes.CDLL(None).syscall(ctypes.c_long(number), *words))
