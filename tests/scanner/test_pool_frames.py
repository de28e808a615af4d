"""Frames of a viewfinder: read at once or not at all, and never in the way of a photo."""

import asyncio
import time

import pytest

from scanner import Look, PhotoRefused, PhotoTooHard, Pool, ScannerBusy
from tests.scanner import pictures
from tests.scanner.actors import GOOD, PHOTO, actor, patient, play, until
from tests.scanner.pictures import TEXT

SLOW = actor("time.sleep(60)")


def test_a_frame_is_read() -> None:
    async def story() -> None:
        async with patient(1) as pool:
            assert [seen.text for seen in await pool.read(PHOTO, look=Look.FRAME)] == [TEXT]
            assert pool.health()["busy"] == 0

    play(story)


def test_frames_leave_a_worker_for_photos() -> None:
    # An actor sees the byte that says how hard to look as the first of the photo.
    act = "time.sleep(60 if photo[0] == 2 else 0)\n    " + GOOD

    async def story() -> None:
        async with patient(3, program=actor(act)) as pool:
            frames = [asyncio.create_task(pool.read(PHOTO, look=Look.FRAME)) for _ in range(2)]
            await until(lambda: pool.health()["busy"] == 2)
            with pytest.raises(ScannerBusy) as busy:
                await pool.read(PHOTO, look=Look.FRAME)
            assert busy.value.retry_after_s == 1
            assert await pool.read(PHOTO) == ()
            for frame in frames:
                frame.cancel()
            await asyncio.gather(*frames, return_exceptions=True)
            assert await pool.read(PHOTO) == ()

    play(story)


def test_a_frame_does_not_wait_for_a_worker() -> None:
    async def story() -> None:
        async with patient(1, program=SLOW) as pool:
            photo = asyncio.create_task(pool.read(PHOTO))
            await until(lambda: pool.health()["busy"] == 1)
            # The spare is there, but for photos only.
            with pytest.raises(ScannerBusy):
                await pool.read(PHOTO, look=Look.FRAME)
            assert (pool.health()["waiting"], pool.health()["ready"]) == (0, 2)
            photo.cancel()

    play(story)


def test_a_frame_has_a_shorter_deadline_and_its_place_is_free_again() -> None:
    act = "time.sleep(60 if len(photo) > 1000 else 0)\n    " + GOOD

    async def story() -> None:
        async with Pool(1, program=actor(act), deadline_s=50, frame_deadline_s=2) as pool:
            begin = time.monotonic()
            with pytest.raises(PhotoTooHard):
                await pool.read(pictures.png(64, 64, idat=bytes(2000)), look=Look.FRAME)
            assert time.monotonic() - begin < 40
            assert await pool.read(pictures.png(64, 64), look=Look.FRAME) == ()

    play(story)


def test_a_frame_of_many_pixels_is_refused() -> None:
    async def story() -> None:
        async with patient(1, program=SLOW) as pool:
            with pytest.raises(PhotoRefused) as refusal:
                await pool.read(pictures.png(2000, 2000), look=Look.FRAME)
            assert refusal.value.reason == "too_many_pixels"

    play(story)


def test_a_closed_pool_reads_no_frame() -> None:
    async def story() -> None:
        async with patient(1, program=actor(GOOD)) as pool:
            pass
        with pytest.raises(ScannerBusy):
            await pool.read(PHOTO, look=Look.FRAME)

    play(story)
