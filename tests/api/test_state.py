from __future__ import annotations

import pytest

from api import state


@pytest.mark.parametrize(
    ("servers", "cores", "workers"),
    [(1, 1, 2), (1, 2, 2), (1, 4, 4), (1, 16, 16), (1, 64, 16), (4, 16, 4), (3, 8, 3), (8, 4, 2)],
)
def test_as_many_photos_are_read_at_a_time_as_there_are_cores(
    servers: int, cores: int, workers: int
) -> None:
    assert state.readers(servers=servers, cores=cores) == workers


def test_the_cores_are_those_that_this_process_may_use() -> None:
    assert state.cores() >= 1
