"""The demo's works are pictures that the scanner takes, of things that the demo has."""

from __future__ import annotations

import pytest

import scanner
from api import demo, demo_art


@pytest.mark.parametrize("title", demo_art.PAINTED)
def test_each_work_is_of_a_thing_and_is_drawn(title: str) -> None:
    assert title in {exhibit.draft.title for exhibit in demo.EXHIBITS}
    picture = scanner.picture(demo_art.PAINTED[title]())
    assert (picture.width, picture.height) == (demo_art.WIDTH, demo_art.HEIGHT)
    assert len(picture.small) > 2_000  # a plain sheet has less
