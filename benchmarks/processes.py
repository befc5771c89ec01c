"""Runs a command as a process of its own and reads off wall time and peak memory.

Peak memory is that of the largest single process of the tree, as the kernel accounts it when it is reaped.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

BIN = os.path.dirname(sys.executable)


@dataclass(frozen=True)
class Measured:
    """Wall seconds, peak resident MiB, and what the command printed."""

    wall: float
    peak_mib: float
    output: str


def measure(command: Sequence[str], env: Mapping[str, str] | None = None) -> Measured:
    """Run once. Raises when the command fails, with its last lines."""
    full = {**os.environ, **(env or {})}  # noqa: TID251 - a child process gets ours
    started = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=full)
    assert child.stdout is not None
    output = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.perf_counter() - started
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} ended with {child.returncode}:\n{output[-2000:]}")
    return Measured(wall, usage.ru_maxrss / 1024, output)


def median_of(count: int, command: Sequence[str], env: Mapping[str, str] | None = None) -> Measured:
    """The run with the median wall time of `count`."""
    runs = [measure(command, env) for _ in range(count)]
    middle = median(run.wall for run in runs)
    return min(runs, key=lambda run: abs(run.wall - middle))
