"""The studio of hard photos: it keeps its seeds, draws what it says, and mild photos are read."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

import scanner
from scripts.benchmarks.photoset import damaged, plain
from tests.damage import BIG_EVERY, KINDS, Taken, hard


def test_the_same_seed_takes_the_same_photo() -> None:
    assert hard("blurred", 3) == hard("blurred", 3)


def test_a_photo_does_not_depend_on_those_taken_before() -> None:
    first = hard("noise", 2)
    hard("damaged", 0)
    assert hard("noise", 2) == first


@pytest.mark.parametrize("kind", ["nominal", "monitor"])
def test_another_seed_takes_another_photo_of_another_code(kind: str) -> None:
    one, other = hard(kind, 0), hard(kind, 1)
    assert one.jpeg != other.jpeg
    assert not set(one.texts) & set(other.texts)


def test_two_kinds_of_the_same_seed_are_two_photos() -> None:
    assert hard("nominal", 0).texts != hard("rotations", 0).texts


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_read_when_it_is_mild(kind: str) -> None:
    taken = [hard(kind, seed, severity=0.0) for seed in range(3)]
    read = [_read(photo) & _known(photo) for photo in taken]
    assert sum(map(bool, read)) >= 2


@pytest.mark.parametrize("kind", ["nominal", "rotations", "noncompliant"])
def test_what_is_read_is_what_was_drawn(kind: str) -> None:
    for seed in range(5):
        taken = hard(kind, seed, severity=0.0)
        assert _read(taken) <= _known(taken)


def test_a_sheet_of_many_codes_knows_all_of_them() -> None:
    taken = hard("lots", 0, severity=0.0)
    assert 20 <= len(taken.texts) <= 60
    assert len(_read(taken) & _known(taken)) >= len(taken.texts) // 2


def test_codes_are_ours_and_those_of_others() -> None:
    texts = [hard("nominal", seed).texts[0] for seed in range(12)]
    ours = [text for text in texts if text.startswith("HTTPS://")]
    assert 0 < len(ours) < len(texts)


def test_some_photos_are_as_big_as_those_of_a_phone() -> None:
    small, big = (_grey(hard("nominal", seed)).size for seed in (0, BIG_EVERY - 1))
    assert 1_000_000 <= small <= 2_100_000
    assert 7_900_000 <= big <= 12_100_000


def test_worse_is_worse() -> None:
    for seed in range(4):
        mild, hopeless = (hard("blurred", seed, severity=severity) for severity in (0.0, 1.0))
        assert _edges(mild) > _edges(hopeless)


def test_the_benchmarks_get_each_kind_by_its_name() -> None:
    photos = list(damaged(("tiny", "close"), each=2))
    assert [photo.source for photo in photos] == ["made: tiny"] * 2 + ["made: close"] * 2
    assert all(photo.texts for photo in photos)


def _read(taken: Taken) -> set[str]:
    return {plain(one.text) for one in scanner.read(taken.jpeg)}


def _known(taken: Taken) -> set[str]:
    return {plain(text) for text in taken.texts}


def _edges(taken: Taken) -> float:
    # Smoothed first, because grain is all edges.
    smooth = cv2.GaussianBlur(_grey(taken), (0, 0), 2.5)
    return float(cv2.Laplacian(smooth, cv2.CV_32F).std())


def _grey(taken: Taken) -> NDArray[np.uint8]:
    grey = cv2.imdecode(np.frombuffer(taken.jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert grey is not None
    return np.asarray(grey, np.uint8)
