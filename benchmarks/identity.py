"""Matching: quality on the answer key and on FEBRL, cost at 100,000 and 1,000,000 records.

`python -m benchmarks.identity` prints the tables; `--home DIR` measures a build that is there instead
of making
one. Belongs here: which measurements there are, and their tables.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks import identity_febrl, identity_truth
from benchmarks.homes import built
from benchmarks.processes import BIN, measure

SIZES = (100_000, 1_000_000)
WORLDS = ("S", "M")


def tables(home: Path | None = None) -> Iterator[tuple[str, str]]:
    """(title, Markdown table) of each measurement."""
    yield "Matching: FEBRL, without social security numbers and labels", identity_febrl.table()
    yield "Matching: cost", _cost()
    if home is not None:
        yield f"Matching: answer key ({home.name})", identity_truth.table(home)
        return
    for world in WORLDS:
        with built(world) as made:
            yield f"Matching: answer key, world {world}", identity_truth.table(made)


def _cost() -> str:
    found = {}
    for size in SIZES:
        run = measure([f"{BIN}/python", "-m", "benchmarks.identity_scale", str(size)])
        found[size] = json.loads(run.output.splitlines()[-1])
    lines = ["| | " + " | ".join(f"{size:,}" for size in SIZES) + " |", "| --- |" + " ---: |" * len(SIZES)]
    for name in found[SIZES[0]]:
        lines.append(f"| {name} | " + " | ".join(f"{found[size][name]:,}" for size in SIZES) + " |")
    return "\n".join(lines)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, help="CRM_HOME of a build, to measure its answer key")
    for title, table in tables(parser.parse_args(arguments).home):
        print(f"### {title}\n\n{table}\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
