"""Settling beside another settler and beside a busy server, each a process of its own."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path
from typing import Any

import pytest

from irl import month as months
from irl.house import House
from irl.settlement import audit
from tests.service import IRL, Service, free_port, running
from tests.trials.conftest import Trial
from tests.trials.street import LONG, App, apps, assert_kept, in_house, read

PARTS, RACES = (2, 25) if LONG else (1, 5)
"""On each engine so many trials, each with so many races."""


async def _posted(house: House) -> list[dict[str, Any]]:
    """All that was posted but for the moment; the ledger must be in order."""
    assert await audit.audit(house) == []
    return await read(
        house,
        "SELECT kind, subject, part, debit_account, credit_account, amount_micros, payable_on"
        " FROM transfers ORDER BY kind, subject, part",
    )


@pytest.mark.long
@pytest.mark.timeout(600 if LONG else 120)
@pytest.mark.parametrize("part", range(PARTS))
def test_of_two_settlers_at_once_exactly_one_settles(
    trial: Trial, tmp_path: Path, part: int
) -> None:
    month = months.text(trial.street.ended)
    alone = Service(tmp_path, trial.fresh(), free_port())
    assert alone.irl("settle", month, "--early") == f"{month} is closed\n"
    expected = in_house(alone.database_url, _posted)
    for race in range(RACES):
        service = Service(tmp_path, trial.fresh(), free_port())
        racing = [
            subprocess.Popen(
                [*IRL, "settle", month, "--early"],
                env=service.environment,
                cwd=tmp_path,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for _ in range(2)
        ]
        told = [(*each.communicate(timeout=60), each.returncode) for each in racing]
        settled = [said for said, _, code in told if said == f"{month} is closed\n" and code == 0]
        assert len(settled) == 1, (part, race, told)
        for said, trouble, code in told:
            assert code == 0 or (code == 75 and trouble.startswith("irl: ")), (race, told)
            assert said in {"", f"{month} is closed\n", f"{month} was closed already\n"}
        assert in_house(service.database_url, _posted) == expected


def test_scans_are_answered_while_a_month_is_closed_and_late_ones_count_in_the_next(
    trial: Trial, tmp_path: Path
) -> None:
    url = trial.fresh()
    used = apps(trial.street, seed=3, late=True)
    with running(tmp_path, url) as service:
        meanwhile = asyncio.run(_settled_meanwhile(service, used, months.text(trial.street.ended)))
    assert meanwhile > 0, "nothing was answered while the month was closed"
    assert max(app.slowest_s for app in used) < 10
    assert sum(app.sent_again for app in used) == 0
    said = {one["month"] for app in used for one in app.answers.values()}
    following = months.add(trial.street.ended, 1)
    assert {months.text(trial.street.ended), months.text(following)} <= said
    in_house(url, lambda house: assert_kept(house, trial.street, used))
    in_house(url, lambda house: _assert_settled(house, trial.street.ended))


async def _settled_meanwhile(service: Service, used: list[App], month: str) -> int:
    """Close the month while all scan; give how many scans were answered in that time."""
    stopped = asyncio.Event()

    def answered() -> int:
        return sum(len(app.answers) for app in used)

    async with asyncio.TaskGroup() as group:
        for app in used:
            group.create_task(app.run(service.url, stopped))
        await asyncio.sleep(0.5)
        before = answered()
        await asyncio.to_thread(service.irl, "settle", month, "--early")
        meanwhile = answered() - before
        await asyncio.sleep(0.5)
        stopped.set()
    return meanwhile


async def _assert_settled(house: House, month: int) -> None:
    """Assert that each flattr of the closed month was settled."""
    [given] = await read(house, f"SELECT COUNT(*) AS n FROM flattrs WHERE month = {month}")
    [paid] = await read(house, f"SELECT SUM(flattrs) AS n FROM receipts WHERE month = {month}")
    assert int(given["n"]) == int(paid["n"])
