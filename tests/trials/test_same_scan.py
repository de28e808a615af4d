"""The same scan many times at once, through the real service: one flattr, equal answers."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx2

from irl.house import House
from tests.service import running
from tests.trials.conftest import Trial
from tests.trials.street import Giver, in_house, read

AT_ONCE = 50


async def _all_at_once(
    url: str, giver: Giver, handed_in: list[dict[str, Any]]
) -> list[httpx2.Response]:
    headers = {"Authorization": f"Bearer {giver.token}"}
    limits = httpx2.Limits(max_connections=AT_ONCE)
    async with httpx2.AsyncClient(base_url=url, headers=headers, limits=limits, timeout=30) as web:
        return await asyncio.gather(
            *(web.post("/api/v1/scans", json={"scans": [scan]}) for scan in handed_in)
        )


def test_fifty_equal_scans_at_once_are_one_flattr_with_fifty_equal_answers(
    trial: Trial, tmp_path: Path
) -> None:
    street = trial.street
    giver = street.givers[0]
    same, other = street.codes[-1], street.codes[-2]
    url = trial.fresh()
    with running(tmp_path, url) as service:
        sent = [{"payload": same, "nonce": "the same"}] * AT_ONCE
        answers = asyncio.run(_all_at_once(service.url, giver, sent))
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.content for answer in answers}) == 1
        assert answers[0].json()["scans"][0]["outcome"] == "flattred"
        [again] = asyncio.run(_all_at_once(service.url, giver, sent[:1]))
        assert again.content == answers[0].content

        sent = [{"payload": other, "nonce": f"tap {number}"} for number in range(AT_ONCE)]
        told = [a.json()["scans"][0] for a in asyncio.run(_all_at_once(service.url, giver, sent))]
    outcomes = [scan["outcome"] for scan in told]
    assert (outcomes.count("flattred"), outcomes.count("already_flattred")) == (1, AT_ONCE - 1)
    assert len({scan["flattr_id"] for scan in told}) == 1
    assert in_house(url, lambda house: _given(house, giver, *street.things[-2:])) == [1, 1]


async def _given(house: House, giver: Giver, *things: int) -> list[int]:
    rows = await read(
        house,
        "SELECT thing_id, COUNT(*) AS flattrs FROM flattrs"
        f" WHERE member_id = {giver.id} GROUP BY thing_id",
    )
    found = {row["thing_id"]: int(row["flattrs"]) for row in rows}
    return [found[thing] for thing in things]
