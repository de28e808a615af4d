"""Every text that people read stands in the catalogues, and is said in each language."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages import Message
from babel.messages.pofile import read_po

from irl.language import ENGLISH, NAMES
from scripts import catalogues

ROOT = Path(__file__).parent.parent
OTHERS = sorted(set(NAMES) - {ENGLISH})
TEMPLATES = sorted((ROOT / "api/templates").rglob("*.html"))
# The name of the house, units, and what is the same everywhere.
NOT_SAID = {"flattr", "in real life", "· flattr in real life", "SEPA", "SVG", "PNG"}
# Macros write half a tag, and some addresses stand as they are.
NOT_TEXT = re.compile(r"aria-\w+=.*|-\w+|wide-page|/[\w/?=]+", re.DOTALL)
_JINJA = re.compile(
    r"\{#.*?#\}|\{%-?\s*trans\b.*?endtrans\s*-?%\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL
)
_CODE = re.compile(r"<(code|pre|script)\b.*?</\1>|<[^>]*>|&\w+;", re.DOTALL)


def messages(code: str) -> list[Message]:
    with (catalogues.LOCALES / f"{code}.po").open("rb") as file:
        return [message for message in read_po(file, locale=code) if message.id]


def said(message: Message) -> list[tuple[str, str]]:
    """Give each form of a text beside what it is in the other language."""
    if isinstance(message.id, tuple | list):
        last = message.id[-1]
        assert isinstance(message.string, tuple | list)
        return [(last, form) for form in message.string]
    assert isinstance(message.string, str)
    return [(message.id, message.string)]


@pytest.mark.parametrize("code", OTHERS)
def test_the_catalogue_has_every_text_and_no_other(code: str) -> None:
    kept = (catalogues.LOCALES / f"{code}.po").read_bytes()
    assert kept == catalogues.brought_up_to_date(code), "run scripts/catalogues"


@pytest.mark.parametrize("code", OTHERS)
def test_every_text_is_translated(code: str) -> None:
    missing = [message.id for message in messages(code) if not all(s for _, s in said(message))]
    assert missing == []


@pytest.mark.parametrize("code", OTHERS)
def test_values_and_marks_stay_as_they_are(code: str) -> None:
    parts = re.compile(r"%\(\w+\)s|\{\w*\}|%%|</?\w+[^>]*>|https?://\S+")
    different = []
    for message in messages(code):
        for english, other in said(message):
            # One thing may be said without its number: "one flattr".
            wanted, found = set(parts.findall(english)), set(parts.findall(other))
            is_one = isinstance(message.id, tuple | list)
            if found - wanted or (wanted - found and not is_one):
                different.append((english, other))
    assert different == []


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_text_of_a_template_is_left_out(template: Path) -> None:
    text = template.read_text()
    rest = _CODE.sub("\n", _JINJA.sub("\n", text))
    words = {line.strip() for line in rest.split("\n") if re.search(r"[A-Za-z]{2}", line)}
    heard = re.findall(r'(?:alt|aria-label|placeholder|title)="([^"{]*[A-Za-z]{2}[^"]*)"', text)
    assert {word for word in words - NOT_SAID if not NOT_TEXT.fullmatch(word)} == set()
    assert set(heard) <= {"https://"}
