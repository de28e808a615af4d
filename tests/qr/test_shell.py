"""The room alone, from a shell."""

import subprocess
import sys
from pathlib import Path

import cv2
import pytest
import zxingcpp
from click.testing import CliRunner, Result

from qr.__main__ import main
from qr.code import Code, parse

CODE = Code.from_number(42)
BASE = "https://flattr.example"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["--base-url", BASE, *arguments])


def test_mint_prints_codes_one_a_line() -> None:
    done = run("mint", "-n", "3")
    assert done.exit_code == 0
    assert len({parse(line, base_url=BASE) for line in done.stdout.splitlines()}) == 3


@pytest.mark.parametrize("payload", [f"{BASE}/t/{CODE}/", CODE.grouped, str(CODE).lower()])
def test_parse_prints_the_code(payload: str) -> None:
    assert run("parse", payload).stdout == f"{CODE}\n"


@pytest.mark.parametrize(
    ("payload", "why"),
    [("hello", "not a code"), (f"https://other.example/t/{CODE}", "another host")],
)
def test_what_is_no_code_ends_with_status_1_and_one_sentence(payload: str, why: str) -> None:
    done = run("parse", payload)
    assert done.exit_code == 1
    assert why in done.stderr
    assert done.stdout == ""


def test_address_prints_what_the_symbol_holds() -> None:
    assert run("address", CODE.grouped).stdout == f"HTTPS://FLATTR.EXAMPLE/T/{CODE}\n"


def test_png_writes_a_picture_that_reads_back(tmp_path: Path) -> None:
    picture = tmp_path / "code.png"
    assert run("png", str(CODE), "--scale", "4", "-o", str(picture)).exit_code == 0
    image = cv2.imread(str(picture))
    assert image is not None
    assert [found.text for found in zxingcpp.read_barcodes(image)] == [
        f"HTTPS://FLATTR.EXAMPLE/T/{CODE}"
    ]


def test_svg_goes_to_the_output_by_itself() -> None:
    assert run("svg", str(CODE)).stdout_bytes.startswith(b"<svg ")


def test_label_writes_a_pdf() -> None:
    done = run("label", str(CODE), "--title", "Busker", "--artist", "Anna")
    assert done.stdout_bytes.startswith(b"%PDF-")


def test_a_bad_base_address_is_told_at_once() -> None:
    done = CliRunner().invoke(main, ["--base-url", "nowhere", "mint"])
    assert done.exit_code == 2
    assert "base address" in done.stderr


def test_the_package_runs_as_a_program() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "qr", "mint"], capture_output=True, text=True, check=True
    )
    assert len(done.stdout.strip()) == 13
