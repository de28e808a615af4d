"""What is promised of the house itself: its files, their sizes and names, and its papers."""

import ast
import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("irl", "qr", "scanner", "api")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
MODULE_LINES, FUNCTION_LINES = 400, 70
# The tables stand on one page, so that whoever looks for a column finds it; there is no logic in it.
LONGER = {"irl/schema.py"}
# Words that say nothing about what is inside.
EMPTY_NAMES = {"base", "common", "helper", "helpers", "manager", "service", "util", "utils"}
# Written so that this file is not caught by its own net.
REGISTRIES = [
    rf"pypi[.]org|python{''}hosted",
    r"registry[.]npm",
    r"deb[.]debian",
    r"--(extra-)?index-url",
]
MACHINE_PATHS = [r"(?<![\w.])/wo[r]k/", r"(?<![\w.])/ho[m]e/\w", r"/Us[e]rs/\w"]


def kept_files() -> list[Path]:
    """What git keeps or would keep if it were asked to now."""
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("needs a git checkout")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    files = [ROOT / name for name in listed.stdout.split("\0") if name]
    return [file for file in files if file.is_file()]


def text_of(file: Path) -> str:
    try:
        return file.read_text()
    except UnicodeDecodeError:
        return ""


def modules() -> Iterator[Path]:
    for package in PACKAGES:
        for module in sorted((ROOT / package).rglob("*.py")):
            # A migration is written once and stays as it was.
            if "versions" not in module.parts:
                yield module


def dependencies() -> set[str]:
    extras = PROJECT["optional-dependencies"].values()
    named = [*PROJECT["dependencies"], *(name for extra in extras for name in extra)]
    found = {re.split(r"[\[<>=!~; ]", name, maxsplit=1)[0] for name in named}
    return found - {PROJECT["name"]}


@pytest.mark.parametrize("pattern", REGISTRIES + MACHINE_PATHS)
def test_no_file_names_a_registry_or_a_place_of_one_machine(pattern: str) -> None:
    found = [
        str(file.relative_to(ROOT)) for file in kept_files() if re.search(pattern, text_of(file))
    ]
    assert found == []


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_requirement_is_pinned_with_hashes(name: str) -> None:
    listed = re.sub(r"\\\n", " ", (ROOT / name).read_text())
    lines = [
        line for line in listed.splitlines() if line.strip() and not line.lstrip().startswith("#")
    ]
    unpinned = [
        line for line in lines if not re.match(r"\S+==\S+ .*--hash=sha256:[0-9a-f]{64}", line)
    ]
    assert len(lines) > 20
    assert unpinned == []


def test_the_requirements_have_every_dependency() -> None:
    listed = (ROOT / "requirements-dev.txt").read_text()
    pinned = {name.lower() for name in re.findall(r"(?m)^([\w.-]+)==", listed)}
    assert {name.lower() for name in dependencies()} <= pinned


def test_the_smaller_requirements_are_part_of_the_larger() -> None:
    smaller, larger = (
        set(re.findall(r"(?m)^[\w.-]+==\S+", (ROOT / name).read_text()))
        for name in ("requirements.txt", "requirements-dev.txt")
    )
    assert smaller <= larger


def test_every_script_is_executable_and_has_its_line_in_the_readme() -> None:
    readme = (ROOT / "scripts/README.md").read_text()
    for script in (ROOT / "scripts").iterdir():
        if script.is_file() and script.name != "README.md":
            assert f"`{script.name}`" in readme, script.name
            assert os.access(script, os.X_OK) or script.suffix == ".py", script.name


def test_no_module_is_longer_than_a_reader_keeps_in_mind() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in modules()
    }
    assert {path for path, lines in lengths.items() if lines >= MODULE_LINES} <= LONGER


def test_no_function_is_longer_than_a_screen() -> None:
    long = []
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno is not None
                if node.end_lineno - node.lineno + 1 >= FUNCTION_LINES:
                    long.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}")
    assert long == []


def test_every_file_name_says_what_is_inside() -> None:
    named = [path for path in modules() if EMPTY_NAMES & {path.stem, path.parent.name}]
    assert named == []


def test_every_dependency_has_its_reason() -> None:
    explained = (ROOT / "docs/dependencies.md").read_text().lower()
    assert [name for name in dependencies() if f"| {name.lower()} |" not in explained] == []


def test_no_reason_is_left_of_a_dependency_that_is_gone() -> None:
    explained = (ROOT / "docs/dependencies.md").read_text().lower()
    rows = set(re.findall(r"(?m)^\| ([a-z0-9-]+) \|", explained)) - {"package"}
    assert rows == {name.lower() for name in dependencies()}


def test_the_changelog_tells_of_this_version() -> None:
    assert f"## [{PROJECT['version']}]" in (ROOT / "CHANGELOG.md").read_text()
