from scanner import guards, reading, warming
from scanner.errors import PhotoRefused
from scanner.sighting import Look, Sighting


def test_a_worker_warms_up_with_a_picture_of_each_format() -> None:
    seen: dict[str, list[str]] = {}

    def watched(photo: bytes, look: Look) -> tuple[Sighting, ...]:
        sightings = reading.read(photo, look)
        texts = [one.text for one in sightings]
        seen.setdefault(guards.inspect(photo).kind, []).extend(texts)
        return sightings

    warming.warm_up(watched)
    assert seen == {"jpeg": ["WARM"] * 2, "png": ["WARM"] * 3, "webp": ["WARM"] * 2, "heic": []}


def test_a_worker_that_cannot_read_its_own_pictures_starts_all_the_same() -> None:
    def refusing(_: bytes, __: Look) -> tuple[Sighting, ...]:
        raise PhotoRefused("broken")

    warming.warm_up(refusing)
