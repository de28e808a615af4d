import itertools
from collections.abc import Sequence

import cv2
import numpy as np
import pytest

from scanner import decoders, ladder
from scanner.decoders import DECODERS, Decoder, FloatCorners, Found
from scanner.ladder import LADDER, Attempt, Prepared
from scanner.loading import Grey, Picture
from scanner.sighting import Look
from tests.absent import absent
from tests.scanner import pictures
from tests.scanner.pictures import symbol

SQUARE: FloatCorners = ((0, 0), (10, 0), (10, 10), (0, 10))
PICTURE = Picture(np.zeros((100, 200), np.uint8))


class Fake:
    """A decoder that says what it was told to, and remembers what it was given."""

    def __init__(self, *texts: str, error: Exception | None = None) -> None:
        self.found = [Found(text, SQUARE) for text in texts]
        self.error = error
        self.given: list[tuple[int, ...]] = []

    def __call__(self, grey: Grey, /) -> Sequence[Found]:
        self.given.append(grey.shape)
        if self.error:
            raise self.error
        return self.found


def rungs(*names: str) -> list[Attempt]:
    return [Attempt(name, name, ladder.as_it_is) for name in names]


def test_the_first_attempt_that_reads_ends_the_climb() -> None:
    blind, seeing, later = Fake(), Fake("HELLO"), Fake("OTHER")
    fakes: dict[str, Decoder | None] = {"blind": blind, "seeing": seeing, "later": later}
    (seen,) = ladder.climb(PICTURE, ladder=rungs(*fakes), decoders=fakes)
    assert (seen.text, seen.attempt) == ("HELLO", "seeing")
    assert (len(blind.given), len(later.given)) == (1, 0)


def test_whatever_a_decoder_raises_means_not_read() -> None:
    errors = [ValueError("orientation"), UnicodeDecodeError("utf-8", b"", 0, 1, "no"), OSError()]
    fakes: dict[str, Decoder | None] = {str(n): Fake(error=e) for n, e in enumerate(errors)}
    assert ladder.climb(PICTURE, ladder=rungs(*fakes), decoders=fakes) == ()


def test_a_missing_decoder_is_left_out() -> None:
    fakes: dict[str, Decoder | None] = {"missing": None, "there": Fake("HELLO")}
    (seen,) = ladder.climb(PICTURE, ladder=rungs("missing", "unknown", "there"), decoders=fakes)
    assert seen.attempt == "there"


def test_no_attempt_begins_after_the_budget() -> None:
    seconds = itertools.count(step=0.5)
    fakes: dict[str, Decoder | None] = {str(n): Fake() for n in range(10)}
    ladder.climb(
        PICTURE,
        ladder=rungs(*fakes),
        decoders=fakes,
        clock=lambda: float(next(seconds)),
        budget_s=1.5,
    )
    assert [len(fake.given) for fake in fakes.values() if isinstance(fake, Fake)] == [
        1,
        1,
        *8 * [0],
    ]


def at(text: str, left: int, side: int) -> Found:
    right, bottom = left + side, side
    return Found(text, ((left, 0), (right, 0), (right, bottom), (left, bottom)))


def looked(*found: Sequence[Found], look: Look, more: bool = True) -> list[str]:
    """Climb a ladder whose attempts see these, each after the other."""
    fakes: dict[str, Decoder | None] = {}
    for number, these in enumerate(found):
        fakes[str(number)] = fake = Fake()
        fake.found = list(these)
    rungs = [Attempt(name, name, ladder.as_it_is, more=more) for name in fakes]
    seen = ladder.climb(PICTURE, look=look, ladder=rungs, decoders=fakes)
    return [one.text for one in seen]


def test_beside_a_code_from_afar_others_are_looked_for() -> None:
    small, other = at("SMALL", 0, 24), at("OTHER", 100, 24)
    assert looked([small], [small, other], look=Look.PHOTO) == ["SMALL", "OTHER"]
    assert looked([small], [small, other], look=Look.PHOTO, more=False) == ["SMALL"]


def test_beside_a_code_that_fills_the_picture_none_is_looked_for_unless_asked() -> None:
    large, other = at("LARGE", 0, 26), at("OTHER", 100, 24)
    assert looked([large], [other], look=Look.PHOTO) == ["LARGE"]
    assert looked([large], [other], look=Look.EVERY) == ["LARGE", "OTHER"]


def test_a_code_is_the_same_when_its_text_is_and_it_stands_there() -> None:
    one, again, elsewhere = at("A", 0, 30), at("A", 3, 28), at("A", 90, 30)
    assert looked([one], [again], [elsewhere], look=Look.EVERY) == ["A", "A"]


def test_further_codes_are_looked_for_during_a_moment_only() -> None:
    seconds = itertools.count(step=0.2)
    fakes: dict[str, Decoder | None] = {str(n): Fake(str(n)) for n in range(8)}
    rungs = [Attempt(name, name, ladder.as_it_is, more=True) for name in fakes]
    clock = lambda: float(next(seconds))  # noqa: E731  # a name for what stands twice
    seen = ladder.climb(PICTURE, ladder=rungs, decoders=fakes, clock=clock)
    assert len(seen) == 3


def test_a_frame_gets_the_cheapest_attempts_only() -> None:
    quick, slow = Fake(), Fake("HELLO")
    fakes: dict[str, Decoder | None] = {"quick": quick, "slow": slow}
    rungs = [
        Attempt("quick", "quick", ladder.as_it_is, frames=True),
        Attempt("slow", "slow", ladder.as_it_is),
    ]
    assert ladder.climb(PICTURE, look=Look.FRAME, ladder=rungs, decoders=fakes) == ()
    assert (len(quick.given), len(slow.given)) == (1, 0)
    assert {one.decoder for one in LADDER if one.frames} <= {"zxing-cpp", "zxing-cpp/histogram"}


def test_a_sheet_of_labels_gives_all_its_codes() -> None:
    texts = [f"LABEL {number}" for number in range(24)]
    labels = [cv2.resize(symbol(text, module=4), (148, 148)) for text in texts]
    sheet = np.vstack([np.hstack(labels[row : row + 4]) for row in range(0, 24, 4)])
    seen = ladder.climb(Picture(np.asarray(sheet, np.uint8)))
    assert {one.text for one in seen} == set(texts)


def test_empty_texts_are_not_sightings_and_sixty_four_are_enough() -> None:
    many: dict[str, Decoder | None] = {"a": Fake(""), "b": Fake(*["X"] * 100, "")}
    seen = ladder.climb(PICTURE, ladder=rungs("a", "b"), decoders=many)
    assert len(seen) == 64
    assert {one.attempt for one in seen} == {"b"}


def test_a_preparation_that_changes_nothing_is_no_attempt() -> None:
    fake = Fake("HELLO")
    idle = [Attempt("same", "fake", lambda _: None)]
    assert ladder.climb(PICTURE, ladder=idle, decoders={"fake": fake}) == ()
    assert fake.given == []


@pytest.mark.parametrize(
    ("preparation", "given", "last"),
    [
        (ladder.as_it_is, (100, 200), (10, 10)),
        (ladder.at_most(1600), (100, 200), (10, 10)),
        (ladder.at_most(100), (50, 100), (20, 20)),
        (ladder.smaller(100), (50, 100), (20, 20)),
        (ladder.long_side(400), (200, 400), (5, 5)),
        (ladder.enlarged(2), (200, 400), (5, 5)),
        (ladder.bordered(5), (110, 210), (5, 5)),
        (ladder.gamma(0.5), (100, 200), (10, 10)),
        (ladder.blurred(2), (100, 200), (10, 10)),
        (ladder.levelled, (100, 200), (10, 10)),
        (ladder.sharpened(3, 2), (100, 200), (10, 10)),
        (ladder.opened(5), (100, 200), (10, 10)),
        (ladder.chain(ladder.at_most(100), ladder.bordered(5)), (60, 110), (10, 10)),
        (ladder.chain(ladder.bordered(20), ladder.at_most(120)), (70, 120), (0, 0)),
    ],
)
def test_corners_find_their_way_back(
    preparation: ladder.Preparation, given: tuple[int, int], last: tuple[int, int]
) -> None:
    fake = Fake("HELLO")
    (seen,) = ladder.climb(
        PICTURE, ladder=[Attempt("one", "fake", preparation)], decoders={"fake": fake}
    )
    assert fake.given == [given]
    assert seen.corners[2] == last
    doubled = Picture(PICTURE.grey, shrunk=2)
    (seen,) = ladder.climb(
        doubled, ladder=[Attempt("one", "fake", preparation)], decoders={"fake": fake}
    )
    assert seen.corners[2] == (last[0] * 2, last[1] * 2)


def test_resizing_to_nearly_the_same_size_is_left_out() -> None:
    assert ladder.long_side(200)(PICTURE) is None
    assert ladder.smaller(180)(PICTURE) is None
    assert ladder.enlarged(3)(Picture(np.zeros((10, 3000), np.uint8))) is None


def test_gamma_lightens_the_dark() -> None:
    prepared = ladder.gamma(0.5)(Picture(np.full((4, 4), 64, np.uint8)))
    assert isinstance(prepared, Prepared)
    assert prepared.grey[0, 0] == 128


def test_levelling_shows_a_symbol_behind_a_veil_and_in_a_shadow() -> None:
    veiled = (symbol() * 0.06 + 180).astype(np.uint8)
    lit = np.linspace(0.1, 1, veiled.shape[1])
    shaded = (symbol() * lit * 0.9).astype(np.uint8)
    for picture in (veiled, shaded):
        prepared = ladder.levelled(Picture(picture))
        dark, light = symbol() == 0, symbol() == 255
        assert prepared is not None
        assert np.median(prepared.grey[dark]) < 60
        assert np.median(prepared.grey[light]) > 150


def test_a_chain_whose_link_would_change_nothing_is_no_attempt() -> None:
    assert ladder.chain(ladder.as_it_is, ladder.long_side(200))(PICTURE) is None


def test_halves_are_made_once_and_a_smaller_picture_is_close_to_the_straight_one() -> None:
    grey = cv2.resize(symbol(), (800, 800), interpolation=cv2.INTER_LINEAR)
    picture = Picture(np.asarray(grey, np.uint8))
    small = picture.scaled(0.2)
    assert small.shape == (160, 160)
    straight = cv2.resize(grey, (160, 160), interpolation=cv2.INTER_AREA)
    assert np.abs(small.astype(int) - straight.astype(int)).mean() < 3
    assert picture._halved(2) is picture._halved(2)


def test_the_ladder_names_its_attempts_once_and_only_known_decoders() -> None:
    names = [attempt.name for attempt in LADDER]
    assert len(set(names)) == len(names)
    assert {attempt.decoder for attempt in LADDER} <= set(DECODERS)
    assert {one.decoder for one in LADDER[:2]} == {"zxing-cpp"}
    assert LADDER[-1].decoder == "opencv"


def zbar() -> Decoder:
    if (decoder := DECODERS["pyzbar"]) is None:
        absent("libzbar is not installed on this machine")
    return decoder


def test_zbar_is_believed_only_in_ascii() -> None:
    assert [one.text for one in zbar()(symbol("PLAIN"))] == ["PLAIN"]
    assert list(zbar()(symbol("Ärger mit Umläuten"))) == []


def test_zbar_gives_four_corners_even_of_a_torn_symbol() -> None:
    (found,) = zbar()(symbol("PLAIN", module=6))
    assert max(x for x, _ in found.corners) <= symbol("PLAIN", module=6).shape[1]
    assert decoders._four([(0, 0), (4, 0), (2, 5)], (0, 0, 4, 5))[2] == (4, 5)


def test_opencv_is_kept_from_thin_pictures_and_believed_only_in_ascii() -> None:
    opencv = decoders.OpenCv()
    assert [one.text for one in opencv(symbol("PLAIN"))] == ["PLAIN"]
    assert list(opencv(np.zeros((32, 3000), np.uint8))) == []
    assert list(opencv(np.zeros((100, 100), np.uint8))) == []


def test_zxing_with_the_other_binarizer_reads_too() -> None:
    histogram = DECODERS["zxing-cpp/histogram"]
    assert histogram is not None
    assert [one.text for one in histogram(symbol("PLAIN"))] == ["PLAIN"]


def test_without_libzbar_the_others_go_on() -> None:
    nowhere = decoders.load_libzbar(names=["libnothing.so"], folders=[""], find=lambda _: None)
    assert nowhere is None
    assert decoders._load_zbar(lambda: None) is None

    def missing() -> Decoder | None:
        raise ImportError

    assert decoders._or_none(missing) is None


def test_libzbar_is_asked_from_the_system_at_last() -> None:
    zbar()
    asked: list[str] = []

    def find(name: str) -> str | None:
        asked.append(name)
        return "libzbar.so.0"

    try:
        library = decoders.load_libzbar(names=[], folders=[], find=find)
    except OSError:
        pytest.skip("libzbar has another name on this system")
    assert library is not None
    assert asked == ["zbar"]


def test_a_flood_of_finder_patterns_is_answered() -> None:
    flood = Picture(pictures.finder_flood(20, 20))
    assert isinstance(ladder.climb(flood), tuple)
