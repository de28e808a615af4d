import asyncio
import os
import signal
import sys

import pytest

from scanner import (
    MAX_PHOTO_BYTES,
    PhotoRefused,
    PhotoTooHard,
    Pool,
    ScannerBusy,
    ScannerDown,
)
from scanner.pool import GUARDED_HERE_BYTES
from tests.scanner import pictures
from tests.scanner.actors import GOOD, PHOTO, actor, alive, open_files, patient, pids, play, until
from tests.scanner.pictures import TEXT


def test_a_pool_reads_refuses_and_says_how_it_is() -> None:
    async def story() -> None:
        async with patient(1) as pool:
            assert [seen.text for seen in await pool.read(PHOTO)] == [TEXT]
            with pytest.raises(PhotoRefused) as refusal:
                await pool.read(b"text")
            assert refusal.value.reason == "not_a_photo"
            with pytest.raises(PhotoRefused) as refusal:
                await pool.read(pictures.png(64, 64, idat=b"nonsense"))
            assert refusal.value.reason == "broken"
            health = pool.health()
            assert (health["workers"], health["ready"], health["busy"]) == (1, 2, 0)
            assert (health["waiting"], health["restarts"]) == (0, 0)
            assert health["decoders"]["zxing-cpp"]
            if sys.platform == "linux":
                assert all(health["sandbox"].values())

    play(story)


def test_a_large_file_is_guarded_by_the_worker() -> None:
    async def story() -> None:
        async with patient(1) as pool:
            with pytest.raises(PhotoRefused) as refusal:
                await pool.read(b"text" * GUARDED_HERE_BYTES)
            assert refusal.value.reason == "not_a_photo"
            with pytest.raises(PhotoRefused) as refusal:
                await pool.read(bytes(MAX_PHOTO_BYTES + 1))
            assert refusal.value.reason == "too_large"
            assert pool.health()["restarts"] == 0

    play(story)


def test_a_full_queue_turns_away() -> None:
    act = "time.sleep(0.05)\n    " + GOOD

    async def story() -> None:
        async with Pool(1, program=actor(act), max_waiting=8, max_wait_s=30, deadline_s=30) as pool:
            photos = [asyncio.create_task(pool.read(PHOTO)) for _ in range(20)]
            outcomes = await asyncio.gather(*photos, return_exceptions=True)
            busy = [one for one in outcomes if isinstance(one, ScannerBusy)]
            assert len(busy) == 10
            assert outcomes.count(()) == 10  # two in work, eight that waited
            assert busy[0].retry_after_s == 30
            assert pool.health()["restarts"] == 0

    play(story)


def test_waiting_has_an_end() -> None:
    async def story() -> None:
        async with Pool(1, program=actor("time.sleep(60)"), max_wait_s=0.2, deadline_s=30) as pool:
            both = [asyncio.create_task(pool.read(PHOTO)) for _ in range(2)]
            await until(lambda: pool.health()["busy"] == 2)
            with pytest.raises(ScannerBusy) as busy:
                await pool.read(PHOTO)
            assert busy.value.retry_after_s == 1
            assert pool.health()["waiting"] == 0
            for photo in both:
                photo.cancel()

    play(story)


def test_a_cancelled_caller_leaves_no_answer_to_the_next() -> None:
    act = (
        "time.sleep(5 if len(photo) > 1000 else 0)\n"
        '    say(b\'{"sightings":[["%d",[[0,0],[0,0],[0,0],[0,0]],"x"]]}\' % len(photo))'
    )
    long, short = pictures.png(64, 64, idat=bytes(2000)), pictures.png(64, 64)

    async def story() -> None:
        async with patient(1, program=actor(act)) as pool:
            for _ in range(3):
                reading = asyncio.create_task(pool.read(long))
                await until(lambda: pool.health()["busy"] == 1)
                await asyncio.sleep(0.05)
                reading.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await reading
                (seen,) = await pool.read(short)
                assert seen.text == str(1 + len(short))  # with the byte that says how hard to look
                await until(lambda: pool.health()["ready"] == 2)

    play(story)


def test_a_caller_cancelled_while_waiting_gives_its_place_up() -> None:
    async def story() -> None:
        async with patient(1, program=actor(GOOD)) as pool:
            photos = [asyncio.create_task(pool.read(PHOTO)) for _ in range(4)]
            # One step of each; no answer can be heard in it.
            await asyncio.sleep(0)
            assert (pool.health()["busy"], pool.health()["waiting"]) == (2, 2)
            photos.pop(2).cancel()
            assert await asyncio.gather(*photos) == [(), (), ()]
            assert pool.health()["restarts"] == 0

    play(story)


def test_a_caller_cancelled_when_its_turn_comes_hands_the_worker_on() -> None:
    async def story() -> None:
        async with patient(1, program=actor(GOOD)) as pool:
            child, other = await pool._turn(), await pool._turn()
            turn = asyncio.create_task(pool._turn())
            await asyncio.sleep(0)
            assert (pool.health()["busy"], pool.health()["waiting"]) == (2, 1)
            pool._give_back(child)
            turn.cancel()
            with pytest.raises(asyncio.CancelledError):
                await turn
            assert pool.health()["busy"] == 1
            pool._give_back(other)
            assert await pool.read(PHOTO) == ()
            assert pool.health()["restarts"] == 0

    play(story)


@pytest.mark.parametrize(
    "program",
    [
        ("/no/such/program",),
        (sys.executable, "-c", "raise SystemExit(1)"),
        (sys.executable, "-c", "import time; time.sleep(60)"),
        (sys.executable, "-c", "import os; os.write(1, b'\\0\\0\\0\\2{}'); input()"),
    ],
)
def test_a_pool_that_cannot_start_says_so(program: tuple[str, ...]) -> None:
    async def story() -> None:
        pool = Pool(1, program=program, start_s=1)
        with pytest.raises(ScannerDown):
            await pool.start()
        assert pool.health()["ready"] == 0
        with pytest.raises(ScannerBusy):
            await pool.read(PHOTO)

    play(story)


def test_the_event_loop_of_the_server_does_as_well() -> None:
    uvloop = pytest.importorskip("uvloop")

    async def story() -> None:
        async with Pool(1, deadline_s=5) as pool:
            assert [seen.text for seen in await pool.read(PHOTO)] == [TEXT]
            known = pids(pool)
            os.kill(pool._idle[0].pid or 0, signal.SIGSTOP)
            with pytest.raises(PhotoTooHard):
                await pool.read(PHOTO)
            assert [seen.text for seen in await pool.read(PHOTO)] == [TEXT]
            await until(lambda: pool.health()["ready"] == 2)
            known |= pids(pool)
        assert not any(alive(pid) for pid in known)

    uvloop.run(asyncio.wait_for(story(), timeout=110))


def test_a_pool_has_at_least_one_worker() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Pool(0)


def test_close_leaves_no_process_and_no_open_file() -> None:
    async def story() -> None:
        before = open_files()
        pool = patient(2, program=actor("time.sleep(60)"))
        await pool.start()
        known = pids(pool)
        assert len(known) == 3
        photos = [asyncio.create_task(pool.read(PHOTO)) for _ in range(4)]
        await until(lambda: pool.health()["busy"] == 3)
        await pool.close()
        outcomes = await asyncio.gather(*photos, return_exceptions=True)
        assert [type(one) for one in outcomes] == [ScannerBusy] * 4
        assert not any(alive(pid) for pid in known)
        assert pool.health()["ready"] == 0
        with pytest.raises(ScannerBusy):
            await pool.read(PHOTO)
        await until(lambda: open_files() <= before)

    play(story)


def test_closing_ends_a_start_that_is_under_way() -> None:
    async def story() -> None:
        pool = Pool(1, program=actor(GOOD))
        await pool.start()
        for pid in pids(pool):
            os.kill(pid, signal.SIGKILL)
        await until(lambda: pool.health()["restarts"] == 2)
        await pool.close()
        assert pool.health()["ready"] == 0

    play(story)


def test_four_photos_at_a_time_are_all_read() -> None:
    async def story() -> None:
        async with patient(2) as pool:
            for _ in range(5):
                answers = await asyncio.gather(*(pool.read(PHOTO) for _ in range(4)))
                assert [seen[0].text for seen in answers] == [TEXT] * 4

    play(story)
