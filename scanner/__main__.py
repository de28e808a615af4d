"""`python -m scanner FILE...`: read photos in this process, one JSON line for each."""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import scanner


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what each file shows; 0 when every file could be tried, else 1."""
    parser = argparse.ArgumentParser(prog="python -m scanner", description="Read codes in photos.")
    parser.add_argument("file", nargs="+", type=Path, help="a JPEG, PNG, WebP or HEIC file")
    failed = False
    for path in parser.parse_args(arguments).file:
        line = describe(path)
        failed = failed or "error" in line
        sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
        sys.stdout.flush()
    return int(failed)


def describe(path: Path) -> dict[str, object]:
    """Read one file.

    Returns:
        Its line: `file`, `texts`, `ms`, `attempt` (null without a text), and `error` with
        a sentence when the file could not be tried.
    """
    line: dict[str, object] = {"file": str(path), "texts": [], "ms": 0.0, "attempt": None}
    begin = time.perf_counter()
    try:
        sightings = scanner.read(path.read_bytes())
    except (OSError, scanner.ScannerError) as error:
        line["error"] = error.strerror if isinstance(error, OSError) else str(error)
    else:
        line["texts"] = [sighting.text for sighting in sightings]
        line["attempt"] = sightings[0].attempt if sightings else None
    line["ms"] = round((time.perf_counter() - begin) * 1000, 1)
    return line


if __name__ == "__main__":
    raise SystemExit(main())
