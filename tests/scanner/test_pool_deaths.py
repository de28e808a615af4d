import asyncio
import contextlib
import os
import random
import signal
import sys
import time
from pathlib import Path

import pytest

from scanner import Look, PhotoTooHard, Pool
from scanner.child import Child, WorkerGone
from tests.scanner import pictures
from tests.scanner.actors import GOOD, PHOTO, actor, alive, patient, pids, play, until
from tests.scanner.pictures import TEXT, encoded

LONG = bool(os.environ.get("IRL_LONG"))
KILLS = 1000 if LONG else 30


def test_a_worker_killed_in_the_middle_of_a_photo_costs_only_that_photo() -> None:
    async def story() -> None:
        async with Pool(1, program=actor("time.sleep(60)"), deadline_s=30) as pool:
            reading = asyncio.create_task(pool.read(PHOTO))
            await until(lambda: pool.health()["busy"] == 1)
            (child,) = pool._busy
            assert child.pid is not None
            os.kill(child.pid, signal.SIGKILL)
            with pytest.raises(PhotoTooHard):
                await reading
            await until(lambda: pool.health()["ready"] == 2)
            assert pool.health()["restarts"] == 1

    play(story)


def test_the_spare_takes_over_at_once() -> None:
    async def story() -> None:
        async with patient(1) as pool:
            for _ in range(5):
                first = pool._idle[0]
                assert first.pid is not None
                os.kill(first.pid, signal.SIGSTOP)
                reading = asyncio.create_task(pool.read(PHOTO))
                await until(lambda: pool.health()["busy"] == 1)
                os.kill(first.pid, signal.SIGKILL)
                with pytest.raises(PhotoTooHard):
                    await reading
                assert [seen.text for seen in await pool.read(PHOTO)] == [TEXT]
                await until(lambda: pool.health()["ready"] == 2)

    play(story)


def test_an_idle_worker_that_dies_is_replaced() -> None:
    async def story() -> None:
        async with patient(1, program=actor(GOOD)) as pool:
            before = pids(pool)
            for pid in before:
                os.kill(pid, signal.SIGKILL)
            await until(lambda: pool.health()["restarts"] == 2 and pool.health()["ready"] == 2)
            assert not before & pids(pool)
            assert await pool.read(PHOTO) == ()

    play(story)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of a death at once")
def test_a_photo_does_not_pay_for_a_worker_that_died_while_idle() -> None:
    async def story() -> None:
        async with patient(2, program=actor(GOOD)) as pool:
            first, *_ = pool._idle
            assert first.pid is not None
            os.kill(first.pid, signal.SIGKILL)
            # It takes a moment to die, and the event loop must not hear of it before the photo.
            while first.is_alive():
                pass
            assert await pool.read(PHOTO) == ()
            await until(lambda: pool.health()["ready"] == 3)
            assert pool.health()["restarts"] == 1

    play(story)


def test_the_deadline_kills_and_the_next_photo_works() -> None:
    act = "time.sleep(0 if len(photo) < 1000 else 60); " + GOOD

    async def story() -> None:
        async with Pool(1, program=actor(act), deadline_s=3) as pool:
            begin = time.monotonic()
            late = asyncio.create_task(pool.read(pictures.png(64, 64, idat=bytes(2000))))
            await until(lambda: pool.health()["busy"] == 1)
            (child,) = pool._busy
            with pytest.raises(PhotoTooHard):
                await late
            assert time.monotonic() - begin < 30
            assert await pool.read(pictures.png(64, 64)) == ()
            await until(lambda: not alive(child.pid or 0))

    play(story)


@pytest.mark.parametrize(
    "act",
    [
        "say(b'garbage')",
        "say(b'\\x80\\x04}\\x94.')",
        'say(b\'{"sightings":[["A",[[0,0]],"x"]]}\')',
        "os.write(1, b'\\xff\\xff\\xff\\xff')",
        "os.write(1, b'x' * 100_000)",
        "os.write(1, b'\\0\\0')\n    sys.exit()",
        "sys.exit(3)",
        "os.close(1)\n    time.sleep(60)",
        "os.close(0)\n    time.sleep(60)",
        "os.abort()",
    ],
)
def test_a_worker_that_talks_nonsense_is_replaced(act: str) -> None:
    async def story() -> None:
        async with Pool(1, program=actor(act), deadline_s=20) as pool:
            for _ in range(3):
                with pytest.raises(PhotoTooHard):
                    await pool.read(PHOTO)
            await until(lambda: pool.health()["ready"] == 2)
            assert pool.health()["restarts"] == 3

    play(story)


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_a_worker_whose_pipe_is_closed_already_is_gone(loop: str) -> None:
    """The event loop of the server refuses to write then, some steps before it tells of the end."""
    run = asyncio.run if loop == "asyncio" else pytest.importorskip("uvloop").run

    async def story() -> None:
        child = await Child.start(actor(GOOD), lambda _: None, within_s=20)
        assert child._transport is not None
        pipe = child._transport.get_pipe_transport(0)
        assert pipe is not None
        pipe.close()
        for _ in range(3):
            await asyncio.sleep(0)
        with pytest.raises(WorkerGone):
            await child.ask(PHOTO, Look.PHOTO)
        await child.end()

    run(asyncio.wait_for(story(), timeout=50))


def test_a_worker_that_speaks_unasked_is_killed() -> None:
    act = GOOD + "\n    time.sleep(0.2)\n    say(b'more')\n    time.sleep(60)"

    async def story() -> None:
        async with patient(1, program=actor(act)) as pool:
            assert await pool.read(PHOTO) == ()
            await until(lambda: pool.health()["restarts"] == 1)

    play(story)


def test_a_worker_is_replaced_after_its_share_of_photos() -> None:
    async def story() -> None:
        async with patient(1, program=actor(GOOD), photos_each=2) as pool:
            for _ in range(5):
                assert await pool.read(PHOTO) == ()
            await until(lambda: pool.health()["restarts"] == 2 and pool.health()["ready"] == 2)

    play(story)


def test_a_worker_that_does_not_come_up_is_started_again(tmp_path: Path) -> None:
    # The first three starts go well; then two fail; then they go well again.
    counter = tmp_path / "starts"
    before = (
        f"import sys\nwith open({str(counter)!r}, 'a+b') as f:\n    f.write(b'x')\n"
        "    f.flush()\n    f.seek(0)\n    n = len(f.read())\nif n in (3, 4): sys.exit()\n"
    )
    *command, program = actor(GOOD)

    async def story() -> None:
        async with Pool(1, program=(*command, before + program)) as pool:
            (pid, _) = pids(pool)
            os.kill(pid, signal.SIGKILL)
            await until(lambda: counter.stat().st_size == 5 and pool.health()["ready"] == 2)

    play(story)


@pytest.mark.long
@pytest.mark.timeout(600 if LONG else 120)
def test_killed_workers_cost_one_clear_answer_each() -> None:
    async def story() -> None:
        killed = refused = 0
        chance = random.Random(7)
        async with patient(2) as pool:
            while killed < KILLS:
                photos = [asyncio.create_task(pool.read(PHOTO)) for _ in range(3)]
                # At the photo's first step, or at any later moment, also after its answer.
                await asyncio.sleep(chance.choice((0, chance.uniform(0, 0.02))))
                for child in (*pool._busy, *pool._idle)[:1]:
                    # One that was killed just after its last answer may be gone already.
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(child.pid or 0, signal.SIGKILL)
                        killed += 1
                outcomes = await asyncio.gather(*photos, return_exceptions=True)
                assert all(isinstance(one, PhotoTooHard | tuple) for one in outcomes), outcomes
                refused += sum(isinstance(one, PhotoTooHard) for one in outcomes)
            await until(lambda: pool.health()["ready"] == 3)
        assert 0 < refused <= killed

    asyncio.run(asyncio.wait_for(story(), timeout=590 if LONG else 110))


def test_a_flood_of_finder_patterns_is_answered_within_the_deadline() -> None:
    async def story() -> None:
        async with Pool(1) as pool:
            begin = time.monotonic()
            with contextlib.suppress(PhotoTooHard):
                await pool.read(encoded(pictures.finder_flood(150, 150)))
            assert time.monotonic() - begin < 30
            assert [seen.text for seen in await pool.read(PHOTO)] == [TEXT]

    play(story)
