from scanner import drawing, guards, reading, warming
from scanner.drawn import Picture
from scanner.errors import PhotoRefused
from scanner.sighting import Look, Sighting


def test_a_worker_warms_up_with_a_picture_of_each_format() -> None:
    seen: dict[str, list[str]] = {}

    def watched(photo: bytes, look: Look) -> tuple[Sighting, ...]:
        sightings = reading.read(photo, look)
        texts = [one.text for one in sightings]
        seen.setdefault(guards.inspect(photo).kind, []).extend(texts)
        return sightings

    drawn: list[str] = []

    def drawing_watched(photo: bytes) -> Picture:
        drawn.append(guards.inspect(photo).kind)
        return drawing.draw(photo)

    warming.warm_up(watched, drawing_watched)
    assert seen == {"jpeg": ["WARM"] * 2, "png": ["WARM"] * 4, "webp": ["WARM"] * 2, "heic": []}
    assert sorted(drawn) == ["heic", *["jpeg"] * 2, *["png"] * 4, *["webp"] * 2]


def test_a_worker_that_cannot_read_its_own_pictures_starts_all_the_same() -> None:
    def refusing(_: bytes, __: Look) -> tuple[Sighting, ...]:
        raise PhotoRefused("broken")

    def not_drawing(_: bytes) -> Picture:
        raise PhotoRefused("broken")

    warming.warm_up(refusing, not_drawing)
