"""The system calls that a worker still needs once its libraries are loaded, and no others.

The kernel runs a small program of ours (classic BPF, see seccomp(2)) before each system call of
the process. Nothing undoes it. It is an allow-list: what is not named here is answered with EPERM,
so a library that asks for more gets an error and not a dead process. A call in the manner of
another processor, whose numbers mean something else, ends the process.
"""

import ctypes
import errno
import os
import struct
import sys
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Machine:
    """A kind of processor.

    Attributes:
        audit_arch: the kernel's name for its manner of system calls (linux/audit.h).
        column: where its numbers stand in `NUMBERS`.
    """

    audit_arch: int
    column: int


MACHINES: Final = {"x86_64": Machine(0xC000003E, 0), "aarch64": Machine(0xC00000B7, 1)}

NUMBERS: Final = {
    # The conversation.
    "read": (0, 63),
    "write": (1, 64),
    "close": (3, 57),
    # Memory.
    "brk": (12, 214),
    "madvise": (28, 233),
    "mmap": (9, 222),
    "mprotect": (10, 226),
    "mremap": (25, 216),
    "munmap": (11, 215),
    # Time, chance and turns.
    "clock_getres": (229, 114),
    "clock_gettime": (228, 113),
    "clock_nanosleep": (230, 115),
    "futex": (202, 98),
    "getrandom": (318, 278),
    "gettimeofday": (96, 169),
    "sched_yield": (24, 124),
    # Threads, which libde265 cannot do without.
    "clone": (56, 220),
    "clone3": (435, 435),
    "rseq": (334, 293),
    "set_robust_list": (273, 99),
    # This process: its signals, its limit of processor time, its end.
    "exit": (60, 93),
    "exit_group": (231, 94),
    "prlimit64": (302, 261),
    "restart_syscall": (219, 128),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    # How this filter comes into force; not allowed afterwards.
    "seccomp": (317, 277),
}
"""The numbers on x86_64 and on aarch64, from the kernel's arch/x86/entry/syscalls/syscall_64.tbl
and include/uapi/asm-generic/unistd.h."""

ALLOW: Final = 0x7FFF0000
REFUSE: Final = 0x00050000 | errno.EPERM
UNKNOWN: Final = 0x00050000 | errno.ENOSYS
KILL: Final = 0x80000000
"""What the program answers (linux/seccomp.h): ALLOW, ERRNO with a number, KILL_PROCESS."""

_X32: Final = 0x40000000
"""From here on the numbers of x86_64 are those of its 32-bit manner, x32 (asm/unistd.h)."""

_PROT_EXEC: Final = 4
_RLIMIT_CPU: Final = 0
_THREAD: Final = 0x003D0F00
"""What glibc's pthread_create asks of clone: everything shared, CLONE_THREAD, its own stack."""

_SET_MODE_FILTER: Final = 1
_ALL_THREADS: Final = 1

# Where struct seccomp_data has the number, the architecture, and the lower half of an argument.
_NUMBER: Final = 0
_ARCH: Final = 4
_FIRST_ARGUMENT: Final = 16

# Instructions (linux/bpf_common.h): load a word, return, jump if equal, if not below, if any of
# some bits is set.
_LOAD: Final = 0x20
_RETURN: Final = 0x06
_EQUAL: Final = 0x15
_NOT_BELOW: Final = 0x35
_ANY_BIT: Final = 0x45


@dataclass(frozen=True, slots=True)
class Rule:
    """A call that is allowed, as long as some of its arguments are what they should be.

    Attributes:
        call: its name.
        equal: pairs of an argument (from 0) and its value.
        without: pairs of an argument and bits none of which it may have.
        answer: what the kernel is told, ALLOW if not said otherwise.
    """

    call: str
    equal: tuple[tuple[int, int], ...] = ()
    without: tuple[tuple[int, int], ...] = ()
    answer: int = ALLOW


def rules(*, reads: int, writes: Collection[int]) -> list[Rule]:
    """All that is allowed to a worker that reads from one file descriptor and writes to some."""
    special = [
        Rule("read", equal=((0, reads),)),
        *(Rule("write", equal=((0, to),)) for to in writes),
        # No memory becomes a program any more.
        Rule("mmap", without=((2, _PROT_EXEC),)),
        Rule("mprotect", without=((2, _PROT_EXEC),)),
        # Threads and no processes. The flags of clone3 lie in memory, where no filter looks; told
        # that there is no such call, glibc takes clone, whose flags are an argument.
        Rule("clone", equal=((0, _THREAD),)),
        Rule("clone3", answer=UNKNOWN),
        # Root could raise the other limits, and those of other processes.
        Rule("prlimit64", equal=((0, 0), (1, _RLIMIT_CPU))),
    ]
    named = {"seccomp", *(rule.call for rule in special)}
    return special + [Rule(call) for call in NUMBERS if call not in named]


def program(machine: Machine, allowed: Collection[Rule]) -> bytes:
    """Translate rules for the kernel; it goes from one to the next until one fits.

    Returns:
        An array of struct sock_filter (linux/filter.h).
    """
    code = [(_LOAD, 0, 0, _ARCH), (_EQUAL, 1, 0, machine.audit_arch), (_RETURN, 0, 0, KILL)]
    code += [(_LOAD, 0, 0, _NUMBER), (_NOT_BELOW, 0, 1, _X32), (_RETURN, 0, 0, KILL)]
    for rule in allowed:
        code += _translated(rule, NUMBERS[rule.call][machine.column])
    code += [(_RETURN, 0, 0, REFUSE)]
    return b"".join(struct.pack("=HBBI", *line) for line in code)


def _translated(rule: Rule, number: int) -> list[tuple[int, int, int, int]]:
    checks = [(_EQUAL, _NUMBER, number, True)]
    checks += [(_EQUAL, _FIRST_ARGUMENT + 8 * at, value, True) for at, value in rule.equal]
    checks += [(_ANY_BIT, _FIRST_ARGUMENT + 8 * at, bits, False) for at, bits in rule.without]
    code: list[tuple[int, int, int, int]] = []
    for done, (jump, offset, value, wanted) in enumerate(checks):
        beyond = 2 * (len(checks) - done) - 1
        then = (0, beyond) if wanted else (beyond, 0)
        code += [(_LOAD, 0, 0, offset), (jump, *then, value)]
    return [*code, (_RETURN, 0, 0, rule.answer)]


def machine() -> Machine | None:
    """The machine we run on; None for one whose numbers we do not know."""
    if sys.platform != "linux" or struct.calcsize("P") != 8:
        return None
    return MACHINES.get(os.uname().machine)


def confine(*, reads: int, writes: Collection[int]) -> bool:
    """Allow all threads of this process only `rules` from now on; whether that holds.

    Needs no new privileges (`limits.confine`).
    """
    here = machine()
    if here is None:
        return False
    code = program(here, rules(reads=reads, writes=writes))
    # struct sock_fprog: how many instructions, and where.
    lines = ctypes.create_string_buffer(code, len(code))
    fprog = struct.pack("@HP", len(code) // 8, ctypes.addressof(lines))
    number = ctypes.c_long(NUMBERS["seccomp"][here.column])
    done = ctypes.CDLL(None).syscall(
        number, ctypes.c_long(_SET_MODE_FILTER), ctypes.c_long(_ALL_THREADS), fprog
    )
    return bool(done == 0)
