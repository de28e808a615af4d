import itertools
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULE = '''\
"""A docstring."""
from typing import Final

LIMIT: Final[int] = 3


def within(number: "int | None") -> bool:
    if number is None:
        raise ValueError("words")
    assert number != 7, "words"
    return number < LIMIT and not number == 5


def first(number: int) -> int:
    return number + 0  # no mutant: adding and subtracting nothing are the same
'''


def mutants(tmp_path: Path, *arguments: str) -> list[str]:
    module = tmp_path / "sample.py"
    module.write_text(MODULE)
    command = [sys.executable, "scripts/mutation.py", str(module), "tests", "--list", *arguments]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return sorted(line.removeprefix(f"{module}:") for line in listed.stdout.splitlines())


def test_a_mutant_changes_one_thing_and_leaves_words_types_and_asserts(tmp_path: Path) -> None:
    assert mutants(tmp_path) == [
        "11: 5  ->  6",
        "11: not number == 5  ->  (number == 5)",
        "11: number < LIMIT  ->  (number <= LIMIT)",
        "11: number < LIMIT  ->  (number > LIMIT)",
        "11: number < LIMIT and not number == 5  ->  (number < LIMIT or not number == 5)",
        "11: number == 5  ->  (number != 5)",
        "11: return number < LIMIT and not number == 5  ->  return None",
        "4: 3  ->  4",
        "8: number is None  ->  (number is not None)",
        '9: raise ValueError("words")  ->  pass',
    ]


def test_the_slices_are_the_whole(tmp_path: Path) -> None:
    slices = [mutants(tmp_path, "--slice", f"{part}/3") for part in (1, 2, 3)]
    assert sorted(itertools.chain(*slices)) == mutants(tmp_path)


def test_a_sample_is_the_same_for_the_same_seed(tmp_path: Path) -> None:
    drawn = mutants(tmp_path, "--sample", "3", "--seed", "4")
    assert len(drawn) == 3
    assert drawn == mutants(tmp_path, "--sample", "3", "--seed", "4")
