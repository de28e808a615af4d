from __future__ import annotations

from collections.abc import Iterator

import httpx2
import pytest

import api.errors
import irl.errors
import qr.errors
import scanner.errors
from api import problems
from tests.api.said import assert_problem

pytestmark = pytest.mark.anyio

ROOTS = (irl.errors.IrlError, api.errors.ApiError, qr.errors.CodeError, scanner.errors.ScannerError)


def leaves(kind: type[Exception]) -> Iterator[type[Exception]]:
    below = kind.__subclasses__()
    if not below:
        yield kind
    for one in below:
        yield from leaves(one)


@pytest.mark.parametrize("leaf", [leaf for root in ROOTS for leaf in leaves(root)])
def test_every_error_has_its_row_in_the_table(leaf: type[Exception]) -> None:
    assert leaf in problems.TABLE


def test_a_name_of_a_problem_is_given_once_and_means_one_thing() -> None:
    named: dict[str, problems.Kind] = {}
    for kind in problems.TABLE.values():
        assert named.setdefault(kind.name, kind) == kind
        assert 400 <= kind.status < 600


def test_what_is_not_in_the_table_is_a_bug_and_says_nothing_of_itself() -> None:
    problem = problems.of(ZeroDivisionError("the secret"))
    assert problem.kind.name == "internal"
    assert "secret" not in str(problem.document("1"))


async def test_every_problem_has_a_page_and_a_document(web: httpx2.AsyncClient) -> None:
    for name, kind in problems.BY_NAME.items():
        document = await web.get(f"/problems/{name}")
        assert document.json() == {
            "type": f"/problems/{name}",
            "title": kind.title,
            "status": kind.status,
        }
        page = await web.get(f"/problems/{name}", headers={"Accept": "text/html"})
        assert kind.title in page.text
        assert page.headers["content-type"] == "text/html; charset=utf-8"


async def test_an_unknown_problem_is_not_found(web: httpx2.AsyncClient) -> None:
    assert_problem(await web.get("/problems/never-heard-of"), 404, "not-found")


async def test_an_unknown_address_is_not_found(web: httpx2.AsyncClient) -> None:
    assert_problem(await web.get("/api/v1/nothing/here"), 404, "not-found")


async def test_a_method_that_an_address_does_not_know_is_refused_with_those_it_does(
    web: httpx2.AsyncClient,
) -> None:
    answer = await web.delete("/api/v1/reports")
    assert_problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "POST"
