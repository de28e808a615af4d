"""A worker as it is, but for one thing: a photo is the name of a deed, and it tries to do it.

Run as a program: where the project is, and who the parent is. It answers with what came of it.
"""

import ctypes
import errno
import mmap
import os
import resource
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])

from scanner import limits, worker
from scanner.sighting import Look, Sighting

C = ctypes.CDLL(None, use_errno=True)
PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_SET_PDEATHSIG = 4, 22, 1
PTRACE_TRACEME = 0
GETPID_OF_X32 = 0x40000000 + 39
NAMESPACES = 0x10000000


def ask_c(name: str, *arguments: int | bytes | None) -> int:
    words = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    if (done := getattr(C, name)(*words)) == -1:
        raise OSError(ctypes.get_errno(), name)
    return int(done)


def fork() -> None:
    if os.fork() == 0:
        os._exit(0)


def executable_memory() -> None:
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)


def memory_made_executable() -> None:
    page = mmap.mmap(-1, 4096)
    here = ctypes.addressof(ctypes.c_char.from_buffer(page))
    ask_c("mprotect", here, 4096, mmap.PROT_READ | mmap.PROT_EXEC)


def set_limit(limit: int, most: int) -> None:
    ask_c("setrlimit", limit, struct.pack("@QQ", most, most))


def start_a_thread() -> None:
    thread = threading.Thread(target=lambda: None)
    thread.start()
    thread.join()


def overrun() -> None:
    limits.renew_processor_time(1)
    while True:
        pass


DEEDS: dict[str, Callable[[], object]] = {
    "open_a_tcp_socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM),
    "open_a_tcp_socket_of_ipv6": lambda: socket.socket(socket.AF_INET6, socket.SOCK_STREAM),
    "open_a_udp_socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
    "open_a_unix_socket": lambda: socket.socket(socket.AF_UNIX, socket.SOCK_STREAM),
    "open_a_raw_socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW),
    "open_a_pair_of_sockets": socket.socketpair,
    "connect": lambda: ask_c("connect", 0, bytes(16), 16),
    "bind": lambda: ask_c("bind", 0, bytes(16), 16),
    "fork": fork,
    "vfork": lambda: ask_c("syscall", 58 if os.uname().machine == "x86_64" else 220, 0x4111, 0),
    "clone_into_a_namespace": lambda: ask_c("unshare", NAMESPACES),
    "execute": lambda: os.execv("/bin/true", ["true"]),
    "run_a_subprocess": lambda: subprocess.run([sys.executable, "-V"], check=False),
    "run_a_shell": lambda: os.posix_spawn("/bin/sh", ["sh", "-c", "true"], {}),
    "read_a_file": lambda: Path("/etc/passwd").read_bytes(),
    "read_its_own_program": lambda: Path(__file__).read_bytes(),
    "read_its_own_memory": lambda: Path("/proc/self/maps").read_bytes(),
    "list_a_folder": lambda: list(Path("/").iterdir()),
    "look_whether_a_file_is_there": Path("/etc/passwd").stat,
    "write_a_file": lambda: Path("/tmp/flattr-deed").write_bytes(b"x"),
    "make_a_folder": Path("/tmp/flattr-deed").mkdir,
    "delete_a_file": Path("/tmp/flattr-deed").unlink,
    "ask_where_it_is": os.getcwd,
    "change_its_folder": lambda: os.chdir("/tmp"),
    "make_a_pipe": os.pipe,
    "open_more_files": lambda: os.dup(0),
    "read_what_it_writes_to": lambda: os.read(1, 1),
    "write_to_what_it_reads": lambda: os.write(0, b"x"),
    "trace": lambda: ask_c("ptrace", PTRACE_TRACEME, 0, 0, 0),
    "read_its_parents_memory": lambda: ask_c("process_vm_readv", os.getppid(), None, 0, None, 0, 0),
    "signal_its_parent": lambda: os.kill(int(sys.argv[2]), 0),
    "catch_a_signal": lambda: signal.signal(signal.SIGXCPU, signal.SIG_IGN),
    "raise_its_memory": lambda: set_limit(resource.RLIMIT_AS, 2 * limits.MEMORY_BYTES),
    "open_more_files_by_a_new_limit": lambda: set_limit(resource.RLIMIT_NOFILE, 1024),
    "allow_core_dumps": lambda: set_limit(resource.RLIMIT_CORE, 1024),
    "allow_files": lambda: set_limit(resource.RLIMIT_FSIZE, 1024),
    "ask_for_its_parents_limits": lambda: ask_c(
        "prlimit", int(sys.argv[2]), resource.RLIMIT_CPU, None, bytes(16)
    ),
    "outlive_its_parent": lambda: ask_c("prctl", PR_SET_PDEATHSIG, 0, 0, 0, 0),
    "become_dumpable": lambda: ask_c("prctl", PR_SET_DUMPABLE, 1, 0, 0, 0),
    "replace_the_filter": lambda: ask_c("prctl", PR_SET_SECCOMP, 2, bytes(16), 0, 0),
    "become_another_user": lambda: os.setuid(12345),
    "change_its_root": lambda: os.chroot("/tmp"),
    "map_executable_memory": executable_memory,
    "make_memory_executable": memory_made_executable,
    # These are answered in their own way.
    "take_too_much_memory": lambda: bytearray(2 * limits.MEMORY_BYTES),
    "call_as_another_machine": lambda: ask_c("syscall", GETPID_OF_X32),
    "compute_for_ever": overrun,
    "print": lambda: os.write(1, b"a library prints"),
    "warn": lambda: os.write(2, b"a library warns"),
    "start_a_thread": start_a_thread,
}


def attempt(photo: bytes, _: Look) -> tuple[Sighting, ...]:
    return (Sighting(text=outcome(DEEDS[photo.decode()]), corners=((0, 0),) * 4, attempt="deed"),)


def outcome(deed: Callable[[], object]) -> str:
    try:
        return f"done: {deed()}"
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    except MemoryError:
        return "MemoryError"


def main(parent: int) -> None:
    serve = worker.serve

    def serve_deeds(
        photos: BinaryIO,
        out: BinaryIO,
        read: worker.Read,  # noqa: ARG001
        draw: worker.Draw,
    ) -> None:
        serve(photos, out, attempt, draw)

    worker.serve = serve_deeds
    worker.main(parent)


if __name__ == "__main__":
    main(int(sys.argv[2]))
