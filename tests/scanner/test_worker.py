import io
import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from scanner import child, drawing, limits, reading, wire, worker
from scanner.errors import PhotoRefused, PhotoTooHard
from scanner.guards import MAX_PHOTO_BYTES
from scanner.sighting import Look, Sighting
from scanner.wire import framed, photo_head
from tests.scanner.pictures import TEXT, encoded, symbol


def nothing(_: bytes, __: Look) -> tuple[Sighting, ...]:
    return ()


@pytest.fixture(autouse=True)
def processor_time() -> Iterator[None]:
    """A worker allows its process a few seconds more for each photo; here that process is ours."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_CPU)
    yield
    resource.setrlimit(resource.RLIMIT_CPU, before)


def say_photo(photo: bytes, look: Look) -> bytes:
    return photo_head(photo, look) + photo


def test_photos_are_answered_until_there_are_no_more() -> None:
    said = say_photo(encoded(symbol()), Look.PHOTO) + say_photo(b"text", Look.FRAME)
    out = io.BytesIO()
    worker.serve(io.BytesIO(said), out, reading.read, drawing.draw)
    said = out.getvalue()
    size = int.from_bytes(said[:4])
    assert wire.hear_answer(said[4 : 4 + size])[0].text == TEXT
    with pytest.raises(PhotoRefused):
        wire.hear_answer(said[8 + size :])


@pytest.mark.parametrize(
    "torn", [b"", b"\0\0", framed(b""), framed(b"abc")[:-1], (MAX_PHOTO_BYTES + 2).to_bytes(4)]
)
def test_a_torn_conversation_ends(torn: bytes) -> None:
    out = io.BytesIO()
    worker.serve(io.BytesIO(torn), out, nothing, drawing.draw)
    assert out.getvalue() == b""


@pytest.mark.parametrize("error", [MemoryError(), PhotoTooHard()])
def test_want_of_memory_is_said(error: Exception) -> None:
    def failing(_: bytes, __: Look) -> tuple[Sighting, ...]:
        raise error

    with pytest.raises(PhotoTooHard):
        wire.hear_answer(worker.answer(b"photo", Look.PHOTO, failing, drawing.draw)[4:])


def run(program: str, *, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    before = f"import sys; sys.path.insert(0, {child._ROOT.as_posix()!r})\n"
    return subprocess.run(
        [sys.executable, "-I", "-B", "-c", before + program],
        input=stdin,
        capture_output=True,
        check=False,
        timeout=60,
        env=child.environment(),
    )


def test_a_worker_of_a_dead_parent_ends_at_once() -> None:
    done = run("from scanner.worker import main\nmain(1 << 22)")
    assert (done.returncode, done.stdout) == (0, b"")


def test_a_worker_says_hello_and_keeps_prints_out_of_the_conversation() -> None:
    program = f"""
import os
from scanner import worker
before = worker.serve
def serve(photos, out, read, draw):
    os.write(1, b"a library prints")
    before(photos, out, read, draw)
worker.serve = serve
worker.main({os.getpid()})
"""
    done = run(program, stdin=say_photo(encoded(symbol()), Look.PHOTO))
    size = int.from_bytes(done.stdout[:4])
    assert wire.hear_hello(done.stdout[4 : 4 + size]).decoders["opencv"]
    assert wire.hear_answer(done.stdout[8 + size :])[0].text == TEXT


@pytest.mark.skipif(sys.platform != "linux", reason="the limits are those of Linux")
def test_the_limits_hold() -> None:
    program = """
import os, resource
from scanner import limits
assert all(limits.confine().values()), limits.confine()
for name, value in [("AS", limits.MEMORY_BYTES), ("FSIZE", 0), ("CORE", 0), ("NOFILE", 16)]:
    assert resource.getrlimit(getattr(resource, "RLIMIT_" + name)) == (value, value)
assert resource.getrlimit(resource.RLIMIT_CPU)[0] < 10
assert "NoNewPrivs:\\t1" in open("/proc/self/status").read()
try:
    bytearray(2 * limits.MEMORY_BYTES)
except MemoryError:
    print("no memory")
try:
    os.write(os.open("/tmp", os.O_TMPFILE | os.O_RDWR), b"x")
except OSError:
    print("no file")
"""
    done = run(program)
    assert (done.returncode, done.stdout) == (0, b"no memory\nno file\n"), done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="the limits are those of Linux")
def test_a_photo_that_eats_the_processor_ends_its_worker() -> None:
    done = run("from scanner import limits\nlimits.renew_processor_time(1)\nwhile True: pass")
    assert done.returncode < 0


def test_processor_time_is_counted_from_now_on() -> None:
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_CPU)
    try:
        assert limits.renew_processor_time(100_000)
        soft, hard = resource.getrlimit(resource.RLIMIT_CPU)
        assert soft >= time.process_time() + 99_999
        assert hard == before[1]
    finally:
        resource.setrlimit(resource.RLIMIT_CPU, before)


def test_a_limit_that_cannot_be_set_is_reported_and_not_raised(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert limits._limited("RLIMIT_NOFILE", -7) is False
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (soft, hard)
    program = "import resource\nresource.setrlimit(resource.RLIMIT_CPU, (60, 60))\n"
    done = run(program + "from scanner import limits\nprint(limits.renew_processor_time(600))")
    assert done.stdout == b"False\n"
    monkeypatch.setattr(sys, "platform", "win32")
    assert not limits.renew_processor_time()
    assert not limits._limited("RLIMIT_CORE", 0)
    assert not limits._prctl(38, 1)


def test_an_orphan_is_known_by_its_parent() -> None:
    assert not limits.orphaned(os.getppid())
    assert limits.orphaned(-1)


def test_a_worker_gets_no_secret_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IRL_SECRET", "secret")
    monkeypatch.delenv("OPENBLAS_CORETYPE", raising=False)
    assert child.environment() == {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    assert child.environment()["OPENBLAS_CORETYPE"] == "Haswell"
