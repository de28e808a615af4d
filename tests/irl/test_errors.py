from __future__ import annotations

import inspect
import re

import pytest

from irl import errors


def tree() -> dict[str, type[BaseException]]:
    return {
        name: value
        for name, value in vars(errors).items()
        if inspect.isclass(value) and issubclass(value, errors.IrlError)
    }


def test_the_tree_in_the_docstring_is_the_tree_in_the_code() -> None:
    assert errors.__doc__ is not None
    drawn = re.findall(r"^\s+[│ ]*[├└]── (\w+)", errors.__doc__, re.MULTILINE)
    assert set(drawn) | {"IrlError"} == set(tree())


def test_every_error_says_in_a_sentence_what_happened() -> None:
    for error in tree().values():
        assert error.__doc__ is not None
        assert error.__doc__[0].isupper()


def test_an_error_keeps_its_message_and_the_field_at_fault() -> None:
    error = errors.Invalid("Too long.", field="title")
    assert (str(error), error.message, error.field) == ("Too long.", "Too long.", "title")
    assert errors.NotFound("No.").field is None


def test_a_throttle_says_when_to_come_back() -> None:
    assert errors.Throttled("Wait.", retry_after_s=7).retry_after_s == 7


@pytest.mark.parametrize("leaf", [errors.InvitationRefused, errors.LinkRefused])
def test_invitations_and_links_are_refused_as_invalid_values(leaf: type[errors.Invalid]) -> None:
    assert issubclass(leaf, errors.Invalid)
