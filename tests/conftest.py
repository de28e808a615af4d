"""What all tests share: a house on each engine, a cast, and a clock that tests set."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import hypothesis
import pytest

from irl import migrations
from irl.house import House, opened
from irl.settings import Settings
from tests import cast, postgres
from tests.absent import absent

hypothesis.settings.register_profile(  # how long a thing takes says more of the machine than of it
    "untimed", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("untimed")

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)

for name in [name for name in os.environ if name.startswith("IRL_") and "TEST" not in name]:
    if name not in {"IRL_LONG", "IRL_SLICE"}:
        del os.environ[name]


@pytest.hookimpl(trylast=True)  # after -m and -k have chosen
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep only slice k of n where `IRL_SLICE=k/n` asks for it (scripts/nightly)."""
    wanted = os.environ.get("IRL_SLICE")
    if not wanted:
        return
    k, n = (int(part) for part in wanted.split("/"))
    left_out = [item for place, item in enumerate(items) if place % n != k - 1]
    config.hook.pytest_deselected(items=left_out)
    items[:] = items[k - 1 :: n]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def empty_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite database to copy from."""
    path = tmp_path_factory.mktemp("template") / "irl.db"
    migrations.upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgresql() -> Iterator[postgres.Server]:
    """A real PostgreSQL server with a migrated, empty database `template_irl`."""
    if not postgres.available():
        absent(postgres.MISSING)
    with postgres.Server.start() as server:
        migrations.upgrade(server.create("template_irl"))
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(
    request: pytest.FixtureRequest, tmp_path: Path, empty_sqlite: Path
) -> Iterator[str]:
    """The address of an empty, migrated database: once on SQLite, once on PostgreSQL."""
    if request.param == "sqlite":
        shutil.copy(empty_sqlite, tmp_path / "irl.db")
        yield f"sqlite:///{tmp_path / 'irl.db'}"
        return
    server: postgres.Server = request.getfixturevalue("postgresql")
    name = f"irl_{hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:16]}"
    yield server.create(name, template="template_irl")
    server.drop(name)


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings(
        database_url=database_url,
        base_url="http://localhost:8000",
        mail_url=f"file:{tmp_path / 'outbox'}",
        sandbox=True,
    )


@pytest.fixture
async def house(settings: Settings) -> AsyncIterator[House]:
    async with opened(settings) as house:
        yield house


@pytest.fixture
def with_settings(settings: Settings) -> Callable[..., Settings]:
    """Make the same settings with some changed."""

    def changed(**changes: object) -> Settings:
        return settings.model_copy(update=changes)

    return changed


@pytest.fixture
def members(house: House) -> cast.Cast:
    """Alice, Bob, Charlie and whoever else a test names, joined through the front door."""
    return cast.Cast(house, NOW)


def with_rules(house: House, **changes: int) -> House:
    """Give the same house with other rules."""
    return dataclasses.replace(house, rules=dataclasses.replace(house.rules, **changes))
