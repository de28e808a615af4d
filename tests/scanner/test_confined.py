"""A worker tries everything that it must not, as a decoder would that a picture has taken over."""

import asyncio
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from scanner import Pool, child
from scanner.child import Child, WorkerGone
from scanner.sighting import Look
from tests.absent import absent
from tests.scanner import tiles
from tests.scanner.pictures import TEXT, encoded, heic, progressive, symbol

if sys.platform != "linux":
    pytest.skip("workers are confined by Linux", allow_module_level=True)

from tests.scanner.deeds import DEEDS, GETPID_OF_X32

ENDING = {"call_as_another_machine", "compute_for_ever"}
ALLOWED = {"print", "warn", "start_a_thread"}
REFUSED = sorted(DEEDS.keys() - ENDING - ALLOWED - {"take_too_much_memory"})

NO_FILTER = "this machine has no filter of system calls, or numbers that we do not know"
BEFORE = f"import os, sys; sys.path.insert(0, {child._ROOT.as_posix()!r})\n"


class Worker:
    """A worker like the pool's, which tries what it is told."""

    def __init__(self, *program: str) -> None:
        self._loop = asyncio.new_event_loop()
        where = str(child._ROOT), str(os.getpid())
        program = program or (str(Path(__file__).with_name("deeds.py")),)
        command = (sys.executable, "-I", "-B", *program, *where)
        started = Child.start(command, lambda _: None, within_s=30)
        self.child = self._loop.run_until_complete(started)

    def ask(self, photo: bytes) -> list[str]:
        seen = self._loop.run_until_complete(self.child.ask(photo, Look.PHOTO))
        return [one.text for one in seen]

    def tries(self, deed: str) -> str:
        return self.ask(deed.encode())[0]

    def holds(self, name: str) -> bool:
        assert self.child.hello is not None
        return self.child.hello.sandbox[name]

    def end(self) -> None:
        self._loop.run_until_complete(self.child.end())
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()


@pytest.fixture
def worker() -> Iterator[Worker]:
    worker = Worker()
    if not worker.holds("few_system_calls"):
        worker.end()
        absent(NO_FILTER)
    yield worker
    worker.end()


@pytest.fixture(scope="module")
def outcomes() -> dict[str, str]:
    """What came of each deed, all tried by one worker."""
    worker = Worker()
    try:
        if not worker.holds("few_system_calls"):
            absent(NO_FILTER)
        return {deed: worker.tries(deed) for deed in [*REFUSED, "take_too_much_memory", *ALLOWED]}
    finally:
        worker.end()


@pytest.mark.parametrize("deed", REFUSED)
def test_a_worker_cannot(outcomes: dict[str, str], deed: str) -> None:
    assert outcomes[deed] == "EPERM"


def test_a_worker_gets_no_more_memory_than_its_limit(outcomes: dict[str, str]) -> None:
    assert outcomes["take_too_much_memory"] == "MemoryError"


@pytest.mark.parametrize("deed", sorted(ALLOWED))
def test_a_worker_goes_on_when_a_library_does(outcomes: dict[str, str], deed: str) -> None:
    assert outcomes[deed].startswith("done")


def test_a_worker_that_computes_for_ever_is_ended_by_the_system(worker: Worker) -> None:
    with pytest.raises(WorkerGone):
        worker.tries("compute_for_ever")


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="x32 is a manner of x86_64")
def test_a_worker_that_calls_as_another_machine_is_ended(worker: Worker) -> None:
    assert GETPID_OF_X32 > 0x40000000
    with pytest.raises(WorkerGone):
        worker.tries("call_as_another_machine")


def test_a_worker_begins_with_an_empty_environment_in_the_root_folder(worker: Worker) -> None:
    process = Path(f"/proc/{worker.child.pid}")
    if not process.exists():
        absent("there is no /proc on this machine")
    environment = (process / "environ").read_bytes().split(b"\0")
    allowed = {b"OPENBLAS_NUM_THREADS=1", b"OMP_NUM_THREADS=1", b""}
    core = f"OPENBLAS_CORETYPE={os.environ.get('OPENBLAS_CORETYPE')}".encode()
    assert set(environment) - {core} == allowed
    assert (process / "cwd").readlink() == Path("/")
    assert "Seccomp:\t2" in (process / "status").read_text()
    assert "NoNewPrivs:\t1" in (process / "status").read_text()


def test_landlock_alone_refuses_files_connections_and_signals() -> None:
    program = """
import socket
from scanner import landlock, limits
assert limits.confine()["no_new_privileges"]
sys.stdout.write(f"{landlock.abi()} {landlock.confine()}\\n")
def try_to(what):
    try:
        what()
    except OSError as error:
        print(error.errno)
    else:
        print("done")
try_to(lambda: open("/etc/passwd"))
try_to(lambda: open("/tmp/flattr-deed", "w"))
try_to(lambda: os.listdir("/"))
try_to(lambda: os.mkdir("/tmp/flattr-deed"))
try_to(lambda: os.execv("/bin/sh", ["sh"]))
try_to(lambda: socket.create_connection(("127.0.0.1", 9)))
try_to(lambda: os.kill(os.getppid(), 0))
"""
    said = subprocess.run(
        [sys.executable, "-I", "-B", "-c", BEFORE + program],
        capture_output=True,
        check=True,
        env=child.environment(),
    ).stdout.decode()
    (abi, holds), *refusals = (line.split() for line in said.splitlines())
    if holds == "False":
        absent("this kernel has no Landlock")
    assert refusals[:5] == [["13"]] * 5
    if int(abi) >= 4:
        assert refusals[5] == ["13"]
    if int(abi) >= 6:
        assert refusals[6] == ["1"]


def palette(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).convert("P").save(file, "PNG")
    return file.getvalue()


GREY = symbol()
COLOURED = cv2.cvtColor(GREY, cv2.COLOR_GRAY2BGR).astype(np.uint8)
SEE_THROUGH = cv2.cvtColor(GREY, cv2.COLOR_GRAY2BGRA).astype(np.uint8)
LARGE = np.kron(GREY, np.ones((6, 6), np.uint8)).astype(np.uint8)
PHOTOS = {
    "jpeg": encoded(GREY, ".jpg"),
    "jpeg_in_colour": encoded(COLOURED, ".jpg"),
    "progressive_jpeg": progressive(GREY),
    "large_jpeg": encoded(LARGE, ".jpg"),
    "png": encoded(GREY),
    "png_of_16_bits": encoded(GREY.astype(np.uint16) * 257),
    "png_with_a_palette": palette(GREY),
    "png_with_transparency": encoded(SEE_THROUGH),
    "webp": encoded(COLOURED, ".webp"),
    "webp_with_transparency": encoded(SEE_THROUGH, ".webp"),
    "heic": heic(GREY),
    "heic_in_colour": heic(COLOURED),
    "large_heic": heic(LARGE),
    "heic_of_tiles": tiles.heic(LARGE[:1024, :1024], side=512),
}


@pytest.fixture(scope="module")
def readings() -> dict[str, list[set[str]]]:
    """What one worker of a pool read, in 15 rounds of all photos, and a blank one among them."""
    blank = encoded(np.full((200, 200), 255, np.uint8))

    async def story() -> dict[str, list[set[str]]]:
        read: dict[str, list[set[str]]] = {kind: [] for kind in PHOTOS}
        async with Pool(1, deadline_s=20) as pool:
            for _ in range(15):
                assert await pool.read(blank) == ()
                for kind, photo in PHOTOS.items():
                    read[kind].append({one.text for one in await pool.read(photo)})
            assert pool.health()["restarts"] == 0
        return read

    return asyncio.run(asyncio.wait_for(story(), timeout=120))


@pytest.mark.parametrize("kind", PHOTOS)
def test_a_confined_worker_still_reads(readings: dict[str, list[set[str]]], kind: str) -> None:
    assert readings[kind] == [{TEXT}] * 15


def test_a_confined_worker_reads_without_the_libraries_that_are_missing() -> None:
    program = (
        "import sys\nsys.path.insert(0, sys.argv[1])\n"
        "sys.modules.update(zxingcpp=None, pyzbar=None)\n"
        "from scanner.worker import main\nmain(int(sys.argv[2]))"
    )
    worker = Worker("-c", program)
    try:
        assert worker.child.hello is not None
        assert worker.child.hello.decoders == {
            "zxing-cpp": False,
            "pyzbar": False,
            "opencv": True,
        }
        assert worker.ask(PHOTOS["png"]) == [TEXT]
    finally:
        worker.end()


def test_a_worker_whose_input_ends_goes_without_an_error() -> None:
    program = f"from scanner.worker import main\nmain({os.getpid()})"
    done = subprocess.run(
        [sys.executable, "-I", "-B", "-c", BEFORE + program],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        env=child.environment(),
    )
    assert (done.returncode, done.stderr) == (0, b"")
