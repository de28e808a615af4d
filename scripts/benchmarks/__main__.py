"""The front of the benchmarks: `python -m scripts.benchmarks NAME…`."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator

from scripts.benchmarks.rows import Row

MODULES = {
    "scan": "web",
    "page": "web",
    "decode": "photos",
    "photos": "photos",
    "settle-840k": "settle",
    "settle-30m": "settle",
    "codes": "printing",
    "labels": "printing",
}


def run(name: str) -> Iterator[Row]:
    """Run one benchmark; its module is imported only now, so that it alone is measured."""
    module = importlib.import_module(f"scripts.benchmarks.{MODULES[name]}")
    yield from module.run(name)


def main() -> int:
    names = list(MODULES) if sys.argv[1:] == ["all"] else sys.argv[1:]
    if not names or not set(names) <= set(MODULES):
        print(
            f"usage: scripts/bench NAME… with NAME of {' '.join(MODULES)}, or all", file=sys.stderr
        )
        return 2
    for name in names:
        for row in run(name):
            print(row.line(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
