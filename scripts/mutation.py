#!/usr/bin/env python3
"""Break a module in many small ways, run its tests on each, and tell which breaks they missed.

A mutant changes one thing: a comparison, an arithmetic or boolean operator, a constant, what is
returned, whether a statement is there at all. Left alone is what cannot or need not be noticed:
docstrings, annotations, decorators, asserts, names of types, and the words of an error.
A line that ends in "# no mutant: why" is left alone too, for mutants that mean the same.
"""

import argparse
import ast
import contextlib
import copy
import os
import queue
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COPIED = ("irl", "qr", "scanner", "api", "tests", "docs", "pyproject.toml", "README.md")
WORKERS = 2
PASS_PERCENT = 90
COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitAnd,
}
CALLS = {"min": "max", "max": "min", "any": "all", "all": "any"}
TYPE_MAKERS = {"NewType", "TypeVar", "ParamSpec", "namedtuple", "getLogger", "get_logger"}

# Failing fast matters here and the smallest example does not, so Hypothesis need not shrink.
PLUGIN = """
try:
    from hypothesis import HealthCheck, Phase, settings
except ImportError:
    pass
else:
    settings.register_profile(
        "mutants", derandomize=True, database=None, deadline=None,
        phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck),
    )
    def pytest_configure(config):
        settings.load_profile("mutants")
"""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One changed place: bytes `start` to `end` of the source become `text`."""

    line: int
    start: int
    end: int
    before: str
    text: str

    def applied(self, source: bytes) -> bytes:
        return source[: self.start] + self.text.encode() + source[self.end :]

    def __str__(self) -> str:
        return f"{self.line}: {' '.join(self.before.split())}  ->  {self.text}"


def mutants_of(source: bytes) -> list[Mutant]:
    """Every mutant of a module, in the order of the text and each only once."""
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    lines = source.splitlines()
    found: dict[tuple[int, int, str], Mutant] = {}
    for node, text in _changes(ast.parse(source)):
        if any(b"# no mutant:" in line for line in lines[node.lineno - 1 : node.end_lineno]):
            continue
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        start = starts[node.lineno - 1] + node.col_offset
        end = starts[node.end_lineno - 1] + node.end_col_offset
        mutant = Mutant(node.lineno, start, end, source[start:end].decode(), text)
        found.setdefault((start, end, text), mutant)
    return sorted(found.values(), key=lambda mutant: (mutant.start, mutant.end, mutant.text))


def _changes(node: ast.AST) -> Iterator[tuple[ast.expr | ast.stmt, str]]:
    """The node and what to write for it, for this node and those below it that may change."""
    if isinstance(node, ast.expr):
        for changed in _expressions(node):
            plain = ast.unparse(changed)  # a constant may be a pattern's key: no brackets there
            yield node, plain if isinstance(changed, ast.Constant) else f"({plain})"
    elif isinstance(node, ast.stmt):
        for statement in _statements(node):
            yield node, statement
    if isinstance(node, ast.If | ast.comprehension):
        for test in [node.test] if isinstance(node, ast.If) else node.ifs:
            if not isinstance(test, ast.UnaryOp | ast.Compare):  # those are turned round anyway
                yield test, f"(not ({ast.unparse(test)}))"
    for below in _below(node):
        yield from _changes(below)


def _below(node: ast.AST) -> Iterator[ast.AST]:  # noqa: C901 - a table
    skipped: list[ast.AST | None] = []
    match node:
        case ast.Assert() | ast.Raise() | ast.JoinedStr() | ast.Import() | ast.ImportFrom():
            return
        case ast.Assign(targets=[ast.Name(id="__all__")]):
            return
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in TYPE_MAKERS:
            return
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            skipped = [*node.decorator_list, node.returns]
        case ast.ClassDef():
            skipped = [*node.decorator_list]
        case ast.arg() | ast.AnnAssign():
            skipped = [node.annotation]
        case ast.Expr(value=ast.Constant()):
            return  # a docstring
    for child in ast.iter_child_nodes(node):
        if child not in skipped:
            yield child


def _expressions(node: ast.expr) -> Iterator[ast.expr]:  # noqa: C901, PLR0912 - a table
    match node:
        case ast.Compare(ops=operators):
            for place, operator in enumerate(operators):
                for other in COMPARISONS[type(operator)]:
                    changed = copy.deepcopy(node)
                    changed.ops[place] = other()
                    yield changed
        case ast.BinOp(left=left, op=op, right=right) if not (_is_text(left) or _is_text(right)):
            if other_op := ARITHMETIC.get(type(op)):
                yield ast.BinOp(left, other_op(), right)
        case ast.BoolOp(op=ast.And(), values=values):
            yield ast.BoolOp(ast.Or(), values)
        case ast.BoolOp(op=ast.Or(), values=values):
            yield ast.BoolOp(ast.And(), values)
        case ast.UnaryOp(operand=operand):
            yield operand
        case ast.IfExp(test=test, body=body, orelse=orelse):
            yield ast.IfExp(test, orelse, body)
        case ast.Call(func=ast.Name(id=name)) if name in CALLS:
            yield ast.Call(ast.Name(CALLS[name]), node.args, node.keywords)
        case ast.Constant(value=bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(value=int(value)):
            yield ast.Constant(value + 1)
        case ast.Constant(value=str(value)):
            yield ast.Constant(value + "~")


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)
    )


def _statements(node: ast.stmt) -> Iterator[str]:
    match node:
        case ast.Return(value=value) if value and ast.unparse(value) not in {"None", "False"}:
            yield "return None"
        case ast.Expr(value=ast.Call() | ast.Await()) | ast.AugAssign() | ast.Raise():
            yield "pass"
        case ast.Continue():
            yield "break"
        case ast.Break():
            yield "continue"
    if isinstance(node, ast.AugAssign) and (other := ARITHMETIC.get(type(node.op))):
        yield ast.unparse(ast.AugAssign(node.target, other(), node.value))


class Trials:
    """Copies of the tree in which mutants are written and tested, one a worker."""

    def __init__(self, module: Path, tests: list[str], folder: Path) -> None:
        self.module = module
        self.tests = tests
        self.seconds = 600.0
        self.free: queue.SimpleQueue[Path] = queue.SimpleQueue()
        for number in range(WORKERS):
            tree = folder / str(number)
            tree.mkdir()
            for name in COPIED:
                if (ROOT / name).is_dir():
                    left_out = shutil.ignore_patterns("__pycache__")
                    shutil.copytree(ROOT / name, tree / name, ignore=left_out)
                elif (ROOT / name).exists():
                    shutil.copy(ROOT / name, tree / name)
            (tree / "mutation_plugin.py").write_text(PLUGIN)
            self.free.put(tree)

    def passes(self, source: bytes) -> bool:
        """Whether the tests pass with that source; a run that takes far too long does not."""
        tree = self.free.get()
        try:
            (tree / self.module).write_bytes(source)
            command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "mutation_plugin"]
            command += ["-p", "no:cacheprovider", *self.tests]
            environment = os.environ | {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
            with subprocess.Popen(
                command,
                cwd=tree,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            ) as tried:
                try:
                    return tried.wait(self.seconds) == 0
                except subprocess.TimeoutExpired:
                    return False
                finally:
                    # What a mutant started goes with it.
                    with contextlib.suppress(ProcessLookupError):
                        os.killpg(tried.pid, 9)
        finally:
            self.free.put(tree)

    def prepare(self, source: bytes) -> str | None:
        """Measure the tests on the real source; returns what makes trials pointless, if anything."""
        started = time.monotonic()
        if not self.passes(source):
            return "the tests fail without any mutant"
        self.seconds = max(10.0, 4 * (time.monotonic() - started))
        if self.passes(b"raise RuntimeError\n"):
            return "the tests pass with a module that cannot be imported: they do not use it"
        return None


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/mutate", description=__doc__)
    parser.add_argument("module", type=Path, help="such as irl/settlement/core.py")
    parser.add_argument("tests", nargs="+", help="what pytest runs, such as tests/settlement")
    parser.add_argument("--slice", default="1/1", metavar="k/n", help="every n-th mutant, from k")
    parser.add_argument("--sample", type=int, metavar="N", help="only N of them, drawn by the seed")
    parser.add_argument("--seed", type=int, default=0, help="of the order and the sample")
    parser.add_argument("--minutes", type=float, help="begin no further mutant after so long")
    parser.add_argument("--list", action="store_true", help="print the mutants and run nothing")
    return parser.parse_args()


def _chosen(source: bytes, wanted: argparse.Namespace) -> list[Mutant]:
    mutants = mutants_of(source)
    random.Random(wanted.seed).shuffle(mutants)
    part, parts = (int(number) for number in wanted.slice.split("/"))
    return mutants[part - 1 :: parts][: wanted.sample]


def main() -> int:
    """Print a line for each survivor and a summary; 1 when too many survived."""
    wanted = _arguments()
    source = (ROOT / wanted.module).read_bytes()
    mutants = _chosen(source, wanted)
    if wanted.list:
        print(*(f"{wanted.module}:{mutant}" for mutant in mutants), sep="\n")
        return 0
    deadline = time.monotonic() + wanted.minutes * 60 if wanted.minutes else float("inf")
    with tempfile.TemporaryDirectory(prefix="irl-mutants-") as folder:
        trials = Trials(wanted.module, wanted.tests, Path(folder))
        if problem := trials.prepare(source):
            print(f"mutate: {problem}", file=sys.stderr)
            return 2

        def survives(mutant: Mutant) -> bool | None:
            if time.monotonic() > deadline:
                return None
            survived = trials.passes(mutant.applied(source))
            if survived:
                print(f"survived {wanted.module}:{mutant}", flush=True)
            return survived

        with ThreadPoolExecutor(WORKERS) as workers:
            outcomes = list(workers.map(survives, mutants))
    killed, survived = outcomes.count(False), outcomes.count(True)
    percent = 100 * killed // max(killed + survived, 1)
    print(
        f"mutants of {wanted.module}: {killed} killed, {survived} survived,"
        f" {outcomes.count(None)} not reached; {percent} % killed, {PASS_PERCENT} % wanted"
    )
    return int(bool(killed + survived) and percent < PASS_PERCENT)


if __name__ == "__main__":
    sys.exit(main())
