import json
import subprocess
import sys
from pathlib import Path

import pytest

from scanner.__main__ import main
from tests.scanner.pictures import TEXT, encoded, symbol


def test_each_file_gets_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photo, empty, missing = tmp_path / "photo.png", tmp_path / "empty", tmp_path / "missing"
    photo.write_bytes(encoded(symbol()))
    empty.touch()
    assert main([str(photo)]) == 0
    line = json.loads(capsys.readouterr().out)
    assert set(line) == {"file", "texts", "ms", "attempt"}
    assert (line["file"], line["texts"], line["attempt"]) == (str(photo), [TEXT], "plain")
    assert line["ms"] > 0
    assert main([str(empty), str(missing)]) == 1
    lines = [json.loads(text) for text in capsys.readouterr().out.splitlines()]
    assert [line["texts"] for line in lines] == [[], []]
    assert [line["attempt"] for line in lines] == [None, None]
    assert lines[0]["error"] == "The file is empty."
    assert "o such file" in lines[1]["error"]


def test_the_scanner_serves_alone_from_a_shell(tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    photo.write_bytes(encoded(symbol()))
    done = subprocess.run(
        [sys.executable, "-m", "scanner", str(photo)],
        capture_output=True,
        check=True,
        timeout=60,
        cwd=Path(__file__).resolve().parents[2],
    )
    assert json.loads(done.stdout)["texts"] == [TEXT]


def test_the_parent_of_a_pool_loads_no_decoder() -> None:
    program = (
        "import sys, scanner\n"
        "libraries = {'cv2', 'numpy', 'zxingcpp', 'pyzbar', 'pillow_heif', 'PIL'}\n"
        "rooms = {'irl', 'qr', 'api', 'starlette'}\n"
        "print(sorted((libraries | rooms) & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        check=True,
        timeout=60,
        cwd=Path(__file__).resolve().parents[2],
    )
    assert done.stdout == b"[]\n"
