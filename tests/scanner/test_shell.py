import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scanner.headers import PNG_MAGIC
from tests.scanner.actors import alive
from tests.scanner.pictures import TEXT, encoded, symbol

ROOT = Path(__file__).resolve().parents[2]
SCANNER = (sys.executable, "-m", "scanner")
IRL = (sys.executable, "-m", "api", "scan")

BLANK = encoded(np.full((100, 100), 128, np.uint8))


def run(
    *arguments: str | Path, command: Sequence[str] = SCANNER
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*command, *map(str, arguments)], capture_output=True, check=False, timeout=60, cwd=ROOT
    )


def lines(done: subprocess.CompletedProcess[bytes]) -> list[dict[str, Any]]:
    assert done.stderr == b""
    return [json.loads(line) for line in done.stdout.decode().splitlines()]


def on_a_terminal(*arguments: str | Path, bar: bool = True) -> tuple[str, int]:
    """What a person sees, and the exit code; `bar` false: standard error goes elsewhere."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*SCANNER, *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs if bar else subprocess.DEVNULL,
        cwd=ROOT,
    ) as process:
        os.close(theirs)
        seen = b""
        try:
            while part := os.read(ours, 4096):
                seen += part
        except OSError:  # How Linux says that nobody has the other end any more.
            pass
        os.close(ours)
        return seen.decode().replace("\r\n", "\n"), process.wait(timeout=60)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    path.write_bytes(encoded(symbol()))
    return path


@pytest.mark.parametrize("command", [SCANNER, IRL])
def test_a_file_with_a_code_gets_its_line(photo: Path, command: Sequence[str]) -> None:
    done = run(photo, command=command)
    (line,) = lines(done)
    assert done.returncode == 0
    assert set(line) == {"file", "texts", "ms", "attempt"}
    assert (line["file"], line["texts"], line["attempt"]) == (str(photo), [TEXT], "plain")
    assert line["ms"] > 0


def test_a_file_that_cannot_be_tried_gets_a_line_that_says_why(tmp_path: Path) -> None:
    empty, missing, pipe = tmp_path / "empty", tmp_path / "missing", tmp_path / "pipe"
    empty.touch()
    os.mkfifo(pipe)
    done = run(empty, missing, pipe)
    assert done.returncode == 1
    told = lines(done)
    assert [line["file"] for line in told] == [str(empty), str(missing), str(pipe)]
    assert [(line["texts"], line["attempt"]) for line in told] == 3 * [([], None)]
    assert told[0]["error"] == "The file is empty."
    assert "o such file" in told[1]["error"]
    assert told[2]["error"] == "Not a file"


def test_one_photo_without_a_code_among_others_is_exit_code_one(
    photo: Path, tmp_path: Path
) -> None:
    blank = tmp_path / "blank.png"
    blank.write_bytes(BLANK)
    done = run(photo, blank)
    assert done.returncode == 1
    assert [line["texts"] for line in lines(done)] == [[TEXT], []]
    assert all("error" not in line for line in lines(done))


@pytest.mark.parametrize("arguments", [(), ("--never", "photo.png")])
def test_wrong_usage_is_exit_code_two(arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"Usage: python -m scanner" in done.stderr


def test_every_code_is_looked_for_when_asked(tmp_path: Path) -> None:
    pair = tmp_path / "pair.png"
    pair.write_bytes(encoded(np.hstack([symbol("ONE"), symbol("TWO")])))
    (line,) = lines(run("--every", pair))
    assert set(line["texts"]) == {"ONE", "TWO"}


def test_a_folder_is_walked_in_order_and_only_its_pictures_are_read(tmp_path: Path) -> None:
    wanted = ["B.PNG", "a/one.JPEG", "a/two.webp", "b.jpg", "c/d/e/deep.png"]
    for name in [*wanted, ".hidden.png", ".git/thumb.png", "notes.txt", "a/._one.jpg"]:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        kind = path.suffix.lower().replace("jpeg", "jpg").replace("txt", "png")
        path.write_bytes(encoded(symbol(name.upper()), kind))
    done = run(tmp_path)
    assert done.returncode == 0
    assert [line["file"] for line in lines(done)] == [str(tmp_path / name) for name in wanted]
    assert [line["texts"] for line in lines(done)] == [[name.upper()] for name in wanted]


def test_links_are_read_and_a_loop_of_them_ends(photo: Path, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "inside").mkdir(parents=True)
    (folder / "photo.png").symlink_to(photo)
    (folder / "broken.png").symlink_to(tmp_path / "nowhere.png")
    (folder / "inside" / "loop").symlink_to(folder)
    (folder / "inside" / "loop.png").symlink_to(folder / "inside" / "loop.png")
    done = run(folder)
    told = {Path(line["file"]).name: line for line in lines(done)}
    assert set(told) == {"broken.png", "loop.png", "photo.png"}
    assert told["photo.png"]["texts"] == [TEXT]
    assert "o such file" in told["broken.png"]["error"]
    assert done.returncode == 1
    # A link that is named itself is a wish.
    (tmp_path / "link").symlink_to(folder)
    assert len(lines(run(tmp_path / "link"))) == 3


def test_a_folder_without_pictures_is_told(tmp_path: Path, photo: Path) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    (bare / "notes.txt").touch()
    done = run(bare, photo)
    assert done.returncode == 1
    assert lines(done)[0] == {
        "file": str(bare),
        "texts": [],
        "ms": 0.0,
        "attempt": None,
        "error": "The folder holds no picture.",
    }
    assert lines(done)[1]["texts"] == [TEXT]


def test_lines_keep_the_order_of_the_files(tmp_path: Path) -> None:
    # The slow ones come first: nothing to read costs every attempt.
    grain = np.random.default_rng(1).integers(0, 256, (500, 500), np.uint8)
    paths = [tmp_path / f"{number}.png" for number in range(12)]
    for number, path in enumerate(paths):
        path.write_bytes(encoded(symbol(str(number)) if number % 3 else grain))
    told = lines(run(*paths))
    assert [line["file"] for line in told] == [str(path) for path in paths]
    assert [line["texts"] for line in told] == [
        [str(number)] if number % 3 else [] for number in range(12)
    ]


def test_what_cannot_be_seen_is_escaped_and_still_exact(tmp_path: Path) -> None:
    text = "\x1b]0;x\x07 \u202e\x9b1m\u2028 line\nline \U0001f3a8 ä"
    # A name that is no UTF-8.
    path = Path(os.fsdecode(bytes(tmp_path) + b"/gr\xfc\xdfe\x1b.png"))
    path.write_bytes(encoded(symbol(text)))
    done = run(path)
    (line,) = lines(done)
    assert line["texts"] == [text]
    assert line["file"] == str(path)
    assert all(one.isprintable() for one in done.stdout.decode().rstrip("\n"))
    assert "\U0001f3a8 ä" in done.stdout.decode()
    seen, _ = on_a_terminal(path, bar=False)
    assert all(one.isprintable() or one == "\n" for one in seen)
    assert "\\u001b]0;x\\u0007 \\u202e" in seen


def test_a_terminal_shows_a_bar_and_lines_for_people(photo: Path, tmp_path: Path) -> None:
    blank, missing = tmp_path / "blank.png", tmp_path / "missing.png"
    blank.write_bytes(BLANK)
    seen, code = on_a_terminal(photo, blank, missing)
    assert code == 1
    assert f"{photo}: {TEXT}  (plain, " in seen
    assert f"{blank}: no code\n" in seen
    assert f"{missing}: No such file or directory\n" in seen
    assert seen.index("0/3") < seen.index("1/3") < seen.index("2/3") < seen.index("3/3")
    assert "[########################]  3/3" in seen
    last = seen.rstrip("\n").rsplit("\n", 1)[1]
    assert last.startswith("3 files, 1 read, ")
    assert last.endswith(" ms median")
    assert '{"file"' not in seen
    # The cursor that the bar hid is shown again.
    assert seen.rfind("\x1b[?25h") > seen.rfind("\x1b[?25l")


def test_the_bar_stays_out_of_a_file(photo: Path) -> None:
    seen, code = on_a_terminal(photo, bar=False)
    assert code == 0
    assert seen.startswith(f"{photo}: {TEXT}")
    assert "1/1" not in seen
    assert seen.rstrip("\n").rsplit("\n", 1)[1].startswith("1 file, 1 read, ")


def children(pid: int) -> list[int]:
    told = Path(f"/proc/{pid}/task/{pid}/children")
    if not told.exists():
        pytest.skip("this system does not list the children of a process")
    return [int(child) for child in told.read_text().split()]


@pytest.fixture
def _hears_control_c() -> Iterator[None]:
    """Let programs that are started hear it, also where a shell started the tests without it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_hears_control_c")
def test_control_c_ends_it_with_its_workers_and_without_a_word(photo: Path) -> None:
    with subprocess.Popen(
        [*SCANNER, *1000 * [str(photo)]],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        first = process.stdout.readline()
        workers = children(process.pid)
        process.send_signal(signal.SIGINT)
        rest, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said == b""
    told = [json.loads(line) for line in (first + rest).decode().splitlines()]
    assert 0 < len(told) < 1000
    assert workers
    assert not [pid for pid in workers if alive(pid)]


def test_a_reader_that_goes_away_is_no_traceback(photo: Path) -> None:
    with subprocess.Popen(
        [*SCANNER, *200 * [str(photo)]],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline()
        workers = children(process.pid)
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=60) == 1
    assert not [pid for pid in workers if alive(pid)]


def test_many_big_files_need_no_more_memory_than_a_few(tmp_path: Path) -> None:
    big = tmp_path / "big.png"
    with big.open("wb") as file:
        file.write(PNG_MAGIC)
        file.truncate(12 * 1024 * 1024)
    huge = tmp_path / "huge.png"
    with huge.open("wb") as file:
        file.truncate(4 * 1024 * 1024 * 1024)
    status = Path("/proc/self/status")
    if not status.exists():
        pytest.skip("this system does not tell the memory of a process")
    program = (
        "import sys\n"
        "from scanner.shell import scan\n"
        "try:\n"
        "    scan()\n"
        "finally:\n"
        "    status = open('/proc/self/status').read()\n"
        "    sys.stderr.write(status.split('VmHWM:')[1].split()[0])\n"
    )
    done = run(*60 * [big], huge, command=(sys.executable, "-c", program))
    assert done.stdout.count(b"\n") == 61
    assert b"larger than 12 MiB" in done.stdout
    # In kB: a process with its libraries has 40 MB, each photo that is held 12 MB more.
    assert int(done.stderr) < (60 + 24 * ((os.cpu_count() or 1) + 1)) * 1000


def test_the_parent_of_a_pool_loads_no_decoder() -> None:
    program = (
        "import sys, scanner\n"
        "libraries = {'cv2', 'numpy', 'zxingcpp', 'pyzbar', 'pillow_heif', 'PIL'}\n"
        "rooms = {'irl', 'qr', 'api', 'starlette'}\n"
        "print(sorted((libraries | rooms) & set(sys.modules)))"
    )
    assert run(command=(sys.executable, "-c", program)).stdout == b"[]\n"
