import json

import pytest

from scanner import wire
from scanner.errors import PhotoRefused, PhotoTooHard
from scanner.sighting import Sighting
from scanner.wire import BadAnswer, Hello

SEEN = (Sighting("Grüße", ((0, 0), (9, 0), (9, 9), (-1, 9)), "plain"),)
CORNERS = [[0, 0], [9, 0], [9, 9], [0, 9]]


def test_an_answer_survives_the_wire() -> None:
    message = wire.say_sightings(SEEN)
    assert int.from_bytes(message[:4]) == len(message) - 4
    assert wire.hear_answer(message[4:]) == SEEN
    assert wire.hear_answer(wire.say_sightings(())[4:]) == ()


def test_the_fullest_honest_answer_fits() -> None:
    full = Sighting("日" * wire.MAX_TEXT, SEEN[0].corners, "plain")
    assert len(wire.say_sightings((full,) * 64)) <= wire.MAX_ANSWER_BYTES


def test_a_refusal_and_a_hard_photo_are_raised() -> None:
    with pytest.raises(PhotoRefused) as refusal:
        wire.hear_answer(wire.say_refused("broken")[4:])
    assert refusal.value.reason == "broken"
    with pytest.raises(PhotoTooHard):
        wire.hear_answer(wire.say_too_hard()[4:])


def test_a_hello_survives_the_wire() -> None:
    hello = Hello(decoders={"zxing-cpp": True, "pyzbar": False}, sandbox={"memory": True})
    assert wire.hear_hello(wire.say_hello(hello)[4:]) == hello


def sightings(
    *, text: object = "A", corners: object = CORNERS, attempt: object = "plain"
) -> object:
    return {"sightings": [[text, corners, attempt]]}


@pytest.mark.parametrize(
    "said",
    [
        None,
        [],
        {},
        "text",
        {"sightings": None},
        {"sightings": [], "refused": "broken"},
        {"sightings": [[]]},
        {"sightings": ["abc"]},
        {"sightings": [["A", CORNERS, "plain"]] * 65},
        sightings(text=""),
        sightings(text=7),
        sightings(text="A" * 7090),
        sightings(text="\ud800"),
        sightings(attempt="a" * 41),
        sightings(attempt=None),
        sightings(corners=None),
        sightings(corners=CORNERS[:3]),
        sightings(corners=[*CORNERS[:3], [1]]),
        sightings(corners=[*CORNERS[:3], [1, 2.5]]),
        sightings(corners=[*CORNERS[:3], [True, 2]]),
        sightings(corners=[*CORNERS[:3], [1, 10**9]]),
        sightings(corners=[*CORNERS[:3], "ab"]),
        {"refused": "because"},
        {"refused": ["broken"]},
        {"refused": "broken", "more": 1},
        {"too_hard": False},
        {"too_hard": True, "more": 1},
    ],
)
def test_an_answer_of_another_shape_is_not_believed(said: object) -> None:
    with pytest.raises(BadAnswer):
        wire.hear_answer(json.dumps(said).encode())


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", "ä".encode(), b"[" * 100_000])
def test_what_is_not_json_is_not_believed(body: bytes) -> None:
    with pytest.raises(BadAnswer):
        wire.hear_answer(body)


@pytest.mark.parametrize(
    "said",
    [
        {"decoders": {}},
        {"decoders": {}, "sandbox": []},
        {"decoders": {"zxing-cpp": "yes"}, "sandbox": {}},
        {"decoders": {"z" * 41: True}, "sandbox": {}},
        {"decoders": {}, "sandbox": {}, "more": {}},
    ],
)
def test_a_hello_of_another_shape_is_not_believed(said: object) -> None:
    with pytest.raises(BadAnswer):
        wire.hear_hello(json.dumps(said).encode())
