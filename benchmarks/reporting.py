"""The dbt build at a size of the default world: full, with 1% new, by model; SQL by hand; the worked queries.

Belongs here: the phases, each in a process of its own, and their table. The raw tables come straight from the
sandbox's stores (`raw_world`), so extract is not in these figures. `--home` keeps the world for another time.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.reporting_phases import BY_HAND

PHASES = ("world", "fill", "full", "plain", "change", "incremental", "bare", "floor", "queries", "page")
"""`page` publishes, which ends the refresh in the works."""
SHOWN = 15


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="benchmarks reporting")
    parser.add_argument("--size", default="S", choices=("XS", "S", "M", "L"))
    parser.add_argument("--home", type=Path)
    asked = parser.parse_args(arguments)
    if asked.home is not None:
        _measure(asked.home, asked.size)
        return
    with tempfile.TemporaryDirectory(prefix="crm-bench-") as home:
        _measure(Path(home), asked.size)


def _measure(home: Path, size: str) -> None:
    found = {phase: _run(phase, home, size) for phase in PHASES}
    world = found["fill"]
    print(
        f"\n#### dbt at size {size}: {world['people']:,} records of people, {world['touches']:,} members and "
        f"tasks, {world['deals']:,} of deals\n"
    )
    print("| what | wall s | CPU s | peak MiB |\n| --- | ---: | ---: | ---: |")
    for phase, what in (("full", "full build and tests"), ("incremental", "with 1% new"),
                        ("bare", "the full build over tables without rows: dbt's own part"),
                        ("plain", "the compiled SQL in one connection, without dbt and tests"),
                        ("floor", "the pipeline's marts by hand, from raw histories")):  # fmt: skip
        of = found[phase]
        print(f"| {what} | {of['wall']:.1f} | {of['cpu']:.1f} | {of['peak']:,} |")
    same = sum(found["full"]["nodes"][name] for name in BY_HAND)
    print(f"\nThe models that make the pipeline's marts took {same:.1f} s of the full build.")
    compared = found["plain"]["each_with_each"] + found["page"]["desired"]["each_with_each"]
    quadratic = ", ".join(compared) or "none"
    print(f"\nModels that compare each of many rows with each of many: {quadratic}.")
    print(f"\nModels that took longest, of {found['full']['models']} (tests {found['full']['tests']}):\n")
    print("| model | full s | 1% new s |\n| --- | ---: | ---: |")
    again = found["incremental"]["nodes"]
    for name, seconds in list(found["full"]["nodes"].items())[:SHOWN]:
        print(f"| {name} | {seconds:.2f} | {again.get(name, 0):.2f} |")
    print("\n| owners due | of | model |\n| ---: | ---: | --- |")
    for name, (due, of) in found["incremental"]["due"].items():
        print(f"| {due:,} | {f'{of:,}' if of else 'those it follows'} | {name} |")
    print("\n| the analysts' query | ms |\n| --- | ---: |")
    for title, milliseconds in found["queries"]["queries"].items():
        print(f"| {title} | {milliseconds} |")
    _print_page(found["page"])


def _print_page(page: dict[str, Any]) -> None:
    print("\n| the page | wall s | CPU s |\n| --- | ---: | ---: |")
    for key, what in (
        ("desired", "what is desired of the CRMs, built"),
        ("publishing", "publish"),
        ("first", "all of it, the first time"),
        ("again", "again"),
    ):
        print(f"| {what} | {page[key]['wall']:.2f} | {page[key]['cpu']:.2f} |")
    print("\n| panel | ms | rows |\n| --- | ---: | ---: |")
    for title, (milliseconds, rows) in sorted(page["panels"].items(), key=lambda each: -each[1][0])[:SHOWN]:
        print(f"| {title} | {milliseconds} | {rows:,} |")


def _run(phase: str, home: Path, size: str) -> dict[str, Any]:
    """A phase in a process of its own, for its memory is measured; it says what it found as JSON, last."""
    print(f"{phase} ...", file=sys.stderr, flush=True)
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.reporting_phases", phase, str(home), size],
        stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told
