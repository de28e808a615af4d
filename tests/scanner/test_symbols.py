import pytest
import segno

from scanner import symbols
from tests.scanner.pictures import matrix


@pytest.mark.parametrize("version", range(1, 41))
def test_function_patterns_are_where_every_symbol_has_them(version: int) -> None:
    known = symbols.function_patterns(symbols.dimension(version))
    for mask in (0, 5):
        code = segno.make(
            "HELLO", version=version, error="l", boost_error=False, mask=mask, micro=False
        )
        drawn = matrix(code)
        assert drawn.shape == known.shape
        assert (drawn[known != symbols.UNKNOWN] == known[known != symbols.UNKNOWN]).all()


def test_the_smallest_symbol_has_no_alignment_pattern_and_the_largest_46() -> None:
    assert symbols.alignment_centres(21) == []
    assert symbols.alignment_centres(25) == [(18, 18)]
    assert len(symbols.alignment_centres(177)) == 46
