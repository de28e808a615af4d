"""Statements recompute: what the house made is clean, and whatever is changed in one is found."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from irl.cli.settling import recompute as command
from irl.house import House
from irl.settlement import audit, document, findings, recompute
from tests.cast import Cast
from tests.irl.conftest import SQLITE_ALONE
from tests.settlement import winter

Document = dict[str, Any]
Way = tuple[str | int, ...]


@pytest.fixture
async def told(house: House, members: Cast) -> list[Document]:
    await winter.lived(house, members)
    made = await winter.told(house, members)
    assert await audit.audit(house) == []
    return made


def leaves(value: Any, path: Way = ()) -> Iterator[tuple[Way, Any]]:
    """Every value that is no list and no object, with the way to it."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield from leaves(one, (*path, key))
    elif isinstance(value, list):
        for place, one in enumerate(value):
            yield from leaves(one, (*path, place))
    else:
        yield path, value


def changed(made: Document, path: Way, value: Any) -> Document:
    """The same document with one leaf changed."""
    other = copy.deepcopy(made)
    inside = other
    for step in path[:-1]:
        inside = inside[step]  # type: ignore[index]
    inside[path[-1]] = value  # type: ignore[index]
    return other


def other_values(value: Any) -> list[Any]:
    """What somebody might write instead, of the same kind and of others."""
    if isinstance(value, bool):
        return [not value, int(value), None]
    if isinstance(value, int):
        return [value + 1, value - 1, -value or 7, float(value), str(value), True]
    if isinstance(value, str):
        return [value + "0", value[:-1], value.upper() + " ", "", 0, None]
    return [0, 1, "a", False]


def is_spent(made: Document) -> bool:
    """Whether the budget, and not the funds, says how large the pot is."""
    return bool(made["given"]["pot_micros"] == made["given"]["budget_micros"])


@pytest.mark.anyio
async def test_what_the_house_made_is_clean_and_hangs_together(told: list[Document]) -> None:
    assert len(told) == 5 * 4
    assert [findings.of(each) for each in told] == [[]] * len(told)
    assert recompute.broken([recompute.link(each) for each in told]) == []
    kinds = {
        one["kind"]
        for each in told
        for account in ("funds", "revenue")
        for one in each[account]["movements"]
    }
    assert kinds == {
        "deposit",
        "pot",
        "share",
        "move",
        "reversal_funds",
        "reversal_share",
        "payout_request",
        "payout_return",
    }
    assert any(each["given"]["charity_id"] for each in told)
    assert any(each["reversals"] for each in told)
    assert json.loads(json.dumps(told)) == told


@SQLITE_ALONE
@pytest.mark.anyio
async def test_every_leaf_that_is_changed_is_found(told: list[Document]) -> None:
    tried = 0
    for made in told:
        for path, value in leaves(made):
            if document.UNHASHED & set(path) - {"hash"}:
                continue  # names; see the next test
            for other in other_values(value):
                if other == value and type(other) is type(value):
                    continue
                tried += 1
                assert findings.of(changed(made, path, other)), (path, value, other)
    assert tried > 3_000


@SQLITE_ALONE
@pytest.mark.anyio
async def test_names_can_change_and_no_other_figure(told: list[Document]) -> None:
    """Titles are as they are called today, so the hash leaves them out."""
    for made in told:
        for path, value in leaves(made):
            if path[-1] in {"title", "artist", "nickname", "words"}:
                assert findings.of(changed(made, path, f"{value} anew")) == []


@SQLITE_ALONE
@pytest.mark.anyio
async def test_a_liar_who_makes_the_hash_again_is_found_by_the_sums(told: list[Document]) -> None:
    for made in told:
        for path, value in leaves(made):
            if not str(path[-1]).endswith(("_micros", "mix")) and path[-1] not in {
                "number",
                "odd_micros",
                "void",
                "kind",
                "key",
                "payable_on",
            }:
                continue
            if path[0] == "reversals" or (path[-1] == "budget_micros" and not is_spent(made)):
                continue  # what nothing else in the document depends on
            for other in other_values(value)[:2]:
                lie = changed(made, path, other)
                lie["hash"] = document.digest(lie)
                assert findings.of(lie), (path, value, other)


@SQLITE_ALONE
@pytest.mark.anyio
async def test_a_statement_that_was_made_again_whole_breaks_the_chain(
    told: list[Document],
) -> None:
    for before, after in pairwise(told):
        if before["member"] != after["member"]:
            continue
        lie = copy.deepcopy(before)
        lie["closed_at"] = lie["closed_at"].replace("12:00:00", "12:00:01")
        for account in ("funds", "revenue"):
            for one in lie[account]["movements"]:
                if one["kind"] in {"pot", "share"}:
                    one["at"] = lie["closed_at"]
        lie["hash"] = document.digest(lie)
        assert findings.of(lie) == []
        [found] = recompute.broken([recompute.link(lie), recompute.link(after)])
        assert "does not name the statement" in found


@SQLITE_ALONE
@pytest.mark.anyio
async def test_a_month_that_is_missing_is_named(told: list[Document]) -> None:
    alice = [recompute.link(each) for each in told[:4]]
    [found] = recompute.broken([alice[0], alice[2], alice[3]])
    assert "the month before is missing; the last before it is 2026-11" in found
    assert recompute.broken([alice[1], alice[1]]) == []


@SQLITE_ALONE
@pytest.mark.anyio
async def test_the_command_says_clean_or_what_is_wrong(
    told: list[Document], tmp_path: Path
) -> None:
    folder = tmp_path / "statements"
    folder.mkdir()
    for number, made in enumerate(told):
        (folder / f"{number}.json").write_text(json.dumps(made, indent=1))
    runner = CliRunner()
    assert runner.invoke(command, [str(folder)]).output == "clean\n"
    one = folder / "1.json"
    assert runner.invoke(command, [str(one)]).exit_code == 0
    one.write_text(one.read_text().replace('"closing_micros": ', '"closing_micros": 1'))
    wrong = runner.invoke(command, [str(folder)])
    assert wrong.exit_code == 1
    assert "1.json: the hash of what is written here is " in wrong.output
    assert "1.json: funds: before and what moved do not come to" in wrong.output


# --- files of strangers --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'{"a": ' * 50_000, "not JSON"),
        (b"[]", "not a statement"),
        (b"1", "not a statement"),
        (b'{"version": 1.0}', "not whole"),
        (b'{"version": NaN}', "not whole"),
        (b'{"version": 1, "version": 1}', "the same key twice"),
        (b'{"version": ' + b"9" * 5_000 + b"}", "more than 20 digits"),
    ],
)
def test_what_is_no_statement_is_refused_with_why(text: bytes, why: str, tmp_path: Path) -> None:
    file = tmp_path / "a\x1b[31m.json"
    file.write_bytes(text)
    refused = CliRunner().invoke(command, [str(file)])
    assert refused.exit_code == 2
    assert why in refused.output
    assert "\x1b" not in refused.output


def test_files_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    with (tmp_path / "large.json").open("wb") as file:
        file.truncate(recompute.MOST_BYTES + 1)
    (tmp_path / "empty").mkdir()
    for name, why in (
        ("pipe.json", "not a file"),
        ("large.json", "larger than 32 MiB"),
        ("none.json", "No such file"),
        ("empty", "no .json in this folder"),
    ):
        refused = CliRunner().invoke(command, [str(tmp_path / name)])
        assert (refused.exit_code, why in refused.output) == (2, True), refused.output


@pytest.mark.parametrize("version", [None, 2, True, "1", {}, [[]]])
def test_an_unknown_version_is_a_finding(version: object) -> None:
    [found] = findings.of({"version": version})
    assert "only 1 is known here" in found


def test_strange_words_do_not_reach_the_terminal() -> None:
    found = findings.of({"version": 1, "\x1b[31m": 1, "month": "\x1b[31m", "given": {"\u202e": 1}})
    assert 0 < len(found) <= findings.MOST
    assert all(each.isascii() and each.isprintable() for each in found)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(st.text(max_size=8), inside),
    max_leaves=20,
)


@settings(max_examples=50)
@given(st.dictionaries(st.text(max_size=8), JSON))
def test_any_object_is_answered_with_findings(found: Document) -> None:
    assert findings.of({**found, "version": 1})


@given(text=st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(
    text: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.getbasetemp() / "any.json"
    file.write_bytes(text)
    try:
        recompute.read(file)
    except recompute.Unreadable as refused:
        assert str(refused)  # noqa: PT017 - both ways are right
