"""A filled street on each engine, made once; each trial has copies of its own."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import postgres
from tests.trials.street import Street, fill, in_house


@pytest.fixture(autouse=True)
def unmeasured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Coverage hears nothing of a program that is killed, and counting doubles the start of each."""
    monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)


@dataclass(frozen=True, slots=True)
class Trial:
    """A street, and what gives the address of a new copy of it at each call."""

    street: Street
    fresh: Callable[[], str]


@pytest.fixture(scope="session")
def filled_sqlite(tmp_path_factory: pytest.TempPathFactory, empty_sqlite: Path) -> Trial:
    folder = tmp_path_factory.mktemp("street")
    shutil.copy(empty_sqlite, folder / "irl.db")
    street = in_house(f"sqlite:///{folder / 'irl.db'}", fill)
    copies = itertools.count()

    def fresh() -> str:
        copy = folder / f"{next(copies)}.db"
        shutil.copy(folder / "irl.db", copy)
        return f"sqlite:///{copy}"

    return Trial(street, fresh)


@pytest.fixture(scope="session")
def filled_postgresql(postgresql: postgres.Server) -> Iterator[Trial]:
    made = ["street"]
    street = in_house(postgresql.create("street", template="template_irl"), fill)

    def fresh() -> str:
        made.append(f"street_{len(made)}")
        return postgresql.create(made[-1], template="street")

    yield Trial(street, fresh)
    for name in made:
        postgresql.drop(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def trial(request: pytest.FixtureRequest) -> Trial:
    found: Trial = request.getfixturevalue(f"filled_{request.param}")
    return found
