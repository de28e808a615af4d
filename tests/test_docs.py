"""The documents tell of every setting, every command and every page of documents."""

from __future__ import annotations

import re
from pathlib import Path

import click

from api.cli import main
from irl.settings import Settings

ROOT = Path(__file__).parent.parent
OPERATING = (ROOT / "docs/operating.md").read_text()


def test_every_setting_has_its_heading_and_no_heading_is_left_of_one_that_is_gone() -> None:
    names = {
        str(field.validation_alias or f"IRL_{name.upper()}")
        for name, field in Settings.model_fields.items()
    }
    assert set(re.findall(r"(?m)^### `((?:IRL_)?[A-Z_]+)`$", OPERATING)) == names


def test_every_command_stands_in_the_table() -> None:
    told = set(re.findall(r"(?m)^\| `irl (\w+)", OPERATING))
    assert told == set(main.list_commands(click.Context(main)))


def test_every_document_is_listed() -> None:
    listed = (ROOT / "docs/README.md").read_text()
    documents = [
        str(path.relative_to(ROOT / "docs"))
        for path in (ROOT / "docs").rglob("*")
        if path.is_file() and path.name != "README.md" and path.suffix == ".md"
    ]
    assert [name for name in documents if f"]({name})" not in listed] == []
