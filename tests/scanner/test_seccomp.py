"""What the filter decides, on machines that we are not on too: a few lines play the kernel."""

import errno
import re
import struct
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scanner import landlock, seccomp
from scanner.seccomp import ALLOW, KILL, MACHINES, NUMBERS, REFUSE, UNKNOWN

MACHINE = pytest.mark.parametrize("name", MACHINES)
OUT = 3
HEADERS = {
    "x86_64": ("x86_64-linux-gnu/asm/unistd_64.h", "asm/unistd_64.h"),
    "aarch64": ("asm-generic/unistd.h",),
}

JUMPS: dict[int, Callable[[int, int], bool]] = {
    0x15: lambda word, value: word == value,
    0x35: lambda word, value: word >= value,
    0x45: lambda word, value: bool(word & value),
}


def decided(name: str, number: int, *arguments: int, arch: int | None = None) -> int:
    """Run the program as the kernel would, on the data of one call (struct seccomp_data)."""
    machine = MACHINES[name]
    code = seccomp.program(machine, seccomp.rules(reads=0, writes=(1, 2, OUT)))
    lines = list(struct.iter_unpack("=HBBI", code))
    six = (arguments + (0,) * 6)[:6]
    arch = machine.audit_arch if arch is None else arch
    data = struct.pack("<IIQ6Q", number, arch, 0, *(one % 2**64 for one in six))
    at = word = 0
    while True:
        what, then, otherwise, value = lines[at]
        if what == 0x06:
            return int(value)
        if what == 0x20:
            (word,) = struct.unpack_from("<I", data, value)
            at += 1
        else:
            at += 1 + (then if JUMPS[what](word, value) else otherwise)


def call(name: str, call: str, *arguments: int) -> int:
    return decided(name, NUMBERS[call][MACHINES[name].column], *arguments)


@MACHINE
def test_all_that_is_not_named_is_refused(name: str) -> None:
    known = {numbers[MACHINES[name].column] for numbers in NUMBERS.values()}
    others = {decided(name, number) for number in range(600) if number not in known}
    assert others == {REFUSE}
    assert REFUSE & 0xFFFF == errno.EPERM


@MACHINE
def test_a_worker_reads_from_its_input_and_writes_to_its_outputs_only(name: str) -> None:
    assert [call(name, "read", to) == ALLOW for to in range(5)] == [True, *[False] * 4]
    assert [call(name, "write", to) == ALLOW for to in range(5)] == [False, *[True] * 3, False]
    assert call(name, "write", -1) == REFUSE


@MACHINE
@pytest.mark.parametrize("how", ["mmap", "mprotect"])
def test_memory_is_for_data_and_not_for_programs(name: str, how: str) -> None:
    assert [call(name, how, 0, 4096, rights) == ALLOW for rights in range(8)] == [
        *[True] * 4,
        *[False] * 4,
    ]


@MACHINE
def test_threads_are_made_and_no_processes(name: str) -> None:
    assert call(name, "clone", 0x3D0F00) == ALLOW
    assert call(name, "clone", 17) == REFUSE
    assert call(name, "clone", 0x4111) == REFUSE
    assert call(name, "clone", 0x3D0F00 | 0x40000000) == REFUSE
    assert call(name, "clone3") == UNKNOWN
    assert UNKNOWN & 0xFFFF == errno.ENOSYS


@MACHINE
def test_of_its_limits_only_that_of_processor_time_can_be_renewed(name: str) -> None:
    assert call(name, "prlimit64", 0, 0) == ALLOW
    assert {call(name, "prlimit64", 0, limit) for limit in range(1, 16)} == {REFUSE}
    assert call(name, "prlimit64", 1, 0) == REFUSE


@MACHINE
def test_no_further_filter_is_installed(name: str) -> None:
    assert call(name, "seccomp", 1) == REFUSE


@MACHINE
def test_calls_in_the_manner_of_another_machine_end_the_process(name: str) -> None:
    i386, arm = 0x40000003, 0x40000028
    for arch in (i386, arm, 0):
        assert decided(name, 0, arch=arch) == KILL
    assert decided(name, 0x40000000) == KILL
    assert decided(name, 2**32 - 1) == KILL


@MACHINE
def test_the_numbers_are_those_of_the_kernels_headers(name: str) -> None:
    found = [file for one in HEADERS[name] if (file := Path("/usr/include", one)).exists()]
    if not found:
        pytest.skip("the kernel's headers are not installed")
    said = dict(re.findall(r"define __NR(?:3264)?_(\w+)\s+(\d+)", found[0].read_text()))
    assert {one: said[one] for one in NUMBERS} == {
        one: str(numbers[MACHINES[name].column]) for one, numbers in NUMBERS.items()
    }


def test_on_other_systems_nothing_holds_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert seccomp.machine() is None
    assert not seccomp.confine(reads=0, writes=(1,))
    assert landlock.abi() == 0
    assert not landlock.confine()


@pytest.mark.parametrize(
    ("abi", "taken"),
    [
        (1, (0x1FFF, 0, 0)),
        (2, (0x3FFF, 0, 0)),
        (3, (0x7FFF, 0, 0)),
        (4, (0x7FFF, 3, 0)),
        (5, (0xFFFF, 3, 0)),
        (6, (0xFFFF, 3, 3)),
        (99, (0xFFFF, 3, 3)),
    ],
)
def test_all_is_taken_that_a_kernel_knows(abi: int, taken: tuple[int, int, int]) -> None:
    assert struct.unpack("=QQQ", landlock.ruleset(abi)) == taken
